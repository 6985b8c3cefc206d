// Named values: what {{name}} stands for in policies and backends.

import { arm, list, path } from '../api.js';
import { missing, named } from '../apipage.js';
import { conflict } from '../conflict.js';
import { references } from '../places.js';
import { badge, button, copy, dialog, emptyState, field, h, input, pageHead, replace, select, showErrors, slug, table, toast } from '../ui.js';

export default {
  title: 'Named values',
  nav: 'named-values',
  async render(main, params, { signal, reload }) {
    const values = await list('/namedValues', { signal });
    const add = () => button('Add named value', async () => {
      if (await edit(null)) reload();
    }, { icon: 'plus', kind: 'primary' });
    main.append(pageHead('Named values', { lead: h('span', 'Policies and backends say ', h('code', '{{name}}'), ' and get the value. Keys of regions belong here, as secrets.'), actions: values.length > 0 ? [add()] : [] }));
    if (values.length === 0) {
      main.append(emptyState('No named values yet', 'Add one for the endpoint of each region, plain, and one for its key, secret. The policy then names both.', add()));
      return;
    }
    main.append(table([
      { title: 'Name', cell: (v) => [h('code', v.properties.displayName), v.name !== v.properties.displayName && h('div', { class: 'hint' }, 'resource ', h('code', v.name))] },
      { title: 'Value', cell: (v) => (v.properties.secret || v.properties.keyVault ? secret(v) : h('code', { class: 'clamp' }, v.properties.value ?? '')) },
      { title: 'Type', cell: (v) => (v.properties.keyVault ? badge('Key vault') : v.properties.secret ? badge('Secret', 'warn') : badge('Plain')) },
      {
        title: 'Actions',
        hidden: true,
        cell: (v) => h('div', { class: 'actions' },
          button('Where used', () => dialog(`Where ${v.properties.displayName} is used`, references(path('namedValues', v.name), { nothing: 'No policy, fragment, backend or API names it.' }), [], { cancel: 'Close' }), { kind: 'plain', icon: 'link', iconOnly: true }),
          button(`Edit ${v.properties.displayName}`, async () => {
            if (await edit(v.name)) reload();
          }, { kind: 'plain', icon: 'edit', iconOnly: true }),
          button(`Delete ${v.properties.displayName}`, async () => {
            if (await remove(v)) reload();
          }, { kind: 'plain', icon: 'trash', iconOnly: true })),
      },
    ], values, { caption: 'Named values', find: 'named values' }));
  },
};

// secret is a value that is asked for only when somebody wants to see it.
function secret(v) {
  const el = h('span', { class: 'row secret' });
  const hide = () => replace(el, h('span', { 'aria-label': 'hidden' }, '••••••••'), button(`Show ${v.properties.displayName}`, show, { icon: 'eye', iconOnly: true, kind: 'plain' }));
  const show = async () => {
    const { value } = await arm(`${path('namedValues', v.name)}/listValue`, { method: 'POST' });
    replace(el, h('code', value), button('Copy the value', () => copy(value, 'Value copied'), { icon: 'copy', iconOnly: true, kind: 'plain' }), button('Hide', hide, { kind: 'plain' }));
  };
  hide();
  return el;
}

async function remove(v) {
  const used = references(path('namedValues', v.name), { nothing: 'Nothing uses it.' });
  return (await dialog(`Delete ${v.properties.displayName}?`, [h('p', 'What names it must not need it any more, or the deletion is refused.'), h('h3', 'Where it is used'), used], [{
    label: 'Delete',
    kind: 'danger',
    run: async () => {
      await arm(path('namedValues', v.name), { method: 'DELETE', ifMatch: '*' });
      toast(`${v.properties.displayName} was deleted`, 'success');
    },
  }])) !== null;
}

