// Somebody else changed the same thing in the meantime: what they changed, and
// whose change is to stand. What one has written stays where it is until then.

import { arm } from './api.js';
import { button, errorBox, h, replace } from './ui.js';

/**
 * The properties in which two states of a resource differ: [{name, before,
 * after}], names with dots between their parts. Lists are compared as wholes.
 */
export function differences(before, after, prefix = '') {
  const out = [];
  for (const name of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])) {
    const [a, b] = [before?.[name], after?.[name]];
    const nested = (x) => x !== null && typeof x === 'object' && !Array.isArray(x);
    if (nested(a) && nested(b)) out.push(...differences(a, b, `${prefix}${name}.`));
    else if (JSON.stringify(a ?? null) !== JSON.stringify(b ?? null)) out.push({ name: prefix + name, before: a, after: b });
  }
  return out;
}

const shown = (value) => (value === undefined || value === null ? h('span', { class: 'muted' }, 'nothing') : h('code', typeof value === 'string' ? value : JSON.stringify(value)));

/**
 * What stands in a form whose change came too late. resource is what the form was
 * filled from; keep(etag) makes the change all the same, over theirs; load shows
 * theirs in the place of what was written. Where nothing differs (tags are others
 * after a restart) nobody is asked, and the change is made.
 */
export function conflict(resource, { keep, load }) {
  const what = h('div', h('p', 'Looking what they changed …'));
  const actions = h('div', { class: 'actions' }, button('Load theirs', load, { icon: 'refresh' }));
  arm(resource.id).then((now) => {
    const changed = differences(resource.properties, now.properties);
    if (changed.length === 0) {
      keep(now.etag);
      return;
    }
    replace(what, h('ul', changed.map((d) => h('li', h('strong', d.name), ': ', shown(d.before), ' became ', shown(d.after)))));
    actions.append(button('Keep mine', () => keep(now.etag), { kind: 'danger' }));
  }).catch((err) => replace(what, err.status === 404 ? h('p', 'They deleted it.') : errorBox(err)));
  return h('div', { class: 'message error', role: 'alert' }, h('p', h('strong', 'Someone else changed this in the meantime.')),
    h('p', 'Your change was not made; what you wrote is still here.'), what, actions);
}
