// The operations of an API beside Design and Test: links, or a choice where
// there is no room for them.

import { h, input, replace, select } from './ui.js';

const few = 9; // as many need no filter

/**
 * A navigation over entries {href, label, method, current}; label names it for
 * those who hear it, what is said in the singular for the choice.
 */
export function scopeNav(entries, { label, what }) {
  const choice = select(entries.find((e) => e.current)?.href ?? entries[0]?.href, entries.map((e) => [e.href, e.method ? `${e.method} ${e.label}` : e.label]), {
    'aria-label': what,
    onchange: () => {
      location.hash = choice.value;
    },
  });
  const items = h('ul');
  const draw = (sought) => {
    const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
    const found = entries.filter((e) => words.every((w) => `${e.method ?? ''} ${e.label} ${e.href}`.toLowerCase().includes(w)));
    replace(items, found.map((e) => h('li', h('a', { href: e.href, 'aria-current': e.current ? 'page' : null }, e.method && h('span', { class: ['method', e.method] }, e.method), h('span', e.label)))),
      found.length === 0 && h('li', { class: 'muted' }, 'None of that name.'));
  };
  draw('');
  const filter = entries.length > few && input('', { type: 'search', placeholder: 'Filter', 'aria-label': `Filter the ${label.toLowerCase()}`, oninput: (event) => draw(event.target.value) });
  return h('div', { class: 'scopes' }, h('nav', { class: 'scope-list', 'aria-label': label }, filter, items), h('div', { class: 'scope-choice' }, choice));
}