// edit adds a named value, or changes the one of that resource name.
async function edit(name) {
  const old = name === null ? null : await arm(path('namedValues', name));
  const p = old?.properties ?? {};
  let etag = old?.etag;
  let again = false; // with what somebody else saved
  const oldKind = p.keyVault ? 'vault' : p.secret ? 'secret' : 'plain';
  const display = field('Display name', input(p.displayName, { name: 'displayName', class: 'mono' }), { hint: h('span', 'Policies say ', h('code', '{{this name}}'), '. Letters, digits, dots, hyphens and underscores.') });
  const id = field('Name', input(name ?? '', { name: 'name', class: 'mono', disabled: old !== null }), { hint: old ? undefined : 'Of the resource; it cannot be changed later.' });
  if (!old) named(display, id);
  const kind = field('Type', select(oldKind, [['plain', 'Plain'], ['secret', 'Secret'], ['vault', 'Key vault']], { name: 'type' }));
  const value = field('Value', h('textarea', { name: 'value', rows: 3, class: 'mono', spellcheck: false, value: p.secret ? '' : p.value ?? '' }), { hint: old && p.secret ? 'Left empty, the secret stays as it is.' : undefined });
  const hidden = field('Value', input('', { name: 'secret', type: 'password', class: 'mono', autocomplete: 'new-password' }), { hint: old && p.secret ? 'Left empty, the secret stays as it is.' : 'Kept apart from the folder, and shown only to those who ask for it.' });
  const vault = field('Secret identifier', input(p.keyVault?.secretIdentifier, { name: 'keyVault', class: 'mono', placeholder: 'https://contoso.vault.azure.net/secrets/name' }));
  const tags = field('Tags', input((p.tags ?? []).join(', '), { name: 'tags' }), { optional: true, hint: 'With commas between them.' });
  const errors = h('div');
  const show = () => {
    value.hidden = kind.input.value !== 'plain';
    hidden.hidden = kind.input.value !== 'secret';
    vault.hidden = kind.input.value !== 'vault';
  };
  kind.input.addEventListener('change', show);
  show();
  const fields = {
    displayName: display,
    name: id,
    get value() {
      return kind.input.value === 'secret' ? hidden : value;
    },
    keyVault: vault,
    tags,
  };
  const done = await dialog(old ? `Edit ${p.displayName}` : 'Add named value', [errors, display, id, kind, value, hidden, vault, tags], [{
    label: old ? 'Save' : 'Add',
    kind: 'primary',
    run: async () => {
      for (const f of [display, id, value, hidden, vault, tags]) f.setError('');
      replace(errors);
      const is = kind.input.value;
      const newName = old ? old.name : id.input.value.trim() || slug(display.input.value);
      if (!display.input.value.trim()) return missing(display, 'A named value needs a display name.');
      if (!newName) return missing(id, 'A named value needs a name.');
      const given = is === 'secret' ? hidden.input.value : value.input.value;
      const keeps = old && is === 'secret' && oldKind === 'secret' && given === '';
      if (is !== 'vault' && given === '' && !keeps) return missing(fields.value, 'A named value needs a value.');
      const properties = {
        displayName: display.input.value.trim(),
        secret: is !== 'plain',
        tags: tags.input.value.split(',').map((t) => t.trim()).filter(Boolean),
        ...(is === 'vault' ? { keyVault: { secretIdentifier: vault.input.value.trim() }, value: old ? null : undefined } : { keyVault: old ? null : undefined }),
        ...(is !== 'vault' && !keeps && (is !== oldKind || given !== p.value) && { value: given }),
      };
      try {
        await arm(path('namedValues', newName), old ? { method: 'PATCH', ifMatch: etag, body: { properties } } : { method: 'PUT', create: true, body: { properties } });
      } catch (err) {
        if (err.stale && !old) return missing(id, `There is a named value ${newName} already.`);
        const rest = err.stale ? conflict(old, {
          keep(fresh) {
            etag = fresh;
            errors.closest('form').requestSubmit();
          },
          load() {
            again = true;
            errors.closest('dialog').close();
          },
        }) : showErrors(fields, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast(`${properties.displayName} was saved`, 'success');
      return newName;
    },
  }]);
  return again ? edit(name) : done;
}
