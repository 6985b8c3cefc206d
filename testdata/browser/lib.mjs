// What the stories are told with: a browser, and the checks that hold on every
// screen whatever the story is about.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

// How long something that must happen may take on a machine that is busy.
const patience = 60_000;

/** Waits until look gives something true, and gives that. */
export async function eventually(what, look) {
  const end = Date.now() + patience;
  for (;;) {
    const got = await look();
    if (got) return got;
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 40); });
  }
}

/** The browser of one story. given is what the test told: where things run. */
export class World {
  constructor(given) {
    this.given = given;
    this.pages = [];
    this.failures = [];
    this.where = 'the beginning';
  }

  /** Begins a part of the story, which a failure then names. */
  part(name) {
    this.where = name;
    console.error(`${((performance.now()) / 1000).toFixed(1).padStart(6)} s  ${name}`);
  }

  /** Notes what is wrong without ending the story. */
  note(failure) {
    this.failures.push(`${this.where}: ${failure}`);
  }

  async start() {
    // Chromium's sandbox runs neither as root nor in most containers, and shared
    // memory is small there. The pages are our own.
    this.browser = await chromium.launch({ executablePath: this.given.chromium, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  }

  /**
   * A page of its own, without anything kept. refusals are the statuses that the
   * story provokes: browsers write each into the console of developers.
   */
  async page({ width = 1280, height = 900, scheme = 'light', refusals = [], at = this.given.console } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(at).origin });
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) => console.error(`against the content security policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
    });
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    page.underWay = new Set();
    page.refusals = new Set(refusals);
    const { origin } = new URL(at);
    page.on('request', (r) => {
      page.underWay.add(r);
      if (/^https?:/.test(r.url()) && new URL(r.url()).origin !== origin) this.note(`a request to another origin: ${r.url()}`);
    });
    page.on('requestfinished', (r) => page.underWay.delete(r));
    page.on('requestfailed', (r) => page.underWay.delete(r));
    page.on('pageerror', (err) => this.note(`an error of the page: ${err.stack ?? err}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const status = /^Failed to load resource: (?:the server responded with a status of (\d+)|(net::\w+))/.exec(message.text());
      if (status && page.refusals.has(status[1] ? Number(status[1]) : status[2])) return;
      this.note(`an error in the console: ${message.text()} ${message.location().url}`);
    });
    await page.goto(at);
    this.pages.push(page);
    return page;
  }

  /** Keeps a picture of the page, where somebody may want to look at it. */
  async picture(page, name) {
    if (!this.given.pictures) return;
    const scheme = await page.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
    await page.evaluate(() => scrollTo(0, 0)); // else its bar is drawn in the middle
    await page.screenshot({ path: join(this.given.pictures, `${name}-${page.viewportSize().width}-${scheme}.png`), fullPage: true });
  }

  /** Holds that the page has no serious fault for those who cannot see or point. */
  async accessible(page, what) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      // What follows the size of things does so by the frame after next.
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
      // Behind a dialog nothing can be reached, and everything is dimmed.
      const result = await window.axe.run(document.querySelector('dialog[open]') ?? document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
      return result.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} ${n.html.slice(0, 160)} ${n.failureSummary.replace(/\s+/g, ' ')}`).join('\n      ')}`);
    });
    for (const violation of found) this.note(`${what}: ${violation}`);
  }

  /** Holds that the page is not wider than its window. */
  async fits(page, what) {
    const wider = await page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room) return null;
      const scrolls = (el) => el && (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(el).overflowX) || scrolls(el.parentElement));
      const wide = [...document.body.querySelectorAll('*')].filter((el) => el.getBoundingClientRect().right > room + 1);
      return [...wide.filter((el) => !scrolls(el.parentElement)), ...wide].slice(0, 3).map((el) => `<${el.tagName.toLowerCase()} class="${el.getAttribute('class') ?? ''}"> ${el.textContent.slice(0, 40)}`);
    });
    if (wider) this.note(`${what} is wider than ${page.viewportSize().width} px: ${wider.join(' | ') || 'the page itself'}`);
  }

  async end() {
    await this.browser?.close();
  }
}

/** Waits until the screen is drawn and nothing is under way. */
export async function settled(page) {
  await page.waitForFunction(() => {
    const main = document.querySelector('main');
    return main?.querySelector('h1') && !main.querySelector(':scope > [data-left]') && !main.querySelector('.loading');
  });
  await eventually('all requests are answered', () => page.underWay.size === 0);
  await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
}

