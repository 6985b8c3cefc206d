// Subscriptions: the table of them, their keys, and the dialog that adds one.

import { arm, list, path, root } from './api.js';
import { missing, named } from './apipage.js';
import { conflict } from './conflict.js';
import { scope } from './places.js';
import { badge, button, confirm, copy, dialog, field, h, input, replace, select, showErrors, slug, table, toast } from './ui.js';

const states = { active: 'good', submitted: 'warn', suspended: 'bad', cancelled: 'bad', rejected: 'bad', expired: 'bad' };

/** A table of subscriptions; changed is called after one was changed. */
export function subscriptionTable(subscriptions, changed) {
  return table([
    { title: 'Name', cell: (s) => [h('span', s.properties.displayName || s.name), s.properties.displayName && s.properties.displayName !== s.name && h('div', { class: 'hint' }, h('code', s.name))] },
    {
      title: 'Scope',
      cell: (s) => {
        const to = scope(s.properties.scope);
        return to.href ? h('a', { href: to.href }, to.label) : to.label;
      },
    },
    { title: 'State', cell: (s) => badge(s.properties.state[0].toUpperCase() + s.properties.state.slice(1), states[s.properties.state]) },
    {
      title: 'Actions',
      hidden: true,
      cell: (s) => h('div', { class: 'actions' },
        button('Copy key', async () => copy((await secrets(s)).primaryKey, 'Primary key copied'), { kind: 'plain', icon: 'copy', 'aria-label': `Copy key of ${s.properties.displayName || s.name}` }),
        button('Manage', async () => {
          if (await manage(s)) changed();
        }, { kind: 'plain', 'aria-label': `Manage ${s.properties.displayName || s.name}` })),
    },
  ], subscriptions, { caption: 'Subscriptions', find: 'subscriptions' });
}

const secrets = (s) => arm(`${path('subscriptions', s.name)}/listSecrets`, { method: 'POST' });

