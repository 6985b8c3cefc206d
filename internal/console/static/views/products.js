// The list of products.

import { arm, list, path } from '../api.js';
import { missing, named } from '../apipage.js';
import { badge, button, dialog, emptyState, field, finder, h, input, pageHead, replace, showErrors, slug, table, toast } from '../ui.js';

export default {
  title: 'Products',
  nav: 'products',
  async render(main, params, { signal }) {
    const products = await list('/products', { signal });
    const apis = await Promise.all(products.map((p) => list(path('products', p.name, 'apis'), { signal })));
    const add = () => button('Add product', () => create(), { icon: 'plus', kind: 'primary' });
    main.append(pageHead('Products', { lead: 'A product bundles APIs. A subscription to it opens all of them with one key.', actions: products.length > 0 ? [add()] : [] }));
    if (products.length === 0) {
      main.append(emptyState('No products yet', 'A product lets you give out one key for several APIs. For a single API a subscription to the API itself will do.', add()));
      return;
    }
    main.append(table([
      { title: 'Name', cell: (p) => h('a', { href: `#${path('products', p.name)}` }, p.properties.displayName) },
      { title: 'State', cell: (p) => (p.properties.state === 'published' ? badge('Published', 'good') : badge('Not published')) },
      { title: 'APIs', cell: (p) => apis[products.indexOf(p)].map((a) => a.properties.displayName || a.name).join(', ') || 'none' },
      { title: 'Subscription', cell: (p) => (p.properties.subscriptionRequired === false ? 'not required' : 'required') },
      { title: 'Actions', hidden: true, cell: (p) => h('div', { class: 'actions' }, h('a', { class: 'button plain', href: `#${path('products', p.name)}/design` }, 'Policy', h('span', { class: 'visually-hidden' }, ` of ${p.properties.displayName}`))) },
    ], products, { caption: 'Products', find: 'products' }));
  },
};

async function create() {
  const display = field('Display name', input('', { name: 'displayName' }));
  const name = field('Name', input('', { name: 'name', class: 'mono' }), { hint: 'It cannot be changed later.' });
  named(display, name);
  const description = field('Description', h('textarea', { name: 'description', rows: 2 }), { optional: true });
  const published = field('Published', h('input', { type: 'checkbox', checked: true }), { hint: 'Keys of a product that is not published open nothing.' });
  const required = field('Subscription required', h('input', { type: 'checkbox', checked: true }));
  const apis = (await list('/apis')).filter((a) => a.properties.isCurrent !== false).map((a) => [a.name, field(a.properties.displayName || a.name, h('input', { type: 'checkbox' }))]);
  const errors = h('div');
  const fields = { displayName: display, name, description };
  const done = await dialog('Add product', [errors, h('div', { class: 'fields' }, display, name), description, published, required,
    apis.length > 0 && h('fieldset', { class: 'stack' }, h('legend', 'APIs'), finder(apis.map(([, f]) => f), 'APIs'), apis.map(([, f]) => f))], [{
    label: 'Add',
    kind: 'primary',
    run: async () => {
      for (const f of Object.values(fields)) f.setError('');
      replace(errors);
      const id = name.input.value.trim() || slug(display.input.value);
      if (!display.input.value.trim()) return missing(display, 'A product needs a display name.');
      if (!id) return missing(name, 'A product needs a name.');
      try {
        await arm(path('products', id), {
          method: 'PUT',
          create: true,
          body: { properties: { displayName: display.input.value.trim(), description: description.input.value.trim() || undefined, state: published.input.checked ? 'published' : 'notPublished', subscriptionRequired: required.input.checked } },
        });
        for (const [api, f] of apis) if (f.input.checked) await arm(path('products', id, 'apis', api), { method: 'PUT' });
      } catch (err) {
        if (err.stale) return missing(name, `There is a product ${id} already.`);
        const rest = showErrors(fields, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast(`${display.input.value.trim()} was added`, 'success');
      return id;
    },
  }]);
  if (done) location.hash = `#${path('products', done)}`;
}
