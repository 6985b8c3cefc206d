// Every screen of a service that runs, with its dialogs: in light and dark, wide,
// narrow and at twice the size. The screens are those that main.js lists.

import assert from 'node:assert/strict';
import { arm, at, chat, dialog, eventually, go, paste, settled, shows } from '../lib.mjs';

const api = '#/apis/my-cool-openai-test';
const operation = 'ChatCompletions_Create';

// name, address, the title of the screen, and how its dialogs are opened.
const screens = [
  ['overview', '#/', 'Overview'],
  ['apis', '#/apis', 'APIs', ['Create blank API', 'Create from OpenAPI', /^Delete /]],
  ['api', api, /OpenAI/, ['Add operation', 'Import OpenAPI', /^Edit /, /^Delete /]],
  ['settings', `${api}/settings`, /OpenAI/, ['Delete API']],
  ['design', `${api}/design`, /OpenAI/, ['Insert', 'Remove policy']],
  ['design-operation', `${api}/design/${operation}`, /OpenAI/],
  ['test', `${api}/test/${operation}`, /OpenAI/],
  ['global-design', '#/global/design', 'All APIs'],
  ['products', '#/products', 'Products', ['Add product']],
  ['product', '#/products/contoso', 'Contoso', ['Add subscription', /^Remove /]],
  ['product-design', '#/products/contoso/design', 'Policies'],
  ['subscriptions', '#/subscriptions', 'Subscriptions', ['Add subscription', /^Manage /]],
  ['named-values', '#/named-values', 'Named values', ['Add named value', /^Edit /, 'Where used', /^Delete /]],
  ['backends', '#/backends', 'Backends', ['Add backend', 'Where used', /^Delete /]],
  ['pool', '#/backends/openai', 'openai'],
  ['backend', '#/backends/eastus', 'eastus', ['Delete backend']],
  ['fragments', '#/fragments', 'Policy fragments', ['Create', 'Where used', /^Delete /]],
  ['fragment', '#/fragments/shared', 'shared'],
  ['regions', '#/regions', 'Simulated regions', ['Regenerate key 1 of eastus']],
  ['validate', '#/validate', 'Validate'],
  ['absent', '#/nowhere', 'Not found'],
  ['gone', '#/apis/nothing', /./],
];

