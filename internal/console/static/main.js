// The shell: who is here, which screen the address means, and what surrounds it.

import { ApiError, mayWrite, onUnauthorized, request, root, setToken, token, version } from './api.js';
import { refresh } from './live.js';
import { borrowToken, listenToTabs, tellSignOut, tellToken } from './tabs.js';
import { announce, button, dialog, errorBox, errorState, field, h, icon, input, linkButton, loading, pageHead, replace, themeSwitch, toast } from './ui.js';

// The screens, by address. A part that begins with a colon becomes a property of
// the params that the view gets; params.query has what stands behind a "?".
const routes = [
  ['', 'overview'],
  ['apis', 'apis'],
  ['apis/:id', 'api'],
  ['apis/:id/settings', 'settings'],
  ['apis/:id/design', 'design'],
  ['apis/:id/design/:operation', 'design'],
  ['apis/:id/test', 'test'],
  ['apis/:id/test/:operation', 'test'],
  ['global/design', 'design'],
  ['products', 'products'],
  ['products/:product', 'product'],
  ['products/:product/design', 'design'],
  ['subscriptions', 'subscriptions'],
  ['named-values', 'named-values'],
  ['backends', 'backends'],
  ['backends/:backend', 'backend'],
  ['fragments', 'fragments'],
  ['fragments/:fragment', 'design'],
  ['regions', 'regions'],
  ['validate', 'validate'],
].map(([path, view]) => ({ parts: path === '' ? [] : path.split('/'), view }));

// The navigation, in the portal's order and words.
const navigation = [
  { items: [['overview', 'Overview', '#/']] },
  {
    title: 'APIs',
    items: [
      ['apis', 'APIs', '#/apis'],
      ['products', 'Products', '#/products'],
      ['subscriptions', 'Subscriptions', '#/subscriptions'],
      ['named-values', 'Named values', '#/named-values'],
      ['backends', 'Backends', '#/backends'],
      ['fragments', 'Policy fragments', '#/fragments'],
    ],
  },
  {
    title: 'Simulate and validate',
    items: [
      ['regions', 'Simulated regions', '#/regions'],
      ['validate', 'Validate', '#/validate'],
    ],
  },
];

const app = document.getElementById('app');
let main = null; // the element that screens are drawn in
let current = null; // {abort, cleanup, guard, hash, entry}
const scrolled = new Map(); // how far down one was, by entry of the history
let turn = 0; // counts navigations, so that a slow one does not overtake

/** Finds the route of an address such as "#/apis/weather?line=3". */
function match(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  let parts;
  try {
    parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return null;
  }
  for (const route of routes) {
    if (route.parts.length !== parts.length) continue;
    const params = { query: new URLSearchParams(query) };
    const fits = route.parts.every((p, i) => {
      if (!p.startsWith(':')) return p === parts[i];
      params[p.slice(1)] = parts[i];
      return true;
    });
    if (fits) return { view: route.view, params };
  }
  return null;
}

// load gets a screen's module. One that does not come because nothing answers is
// told as such. Browsers remember that it did not come: once something answers
// again, the page is loaded anew.
const failed = new Set();
async function load(name) {
  const at = `./views/${name}.js`;
  const reach = () => request(new URL(at, import.meta.url).pathname); // throws when nothing answers
  if (failed.has(name)) {
    await reach();
    location.reload();
    return new Promise(() => {});
  }
  try {
    return await import(at);
  } catch (err) {
    failed.add(name);
    await reach();
    throw err;
  }
}

// entry names the place in the history that is shown: who comes back to it, or
// stays at it, finds the screen as far down as it was left.
function entry() {
  const id = history.state?.entry ?? Math.random().toString(36).slice(2);
  history.replaceState({ entry: id }, '', location.href);
  return id;
}

async function leave() {
  for (const open of document.querySelectorAll('dialog[open]')) open.close(); // it belongs to the screen
  current?.abort.abort();
  try {
    await current?.cleanup?.();
  } finally {
    current = null;
  }
}

/** Asks before something is lost that is not saved; whether one may go. */
async function mayLeave() {
  const reason = current?.guard?.();
  if (reason && !(await dialog('Leave without saving?', h('p', reason), [{ label: 'Leave', kind: 'danger' }], { cancel: 'Stay' }))) return false;
  if (current) current.guard = null;
  return true;
}