// manage shows one subscription; gives true after something changed.
async function manage(s) {
  const at = path('subscriptions', s.name);
  const now = await arm(at);
  let { etag } = now;
  let changed = false;
  const keys = h('div', { class: 'stack' });
  const drawKeys = () => replace(keys, [['primary', 'Primary key'], ['secondary', 'Secondary key']].map(([which, label]) => {
    const value = input('••••••••••••••••', { class: 'mono', readonly: true });
    const show = button(`Show the ${which} key`, async () => {
      value.value = (await secrets(s))[`${which}Key`];
      value.select();
    }, { icon: 'eye', iconOnly: true });
    return field(label, h('div', { class: 'with-buttons' }, value, show,
      button(`Copy the ${which} key`, async () => copy((await secrets(s))[`${which}Key`], `${label} copied`), { icon: 'copy', iconOnly: true }),
      button(`Regenerate the ${which} key`, async () => {
        const done = await confirm(`Regenerate the ${which} key?`, 'Clients that use it get 401 from then on. The other key goes on opening the door: move clients there first.', {
          action: 'Regenerate',
          run: () => arm(`${at}/regenerate${which === 'primary' ? 'Primary' : 'Secondary'}Key`, { method: 'POST' }),
        });
        if (!done) return;
        toast(`The ${which} key is a new one`, 'success');
        // The change was our own, unless what is edited here is another one, too.
        const then = await arm(at);
        if (['displayName', 'state', 'allowTracing'].every((p) => then.properties[p] === now.properties[p])) etag = then.etag;
        value.value = (await secrets(s))[`${which}Key`];
      }, { icon: 'refresh', iconOnly: true })));
  }));
  drawKeys();
  const display = field('Display name', input(now.properties.displayName, { name: 'displayName' }));
  const state = field('State', select(now.properties.state, ['active', 'suspended', 'cancelled', 'submitted', 'rejected', 'expired'].map((x) => [x, x[0].toUpperCase() + x.slice(1)]), { name: 'state' }), { hint: 'Only keys of an active subscription open anything.' });
  const tracing = field('Allow tracing', h('input', { type: 'checkbox', checked: now.properties.allowTracing ?? false }));
  const errors = h('div');
  const fields = { displayName: display, state };
  const to = scope(now.properties.scope);
  let again = false; // with what somebody else saved
  await dialog(now.properties.displayName || now.name, [
    errors,
    h('dl', { class: 'kv' }, h('dt', 'Name'), h('dd', h('code', now.name)), h('dt', 'Opens'), h('dd', to.label), now.properties.createdDate && [h('dt', 'Created'), h('dd', new Date(now.properties.createdDate).toLocaleString())]),
    keys, display, state, tracing,
  ], [
    {
      label: 'Delete',
      kind: 'quiet-danger',
      run: async () => {
        const gone = await confirm(`Delete the subscription ${now.properties.displayName || now.name}?`, 'Its keys open nothing from then on.', { run: () => arm(at, { method: 'DELETE', ifMatch: '*' }) });
        if (!gone) return false;
        toast('The subscription was deleted', 'success');
        changed = true;
        return true;
      },
    },
    {
      label: 'Save',
      kind: 'primary',
      run: async () => {
        for (const f of Object.values(fields)) f.setError('');
        replace(errors);
        try {
          await arm(at, { method: 'PATCH', ifMatch: etag, body: { properties: { displayName: display.input.value.trim(), state: state.input.value, allowTracing: tracing.input.checked } } });
        } catch (err) {
          const rest = err.stale ? conflict(now, {
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
        toast('The subscription was saved', 'success');
        changed = true;
        return true;
      },
    },
  ]);
  return (again && await manage(s)) || changed;
}

/** Adds a subscription; scope is what it opens, such as /products/x, or asked for. Gives its name, or null. */
export async function addSubscription({ scope: given } = {}) {
  const [products, apis] = await Promise.all([list('/products'), list('/apis')]);
  const display = field('Display name', input('', { name: 'displayName' }));
  const name = field('Name', input('', { name: 'name', class: 'mono' }), { hint: 'It cannot be changed later.' });
  named(display, name);
  const opens = field('Scope', select(given ?? (products.length > 0 ? path('products', products[0].name) : apis.length > 0 ? path('apis', apis[0].name) : '/apis'), [
    ...products.map((p) => [path('products', p.name), `Product ${p.properties.displayName}`]),
    ...apis.filter((a) => a.properties.isCurrent !== false).map((a) => [path('apis', a.name), `API ${a.properties.displayName || a.name}`]),
    ['/apis', 'All APIs'],
  ], { name: 'scope' }));
  const primary = field('Primary key', input('', { name: 'primaryKey', class: 'mono' }), { optional: true, hint: 'Made when you give none.' });
  const secondary = field('Secondary key', input('', { name: 'secondaryKey', class: 'mono' }), { optional: true, hint: 'Made when you give none.' });
  const errors = h('div');
  const fields = { displayName: display, name, scope: opens, primaryKey: primary, secondaryKey: secondary };
  return dialog('Add subscription', [errors, h('div', { class: 'fields' }, display, name), opens, h('details', h('summary', 'Keys of your own'), h('div', { class: 'stack' }, primary, secondary))], [{
    label: 'Add',
    kind: 'primary',
    run: async () => {
      for (const f of Object.values(fields)) f.setError('');
      replace(errors);
      const id = name.input.value.trim() || slug(display.input.value);
      if (!display.input.value.trim()) return missing(display, 'A subscription needs a display name.');
      if (!id) return missing(name, 'A subscription needs a name.');
      const properties = { displayName: display.input.value.trim(), scope: root + opens.input.value, state: 'active' };
      if (primary.input.value.trim()) properties.primaryKey = primary.input.value.trim();
      if (secondary.input.value.trim()) properties.secondaryKey = secondary.input.value.trim();
      try {
        await arm(path('subscriptions', id), { method: 'PUT', create: true, body: { properties } });
      } catch (err) {
        if (err.stale) return missing(name, `There is a subscription ${id} already.`);
        const rest = showErrors(fields, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast(`${properties.displayName} was added`, 'success');
      return id;
    },
  }]);
}