/** Goes to a screen by its address, also to the one that is shown. */
export async function go(page, hash) {
  await page.evaluate((to) => {
    for (const el of document.querySelectorAll('main > *')) el.dataset.left = '';
    if (location.hash === to) dispatchEvent(new HashChangeEvent('hashchange'));
    else location.hash = to;
  }, hash);
  await settled(page);
}

/** The dialog that is open, once it is; a title says which. */
export async function dialog(page, title) {
  const box = page.getByRole('dialog', { name: title });
  await box.waitFor();
  return box;
}

/** Waits for what the page says in passing, and takes it away. */
export async function said(page, text) {
  const toast = page.locator('#toasts .toast', { hasText: text }).first();
  await toast.waitFor();
  await toast.getByRole('button', { name: 'Dismiss' }).click();
}

/** The text of an element in one line. */
export const text = async (locator) => (await locator.innerText()).replace(/\s+/g, ' ').trim();

/** Holds that the text of an element becomes so. */
export async function shows(locator, pattern) {
  let last = '';
  try {
    await eventually('', async () => {
      last = (await locator.count()) > 0 ? await text(locator.first()) : '(it is not there)';
      return pattern.test(last);
    });
  } catch {
    assert.match(last, pattern);
  }
}

/** Puts a text into the editor as one does who has copied it. */
export async function paste(page, words) {
  await page.evaluate((t) => navigator.clipboard.writeText(t), words);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('ControlOrMeta+v');
}

/** The whole text of an editor, lines that are not drawn included. */
export async function copied(page, editor) {
  await editor.focus();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('ControlOrMeta+c');
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Whether an element has the focus. */
export const focused = (target) => target.evaluate((el) => el.getRootNode().activeElement === el);

/** Moves by Tab alone until something has the focus, and holds that one sees where one is all the way. */
export async function tabTo(world, page, target, { back = false } = {}) {
  await target.waitFor({ state: 'attached' });
  for (let n = 0; n < 200; n++) {
    if ((await target.count()) === 1 && (await focused(target))) return;
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    const unseen = await page.evaluate(async () => {
      let el = document.activeElement;
      while (el?.shadowRoot?.activeElement) el = el.shadowRoot.activeElement;
      if (!el || el === document.body) return null;
      const ring = (x) => x && getComputedStyle(x).outlineStyle !== 'none' && parseFloat(getComputedStyle(x).outlineWidth) >= 1;
      const name = `<${el.tagName.toLowerCase()}> ${el.getAttribute('aria-label') ?? el.textContent.slice(0, 40)}`;
      // The editor says so a moment later.
      for (let frame = 0; frame < 30 && !ring(el) && !ring(el.closest('.cm-editor')); frame++) await new Promise(requestAnimationFrame);
      if (!ring(el) && !ring(el.closest('.cm-editor'))) return `${name} shows no focus`;
      const box = el.getBoundingClientRect();
      if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return `${name} has the focus out of sight`;
      const over = document.elementFromPoint(box.left + Math.min(box.width / 2, 40), box.top + Math.min(box.height / 2, innerHeight / 3))?.closest('.bar, .send, .save-bar');
      if (over && !over.contains(el)) return `${name} has the focus behind <${over.tagName.toLowerCase()} class="${over.className}">`;
      return null;
    });
    if (unseen) world.note(unseen);
  }
  throw new Error(`Tab never comes to ${target}`);
}

/** Calls the management API as a client beside the page. */
export async function arm(given, method, path, body, headers = {}) {
  const answer = await fetch(`${given.management}/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/spillway${path}${path.includes('?') ? '&' : '?'}api-version=2024-05-01`, {
    method,
    headers: { Authorization: `Bearer ${given.token}`, 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const words = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${words}`);
  return words ? JSON.parse(words) : null;
}

/** Sends a chat to the gateway; gives its status, headers and text. */
export async function chat(given, key, body = { messages: [{ role: 'user', content: 'hello' }] }) {
  const answer = await fetch(`${given.gateway}/openai-test/openai/deployments/gpt-35-turbo/chat/completions?api-version=2024-10-21`, {
    method: 'POST', headers: { 'api-key': key, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** The field of that label that is shown. */
export const at = (within, label) => within.getByLabel(new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}( \\(optional\\))?$`)).filter({ visible: true });
