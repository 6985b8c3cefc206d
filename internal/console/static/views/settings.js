// The settings of an API.

import { arm, list, path } from '../api.js';
import { address, apiPage, deleteButton, gateway, keyFields, missing } from '../apipage.js';
import { conflict } from '../conflict.js';
import { button, errorBox, field, finder, h, input, replace, select, showErrors, toast } from '../ui.js';

export default {
  title: (params) => `Settings of ${params.id}`,
  nav: 'apis',
  async render(main, params, { signal, guard, reload }) {
    const api = await apiPage(main, params.id, 'settings', { signal });
    const [base, products, member] = await Promise.all([gateway(signal), list('/products', { signal }), list(path('apis', params.id, 'products'), { signal })]);
    const p = api.properties;
    let { etag } = api;
    const display = field('Display name', input(p.displayName, { name: 'displayName' }));
    const description = field('Description', h('textarea', { name: 'description', rows: 2, value: p.description ?? '' }), { optional: true });
    const service = field('Web service URL', input(p.serviceUrl, { name: 'serviceUrl', class: 'mono', type: 'url' }), { optional: true, hint: 'Where requests go when no policy says otherwise.' });
    const suffix = field('API URL suffix', input(p.path, { name: 'path', class: 'mono' }), { hint: h('span', `Clients call ${base.replace(/\/$/, '')}/… with this path.`) });
    const scheme = field('URL scheme', select([...(p.protocols ?? ['https'])].sort().join('+'), [['https', 'HTTPS'], ['http', 'HTTP'], ['http+https', 'Both']]), { hint: 'The gateway’s plain listener serves HTTPS-only APIs, too, unless enforceProtocols in spillway.yaml says otherwise.' });
    const keys = keyFields(p);
    const inProducts = products.map((x) => [x.name, field(x.properties.displayName, h('input', { type: 'checkbox', checked: member.some((m) => m.name === x.name) }))]);
    const errors = h('div');
    const fields = { displayName: display, description, serviceUrl: service, path: suffix, protocols: scheme };
    const state = () => JSON.stringify([...main.querySelectorAll('form :is(input:not([type=search]), select, textarea)')].map((el) => (el.type === 'checkbox' ? el.checked : el.value)));
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
        if (save.getAttribute('aria-busy') === 'true') return;
        for (const f of Object.values(fields)) f.setError('');
        replace(errors);
        if (!display.input.value.trim()) {
          missing(display, 'An API needs a display name.');
          return;
        }
        save.setAttribute('aria-busy', 'true');
        try {
          await arm(path('apis', api.name), {
            method: 'PATCH',
            ifMatch: etag,
            body: {
              properties: {
                displayName: display.input.value.trim(),
                description: description.input.value.trim() || null,
                serviceUrl: service.input.value.trim() || null,
                path: suffix.input.value.trim().replace(/^\/+|\/+$/g, ''),
                protocols: scheme.input.value.split('+'),
                ...keys.read(),
              },
            },
          });
          for (const [name, f] of inProducts) {
            const was = member.some((m) => m.name === name);
            if (f.input.checked !== was) await arm(path('products', name, 'apis', api.name), { method: was ? 'DELETE' : 'PUT', ifMatch: was ? '*' : undefined });
          }
        } catch (err) {
          save.removeAttribute('aria-busy');
          const rest = err.stale ? conflict(api, { keep, load }) : showErrors(fields, err);
          if (rest) {
            replace(errors, rest);
            errors.scrollIntoView({ block: 'center' });
          }
          return;
        }
        guard(null);
        toast('The settings were saved and are in force', 'success');
        reload();
      },
    },
    errors,
    h('div', { class: 'fields' }, display, h('div', { class: 'field' }, h('span', { class: 'label' }, 'Name'), h('code', api.name))),
    h('div', { class: 'fields' }, suffix, scheme), service, description,
    h('fieldset', { class: 'stack' }, h('legend', 'Subscription'), keys.element),
    h('fieldset', { class: 'stack' }, h('legend', 'Products'), inProducts.length === 0 ? h('p', { class: 'hint' }, 'There are no ', h('a', { href: '#/products' }, 'products'), ' yet. A subscription to this API alone opens it, too.') : [finder(inProducts.map(([, f]) => f), 'products'), inProducts.map(([, f]) => f)]),
    h('div', { class: 'actions' }, save));
    main.append(form);
    const before = state();
    guard(() => (state() === before ? null : 'What you changed here is not saved.'));
    main.append(h('section', { class: 'card stack' }, h('h2', 'Delete'), h('p', { class: 'muted' }, `Clients of ${address(base, api)} get 404 from then on.`), h('div', { class: 'actions' }, deleteButton(api, signal))));
    if (p.isCurrent === false) errors.append(errorBox({ message: 'This revision is not the current one: what all revisions share (path, display name, subscription) can only be changed on the current one.' }));
  },
};
