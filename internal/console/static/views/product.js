// One product: its APIs, its subscriptions, its settings.

import { arm, list, path } from '../api.js';
import { missing } from '../apipage.js';
import { conflict } from '../conflict.js';
import { addSubscription, subscriptionTable } from '../subscription.js';
import { badge, button, confirm, dialog, field, finder, h, input, linkButton, pageHead, replace, showErrors, table, toast } from '../ui.js';

// What stands unsaved in the settings of a product, over a change of its other parts.
const carried = new Map();

export default {
  title: (params) => params.product,
  nav: 'products',
  async render(main, params, { signal, guard, reload }) {
    const at = path('products', params.product);
    const [product, apis, all, subscriptions] = await Promise.all([
      arm(at, { signal }), list(`${at}/apis`, { signal }), list('/apis', { signal }), list('/subscriptions', { signal }),
    ]);
    const p = product.properties;
    let { etag } = product;
    const published = p.state === 'published';
    const again = () => {
      if (state() !== before) carried.set(product.name, controls());
      guard(null);
      reload();
    };
    const own = subscriptions.filter((s) => s.properties.scope.toLowerCase().endsWith(`/products/${product.name.toLowerCase()}`));
    main.append(pageHead(p.displayName, {
      breadcrumb: [['Products', '#/products']],
      lead: h('span', { class: 'row' }, published ? badge('Published', 'good') : badge('Not published'), p.description),
      actions: [
        linkButton('Policy', `#${at}/design`, { icon: 'edit' }),
        button(published ? 'Unpublish' : 'Publish', async () => {
          await arm(at, { method: 'PATCH', ifMatch: '*', body: { properties: { state: published ? 'notPublished' : 'published' } } });
          toast(published ? 'The product is no longer published: its keys open nothing' : 'The product is published', 'success');
          again();
        }, { kind: published ? undefined : 'primary' }),
      ],
    }));

    const free = all.filter((a) => a.properties.isCurrent !== false && !apis.some((x) => x.name === a.name));
    const addAPIs = button('Add APIs', async () => {
      const choices = free.map((a) => [a.name, field(a.properties.displayName || a.name, h('input', { type: 'checkbox' }))]);
      const done = await dialog('Add APIs to the product', [finder(choices.map(([, f]) => f), 'APIs'), choices.map(([, f]) => f)], [{
        label: 'Add',
        kind: 'primary',
        run: async () => {
          for (const [name, f] of choices) if (f.input.checked) await arm(`${at}/apis${path(name)}`, { method: 'PUT' });
        },
      }]);
      if (done) again();
    }, { icon: 'plus', disabled: free.length === 0 });
    main.append(h('section', { class: 'stack', 'aria-label': 'APIs' }, h('div', { class: 'spread' }, h('h2', 'APIs'), addAPIs),
      apis.length === 0 ? h('div', { class: 'card' }, h('p', { class: 'muted' }, all.length === 0 ? ['There are no ', h('a', { href: '#/apis' }, 'APIs'), ' yet.'] : 'No API is in the product: its keys open nothing.'))
        : table([
          { title: 'Name', cell: (a) => h('a', { href: `#${path('apis', a.name)}` }, a.properties.displayName || a.name) },
          { title: 'Path', cell: (a) => h('code', `/${a.properties.path}`) },
          {
            title: 'Actions',
            hidden: true,
            cell: (a) => h('div', { class: 'actions' }, button('Remove', async () => {
              if (await confirm(`Take ${a.properties.displayName || a.name} out of the product?`, 'Keys of the product open it no longer.', { action: 'Remove', run: () => arm(`${at}/apis${path(a.name)}`, { method: 'DELETE' }) })) again();
            }, { kind: 'plain', 'aria-label': `Remove ${a.properties.displayName || a.name}` })),
          },
        ], apis, { caption: 'APIs of the product', find: 'APIs' })));

    main.append(h('section', { class: 'stack', 'aria-label': 'Subscriptions' },
      h('div', { class: 'spread' }, h('h2', 'Subscriptions'), button('Add subscription', async () => {
        if (await addSubscription({ scope: at })) again();
      }, { icon: 'plus' })),
      own.length === 0 ? h('div', { class: 'card' }, h('p', { class: 'muted' }, 'Nobody has a key for this product yet.')) : subscriptionTable(own, again)));

    const display = field('Display name', input(p.displayName, { name: 'displayName' }));
    const description = field('Description', h('textarea', { name: 'description', rows: 2, value: p.description ?? '' }), { optional: true });
    const required = field('Subscription required', h('input', { type: 'checkbox', checked: p.subscriptionRequired ?? true }), { hint: 'Without, the APIs of the product are open to everybody.' });
    const approval = field('Requires approval', h('input', { type: 'checkbox', checked: p.approvalRequired ?? false }));
    const limit = field('Subscription count limit', input(p.subscriptionsLimit ?? '', { name: 'subscriptionsLimit', type: 'number', min: 1 }), { optional: true });
    const errors = h('div');
    const fields = { displayName: display, description, subscriptionsLimit: limit };
    const save = button('Save', null, { kind: 'primary', type: 'submit' });
    const load = () => {
      guard(null);
      reload();
    };
    const keep = (fresh) => {
      etag = fresh;
      form.requestSubmit();
    };
    const form = h('form', {
      class: 'card stack',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        for (const f of Object.values(fields)) f.setError('');
        replace(errors);
        if (!display.input.value.trim()) {
          missing(display, 'A product needs a display name.');
          return;
        }
        try {
          await arm(at, {
            method: 'PATCH',
            ifMatch: etag,
            body: {
              properties: {
                displayName: display.input.value.trim(),
                description: description.input.value.trim() || null,
                subscriptionRequired: required.input.checked,
                approvalRequired: required.input.checked ? approval.input.checked : null,
                subscriptionsLimit: required.input.checked && limit.input.value ? Number(limit.input.value) : null,
              },
            },
          });
        } catch (err) {
          const rest = err.stale ? conflict(product, { keep, load }) : showErrors(fields, err);
          if (rest) replace(errors, rest);
          return;
        }
        guard(null);
        toast('The product was saved', 'success');
        reload();
      },
    }, errors, display, description, required, approval, limit, h('div', { class: 'actions' }, save));
    const controls = () => [...form.elements].map((el) => (el.type === 'checkbox' ? el.checked : el.value));
    const state = () => JSON.stringify(controls());
    const before = state();
    carried.get(product.name)?.forEach((value, i) => {
      form.elements[i][typeof value === 'boolean' ? 'checked' : 'value'] = value;
    });
    carried.delete(product.name);
    guard(() => (state() === before ? null : 'What you changed here is not saved.'));
    main.append(h('section', { class: 'stack', 'aria-label': 'Settings' }, h('h2', 'Settings'), form));
    main.append(h('section', { class: 'card stack' }, h('h2', 'Delete'), h('p', { class: 'muted' }, 'The APIs stay.'), h('div', { class: 'actions' }, button('Delete product', async () => {
      const gone = await confirm(`Delete ${p.displayName}?`, own.length > 0 ? `Its ${own.length === 1 ? 'subscription goes' : `${own.length} subscriptions go`}, too: their keys open nothing any more.` : 'It has no subscriptions.', {
        run: () => arm(at, { method: 'DELETE', ifMatch: '*', query: { deleteSubscriptions: 'true' } }),
      });
      if (!gone) return;
      guard(null);
      toast(`${p.displayName} was deleted`, 'success');
      location.hash = '#/products';
    }, { kind: 'danger', icon: 'trash' }))));
  },
};
