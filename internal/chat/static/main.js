// The page: which screen the address means, and what is around it.

import { h, replace, themeSwitch } from './dom.js';
import { button, toast } from './parts.js';
import * as store from './store.js';
import { documents, state } from './wire.js';
import { leaveChat, showChat } from './conversation.js';

const main = document.getElementById('main');
const side = document.getElementById('side');
const menu = document.getElementById('menu');

/** Draws the list of conversations. */
function drawSide() {
  const here = location.hash.replace(/^#\/c\//, '');
  replace(document.getElementById('conversations'), store.conversations().map((c) => h('li', { class: c.id === here ? 'current' : null },
    h('a', { href: `#/c/${c.id}`, 'aria-current': c.id === here ? 'page' : null }, c.title),
    button(`Delete “${c.title}”`, () => {
      const undo = store.remove(c.id);
      if (c.id === here) location.hash = '#/';
      drawSide();
      document.getElementById('new').focus();
      toast('The conversation is deleted.', { label: 'Undo', run: () => {
        undo();
        drawSide();
      } });
    }, { picture: 'trash', onlyIcon: true }))));
  const link = document.getElementById('documents-link');
  if (location.hash === '#/documents') link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}

function toggleSide(open) {
  document.body.classList.toggle('side-open', open);
  menu.setAttribute('aria-expanded', String(open));
}
menu.addEventListener('click', () => {
  toggleSide(!document.body.classList.contains('side-open'));
  if (document.body.classList.contains('side-open')) side.querySelector('a').focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.body.classList.contains('side-open')) {
    toggleSide(false);
    menu.focus();
  }
});

let known = null; // the state as it was last shown

/** Shows whom the app asks, and says so when that has changed. */
async function drawState() {
  const now = await state();
  const el = document.getElementById('asks');
  if (!now) {
    replace(el, h('span', { class: 'dot bad' }), 'The chat app does not answer');
    known = null;
    return null;
  }
  if (!now.configured) replace(el, h('span', { class: 'dot bad' }), 'Not connected');
  else {
    el.title = `${now.endpoint}, ${now.deployment} and ${now.embedding}, API version ${now.apiVersion}`;
    replace(el, h('span', { class: 'dot' }), h('span', { class: 'asks-word' }, 'Asks '), h('code', null, now.endpoint.replace(/^https?:\/\//, '')));
  }
  if (known?.configured && now.configured && known.endpoint !== now.endpoint) toast(`From now on the questions go to ${now.endpoint}.`);
  const changed = known?.configured !== now.configured;
  known = now;
  return changed ? now : null;
}

async function showDocuments() {
  document.title = 'Documents – Contoso chat';
  const all = await documents();
  const byDocument = Map.groupBy ? Map.groupBy(all, (p) => p.document) : group(all);
  replace(main, h('div', { class: 'documents' },
    h('h1', { tabindex: -1 }, 'Contoso’s documents'),
    h('p', { class: 'muted' }, 'Contoso does not exist. These are the texts that its chat searches and cites.'),
    [...byDocument].map(([name, parts]) => h('section', { class: 'card' }, h('h2', null, name), parts.map((p) => [h('h3', null, p.title), h('p', null, p.text)])))));
  main.querySelector('h1').focus();
}

function group(all) {
  const map = new Map();
  for (const p of all) map.set(p.document, [...(map.get(p.document) ?? []), p]);
  return map;
}

async function route() {
  leaveChat();
  toggleSide(false);
  drawSide();
  if (location.hash === '#/documents') {
    await showDocuments();
    return;
  }
  const id = /^#\/c\/(\w+)$/.exec(location.hash)?.[1];
  const found = id ? store.conversation(id) : null;
  if (id && !found) {
    location.replace('#/');
    return;
  }
  document.title = found ? `${found.title} – Contoso chat` : 'Contoso chat';
  showChat(main, found, { state: known, changed: drawSide, recheck: drawState });
}

document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault(); // the fragment says which screen this is
  (document.getElementById('question') ?? main).focus();
});

window.addEventListener('hashchange', route);
window.addEventListener('focus', async () => {
  if (await drawState() && location.hash === '') route();
});
themeSwitch(document.getElementById('theme'));
await drawState();
await route();
