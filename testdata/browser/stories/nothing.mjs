// From an empty folder to traffic that alternates between two regions, by clicking.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { at, chat, copied, dialog, paste, said, settled, shows, text } from '../lib.mjs';

export default async function nothing(world, given) {
  const policy = await readFile(new URL('../policy.xml', import.meta.url), 'utf8');
  const page = await world.page({ width: given.width });
  const narrow = given.width < 700;
  const named = (role, name, within = page) => within.getByRole(role, { name, exact: true });
  // By the navigation, which a phone shows when asked.
  const to = async (place) => {
    if (narrow) await named('button', 'Menu').click();
    await named('link', place, page.getByRole('navigation', { name: 'Service' })).click();
    await settled(page);
  };
  const look = async (name) => {
    await world.fits(page, name);
    await world.picture(page, `nothing-${name}`);
  };

  world.part('the first screen');
  await settled(page);
  assert.equal(await page.evaluate(() => location.hash), '#/', 'the token stays in the address');
  await shows(page.locator('.steps [aria-current=step] h3'), /^Create an API/);
  await look('1-overview');

  world.part('an API');
  await named('link', 'APIs', page.getByRole('region', { name: 'First steps' })).click();
  await named('button', 'Create blank API').click();
  let box = await dialog(page, 'Create a blank API');
  await box.getByRole('button', { name: 'Create', exact: true }).click();
  await shows(box.locator('.field-error:visible'), /An API needs a display name/);
  await box.getByLabel('Display name').fill('My cool OpenAI test');
  assert.equal(await at(box, 'Name').inputValue(), 'my-cool-openai-test');
  await box.getByLabel('API URL suffix').fill('openai-test');
  await shows(box.locator('.stack .hint', { hasText: 'Base URL' }), /openai-test$/);
  await box.getByLabel('Header name').fill('api-key');
  await look('2-api');
  await box.getByRole('button', { name: 'Create', exact: true }).click();
  await said(page, 'My cool OpenAI test was created');
  await page.getByRole('heading', { name: 'My cool OpenAI test', level: 1 }).waitFor();

  world.part('an operation at a click');
  await named('button', 'Add operation').click();
  box = await dialog(page, 'Add operation');
  await box.getByRole('button', { name: 'Chat completions' }).click();
  assert.equal(await box.getByLabel('URL template').inputValue(), '/openai/deployments/{deployment-id}/chat/completions');
  await look('3-operation');
  await box.getByRole('button', { name: 'Add', exact: true }).last().click();
  await said(page, 'was added');

  world.part('an operation by hand');
  await named('button', 'Add operation').click();
  box = await dialog(page, 'Add operation');
  await box.getByLabel('Display name').fill('Embed a text');
  await box.getByLabel('Method').selectOption('POST');
  await box.getByLabel('URL template').fill('/openai/deployments/{deployment-id}/embeddings');
  const parameter = box.getByRole('group', { name: '{deployment-id}' });
  await parameter.getByLabel('Allowed values').fill('text-embedding-ada-002, text-embedding-3-small');
  await parameter.getByLabel('Default').fill('text-embedding-ada-002');
  await box.getByText('Query parameters').click();
  await box.locator('details', { hasText: 'Query parameters' }).getByRole('button', { name: 'Add' }).click();
  const query = box.getByRole('group', { name: 'Parameter', exact: true });
  await query.getByLabel('Name').fill('api-version');
  await query.getByLabel('Default').fill('2024-10-21');
  await query.getByLabel('Required').check();
  await box.locator('footer').getByRole('button', { name: 'Add', exact: true }).click();
  await said(page, 'Embed a text was added');
  await shows(page.getByRole('table', { name: 'Operations' }), /embeddings/);
  await look('4-operations');

  world.part('named values');
  await to('Named values');
  const values = [];
  for (const r of given.regions) values.push([`endpoint-${r.name}`, r.address, false], [`key-${r.name}`, r.key, true]);
  for (const [name, value, secret] of values) {
    await named('button', 'Add named value').click();
    box = await dialog(page, 'Add named value');
    await box.getByLabel('Display name').fill(name);
    if (secret) await box.getByLabel('Type').selectOption('Secret');
    await at(box, 'Value').fill(value);
    await box.getByRole('button', { name: 'Add', exact: true }).click();
    await said(page, `${name} was saved`);
  }
  const table = page.getByRole('table', { name: 'Named values' });
  await shows(table, /westeurope/);
  const before = await page.content();
  for (const r of given.regions) {
    assert.ok(before.includes(r.address), `the endpoint of ${r.name} is not shown`);
    assert.ok(!before.includes(r.key), `the key of ${r.name} is in the page before somebody asked for it`);
  }
  await named('button', 'Show key-eastus').click();
  await shows(table, new RegExp(given.regions[0].key));
  await named('button', 'Hide').click();
  await look('5-named-values');

  world.part('the policy');
  await to('APIs');
  await named('link', 'My cool OpenAI test').click();
  await named('link', 'Design', page.getByRole('navigation', { name: 'API' })).click();
  const editor = page.getByRole('textbox', { name: /^Policy of all operations/ });
  await editor.click();
  await paste(page, policy);
  const state = page.locator('.design-state');
  await shows(state, /No problems Not saved/);
  await look('6-policy');
  await named('button', 'Save').click();
  await said(page, 'The policy was saved and is in force');
  await shows(state, /No problems In force/);
  assert.equal(await copied(page, editor), policy);

  world.part('a test with its trace');
  await named('link', 'Test', page.getByRole('navigation', { name: 'API' })).click();
  await settled(page);
  const request = page.getByRole('region', { name: 'Request' });
  await request.getByText('This API wants the key of a subscription').waitFor();
  await request.getByRole('button', { name: 'Add subscription' }).click();
  box = await dialog(page, 'Add subscription');
  await box.getByLabel('Display name').fill('My tests');
  await box.getByRole('button', { name: 'Add', exact: true }).click();
  await said(page, 'My tests was added');
  await request.getByRole('button', { name: 'Send with trace' }).click();
  await shows(request.locator('.field-error:visible'), /needs a value/);
  await request.getByLabel('deployment-id').fill('gpt-35-turbo');
  await request.getByRole('button', { name: 'Send with trace' }).click();
  const answer = page.getByRole('region', { name: 'Answer' });
  await shows(answer.locator('.figures-line'), /^200 OK first byte .* total /);
  const origins = given.regions.map((r) => r.address.replace('http://', ''));
  await shows(answer.locator('.attempt h4').first(), new RegExp(`1\\. (${origins.join('|')})`));
  await look('7-trace');
  await answer.getByRole('tab', { name: 'Body' }).click();
  await shows(answer.getByLabel('The body of the answer'), /chat\.completion/);

  world.part('the other operation');
  if (narrow) await page.getByRole('combobox', { name: 'Operation' }).selectOption({ label: 'POST Embed a text' });
  else await page.getByRole('navigation', { name: 'Operations' }).getByRole('link', { name: /Embed a text/ }).click();
  await page.getByRole('heading', { name: 'Embed a text', level: 2 }).waitFor();
  assert.equal(await request.getByLabel('deployment-id').inputValue(), 'text-embedding-ada-002');
  assert.deepEqual(await request.getByLabel('deployment-id').locator('option').allInnerTexts(), ['text-embedding-ada-002', 'text-embedding-3-small']);
  await request.getByRole('button', { name: 'Send', exact: true }).click();
  await shows(answer.locator('.figures-line'), /^200 OK/);
  await shows(answer.getByLabel('The body of the answer'), /"embedding"/);

  world.part('traffic alternates');
  await request.getByRole('button', { name: 'Send 20 times' }).click();
  await page.getByRole('heading', { name: '20 requests' }).waitFor();
  await shows(answer.locator('.figures-line'), /20 of 20 answered well/);
  const rows = await answer.getByRole('table', { name: 'Where the answers came from' }).getByRole('row').allInnerTexts();
  for (const origin of origins) assert.ok(rows.some((r) => r.includes(origin)), `nothing came from ${origin}: ${rows}`);
  await look('8-traffic');

  world.part('what the regions saw');
  await to('Subscriptions');
  await page.getByRole('button', { name: 'Copy key of My tests' }).click();
  await said(page, 'Primary key copied');
  const key = await page.evaluate(() => navigator.clipboard.readText());
  const served = new Map();
  for (let i = 0; i < 20; i++) {
    const got = await chat(given, key);
    assert.equal(got.status, 200, got.text);
    const by = got.headers.get('x-served-by-region');
    served.set(by, (served.get(by) ?? 0) + 1);
  }
  assert.equal(served.size, 2, `all of 20 calls were served by ${[...served.keys()]}`);
  for (const region of await (await fetch(`${given.control}/regions`)).json()) {
    const calls = Object.values(region.counters).reduce((sum, c) => sum + (c['200'] ?? 0), 0);
    assert.ok(calls >= 5, `${region.name} answered ${calls} calls`);
  }

  world.part('the overview has seen it');
  await to('Overview');
  await shows(page.getByRole('region', { name: 'Now' }), /[4-9]\d since the start/);
  assert.equal(await page.getByRole('region', { name: 'First steps' }).count(), 0);
  for (const origin of origins) await shows(page.getByRole('region', { name: 'Regions' }), new RegExp(origin));
  await look('9-overview');
  assert.doesNotMatch(await text(page.locator('body')), new RegExp(given.token));
}
