// What goes wrong, and how it is told: no token, a policy that does not compile,
// somebody else's change, a reader's token, a process that is gone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { arm, at, copied, dialog, eventually, go, paste, said, settled, shows } from '../lib.mjs';

const api = '#/apis/chat';

export default async function errors(world, given) {
  const policy = await readFile(new URL('../policy.xml', import.meta.url), 'utf8');
  const named = (role, name, within) => within.getByRole(role, { name, exact: true });
  for (const r of given.regions) {
    await arm(given, 'PUT', `/namedValues/endpoint-${r.name}`, { properties: { displayName: `endpoint-${r.name}`, value: r.address } });
    await arm(given, 'PUT', `/namedValues/key-${r.name}`, { properties: { displayName: `key-${r.name}`, value: r.key, secret: true } });
  }
  await arm(given, 'PUT', '/apis/chat', { properties: { displayName: 'Chat', path: 'openai-test', protocols: ['https'], subscriptionRequired: false } });
  await arm(given, 'PUT', '/apis/chat/operations/complete', { properties: { displayName: 'Complete', method: 'POST', urlTemplate: '/openai/deployments/{deployment-id}/chat/completions', templateParameters: [{ name: 'deployment-id', type: 'string', required: true }] } });
  await arm(given, 'PUT', '/apis/chat/policies/policy', { properties: { format: 'rawxml', value: policy } });
  const look = async (page, name) => {
    await world.fits(page, name);
    await world.accessible(page, name);
    await world.picture(page, `errors-${name}`);
  };

  world.part('no token, and a wrong one');
  const page = await world.page({ refusals: [400, 401, 412], at: given.management });
  const token = page.getByLabel('Management token');
  await token.waitFor();
  await named('button', 'Sign in', page).click();
  await shows(page.locator('.field-error:visible'), /Paste the token here/);
  await token.fill('0123456789');
  await named('button', 'Sign in', page).click();
  await shows(page.locator('.field-error:visible'), /This is not the token of this Spillway/);
  await look(page, 'sign-in');
  await page.goto(`${given.management}/#token=0123456789`);
  await shows(page.getByRole('alert'), /not the one of the running Spillway/);
  assert.doesNotMatch(page.url(), /0123456789/);
  await token.fill(given.token);
  await token.press('Enter');
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  assert.doesNotMatch(page.url(), new RegExp(given.token));

  world.part('a policy that does not compile');
  await go(page, `${api}/design`);
  const editor = page.getByRole('textbox', { name: /^Policy of all operations/ });
  const state = page.locator('.design-state');
  const broken = policy.replace('context.Response.StatusCode == 429', 'context.Response.StatusKode == 429');
  await editor.click();
  await paste(page, broken);
  await shows(state, /1 error Not saved/);
  const drawn = await page.getByRole('list', { name: 'Problems' }).locator('pre').innerText();
  const lines = drawn.split('\n');
  const line = broken.split('\n').findIndex((l) => l.includes('StatusKode')) + 1;
  assert.match(lines[0], new RegExp(`(^|policy\\.xml:)${line}:\\d+: .*'StatusKode'.*\\(CS1061\\)`), drawn);
  assert.equal(lines[1], `${String(line).padStart(5)} | ${broken.split('\n')[line - 1].trimEnd()}`, drawn);
  assert.equal(lines[2].indexOf('^'), lines[1].indexOf('StatusKode'), drawn);
  assert.equal(lines[2].trim().replace(/^\| +/, ''), '^'.repeat('StatusKode'.length), drawn);
  assert.match(drawn, /hint: .*StatusCode/, drawn);
  await look(page, 'policy');
  await page.getByRole('button', { name: `Line ${line}, column` }).click();
  await shows(page.locator('.cm-activeLine'), /StatusKode/);
  await named('button', 'Save', page).click();
  await shows(page.getByRole('alert'), /The policy was not saved: it does not compile\. What is in force has not changed\./);
  assert.equal((await arm(given, 'GET', '/apis/chat/policies/policy?format=rawxml')).properties.value, policy);
  await named('button', 'Format', page).click(); // an expression that does not compile is no reason not to
  await shows(state, /1 error Not saved/);

  world.part('what is not saved is not lost by chance');
  await named('link', 'Products', page).click();
  let box = await dialog(page, 'Leave without saving?');
  await named('button', 'Stay', box).click();
  assert.match(page.url(), /design$/);
  assert.match(await copied(page, editor), /StatusKode/);
  await named('button', 'Sign out', page).click();
  box = await dialog(page, 'Leave without saving?');
  await named('button', 'Stay', box).click();
  assert.match(await copied(page, editor), /StatusKode/);
  await named('button', 'Discard', page).click();
  box = await dialog(page, 'Discard your changes?');
  await named('button', 'Discard', box).click();
  await shows(state, /No problems In force/);
  assert.equal(await copied(page, editor), policy);

  world.part('somebody else was quicker');
  const mine = policy.replace('<base />', '<base />\n        <!-- mine -->');
  const theirs = policy.replace('<base />', '<base />\n        <!-- theirs -->');
  await editor.click();
  await paste(page, mine);
  await shows(state, /No problems Not saved/);
  await arm(given, 'PUT', '/apis/chat/policies/policy', { properties: { format: 'rawxml', value: theirs } });
  await named('button', 'Save', page).click();
  await shows(page.getByRole('alert'), /Someone else changed this in the meantime/);
  await look(page, 'conflict');
  await named('button', 'Show theirs', page).click();
  box = await dialog(page, 'What the other one saved');
  await shows(box.locator('.cm-content'), /<!-- theirs -->/);
  await named('button', 'Close', box.locator('footer')).click();
  assert.match((await arm(given, 'GET', '/apis/chat/policies/policy?format=rawxml')).properties.value, /theirs/);
  await named('button', 'Keep mine', page).click();
  await said(page, 'The policy was saved and is in force');
  assert.equal((await arm(given, 'GET', '/apis/chat/policies/policy?format=rawxml')).properties.value, mine);

  world.part('a tag of an earlier process, and nobody changed anything');
  await page.route(/\/policies\/policy\?/, async (route) => {
    const got = await route.fetch();
    await route.fulfill({ response: got, headers: { ...got.headers(), etag: '"of-an-earlier-process"' } });
  });
  await go(page, `${api}/design`);
  await page.unroute(/\/policies\/policy\?/);
  await editor.click();
  await paste(page, policy);
  await shows(state, /No problems Not saved/);
  await named('button', 'Save', page).click();
  await said(page, 'The policy was saved and is in force');

  world.part('the same in a form');
  await go(page, `${api}/settings`);
  await at(page, 'Display name').fill('Chat, mine');
  await arm(given, 'PATCH', '/apis/chat', { properties: { displayName: 'Chat, theirs' } }, { 'If-Match': '*' });
  await named('button', 'Save', page).click();
  await shows(page.getByRole('alert'), /Someone else changed this.*displayName: Chat became Chat, theirs/);
  assert.equal(await at(page, 'Display name').inputValue(), 'Chat, mine');
  await look(page, 'conflict-form');
  await named('button', 'Keep mine', page).click();
  await said(page, 'The settings were saved');
  assert.equal((await arm(given, 'GET', '/apis/chat')).properties.displayName, 'Chat, mine');
  await settled(page);
  await at(page, 'Display name').fill('Chat, mine again');
  await arm(given, 'PATCH', '/apis/chat', { properties: { displayName: 'Chat, theirs' } }, { 'If-Match': '*' });
  await named('button', 'Save', page).click();
  await named('button', 'Load theirs', page).click();
  await eventually('their name is shown', async () => (await at(page, 'Display name').inputValue()) === 'Chat, theirs');

  world.part('and in a dialog');
  await go(page, '#/named-values');
  await page.getByRole('button', { name: 'Edit endpoint-eastus' }).click();
  box = await dialog(page, 'Edit endpoint-eastus');
  await at(box, 'Value').fill('http://mine.example');
  await arm(given, 'PATCH', '/namedValues/endpoint-eastus', { properties: { tags: ['theirs'] } }, { 'If-Match': '*' });
  await named('button', 'Save', box).click();
  await shows(box.getByRole('alert'), /Someone else changed this.*tags: .* became \["theirs"\]/);
  await look(page, 'conflict-dialog');
  await named('button', 'Load theirs', box).click();
  await eventually('their tags are shown', async () => (await at(box, 'Tags').inputValue()) === 'theirs');
  assert.equal(await at(box, 'Value').inputValue(), given.regions[0].address);
  await at(box, 'Tags').fill('mine');
  await arm(given, 'PATCH', '/namedValues/endpoint-eastus', { properties: { tags: ['theirs', 'too'] } }, { 'If-Match': '*' });
  await named('button', 'Save', box).click();
  await named('button', 'Keep mine', box).click();
  await said(page, 'endpoint-eastus was saved');
  assert.deepEqual((await arm(given, 'GET', '/namedValues/endpoint-eastus')).properties.tags, ['mine']);

  world.part('many of them');
  for (let i = 0; i < 12; i++) await arm(given, 'PUT', `/namedValues/more-${i}`, { properties: { displayName: `more-${i}`, value: String(i) } });
  await go(page, '#/named-values');
  const values = page.getByRole('table', { name: 'Named values' });
  await page.getByLabel('Filter the named values').fill('KEY-');
  await shows(page.locator('.finder'), /^2 of 16 named values/);
  assert.deepEqual(await values.getByRole('rowheader').filter({ visible: true }).allInnerTexts(), given.regions.map((r) => `key-${r.name}`));
  await world.accessible(page, 'a list that is filtered');
  await go(page, '#/apis');
  await page.goBack();
  await shows(page.locator('.finder'), /^2 of 16 named values/); // it is as one left it
  await page.getByLabel('Filter the named values').fill('');

  world.part('what is needed cannot be deleted');
  await page.getByRole('button', { name: 'Delete endpoint-eastus' }).click();
  box = await dialog(page, 'Delete endpoint-eastus?');
  await shows(box, /Policy of API chat/);
  await named('button', 'Delete', box).click();
  await shows(box.getByRole('alert'), /endpoint-eastus/);
  await look(page, 'delete');
  await page.keyboard.press('Escape');
  await shows(page.getByRole('table', { name: 'Named values' }), /endpoint-eastus/);

  world.part('names that are taken, and documents that are none');
  await go(page, '#/apis');
  await named('button', 'Create blank API', page).click();
  box = await dialog(page, 'Create a blank API');
  await at(box, 'Display name').fill('Chat');
  await named('button', 'Create', box).click();
  await shows(box.locator('.field-error:visible'), /There is an API chat already/);
  await page.keyboard.press('Escape');
  await named('button', 'Create from OpenAPI', page).click();
  box = await dialog(page, 'Create from OpenAPI');
  await box.getByLabel('Paste').check();
  await at(box, 'Document').fill('openapi: 3.0.1\ninfo: [');
  await at(box, 'Name').fill('imported');
  await at(box, 'API URL suffix').fill('imported');
  await named('button', 'Create', box).click();
  await shows(box.locator('.field-error:visible, [role=alert]'), /not YAML.*Line 2, position 8/);
  await look(page, 'openapi');
  await at(box, 'Document').fill(JSON.stringify({ openapi: '3.0.1', info: { title: 'x', version: '1' }, servers: [{ url: 'https://{endpoint}/openai', variables: { endpoint: { default: 'a.example' } } }], paths: { '/x': { get: { responses: { 200: { description: 'ok' } } } } } }));
  await named('button', 'Create', box).click();
  await shows(box, /Invalid value of the Web service url/);
  await page.keyboard.press('Escape');
  assert.equal((await arm(given, 'GET', '/apis')).value.length, 1);

  world.part('the token is another one, with something that is not saved');
  await go(page, `${api}/design`);
  await editor.click();
  await paste(page, theirs);
  await shows(state, /No problems Not saved/);
  await page.evaluate(() => sessionStorage.setItem('spillway.token', 'of-an-earlier-start'));
  await named('button', 'Save', page).click();
  box = await dialog(page, 'Sign in again');
  await box.getByLabel('Management token').fill('wrong');
  await named('button', 'Sign in', box).click();
  await shows(box.locator('.field-error:visible'), /not the token/);
  await look(page, 'sign-in-again');
  await box.getByLabel('Management token').fill(given.token);
  await named('button', 'Sign in', box).click();
  await said(page, 'You are signed in again');
  assert.equal(await copied(page, editor), theirs);
  await named('button', 'Save', page).click();
  await said(page, 'The policy was saved and is in force');
  assert.doesNotMatch(await page.locator('.bar').innerText(), /Read only/);

  world.part('and with a dialog open');
  await go(page, '#/named-values');
  await named('button', 'Add named value', page).click();
  box = await dialog(page, 'Add named value');
  await at(box, 'Display name').fill('written');
  await at(box, 'Value').fill('x');
  await page.evaluate(() => sessionStorage.setItem('spillway.token', 'of-an-earlier-start'));
  await named('button', 'Add', box).click();
  const again = await dialog(page, 'Sign in again');
  await again.getByLabel('Management token').fill(given.token);
  await named('button', 'Sign in', again).click();
  await said(page, 'You are signed in again');
  assert.equal(await at(box, 'Display name').inputValue(), 'written');
  await named('button', 'Add', box).click();
  await said(page, 'written was saved');

  world.part('a reader');
  const reading = await world.page({ refusals: [403], at: `${given.management}/#token=${given.reader}` });
  await shows(reading.locator('.bar'), /Read only/);
  await go(reading, '#/named-values');
  await reading.getByRole('button', { name: 'Show key-eastus' }).click();
  await shows(reading.locator('#toasts'), /The reader's token does not allow this/);
  assert.ok(!(await reading.content()).includes(given.regions[0].key), 'a reader sees a secret');
  await reading.getByRole('button', { name: 'Delete key-eastus' }).click();
  box = await dialog(reading, 'Delete key-eastus?');
  await named('button', 'Delete', box).click();
  await shows(box.locator('.dialog-errors'), /The reader's token does not allow this/);
  await world.picture(reading, 'errors-reader');
  await reading.keyboard.press('Escape');
  await go(reading, `${api}/design`);
  await shows(reading.locator('main'), /Your token is a reader’s/);
  await world.accessible(reading, 'a reader');

  world.part('a screen of something that is not there');
  const lost = await world.page({ refusals: [404] });
  for (const hash of ['#/apis/none', '#/apis/none/test', '#/products/none', '#/backends/none', '#/fragments/none', '#/products/none/design']) {
    await go(lost, hash);
    await shows(lost.locator('main'), /This is not there|not found/i);
    assert.equal(await lost.locator('h1').count(), 1, `${hash} has no title`);
  }
  await go(lost, '#/nowhere/at/all');
  await shows(lost.locator('main'), /no such screen/);

  world.part('Spillway is gone');
  const looking = await world.page({ refusals: ['net::ERR_CONNECTION_REFUSED', 'net::ERR_CONNECTION_RESET', 'net::ERR_EMPTY_RESPONSE', 'net::ERR_INCOMPLETE_CHUNKED_ENCODING'] });
  page.refusals.add('net::ERR_INTERNET_DISCONNECTED').add('net::ERR_CONNECTION_REFUSED').add('net::ERR_CONNECTION_RESET');
  for (const p of [lost, reading]) await p.close();
  await go(looking, '#/');
  await go(page, `${api}/test/complete`);
  await at(page, 'deployment-id').fill('gpt-35-turbo');
  await page.context().setOffline(true);
  await named('link', 'Backends', page).click();
  await shows(page.locator('main'), /This could not be shown.*does not answer/);
  await look(page, 'not-shown');
  await named('button', 'Try again', page).click();
  await shows(page.locator('main'), /This could not be shown/);
  await page.context().setOffline(false);
  await named('button', 'Try again', page).click();
  await shows(page.locator('main'), /No backends yet/);
  await go(page, `${api}/test/complete`);
  await at(page, 'deployment-id').fill('gpt-35-turbo');
  process.kill(given.pid, 'SIGKILL');
  await shows(looking.getByRole('alert'), /The management API does not answer\. Is Spillway still running\?/);
  await look(looking, 'gone');
  await named('button', 'Send', page).click();
  await shows(page.getByRole('region', { name: 'Answer' }), /does not answer/);
  await named('link', 'Products', page).click();
  await shows(page.locator('main'), /This could not be shown.*does not answer/);
  assert.equal(await page.locator('h1').count(), 1);
}
