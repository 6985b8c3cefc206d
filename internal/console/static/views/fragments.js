// Policy fragments.

import { arm, list, path } from '../api.js';
import { missing } from '../apipage.js';
import { references } from '../places.js';
import { button, dialog, emptyState, field, h, input, pageHead, replace, showErrors, table, toast } from '../ui.js';

export default {
  title: 'Policy fragments',
  nav: 'fragments',
  async render(main, params, { signal, reload }) {
    const fragments = await list('/policyFragments', { signal });
    const add = () => button('Create', () => create(), { icon: 'plus', kind: 'primary' });
    main.append(pageHead('Policy fragments', { lead: h('span', 'Parts of policies that several documents share, by ', h('code', '<include-fragment fragment-id="…" />'), '.'), actions: fragments.length > 0 ? [add()] : [] }));
    if (fragments.length === 0) {
      main.append(emptyState('No policy fragments yet', 'Write what several policies share once, such as the choice of a region, and include it where it belongs.', add()));
      return;
    }
    main.append(table([
      { title: 'Name', cell: (f) => h('a', { href: `#${path('fragments', f.name)}` }, f.name) },
      { title: 'Description', cell: (f) => f.properties.description || '–' },
      {
        title: 'Actions',
        hidden: true,
        cell: (f) => h('div', { class: 'actions' },
          button('Where used', () => dialog(`Where ${f.name} is used`, references(path('policyFragments', f.name), { nothing: 'No policy includes it.' }), [], { cancel: 'Close' }), { kind: 'plain', icon: 'link', iconOnly: true }),
          button(`Delete ${f.name}`, async () => {
            const gone = await dialog(`Delete ${f.name}?`, [h('h3', 'Where it is used'), references(path('policyFragments', f.name), { nothing: 'No policy includes it.' })], [{
              label: 'Delete',
              kind: 'danger',
              run: () => arm(path('policyFragments', f.name), { method: 'DELETE', ifMatch: '*' }),
            }]);
            if (!gone) return;
            toast(`${f.name} was deleted`, 'success');
            reload();
          }, { kind: 'plain', icon: 'trash', iconOnly: true })),
      },
    ], fragments, { caption: 'Policy fragments', find: 'fragments' }));
  },
};

async function create() {
  const name = field('Name', input('', { name: 'name', class: 'mono' }), { hint: 'Policies include the fragment by it; it cannot be changed later.' });
  const description = field('Description', input('', { name: 'description' }), { optional: true });
  const errors = h('div');
  const fields = { name, description };
  const done = await dialog('Create a policy fragment', [errors, name, description], [{
    label: 'Create',
    kind: 'primary',
    run: async () => {
      for (const f of Object.values(fields)) f.setError('');
      replace(errors);
      const id = name.input.value.trim();
      if (!id) return missing(name, 'A fragment needs a name.');
      try {
        await arm(path('policyFragments', id), { method: 'PUT', create: true, body: { properties: { description: description.input.value.trim() || undefined, format: 'rawxml', value: '<fragment>\n</fragment>\n' } } });
      } catch (err) {
        if (err.stale) return missing(name, `There is a fragment ${id} already.`);
        const rest = showErrors(fields, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast(`${id} was created`, 'success');
      return id;
    },
  }]);
  if (done) location.hash = `#${path('fragments', done)}`;
}
