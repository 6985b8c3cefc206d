// The list of backends.

import { arm, list, path, root, tail } from '../api.js';
import { missing } from '../apipage.js';
import { now, subscribe } from '../live.js';
import { references } from '../places.js';
import { breakerBadge } from '../poolview.js';
import { badge, button, dialog, emptyState, field, finder, h, input, pageHead, replace, select, showErrors, table, toast } from '../ui.js';

export default {
  title: 'Backends',
  nav: 'backends',
  async render(main, params, { signal, reload }) {
    const backends = await list('/backends', { signal });
    const add = () => button('Add backend', () => create(backends), { icon: 'plus', kind: 'primary' });
    main.append(pageHead('Backends', { lead: h('span', 'Where requests go, by ', h('code', '<set-backend-service backend-id="…" />'), ': one address, or a pool of backends that shares the load.'), actions: backends.length > 0 ? [add()] : [] }));
    if (backends.length === 0) {
      main.append(emptyState('No backends yet', 'Add one for each Azure OpenAI resource, then a pool over them with priorities and weights. A policy may also send requests to an address without a backend.', add()));
      return;
    }
    const breakers = new Map(); // by backend: where its state is shown
    main.append(table([
      { title: 'Name', cell: (b) => [h('a', { href: `#${path('backends', b.name)}` }, b.name), b.properties.title && h('div', { class: 'hint' }, b.properties.title)] },
      { title: 'Type', cell: (b) => (isPool(b) ? badge('Pool') : badge('Single')) },
      { title: 'Goes to', cell: (b) => (isPool(b) ? members(b) : h('code', b.properties.url ?? '')) },
      { title: 'Circuit breaker', cell: (b) => (isPool(b) ? '–' : b.properties.circuitBreaker?.rules?.length ? h('span', { ref: (el) => breakers.set(b.name, el) }, 'yes') : h('span', { class: 'muted' }, 'none')) },
      {
        title: 'Actions',
        hidden: true,
        cell: (b) => h('div', { class: 'actions' },
          button('Where used', () => dialog(`Where ${b.name} is used`, references(path('backends', b.name), { nothing: 'No pool and no policy names it.' }), [], { cancel: 'Close' }), { kind: 'plain', icon: 'link', iconOnly: true }),
          button(`Delete ${b.name}`, async () => {
            if (await removeBackend(b)) reload();
          }, { kind: 'plain', icon: 'trash', iconOnly: true })),
      },
    ], backends, { caption: 'Backends', find: 'backends' }));
    subscribe(() => {
      for (const m of now.pools.flatMap((pool) => pool.members)) {
        const el = breakers.get(m.backend);
        if (el) replace(el, breakerBadge(m));
      }
    }, signal);
  },
};

const isPool = (b) => (b.properties.type ?? 'Single').toLowerCase() === 'pool';

function members(b) {
  const services = b.properties.pool?.services ?? [];
  if (services.length === 0) return 'no members';
  return h('ul', { class: 'plain-list' }, services.map((s) => h('li', h('a', { href: `#${path('backends', tail(s.id))}` }, tail(s.id)), h('span', { class: 'muted' }, [s.priority !== undefined && ` priority ${s.priority}`, s.weight !== undefined && ` weight ${s.weight}`].filter(Boolean).join(',')))));
}

/** Asks for the deletion of a backend, and deletes it. */
export async function removeBackend(b) {
  return (await dialog(`Delete ${b.name}?`, [h('p', 'What names it must not need it any more, or the deletion is refused.'), h('h3', 'Where it is used'), references(path('backends', b.name), { nothing: 'No pool and no policy names it.' })], [{
    label: 'Delete',
    kind: 'danger',
    run: async () => {
      await arm(path('backends', b.name), { method: 'DELETE', ifMatch: '*' });
      toast(`${b.name} was deleted`, 'success');
    },
  }])) !== null;
}

async function create(backends) {
  const name = field('Name', input('', { name: 'name', class: 'mono' }), { hint: 'Policies and pools name it so; it cannot be changed later.' });
  const type = field('Type', select('Single', [['Single', 'Single: one address'], ['Pool', 'Pool: several backends']], { name: 'type' }));
  const url = field('Runtime URL', input('', { name: 'url', class: 'mono', placeholder: 'https://contoso-eastus.openai.azure.com/openai' }), { hint: h('span', 'May hold ', h('code', '{{named values}}'), '.') });
  const singles = backends.filter((b) => !isPool(b));
  const choices = singles.map((b) => [b.name, field(b.name, h('input', { type: 'checkbox' }))]);
  const set = h('fieldset', { class: 'stack' }, h('legend', 'Members'), choices.length === 0 ? h('p', { class: 'hint' }, 'There are no single backends yet: add those first.') : [finder(choices.map(([, f]) => f), 'backends'), choices.map(([, f]) => f)]);
  const errors = h('div');
  const show = () => {
    url.hidden = type.input.value !== 'Single';
    set.hidden = type.input.value !== 'Pool';
  };
  type.input.addEventListener('change', show);
  show();
  const fields = { name, type, url };
  const done = await dialog('Add backend', [errors, name, type, url, set], [{
    label: 'Add',
    kind: 'primary',
    run: async () => {
      for (const f of Object.values(fields)) f.setError('');
      replace(errors);
      const id = name.input.value.trim();
      if (!id) return missing(name, 'A backend needs a name.');
      let properties;
      if (type.input.value === 'Single') {
        if (!url.input.value.trim()) return missing(url, 'A backend needs an address.');
        properties = { url: url.input.value.trim(), protocol: 'http' };
      } else {
        const chosen = choices.filter(([, f]) => f.input.checked);
        if (chosen.length === 0) {
          replace(errors, h('div', { class: 'message error', role: 'alert' }, h('p', 'Choose the members of the pool.')));
          return false;
        }
        properties = { type: 'Pool', pool: { services: chosen.map(([n]) => ({ id: `${root}/backends/${n}`, priority: 1, weight: 1 })) } };
      }
      try {
        await arm(path('backends', id), { method: 'PUT', create: true, body: { properties } });
      } catch (err) {
        if (err.stale) return missing(name, `There is a backend ${id} already.`);
        const rest = showErrors(fields, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast(`${id} was added`, 'success');
      return id;
    },
  }]);
  if (done) location.hash = `#${path('backends', done)}`;
}
