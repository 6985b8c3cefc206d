// What the screens of one API share: its head with the tabs, and the dialogs
// that create and import APIs.

import { arm, list, path } from './api.js';
import { button, dialog, field, h, input, pageHead, replace, select, showErrors, slug, tabs, toast } from './ui.js';

let gatewayURL = null;

/** The URL under which the gateway answers. */
export async function gateway(signal) {
  gatewayURL ??= (await arm('', { signal })).properties.gatewayUrl;
  return gatewayURL;
}

/** An API's address on the gateway. */
export const address = (base, api) => [base.replace(/\/$/, ''), api.properties.path].filter(Boolean).join('/');

/** The name of an API without its revision, and the revision or ''. */
export const revision = (name) => /^(.*?)(?:;rev=(\d+))?$/.exec(name).slice(1, 3).map((x) => x ?? '');

/**
 * Draws the head of an API's screens with its tabs, active is 'operations',
 * 'design', 'test' or 'settings', and gives the API.
 */
export async function apiPage(main, id, active, { signal, actions = [] } = {}) {
  const [api, base] = await Promise.all([arm(path('apis', id), { signal }), gateway(signal)]);
  const at = `#${path('apis', id)}`;
  main.append(
    pageHead(api.properties.displayName || api.name, {
      breadcrumb: [['APIs', '#/apis']],
      lead: h('span', h('code', address(base, api)), revision(api.name)[1] && ` · revision ${revision(api.name)[1]}`, api.properties.apiVersion && ` · version ${api.properties.apiVersion}`),
      actions,
    }),
    tabs([
      { label: 'Operations', href: at, current: active === 'operations' },
      { label: 'Design', href: `${at}/design`, current: active === 'design' },
      { label: 'Test', href: `${at}/test`, current: active === 'test' },
      { label: 'Settings', href: `${at}/settings`, current: active === 'settings' },
    ], { label: 'API' }));
  return api;
}

/**
 * The fields of a key's names, which most APIs leave alone. Gives {element,
 * fields, read()}.
 */
export function keyFields(properties = {}) {
  const names = properties.subscriptionKeyParameterNames ?? {};
  const required = field('Subscription required', h('input', { type: 'checkbox', checked: properties.subscriptionRequired ?? true }), { hint: 'Callers must show the key of a subscription.' });
  const header = field('Header name', input(names.header ?? 'Ocp-Apim-Subscription-Key', { name: 'header' }), { hint: 'Azure OpenAI clients send api-key.' });
  const query = field('Query parameter name', input(names.query ?? 'subscription-key', { name: 'query' }));
  const pair = h('div', { class: 'fields' }, header, query);
  const show = () => {
    pair.hidden = !required.input.checked;
  };
  required.input.addEventListener('change', show);
  show();
  return {
    element: [required, pair],
    read: () => ({
      subscriptionRequired: required.input.checked,
      subscriptionKeyParameterNames: { header: header.input.value.trim(), query: query.input.value.trim() },
    }),
  };
}

// named ties a name to a display name until somebody writes one.
export function named(display, name) {
  let own = name.input.value !== '';
  name.input.addEventListener('input', () => {
    own = name.input.value !== '';
  });
  display.input.addEventListener('input', () => {
    if (!own) name.input.value = slug(display.input.value);
  });
}

/** The choice of a product for something new; null where there are none. */
async function productField(signal) {
  const products = await list('/products', { signal });
  if (products.length === 0) return null;
  return field('Product', select('', [['', 'None'], ...products.map((p) => [p.name, p.properties.displayName])]), { optional: true, hint: 'Subscriptions to the product open the API.' });
}

/**
 * The dialog that creates an API; how is 'blank' or 'openapi'. Gives the name
 * of the new API, or null.
 */