async function navigate() {
  if (takeToken()) return;
  if (!token()) {
    signIn();
    return;
  }
  if (!main) frame();
  if (current?.guard && current.hash !== location.hash) {
    const reason = current.guard();
    if (reason) {
      const to = location.hash;
      history.replaceState(history.state, '', current.hash);
      if (!(await mayLeave())) return;
      location.hash = to;
      return;
    }
  }
  const mine = ++turn;
  if (current) scrolled.set(current.entry, window.scrollY);
  await leave();
  if (mine !== turn) return;
  const found = match(location.hash);
  const abort = new AbortController();
  const screen = { abort, cleanup: null, guard: null, hash: location.hash, entry: entry() };
  current = screen;
  document.body.classList.remove('nav-open');
  app.querySelector('.menu-button').setAttribute('aria-expanded', 'false');
  if (!found) {
    mark('');
    document.title = 'Not found – Spillway';
    replace(main, h('div', { class: 'screen' }, pageHead('Not found', { lead: 'The console has no such screen.' }), h('p', h('a', { href: '#/' }, 'Go to the overview'))));
    focusTitle();
    return;
  }
  mark(found.view);
  replace(main, loading());
  try {
    document.title = 'Spillway';
    const view = (await load(found.view)).default;
    if (mine !== turn) return;
    mark(typeof view.nav === 'function' ? view.nav(found.params) : view.nav ?? found.view);
    const title = typeof view.title === 'function' ? view.title(found.params) : view.title;
    document.title = `${title} – Spillway`;
    const stage = h('div', { class: 'screen' });
    replace(main, stage);
    screen.cleanup = await view.render(stage, found.params, {
      signal: abort.signal,
      // guard(() => reason or null) asks before the screen is left.
      guard: (reason) => {
        screen.guard = reason;
      },
      reload: () => navigate(),
    });
    if (mine !== turn) {
      screen.cleanup?.();
      return;
    }
    focusTitle();
  } catch (err) {
    if (mine !== turn || err.name === 'AbortError' || err.status === 401) return;
    if (!(err instanceof ApiError)) console.error(err);
    const title = document.title.split(' – ')[0];
    replace(main, h('div', { class: 'screen' }, pageHead(title === 'Spillway' ? 'Not loaded' : title),
      errorState(err instanceof ApiError ? err : new ApiError({ status: 0, code: 'Failed', message: `The screen could not be loaded: ${err.message}` }), navigate, err.status === 404 ? whole(app.querySelector('.nav [aria-current]')) : null)));
    focusTitle();
  }
}

// whole leads from something that is not there to the list of those that are.
const whole = (a) => a && linkButton(`Go to ${a.textContent}`, a.getAttribute('href'));

// The title takes the focus, so that those who hear the page hear where they
// are; not at the first screen, nor when the screen put it elsewhere.
let entered = false;
function focusTitle() {
  if (entered && !main.contains(document.activeElement) && !document.querySelector('dialog[open]')) main.querySelector('h1')?.focus({ preventScroll: true });
  if (entered) window.scrollTo(0, scrolled.get(current?.entry) ?? 0);
  entered = true;
}

