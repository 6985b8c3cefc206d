// The whole task in a browser: a question to the chat app, a region failed in the
// console, the chat going on, the validation all green; then the retry taken out
// of the policy in the editor, and the validation that says so. Reads where
// everything is as JSON, and prints what was seen as JSON.

import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { browser: program, chat, console: consoleAt, withoutRetry, shots } = JSON.parse(readFileSync(0, 'utf8'));
const patience = 60_000;
const origins = [new URL(chat).origin, new URL(consoleAt).origin];
const seen = { answers: [], complaints: [] };

const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(patience);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = async (name) => {
    const p = await context.newPage();
    p.on('console', (m) => {
      if (['error', 'warning'].includes(m.type())) seen.complaints.push(`${name}: ${m.text()}`);
    });
    p.on('pageerror', (err) => seen.complaints.push(`${name}: ${err.message}`));
    p.on('request', (r) => {
      if (!/^(data|blob):/.test(r.url()) && !origins.includes(new URL(r.url()).origin)) seen.complaints.push(`${name} calls ${r.url()}`);
    });
    return p;
  };
  const shot = async (p, name) => {
    if (shots) await p.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  };

  const talk = await page('chat');
  await talk.goto(chat);
  const question = talk.getByLabel('Your question');
  const ask = async (text) => {
    await question.fill(text);
    await question.press('Enter');
    const n = seen.answers.length;
    const answer = talk.locator('.message.assistant').nth(n);
    await answer.locator('.foot').waitFor();
    seen.answers.push({
      text: await answer.locator('.markdown').innerText().catch(() => ''),
      sources: await answer.locator('.sources .source').allInnerTexts(),
      region: await answer.locator('.region').innerText().catch(() => ''),
      notices: await answer.locator('.notice').allInnerTexts(),
    });
  };
  await ask('How long can I return something?');

  const work = await page('console');
  await work.goto(consoleAt);
  await work.getByRole('heading', { name: 'Overview' }).waitFor();
  await work.getByRole('link', { name: 'Simulated regions' }).click();
  const region = work.getByRole('article', { name: 'eastus' });
  await region.getByLabel('Fault', { exact: true }).selectOption('refuse');
  await region.getByRole('button', { name: 'Apply the fault to eastus' }).click();
  await region.getByText('It refuses connections.').waitFor();

  for (const text of ['Is the Berlin store open on Sundays?', 'Which tent do you have for two, and what does it weigh?', 'How many days of vacation do I get?', 'What does the Club cost?', 'How is a parcel sent?', 'What do I do in case of fire?']) await ask(text);
  await shot(talk, 'chat');

  const validate = async (name) => {
    await work.getByRole('link', { name: 'Validate' }).click();
    await work.getByRole('button', { name: 'Validate all' }).click();
    const total = work.locator('.total');
    await total.filter({ hasText: /^(All 7 steps succeeded|Of 7 steps: .*)\.$/ }).waitFor();
    await shot(work, name);
    const steps = [];
    for (const step of await work.locator('.checks > li').all()) steps.push({ status: await step.locator('.badge').innerText(), text: await step.innerText() });
    return { summary: await total.innerText(), steps };
  };
  seen.failed = await validate('validate-region-failed');

  await work.getByRole('link', { name: 'Simulated regions' }).click();
  await region.getByText('It refuses connections.').waitFor();
  await region.getByRole('button', { name: 'Back to normal: eastus' }).click();
  await region.getByText('It answers as it should.').waitFor();
  seen.well = await validate('validate-well');

  await work.goto(new URL('#/apis/my-cool-openai-test/design', consoleAt).href);
  await work.locator('.cm-content').click();
  await work.keyboard.press('ControlOrMeta+a');
  await work.evaluate((text) => navigator.clipboard.writeText(text), withoutRetry);
  await work.keyboard.press('ControlOrMeta+v');
  await work.getByRole('button', { name: 'Save', exact: true }).click();
  await work.getByText('The policy was saved and is in force').waitFor();
  seen.broken = await validate('validate-no-retry');
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