export default async function everything(world, given) {
  await arm(given, 'PUT', '/policyFragments/shared', { properties: { format: 'rawxml', description: 'Said twice.', value: '<fragment>\n    <set-header name="X-Shared" exists-action="override"><value>@("yes")</value></set-header>\n</fragment>\n' } });
  await fetch(`${given.control}/regions/australiaeast/fault`, { method: 'PUT', body: JSON.stringify({ kind: 'status', status: 503, share: 0.5 }) });
  for (let i = 0; i < 12; i++) assert.equal((await chat(given, given.key)).status, 200);

  const page = await world.page({ refusals: [404] });
  await settled(page);

  world.part('the screens that there are');
  const routes = await page.evaluate(async () => [...(await (await fetch('main.js')).text()).matchAll(/^ {2}\['([^']*)', '[a-z-]+'\],$/gm)].map((m) => m[1]));
  assert.ok(routes.length > 15, `routes ${routes}`);
  for (const route of routes) {
    const pattern = new RegExp(`^#/${route.replace(/:[a-z]+/g, '[^/]+')}$`);
    if (!screens.some(([, hash]) => pattern.test(hash)) && route !== 'apis/:id/test') world.note(`no screen is looked at for ${route}`);
  }

  // all looks at a screen in every size and colour.
  const all = async (name, title) => {
    await shows(page.locator('h1'), title instanceof RegExp ? title : new RegExp(`^${title}$`));
    for (const [width, height] of [[1280, 900], [640, 450], [390, 844]]) {
      await page.setViewportSize({ width, height });
      await settled(page);
      await world.fits(page, name);
      if (width !== 640) await world.picture(page, name);
      if (width !== 640) await world.accessible(page, `${name}, ${width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await world.picture(page, name);
    await world.accessible(page, `${name}, dark`);
    if (given.pictures) {
      await page.setViewportSize({ width: 390, height: 844 });
      await world.picture(page, name);
      await page.setViewportSize({ width: 1280, height: 900 });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  };

  for (const [name, hash, title, dialogs = []] of screens) {
    world.part(name);
    await go(page, hash);
    const alone = (await page.title()).split(' – ');
    assert.ok(alone.length === 2 && alone[1] === 'Spillway', `the title is ${alone}`);
    if (name === 'test') {
      await at(page, 'deployment-id').fill('gpt-35-turbo');
      await page.getByRole('button', { name: 'Send with trace' }).click();
      await page.getByRole('tab', { name: 'Attempts' }).waitFor();
    }
    if (/design|fragment$/.test(name)) await page.locator('.cm-content').first().waitFor();
    if (name === 'overview') {
      for (let i = 0; i < 12; i++) await chat(given, given.key);
      await shows(page.getByRole('region', { name: 'Now' }), /^1\d requests/);
    }
    await all(name, title);
    for (const label of dialogs) {
      const opens = page.getByRole('button', { name: label, exact: typeof label === 'string', includeHidden: true }).first();
      await opens.evaluate((el) => el.closest('details')?.setAttribute('open', ''));
      await opens.click();
      const box = await dialog(page);
      await settled(page);
      const what = `${name}: ${String(label).replace(/[^A-Za-z0-9 ]/g, '').trim()}`;
      for (const [width, height, scheme] of [[1280, 900, 'dark'], [390, 844, 'light']]) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme: scheme });
        await settled(page);
        await world.fits(page, what);
        await world.picture(page, what.replace(/[: ]+/g, '-'));
        await world.accessible(page, `${what}, ${width} px, ${scheme}`);
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.keyboard.press('Escape');
      await box.waitFor({ state: 'detached' });
    }
  }

  world.part('what a trace shows');
  await go(page, `${api}/test/${operation}`);
  await page.getByRole('region', { name: 'Runs' }).getByRole('button', { name: /^View / }).first().click();
  for (const tab of ['Policies', 'Variables', 'JSON', 'Body', 'Headers']) {
    await page.getByRole('tab', { name: tab }).click();
    if (tab === 'Policies') await page.getByRole('button', { name: 'Open all' }).click();
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      await world.fits(page, `trace, ${tab}`);
      await world.picture(page, `trace-${tab}`);
    }
    await world.accessible(page, `trace, ${tab}`);
  }

  world.part('the effective policy');
  await go(page, `${api}/design`);
  await page.getByRole('tab', { name: 'Effective policy' }).click();
  await page.getByLabel('Effective policy').filter({ visible: true }).last().waitFor();
  await settled(page);
  await world.accessible(page, 'effective policy');
  await world.picture(page, 'effective');
  assert.match(page.url(), /design\?effective$/);
  await page.reload();
  await page.getByRole('tab', { name: 'Effective policy', selected: true }).waitFor();

  world.part('as far down as one was');
  await page.setViewportSize({ width: 390, height: 500 });
  await go(page, '#/named-values');
  await page.evaluate(() => scrollTo(0, 300));
  await page.getByRole('link', { name: 'Spillway', exact: true }).click();
  const down = (y) => eventually(`${y} px down`, async () => (await page.evaluate(() => scrollY)) === y);
  await shows(page.locator('h1'), /^Overview$/);
  await settled(page);
  await down(0);
  await page.goBack();
  await shows(page.locator('h1'), /^Named values$/);
  await settled(page);
  await down(300);
  await page.setViewportSize({ width: 1280, height: 900 });

  world.part('what can stand here');
  await go(page, `${api}/design`);
  const editor = page.getByRole('textbox', { name: /^Policy of all operations/ });
  const offered = page.locator('.cm-tooltip-autocomplete');
  const write = async (before, typed, expected) => {
    await editor.click();
    await paste(page, before);
    await page.keyboard.type(typed);
    await shows(offered, expected);
  };
  await write('<policies>\n    <inbound>\n        ', '<set-h', /^ƒ?set-header/);
  await world.accessible(page, 'completion');
  await page.keyboard.press('Enter');
  await shows(page.locator('.cm-content'), /<set-header name="">\s*<value><\/value>\s*<\/set-header>/);
  await write('<policies>\n    <inbound>\n        <set-header', ' ', /name ?required/);
  await page.keyboard.press('Escape');
  await write('<policies>\n    <inbound>\n        <set-variable name="x" value="@(context.Request', '.Head', /Headers/);
  await shows(page.locator('.cm-completionInfo'), /Headers/);
  await page.keyboard.press('Escape');
  await write('<policies>\n    <inbound>\n        <set-variable name="x" value="', '{{key-e', /key-eastus ?secret/);
  await page.keyboard.press('Escape');
  await paste(page, '<policies>\n    <inbound>\n        <set-method>@(context.Request.Method)</set-method>\n    </inbound>\n</policies>\n');
  await page.locator('.cm-content').getByText('Method', { exact: true }).hover();
  await shows(page.locator('.cm-tooltip-hover'), /string Method/);
  await page.getByRole('button', { name: 'Discard' }).click();
  await (await dialog(page, 'Discard your changes?')).getByRole('button', { name: 'Discard' }).click();
  await shows(page.locator('.design-state'), /In force/);

  world.part('a link in a new tab');
  const tab = await page.context().newPage();
  await tab.goto(`${given.management}/#/backends`);
  await shows(tab.locator('h1'), /^Backends$/);

  world.part('sign in');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Management token').waitFor();
  await tab.getByLabel('Management token').waitFor(); // there, too
  await tab.close();
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      await world.fits(page, 'sign in');
      await world.picture(page, 'sign-in');
    }
    await world.accessible(page, `sign in, ${scheme}`);
  }
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'something is kept after the sign-out');

  world.part('the theme of one’s own');
  await page.goto(given.console);
  await settled(page);
  const dark = () => page.evaluate(() => getComputedStyle(document.body).colorScheme === 'dark' || getComputedStyle(document.documentElement).colorScheme === 'dark');
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  assert.ok(await dark());
  await page.reload();
  await settled(page);
  assert.ok(await dark(), 'the theme is forgotten');

  world.part('the chat app');
  const talk = await world.page({ at: given.chat });
  const question = talk.getByLabel('Your question');
  await question.fill('How long may I send something back?');
  await question.press('Enter');
  await shows(talk.locator('body'), /30 days/);
  for (const scheme of ['light', 'dark']) {
    await talk.emulateMedia({ colorScheme: scheme });
    for (const [width, height] of [[640, 450], [390, 844], [1280, 900]]) {
      await talk.setViewportSize({ width, height });
      await world.fits(talk, 'the chat');
      await world.picture(talk, 'chat');
      await world.accessible(talk, `the chat, ${width} px, ${scheme}`);
    }
  }
}