function mark(view) {
  for (const a of app.querySelectorAll('.nav a')) {
    if (a.dataset.view === view) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
}

/** Takes a token out of the address, where the printed line has it. */
function takeToken() {
  const m = /^#token=([^&]+)/.exec(location.hash);
  if (!m) return false;
  setToken(decodeURIComponent(m[1]));
  tellToken();
  history.replaceState(history.state, '', location.pathname + '#/');
  navigate();
  return true;
}

function frame() {
  const menu = button('Menu', () => {
    const open = document.body.classList.toggle('nav-open');
    menu.setAttribute('aria-expanded', String(open));
  }, { icon: 'menu', iconOnly: true, kind: 'plain', class: 'menu-button', 'aria-expanded': 'false', 'aria-controls': 'nav' });
  main = h('main', { id: 'main', tabindex: -1 });
  const reads = h('span', { class: 'badge warn', hidden: true, title: 'Your token is a reader’s: it looks and changes nothing.' }, 'Read only');
  mayWrite().then((may) => {
    reads.hidden = may;
  }).catch(() => {}); // what is refused says so
  replace(app,
    h('header', { class: 'bar' }, menu,
      h('a', { class: 'brand', href: '#/' }, h('img', { src: 'icon.svg', alt: '', width: 22, height: 22 }), 'Spillway'),
      h('div', { class: 'bar-end' }, reads, themeSwitch(button('', null, { kind: 'plain', class: 'icon-only' })), button('Sign out', async () => {
        if (!(await mayLeave())) return;
        setToken(null);
        tellSignOut();
        signIn();
      }, { icon: 'leave', iconOnly: true, kind: 'plain' }))),
    h('div', { class: 'shell' },
      h('nav', { class: 'nav', id: 'nav', 'aria-label': 'Service' }, h('div', navigation.map((group) => [
        group.title && h('h2', group.title),
        h('ul', group.items.map(([view, label, href]) => h('li', h('a', { href, dataset: { view } }, icon(view), label)))),
      ]))),
      main));
}

/** The screen of those who have no token, or a wrong one. */
function signIn(err) {
  turn++;
  leave();
  main = null;
  document.title = 'Sign in – Spillway';
  const secret = field('Management token', input('', { type: 'password', name: 'token', required: true }), {});
  const errors = h('div');
  if (err) replace(errors, errorBox(new ApiError({ ...err, message: 'This token is not the one of the running Spillway. A token that is made at start changes with every start.' })));
  const submit = button('Sign in', null, { kind: 'primary', type: 'submit' });
  replace(app, h('main', { id: 'main', class: 'sign-in', tabindex: -1 },
    h('form', {
      class: 'card',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        const value = secret.input.value.trim();
        if (!value) {
          secret.setError('Paste the token here.');
          secret.input.focus();
          return;
        }
        secret.setError('');
        try {
          await request(`${root}?api-version=${version}`, { headers: { Authorization: `Bearer ${value}` } });
        } catch (e) {
          if (e.status === 401) secret.setError('This is not the token of this Spillway.');
          else replace(errors, errorBox(e));
          secret.input.focus();
          return;
        }
        setToken(value);
        tellToken();
        navigate();
      },
    },
    h('div', { class: 'sign-in-brand' }, h('img', { src: 'icon.svg', alt: '', width: 36, height: 36 }), h('h1', { tabindex: -1 }, 'Spillway')),
    errors, secret, submit,
    h('div', { class: 'hint' },
      h('p', h('code', 'spillway demo'), ' and ', h('code', 'spillway serve'), ' print a line ', h('code', `console ${location.origin}/#token=…`), ' at start: open that address and you are in.'),
      h('p', 'The token stands in that line, too. With ', h('code', 'SPILLWAY_TOKEN'), ' set, it is that one; ', h('code', 'SPILLWAY_READER_TOKEN'), ' lets you look without changing anything.')))));
  secret.input.focus();
}

onUnauthorized((err) => {
  // Whoever signs in hears of a wrong token at the field.
  if (!main || asking) return;
  const unsaved = current?.guard?.() ?? (document.querySelector('dialog[open]') ? 'What the dialog holds is not saved.' : null);
  setToken(null);
  if (unsaved) signInOver(unsaved);
  else signIn(err);
});

// signInOver asks for another token above the screen, where leaving it would lose
// what is not saved.
let asking = false;
async function signInOver(unsaved) {
  asking = true;
  const secret = field('Management token', input('', { type: 'password', name: 'token' }), { hint: 'Spillway prints it at start; one that it made itself changes with every start.' });
  const done = await dialog('Sign in again', [h('p', 'The token of this page is not the one of the running Spillway any more. ', unsaved, ' Nothing of it is lost.'), secret], [{
    label: 'Sign in',
    kind: 'primary',
    run: async () => {
      const value = secret.input.value.trim();
      try {
        await request(`${root}?api-version=${version}`, { headers: { Authorization: `Bearer ${value}` } });
      } catch (e) {
        if (e.status !== 401) throw e;
        secret.setError('This is not the token of this Spillway.');
        return false;
      }
      setToken(value);
      toast('You are signed in again', 'success');
      refresh(); // what is live stopped asking
      return true;
    },
  }], { cancel: 'Not now' });
  asking = false;
  if (!done) announce('Without a token nothing can be saved');
}

document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault(); // the address's fragment says which screen this is
  document.getElementById('main')?.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !document.body.classList.contains('nav-open')) return;
  document.body.classList.remove('nav-open');
  const menu = app.querySelector('.menu-button');
  menu.setAttribute('aria-expanded', 'false');
  menu.focus();
});
// Of a text area that is tabbed to, browsers show the cursor, without the room that
// the bars take.
document.addEventListener('keyup', (event) => {
  if (event.key === 'Tab' && document.activeElement?.matches('main textarea')) document.activeElement.scrollIntoView({ block: 'nearest' });
});
listenToTabs({
  signedIn(value) {
    if (main || token()) return;
    setToken(value);
    navigate();
  },
  signedOut() {
    if (!main || current?.guard?.()) return;
    setToken(null);
    signIn();
  },
});
window.addEventListener('hashchange', navigate);
window.addEventListener('beforeunload', (event) => {
  if (current?.guard?.()) event.preventDefault();
});
if (!token() && !location.hash.startsWith('#token=')) await borrowToken();
navigate();