export async function createAPI(how, signal) {
  const [base, product] = await Promise.all([gateway(signal), productField(signal)]);
  const imported = how === 'openapi';
  const display = field('Display name', input('', { name: 'displayName' }), { optional: imported, hint: imported ? 'The title of the document, unless you say another.' : undefined });
  const name = field('Name', input('', { name: 'name', class: 'mono' }), { hint: 'In policies, folders and addresses; it cannot be changed later.' });
  const suffix = field('API URL suffix', input('', { name: 'path', class: 'mono', placeholder: 'openai-test' }), { hint: '' });
  const service = field('Web service URL', input('', { name: 'serviceUrl', type: 'url', class: 'mono', placeholder: 'https://…' }), { optional: true, hint: 'Where requests go when no policy says otherwise.' });
  const base$ = h('p', { class: 'hint' });
  const shown = () => replace(base$, 'Base URL ', h('code', [base, suffix.input.value.trim().replace(/^\/|\/$/g, '')].filter(Boolean).join('/')));
  suffix.input.addEventListener('input', shown);
  shown();
  named(display, name);
  const keys = keyFields();
  const document$ = imported ? documentFields((title) => {
    if (!display.input.value) display.input.placeholder = title;
    if (!name.input.value) name.input.value = slug(title);
  }) : null;
  const errors = h('div');
  const fields = { displayName: display, name, path: suffix, serviceUrl: service };
  // Where the document is may still be chosen: an error belongs to what is shown then.
  if (document$) Object.defineProperty(fields, 'value', { enumerable: true, get: () => document$.targets.value });
  const done = await dialog(imported ? 'Create from OpenAPI' : 'Create a blank API', [
    errors, document$?.element, h('div', { class: 'fields' }, display, name), h('div', { class: 'stack' }, suffix, base$), service, keys.element, product,
  ], [{
    label: 'Create',
    kind: 'primary',
    run: async () => {
      for (const f of Object.values(fields)) f.setError('');
      replace(errors);
      const id = name.input.value.trim() || slug(display.input.value);
      if (!imported && !display.input.value.trim()) return missing(display, 'An API needs a display name.');
      if (!id) return missing(name, 'An API needs a name.');
      const source = await document$?.read();
      if (imported && !source) return false;
      const properties = {
        path: suffix.input.value.trim().replace(/^\/+|\/+$/g, ''),
        protocols: ['https'],
        ...(display.input.value.trim() && { displayName: display.input.value.trim() }),
        ...(service.input.value.trim() && { serviceUrl: service.input.value.trim() }),
        ...keys.read(),
        ...source,
      };
      let made;
      try {
        made = await arm(path('apis', id), { method: 'PUT', create: true, body: { properties } });
        if (product?.input.value) await arm(path('products', product.input.value, 'apis', id), { method: 'PUT' });
      } catch (err) {
        if (err.stale) return missing(name, `There is an API ${id} already.`);
        const rest = showErrors(fields, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast(`${made?.properties.displayName ?? id} was created`, 'success');
      return id;
    },
  }], { wide: true });
  return done;
}

/** Says what is missing at a field, and keeps its dialog open. */
export function missing(f, text) {
  f.setError(text);
  f.input.focus();
  return false;
}

/**
 * The fields of an OpenAPI document: by link, from a file, or pasted. Gives
 * {element, targets, read()}; read() gives {format, value}, or null after it
 * said what is missing. onTitle hears the document's title.
 */
export function documentFields(onTitle = () => {}) {
  const link = field('Link to the document', input('', { type: 'url', class: 'mono', placeholder: 'https://…' }), { hint: 'Fetched by Spillway, not by the browser. OpenAPI 3 or 2, JSON or YAML.' });
  const file = field('File', h('input', { type: 'file', accept: '.json,.yaml,.yml,application/json,application/yaml' }), { hint: 'OpenAPI 3 or 2, JSON or YAML, up to 4 MB.' });
  const text = field('Document', h('textarea', { rows: 10, class: 'mono', spellcheck: false, placeholder: 'openapi: 3.0.1\ninfo:\n  title: …' }), { hint: 'OpenAPI 3 or 2, JSON or YAML.' });
  const kinds = [['link', 'Link', link], ['file', 'File', file], ['text', 'Paste', text]];
  let kind = 'file';
  const radio = h('div', { class: 'row choices', role: 'radiogroup', 'aria-label': 'Where the document is' }, kinds.map(([value, label]) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: 'document-kind', value, checked: value === kind, onchange: () => { kind = value; show(); } }), label)));
  const show = () => kinds.forEach(([value, , f]) => {
    f.hidden = value !== kind;
  });
  show();
  const title = (body) => {
    const m = /"title"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body) ?? /^\s+title:\s*["']?(.*?)["']?\s*$/m.exec(body);
    if (m) onTitle(m[1]);
  };
  file.input.addEventListener('change', async () => {
    const chosen = file.input.files[0];
    if (chosen) title(await chosen.text());
  });
  text.input.addEventListener('change', () => title(text.input.value));
  const current = () => kinds.find(([value]) => value === kind)[2];
  return {
    element: h('fieldset', { class: 'stack' }, h('legend', 'OpenAPI document'), radio, link, file, text),
    targets: {
      get value() {
        return current();
      },
    },
    async read() {
      for (const [, , f] of kinds) f.setError('');
      if (kind === 'link') return link.input.value.trim() ? { format: 'openapi-link', value: link.input.value.trim() } : (missing(link, 'Paste the link here.'), null);
      if (kind === 'text') return text.input.value.trim() ? { format: 'openapi', value: text.input.value } : (missing(text, 'Paste the document here.'), null);
      const chosen = file.input.files[0];
      return chosen ? { format: 'openapi', value: await chosen.text() } : (missing(file, 'Choose the file.'), null);
    },
  };
}

/** Asks for the deletion of an API by its name, and deletes it. */
export async function deleteAPI(api, signal) {
  const [root, number] = revision(api.name);
  const revisions = number ? [] : await list(path('apis', api.name, 'revisions'), { signal });
  const typed = field(`Type ${root} to confirm`, input('', { name: 'confirm' }));
  const done = await dialog(`Delete ${api.properties.displayName || api.name}?`, [
    h('p', 'The API goes with its operations, its policies and the subscriptions that open it alone. Clients that call it get 404 from then on.'),
    revisions.length > 1 && h('p', `All of its ${revisions.length} revisions go.`),
    typed,
  ], [{
    label: 'Delete',
    kind: 'danger',
    run: async () => {
      if (typed.input.value.trim() !== root) return missing(typed, `This is not ${root}.`);
      await arm(path('apis', api.name), { method: 'DELETE', ifMatch: '*', query: { deleteRevisions: 'true' } });
      toast(`${api.properties.displayName || api.name} was deleted`, 'success');
      return true;
    },
  }]);
  return done !== null;
}

/** A button that deletes an API and then goes to the list. */
export const deleteButton = (api, signal) => button('Delete API', async () => {
  if (await deleteAPI(api, signal)) location.hash = '#/apis';
}, { kind: 'danger', icon: 'trash' });
