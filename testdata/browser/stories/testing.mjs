// The test console beside three regions: answers as they come, traces and where
// they lead, tests that are kept, compared and replayed; and regions disturbed.

import assert from 'node:assert/strict';
import { at, copied, dialog, eventually, go, paste, said, settled, shows, text } from '../lib.mjs';

const operation = '#/apis/my-cool-openai-test/test/ChatCompletions_Create';

export default async function testing(world, given) {
  const page = await world.page();
  const named = (role, name, within = page) => within.getByRole(role, { name, exact: true });
  const request = page.getByRole('region', { name: 'Request' });
  const answer = page.getByRole('region', { name: 'Answer' });
  const runs = page.getByRole('region', { name: 'Runs' });
  const fault = async (what, names = ['eastus', 'australiaeast', 'swedencentral']) => {
    for (const name of names) {
      const got = await fetch(`${given.control}/regions/${name}/fault`, what ? { method: 'PUT', body: JSON.stringify(what) } : { method: 'DELETE' });
      assert.ok(got.ok, await got.text());
    }
  };
  const send = async (how, expected) => {
    await named('button', how, request).click();
    await shows(answer.locator('.figures-line'), expected);
    await named('button', 'Keep', answer).waitFor(); // the run is over
  };
  await settled(page);

  world.part('what the specification says is filled in');
  await go(page, operation);
  await shows(request.locator('.request-url'), /^POST .*\/openai-test\/openai\/deployments\/gpt-35-turbo\/chat\/completions\?api-version=2024-10-21$/);
  const body = at(request, 'Body');
  await body.fill('{"messages": [{"role": "user", "content": "hello"}');
  await shows(request.locator('.field-error:visible'), /This is not JSON: line 1, column \d+/);
  await body.fill('{"stream": true, "messages": [{"role": "user", "content": "Tell me about regions."}]}');
  assert.equal(await request.locator('.field-error:visible').count(), 0);
  await named('button', 'Format the body', request).click();
  assert.match(await body.inputValue(), /^\{\n {2}"stream": true,/);

  world.part('a stream as it comes');
  await fault({ kind: 'stall', after: 'events:4', delay: '3s' });
  await named('button', 'Send', request).click();
  const live = answer.getByLabel('The answer as it comes');
  await shows(live, /^data: .*chat\.completion\.chunk/);
  await shows(answer.locator('.message-live'), /\w/);
  const part = await text(answer.locator('.message-live'));
  assert.ok(await named('button', 'Cancel', request).isVisible(), 'nothing was shown until all was there');
  await named('button', 'Keep', answer).waitFor();
  const whole = await text(answer.locator('.message-text p'));
  assert.ok(whole.startsWith(part) && whole.length > part.length, `first ${part}, then ${whole}`);
  await shows(answer.getByLabel('The body of the answer'), /\[DONE\]$/);
  await fault(null);

  world.part('an answer that is cancelled');
  await fault({ kind: 'hang', after: 'events:3' });
  await named('button', 'Send with trace', request).click();
  await shows(live, /^data: /);
  await named('button', 'Cancel', request).click();
  await shows(answer.locator('.figures-line'), /cancelled/);
  await world.accessible(page, 'a cancelled answer');
  await fault(null);

  world.part('an answer that is cut');
  await fault({ kind: 'cut', after: 'events:3' });
  await send('Send', /^200 OK/);
  await shows(answer.getByLabel('The body of the answer'), /^data: .*"error".*/);
  await fault(null);

  world.part('attempts, and why it moved on');
  await fault({ kind: 'status', status: 503 }, ['eastus', 'australiaeast']);
  await body.fill('{"messages": [{"role": "user", "content": "hello"}]}');
  await eventually('a request that two regions were asked for', async () => {
    await send('Send with trace', /^200 OK/);
    return (await answer.locator('.attempt').count()) > 1;
  });
  const attempts = answer.locator('.attempt');
  await shows(attempts.first(), /^1\. (eastus|australiaeast) 503 .*Why it moved on: /);
  await shows(attempts.last(), /swedencentral 200 OK/);
  await world.picture(page, 'testing-attempts');
  await fault(null);

  world.part('from the trace to the policy');
  await answer.getByRole('tab', { name: 'Policies' }).click();
  const step = answer.locator('.step', { hasText: 'retry' }).first();
  await step.locator('summary').first().click();
  const place = step.locator('a.place').first();
  const line = Number(/line (\d+)/.exec(await text(place))[1]);
  await place.click();
  await page.locator('.cm-activeLine').waitFor();
  assert.match(page.url(), new RegExp(`/design.*\\?line=${line}$`));
  const gutter = page.locator('.cm-activeLineGutter').filter({ hasText: /\d/ });
  await shows(gutter, new RegExp(`^${line}$`));
  await page.goBack();
  await settled(page);
  assert.match(await body.inputValue(), /"content": "hello"/); // what was written is still there
  await runs.getByRole('button', { name: /^View / }).first().click();
  await answer.getByRole('tab', { name: 'Variables' }).click();
  await shows(answer.getByRole('table', { name: 'Variables' }), /not set/);
  await answer.getByRole('tab', { name: 'JSON' }).click();
  await answer.getByRole('tabpanel').filter({ visible: true }).getByRole('button', { name: 'Copy', exact: true }).filter({ visible: true }).first().click();
  await said(page, 'The trace was copied');
  const view = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.ok(view.traceEntries.inbound.length > 0 && view.traceEntries.backend.length > 0);
  assert.ok(!JSON.stringify(view).includes(given.key), 'the trace has the caller’s key');

  world.part('a command for the shell, without the key');
  await named('button', 'Copy as curl', request).click();
  await said(page, 'The command was copied');
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(command, /^curl -i -X POST '.*\/chat\/completions\?api-version=2024-10-21'/);
  assert.match(command, /-H "api-key: \$KEY"/);
  assert.ok(!command.includes(given.key));

  world.part('a test that is kept');
  await request.getByRole('button', { name: 'Add a header' }).click();
  await request.getByLabel('Name of a header').last().fill('Authorization');
  await request.getByLabel('Value of a header').last().fill('Bearer not-to-be-kept');
  await send('Send with trace', /^200 OK/);
  await named('button', 'Keep', answer).click();
  let box = await dialog(page, 'Keep this test');
  await at(box, 'Name').fill('The usual question');
  await named('button', 'Keep', box).click();
  await shows(runs, /The usual question kept/);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.match(kept, /The usual question/);
  for (const secret of ['not-to-be-kept', given.key, given.token]) assert.ok(!kept.includes(secret), 'a credential is kept in the browser');

  world.part('the policy changes');
  await named('link', 'Design', page.getByRole('navigation', { name: 'API' })).click();
  const editor = page.getByRole('textbox', { name: /^Policy of all operations/ });
  await editor.waitFor();
  await settled(page);
  const policy = await copied(page, editor);
  await paste(page, policy.replace(/<outbound>\s*<base \/>/, '$&\n        <set-header name="X-Changed" exists-action="override">\n            <value>yes</value>\n        </set-header>'));
  await shows(page.locator('.design-state'), /No problems Not saved/);
  await named('button', 'Save').click();
  await said(page, 'The policy was saved and is in force');

  world.part('the test is sent again, and compared');
  await page.reload(); // what is kept outlives the page
  await go(page, operation);
  await named('button', 'Replay The usual question', runs).click();
  const comparison = page.getByRole('region', { name: 'Comparison' });
  await shows(comparison.getByRole('table', { name: 'Two runs' }), /Status 200 OK 200 OK equal.*changed in between/);
  await shows(comparison.getByRole('table', { name: 'Headers that differ' }).first(), /X-Changed absent yes/i);
  await shows(comparison.locator('.differences'), /set-header.*only in/);
  await world.fits(page, 'a comparison');
  await world.accessible(page, 'a comparison');
  await world.picture(page, 'testing-comparison');
  await named('button', 'Close', comparison).click();

  world.part('from another operation');
  await go(page, operation.replace('ChatCompletions_Create', 'Embeddings_Create'));
  await named('button', 'Replay The usual question', runs).click();
  await shows(page.getByRole('region', { name: 'Comparison' }), /The usual question/);
  assert.match(page.url(), /test\/ChatCompletions_Create$/);
  await named('button', 'Close', comparison).click();

  world.part('two runs of one’s choice');
  await send('Send', /^200 OK/);
  for (const which of [0, 1]) await runs.getByRole('checkbox').nth(which).check();
  await named('button', 'Compare', runs).click();
  await shows(comparison, /Two runs|Status/);
  await named('button', 'Delete The usual question', runs).click();
  box = await dialog(page, 'Delete The usual question?');
  await named('button', 'Delete', box).click();
  await eventually('the kept test is gone', async () => !(await text(runs)).includes('The usual question'));

  world.part('regions are disturbed, and the traffic moves');
  await go(page, '#/regions');
  for (const name of ['eastus', 'swedencentral']) {
    const card = named('article', name);
    await at(card, 'Fault').selectOption('Another status');
    await at(card, 'Status').fill('503');
    await named('button', `Apply the fault to ${name}`, card).click();
    await said(page, `${name} is disturbed now`);
    await shows(card, /disturbed.*It answers 503\./);
  }
  await named('button', 'Reset counters of australiaeast').click();
  await said(page, 'start afresh');
  await go(page, operation);
  await named('button', 'Send 20 times', request).click();
  await shows(answer.locator('.figures-line'), /20 of 20 answered well/);
  await shows(answer.getByRole('table', { name: 'Where the answers came from' }), /australiaeast 20 \(100 %\)/);
  await go(page, '#/regions');
  await shows(named('article', 'australiaeast'), /200 × 20/);
  await page.getByLabel('Region whose requests are shown').selectOption('eastus');
  await shows(page.getByRole('table', { name: 'Latest requests to eastus' }), /chat\/completions 503/);
  await world.picture(page, 'testing-regions');
  for (const name of ['eastus', 'swedencentral']) {
    await named('button', `Back to normal: ${name}`).click();
    await said(page, `${name} is well again`);
  }

  world.part('a region’s key is another one');
  const card = named('article', 'eastus');
  await card.getByText('Deployments and keys').click();
  await named('button', 'Show key 2 of eastus', card).click();
  const old = await at(card, 'Key 2').inputValue();
  assert.match(old, /^[0-9a-f]{32}$/);
  await named('button', 'Regenerate key 2 of eastus', card).click();
  await named('button', 'Regenerate', await dialog(page, 'Regenerate key 2 of eastus?')).click();
  await eventually('a new key is shown', async () => /^[0-9a-f]{32}$/.test(await at(card, 'Key 2').inputValue()) && (await at(card, 'Key 2').inputValue()) !== old);

  world.part('a step of the validation');
  await go(page, '#/validate');
  const first = page.getByRole('list', { name: 'Steps' }).getByRole('listitem').first();
  await first.getByRole('button', { name: 'Validate' }).click();
  await shows(first, /Success/);

  world.part('a validation that is stopped');
  await named('button', 'Validate all').click();
  await shows(page.getByRole('list', { name: 'Steps' }), /running …/);
  await named('button', 'Stop').click();
  await named('button', 'Validate all').waitFor();
  await shows(page.locator('main'), /not yet/);
  await eventually('the regions are put back', async () => (await (await fetch(`${given.control}/regions`)).json()).every((r) => r.fault === null));
}
