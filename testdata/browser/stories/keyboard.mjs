// From an empty folder to balanced traffic without a mouse. At every step of the
// way one sees where one is.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { at, dialog, focused, paste, settled, shows, tabTo } from '../lib.mjs';

export default async function keyboard(world, given) {
  const policy = await readFile(new URL('../policy.xml', import.meta.url), 'utf8');
  const page = await world.page();
  const keys = page.keyboard;
  const to = (target, options) => tabTo(world, page, target, options);
  const press = async (target, options) => {
    await to(target, options);
    await keys.press('Enter');
  };
  const write = async (target, text, options) => {
    await to(target, options);
    await keys.press('ControlOrMeta+a');
    await keys.type(text);
  };
  const choose = async (target, label) => {
    await to(target);
    await keys.type(label);
  };
  const named = (role, name, within = page) => within.getByRole(role, { name, exact: true });
  // Messages go by themselves, after some seconds.
  const heard = (text) => page.locator('#toasts .toast', { hasText: text }).first().waitFor();
  const navigation = page.getByRole('navigation', { name: 'Service' });
  const visit = async (place) => {
    await press(named('link', place, navigation), { back: true });
    await page.getByRole('heading', { name: place, level: 1 }).waitFor();
    await settled(page);
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1', `the title of ${place} has not the focus`);
  };

  world.part('past the navigation at once');
  await settled(page);
  await keys.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'skip');
  await keys.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await press(named('link', 'APIs', page.getByRole('region', { name: 'First steps' })));

  world.part('an API');
  await page.getByRole('heading', { name: 'APIs', level: 1 }).waitFor();
  await settled(page);
  await press(named('button', 'Create blank API'));
  let box = await dialog(page, 'Create a blank API');
  assert.ok(await focused(at(box, 'Display name')), 'the first field has not the focus');
  await keys.press('Escape');
  await box.waitFor({ state: 'detached' });
  assert.ok(await focused(named('button', 'Create blank API')), 'after Escape the focus is elsewhere');
  await keys.press('Enter');
  box = await dialog(page, 'Create a blank API');
  await keys.type('My cool OpenAI test');
  await write(at(box, 'API URL suffix'), 'openai-test');
  await write(at(box, 'Header name'), 'api-key');
  await keys.press('Enter');
  await page.getByRole('heading', { name: 'My cool OpenAI test', level: 1 }).waitFor();
  await settled(page);

  world.part('its operations');
  for (const [label, name] of [['Chat completions', 'chat message'], ['Embeddings', 'vector representation']]) {
    await press(named('button', 'Add operation'));
    box = await dialog(page, 'Add operation');
    // Tab stays within the dialog.
    await press(named('button', label, box), { back: true });
    assert.ok(await focused(at(box, 'Display name')));
    await keys.press('Enter');
    await heard('was added');
    await page.getByRole('table', { name: 'Operations' }).getByRole('link', { name: new RegExp(name) }).first().waitFor();
    await settled(page);
  }

  world.part('named values');
  await visit('Named values');
  for (const r of given.regions) {
    for (const [name, value, secret] of [[`endpoint-${r.name}`, r.address, false], [`key-${r.name}`, r.key, true]]) {
      await press(named('button', 'Add named value'));
      box = await dialog(page, 'Add named value');
      await keys.type(name);
      if (secret) await choose(at(box, 'Type'), 'Secret');
      await write(at(box, 'Value'), value);
      await press(named('button', 'Add', box));
      await heard(`${name} was saved`);
      await page.getByRole('table', { name: 'Named values' }).getByText(name, { exact: true }).waitFor();
      await settled(page);
    }
  }
  assert.equal(await page.getByText('Secret', { exact: true }).filter({ visible: true }).count(), 2);

  world.part('the policy');
  await visit('APIs');
  await press(named('link', 'My cool OpenAI test'));
  await press(named('link', 'Design', page.getByRole('navigation', { name: 'API' })));
  const editor = page.getByRole('textbox', { name: /^Policy of all operations/ });
  await editor.waitFor();
  await settled(page);
  await to(editor);
  await paste(page, policy.replace('<retry ', '<rettry '));
  await shows(page.locator('.design-state'), /[1-9] errors?/);
  await keys.press('F8');
  await shows(page.locator('.cm-activeLine'), /<rettry/);
  await paste(page, policy);
  await shows(page.locator('.design-state'), /No problems Not saved/);
  await keys.press('ControlOrMeta+End');
  await keys.press('Escape');
  await keys.press('Tab');
  assert.ok(!(await focused(editor)), 'Escape and Tab do not leave the editor');
  await to(editor, { back: true });
  await keys.press('ControlOrMeta+s');
  await heard('The policy was saved and is in force');

  world.part('a test with its trace');
  await keys.press('Escape');
  await press(named('link', 'Test', page.getByRole('navigation', { name: 'API' })), { back: true });
  await page.getByRole('region', { name: 'Request' }).waitFor();
  await settled(page);
  const request = page.getByRole('region', { name: 'Request' });
  await write(at(request, 'deployment-id'), 'gpt-35-turbo');
  await press(named('button', 'Add subscription', request));
  box = await dialog(page, 'Add subscription');
  await keys.type('My tests');
  await keys.press('Enter');
  await heard('My tests was added');
  await box.waitFor({ state: 'detached' });
  await press(named('button', 'Send with trace', request));
  const answer = page.getByRole('region', { name: 'Answer' });
  await shows(answer.locator('.figures-line'), /^200 OK/);
  await page.waitForFunction(() => document.activeElement.textContent === 'Answer');
  await to(answer.getByRole('tab', { name: 'Trace' }));
  await keys.press('ArrowLeft');
  await keys.press('ArrowLeft');
  await shows(answer.getByLabel('The body of the answer'), /chat\.completion/);
  await keys.press('End');
  await to(answer.getByRole('tab', { name: 'Attempts' }));
  await keys.press('ArrowRight');
  await press(answer.locator('.step > details > summary').first());
  await answer.locator('.step > details[open]').first().waitFor();

  world.part('traffic alternates');
  await press(named('button', 'Send 20 times', request), { back: true });
  await shows(answer.locator('.figures-line'), /20 of 20 answered well/);
  assert.equal(await answer.getByRole('table', { name: 'Where the answers came from' }).getByRole('row').count(), 3);

  world.part('up and down a long form');
  await visit('Backends');
  await press(named('button', 'Add backend'));
  box = await dialog(page, 'Add backend');
  await keys.type('eastus');
  await write(at(box, 'Runtime URL'), given.regions[0].address);
  await keys.press('Enter');
  await page.getByRole('heading', { name: 'eastus', level: 1 }).waitFor();
  await settled(page);
  await to(named('button', 'Delete backend'));
  await to(named('button', 'Save'), { back: true });

  world.part('the navigation of a phone');
  await page.setViewportSize({ width: 390, height: 844 });
  await to(named('button', 'Menu'), { back: true });
  await keys.press('Enter');
  await shows(navigation, /Named values/);
  await keys.press('Escape');
  assert.ok((await focused(named('button', 'Menu'))) && (await named('button', 'Menu').getAttribute('aria-expanded')) === 'false');
  await keys.press('Enter');
  await press(named('link', 'Backends', navigation));
  await page.getByRole('heading', { name: 'Backends', level: 1 }).waitFor();
}
