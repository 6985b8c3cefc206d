// Everything that one keeps in a service, made, changed and taken away by clicking;
// and what the gateway does after each.

import assert from 'node:assert/strict';
import { arm, at, chat, dialog, eventually, go, paste, said, settled, shows } from '../lib.mjs';

export default async function resources(world, given) {
  const page = await world.page({ refusals: [400] });
  const named = (role, name, within = page) => within.getByRole(role, { name, exact: true });
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  const main = page.locator('main');
  await settled(page);

  world.part('an import');
  await go(page, '#/apis');
  await named('button', 'Create from OpenAPI').click();
  let box = await dialog(page, 'Create from OpenAPI');
  await box.locator('input[type=file]').setInputFiles({
    name: 'openai.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({
      openapi: '3.0.1', info: { title: 'Chat service', version: '2024-10-21' }, servers: [{ url: 'https://nowhere.example/openai' }],
      paths: {
        '/openai/deployments/{deployment-id}/chat/completions': { post: { operationId: 'complete', summary: 'Complete a chat', parameters: [{ name: 'deployment-id', in: 'path', required: true, schema: { type: 'string', enum: ['gpt-35-turbo', 'gpt-4o'] } }, { name: 'api-version', in: 'query', required: true, schema: { type: 'string', default: '2024-10-21' } }], responses: { 200: { description: 'ok' } } } },
        '/models': { get: { operationId: 'models', summary: 'List models', responses: { 200: { description: 'ok' } } } },
      },
    })),
  });
  await eventually('the title makes the name', async () => (await at(box, 'Name').inputValue()) === 'chat-service');
  await at(box, 'API URL suffix').fill('openai-test');
  await at(box, 'Header name').fill('api-key');
  await named('button', 'Create', box).click();
  await said(page, 'Chat service was created');
  await shows(page.getByRole('table', { name: 'Operations' }), /Complete a chat POST .* List models GET/);

  world.part('operations');
  await named('button', 'Delete List models').click();
  box = await dialog(page, 'Delete List models?');
  await named('button', 'Delete', box).click();
  await said(page, 'List models was deleted');
  await page.getByRole('button', { name: 'Edit Complete a chat' }).click();
  box = await dialog(page, /^Edit /);
  assert.equal(await at(box.getByRole('group', { name: '{deployment-id}' }), 'Allowed values').inputValue(), 'gpt-35-turbo, gpt-4o');
  await at(box, 'Display name').fill('Chat');
  await named('button', 'Save', box).click();
  await said(page, 'Chat was saved');
  await named('button', 'Import OpenAPI').click();
  box = await dialog(page, /^Import into /);
  await box.getByLabel('Paste').check();
  await at(box, 'Document').fill('openapi: 3.0.1\ninfo: {title: Chat service, version: "2"}\nservers: [{url: https://nowhere.example/openai}]\npaths:\n  /openai/deployments/{deployment-id}/chat/completions:\n    post:\n      operationId: complete\n      summary: Chat, second edition\n      parameters: [{name: deployment-id, in: path, required: true, schema: {type: string}}]\n      responses: {"200": {description: ok}}\n');
  await named('button', 'Import', box).click();
  await said(page, 'The document was imported');
  await shows(page.getByRole('table', { name: 'Operations' }), /Chat, second edition/);

  world.part('named values and where they are used');
  for (const r of given.regions) await arm(given, 'PUT', `/namedValues/key-${r.name}`, { properties: { displayName: `key-${r.name}`, value: r.key, secret: true } });

  world.part('backends');
  for (const r of given.regions) {
    await go(page, '#/backends');
    await named('button', 'Add backend').click();
    box = await dialog(page, 'Add backend');
    await at(box, 'Name').fill(r.name);
    await named('button', 'Add', box).click();
    await shows(box.locator('.field-error:visible'), /needs an address/);
    await at(box, 'Runtime URL').fill(r.address);
    await named('button', 'Add', box).click();
    await said(page, `${r.name} was added`);
    await page.getByRole('heading', { name: r.name, level: 1 }).waitFor();
    await settled(page);
    await page.getByRole('button', { name: 'Add a header' }).click();
    await page.getByLabel('Name', { exact: true }).last().fill('api-key');
    await page.getByLabel('Value', { exact: true }).last().fill(`{{key-${r.name}}}`);
    await page.getByLabel('Trip when calls fail').check();
    await at(page, 'Threshold').fill('1');
    await at(page, 'Within').fill('soon');
    await named('button', 'Save').click();
    await shows(page.locator('.field-error:visible'), /This is no duration/);
    await at(page, 'Within').fill('10s');
    await at(page, 'Trip duration').fill('1m');
    await named('button', 'Save').click();
    await said(page, 'The backend was saved and is in force');
    const kept = (await arm(given, 'GET', `/backends/${r.name}`)).properties;
    assert.deepEqual(kept.credentials.header, { 'api-key': [`{{key-${r.name}}}`] });
    assert.equal(kept.circuitBreaker.rules[0].failureCondition.interval, 'PT10S');
  }

  world.part('a pool');
  await go(page, '#/backends');
  await named('button', 'Add backend').click();
  box = await dialog(page, 'Add backend');
  await at(box, 'Name').fill('regions');
  await at(box, 'Type').selectOption('Pool');
  await named('button', 'Add', box).click();
  await shows(box.getByRole('alert'), /Choose the members/);
  for (const r of given.regions) await box.getByLabel(r.name, { exact: true }).check();
  await named('button', 'Add', box).click();
  await said(page, 'regions was added');
  const member = (name) => page.getByRole('group', { name: `Member ${name}` });
  await at(member('westeurope'), 'Priority').fill('2');
  await named('button', 'Save').click();
  await said(page, 'The backend was saved and is in force');
  await settled(page);
  assert.equal(await at(member('westeurope'), 'Priority').inputValue(), '2');

  world.part('a fragment, and a policy that includes it');
  await go(page, '#/fragments');
  await named('button', 'Create').click();
  box = await dialog(page, 'Create a policy fragment');
  await at(box, 'Name').fill('to-regions');
  await named('button', 'Create', box).click();
  await said(page, 'to-regions was created');
  const fragment = page.getByRole('textbox', { name: 'Policy fragment to-regions' });
  await fragment.click();
  await paste(page, '<fragment>\n    <set-backend-service backend-id="regions" />\n</fragment>\n');
  await shows(page.locator('.design-state'), /No problems Not saved/);
  await named('button', 'Save').click();
  await said(page, 'The policy was saved and is in force');
  await go(page, '#/apis/chat-service/design');
  const editor = page.getByRole('textbox', { name: /^Policy of all operations/ });
  await editor.click();
  await paste(page, '<policies>\n    <inbound>\n        <base />\n        <include-fragment fragment-id="to-regions" />\n    </inbound>\n    <backend>\n        <retry condition="@(context.Response == null || context.Response.StatusCode >= 500)" count="1" interval="0">\n            <forward-request buffer-request-body="true" />\n        </retry>\n    </backend>\n    <outbound>\n        <base />\n    </outbound>\n    <on-error>\n        <base />\n    </on-error>\n</policies>\n');
  await shows(page.locator('.design-state'), /No problems Not saved/);
  await named('button', 'Save').click();
  await said(page, 'The policy was saved and is in force');
  await page.getByRole('tab', { name: 'Effective policy' }).click();
  await shows(page.locator('.cm-content').last(), /backend-id="regions"/);

  world.part('what is used is not deleted');
  await go(page, '#/fragments');
  await named('button', 'Where used').click();
  box = await dialog(page, 'Where to-regions is used');
  await shows(box, /Policy of API chat-service/);
  await page.keyboard.press('Escape');
  await named('button', 'Delete to-regions').click();
  box = await dialog(page, 'Delete to-regions?');
  await named('button', 'Delete', box).click();
  await shows(box.getByRole('alert'), /to-regions/);
  await page.keyboard.press('Escape');
  await go(page, '#/backends');
  await named('button', 'Delete eastus').click();
  box = await dialog(page, 'Delete eastus?');
  await shows(box, /backend regions/i);
  await page.keyboard.press('Escape');

  world.part('a product and its subscription');
  await go(page, '#/products');
  await named('button', 'Add product').click();
  box = await dialog(page, 'Add product');
  await at(box, 'Display name').fill('Team');
  await box.getByLabel('Chat service').check();
  await named('button', 'Add', box).click();
  await said(page, 'Team was added');
  await shows(main, /Published/);
  await named('button', 'Add subscription').click();
  box = await dialog(page, 'Add subscription');
  await at(box, 'Display name').fill('Somebody');
  await named('button', 'Add', box).click();
  await said(page, 'Somebody was added');
  await page.getByRole('button', { name: 'Copy key of Somebody' }).click();
  await said(page, 'Primary key copied');
  const first = await copied();
  const answered = (key, status) => eventually(`the gateway answers ${status}`, async () => (await chat(given, key)).status === status);
  assert.equal((await chat(given, first)).status, 200);
  assert.equal((await chat(given, 'nobody')).status, 401);

  world.part('one who is suspended');
  await go(page, '#/subscriptions');
  await named('button', 'Manage Somebody').click();
  box = await dialog(page, 'Somebody');
  await at(box, 'State').selectOption('Suspended');
  await named('button', 'Save', box).click();
  await said(page, 'The subscription was saved');
  await answered(first, 401);
  await shows(page.getByRole('table', { name: 'Subscriptions' }), /Suspended/);
  await named('button', 'Manage Somebody').click();
  box = await dialog(page, 'Somebody');
  await at(box, 'State').selectOption('Active');
  await named('button', 'Show the primary key', box).click();
  await eventually('the key is shown', async () => (await at(box, 'Primary key').inputValue()) === first);
  await named('button', 'Regenerate the primary key', box).click();
  const sure = await dialog(page, 'Regenerate the primary key?');
  await named('button', 'Regenerate', sure).click();
  await eventually('a new key is shown', async () => ![first, '••••••••••••••••'].includes(await at(box, 'Primary key').inputValue()));
  const second = await at(box, 'Primary key').inputValue();
  await named('button', 'Save', box).click();
  await said(page, 'The subscription was saved');
  await answered(second, 200);
  assert.equal((await chat(given, first)).status, 401);

  world.part('a region that is away, as the pool sees it');
  await fetch(`${given.control}/regions/eastus/fault`, { method: 'PUT', body: JSON.stringify({ kind: 'status', status: 503 }) });
  for (let i = 0; i < 4; i++) assert.equal((await chat(given, second)).status, 200);
  await go(page, '#/backends');
  await shows(page.getByRole('row', { name: /^eastus/ }), /open, \d+ s left/);
  await shows(page.getByRole('row', { name: /^westeurope/ }), /closed/);
  await go(page, '#/backends/regions');
  await shows(page.getByRole('region', { name: 'Now' }), /eastus.*open.*westeurope.*closed/);
  await world.picture(page, 'resources-pool');
  await go(page, '#/');
  await shows(page.getByRole('region', { name: 'Pool regions' }), /eastus.*open/);
  await world.accessible(page, 'the overview with a breaker open');
  await world.picture(page, 'resources-overview');

  world.part('settings of an API');
  await go(page, '#/apis/chat-service/settings');
  await at(page, 'API URL suffix').fill('elsewhere');
  await named('button', 'Save').click();
  await said(page, /saved/);
  await answered(second, 404);
  const moved = await fetch(`${given.gateway}/elsewhere/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21`, { method: 'POST', headers: { 'api-key': second, 'Content-Type': 'application/json' }, body: '{"messages":[{"role":"user","content":"hello"}]}' });
  assert.equal(moved.status, 200);
  await moved.text();

  world.part('a product that is taken back');
  await go(page, '#/products/team');
  await at(page, 'Description').fill('What the team calls.');
  await named('button', 'Unpublish').click();
  await said(page, 'no longer published');
  await shows(main, /Not published/);
  assert.equal(await at(page, 'Description').inputValue(), 'What the team calls.'); // not saved, and not lost
  await named('button', 'Save').click();
  await said(page, 'The product was saved');
  assert.equal((await arm(given, 'GET', '/products/team')).properties.description, 'What the team calls.');
  await settled(page);
  await named('button', 'Remove Chat service').click();
  box = await dialog(page, 'Take Chat service out of the product?');
  await named('button', 'Remove', box).click();
  await shows(main, /No API is in the product/);

  world.part('and everything is gone again');
  await go(page, '#/apis/chat-service/design');
  await named('button', 'Remove policy').click();
  box = await dialog(page, 'Remove this policy?');
  await named('button', 'Remove', box).click();
  await said(page, 'The policy was removed');
  await go(page, '#/apis');
  await named('button', 'Delete Chat service').click();
  box = await dialog(page, 'Delete Chat service?');
  await box.getByLabel(/^Type chat-service/).fill('chat');
  await named('button', 'Delete', box).click();
  await shows(box.locator('.field-error:visible'), /This is not chat-service/);
  await box.getByLabel(/^Type chat-service/).fill('chat-service');
  await named('button', 'Delete', box).click();
  await said(page, 'Chat service was deleted');
  await shows(main, /No APIs yet/);
  await go(page, '#/fragments');
  await named('button', 'Delete to-regions').click();
  await named('button', 'Delete', await dialog(page, 'Delete to-regions?')).click();
  await said(page, 'to-regions was deleted');
  await shows(main, /No policy fragments yet/);
  await go(page, '#/backends');
  for (const name of ['regions', 'eastus', 'westeurope']) {
    await named('button', `Delete ${name}`).click();
    await named('button', 'Delete', await dialog(page, `Delete ${name}?`)).click();
    await said(page, `${name} was deleted`);
  }
  await shows(main, /No backends yet/);
  await go(page, '#/named-values');
  for (const r of given.regions) {
    await named('button', `Delete key-${r.name}`).click();
    await named('button', 'Delete', await dialog(page, `Delete key-${r.name}?`)).click();
    await said(page, `key-${r.name} was deleted`);
  }
  await shows(main, /No named values yet/);
  await go(page, '#/products/team');
  await named('button', 'Delete product').click();
  box = await dialog(page, /^Delete /);
  await box.getByRole('button', { name: 'Delete', exact: true }).click();
  await shows(main, /No products yet/);
  for (const [hash, title] of [['#/', 'Overview'], ['#/apis', 'APIs'], ['#/products', 'Products'], ['#/backends', 'Backends'], ['#/named-values', 'Named values'], ['#/fragments', 'Policy fragments'], ['#/regions', 'Simulated regions'], ['#/validate', 'Validate'], ['#/subscriptions', 'Subscriptions']]) {
    await go(page, hash);
    await shows(page.locator('h1'), new RegExp(`^${title}$`));
    await world.accessible(page, `${title}, empty`);
    await world.picture(page, `empty-${title}`);
  }
}
