// Where ids of resources lead in the console, and in what words.

import { arm, path } from './api.js';
import { errorBox, h, replace } from './ui.js';

/** {label, href} of the screen of a resource, from its id. */
export function place(id) {
  const parts = id.split('/Microsoft.ApiManagement/service/').at(-1).split('/').slice(1);
  if (parts[0] === 'workspaces') parts.splice(0, 2);
  const policy = parts.at(-2) === 'policies';
  const p = policy ? parts.slice(0, -2) : parts;
  const words = { apis: 'API', operations: 'operation', products: 'product', backends: 'backend', policyFragments: 'fragment' };
  const label = p.length === 0 ? 'All APIs' : p.reduce((all, part, i) => (i % 2 === 1 ? [...all, `${words[p[i - 1]] ?? p[i - 1]} ${part}`] : all), []).join(', ');
  let href;
  if (p.length === 0) href = '#/global/design';
  else if (p[0] === 'apis') href = `#${path('apis', p[1])}/${policy ? `design${p[3] ? path(p[3]) : ''}` : 'settings'}`;
  else if (p[0] === 'products') href = `#${path('products', p[1])}/design`;
  else if (p[0] === 'policyFragments') href = `#${path('fragments', p[1])}`;
  else href = `#${path(p[0], p[1])}`;
  return { label: policy ? `Policy of ${label}` : label[0].toUpperCase() + label.slice(1), href };
}

/** What a subscription opens, from its scope. */
export function scope(id) {
  const parts = id.split('/Microsoft.ApiManagement/service/').at(-1).split('/').slice(1).filter(Boolean);
  if (parts.length === 0) return { label: 'Whole service' };
  if (parts.length === 1) return { label: 'All APIs' };
  if (parts[0] === 'products') return { label: `Product ${parts[1]}`, href: `#${path('products', parts[1])}` };
  if (parts[0] === 'apis') return { label: `API ${parts[1]}`, href: `#${path('apis', parts[1])}` };
  return { label: parts.join('/') };
}

/** A list of what refers to a resource; it asks as it is shown. */
export function references(at, { nothing = 'Nothing uses it.' } = {}) {
  const el = h('div', { class: 'stack' }, h('p', { class: 'muted' }, 'Looking …'));
  el.ready = arm(`${at}/listReferences`, { method: 'POST' }).then((answer) => {
    if (answer.value.length === 0) replace(el, h('p', nothing));
    else {
      replace(el, h('ul', answer.value.map((r) => {
        const p = place(r.id);
        return h('li', h('a', { href: p.href, onclick: () => el.closest('dialog')?.close() }, p.label));
      })));
    }
    return answer.value;
  }).catch((err) => {
    replace(el, errorBox(err));
    return [];
  });
  return el;
}
