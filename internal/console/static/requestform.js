// The form of a request to an operation: what the specification says of it, filled
// in, and what one adds.

import { arm, path } from './api.js';
import { revision } from './apipage.js';
import { apiVersion, bodyOf, deployments, isVersioned } from './azureopenai.js';
import { jsonProblem } from './json.js';
import { addSubscription } from './subscription.js';
import { breakable, button, field, h, input, replace, select, uid } from './ui.js';

const hasBody = (method) => !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method.toUpperCase());

function pairs(what, values, onchange) {
  const rows = [];
  const box = h('div', { class: 'pairs' });
  const add = (name = '', value = '', focus = false) => {
    const n = input(name, { placeholder: 'name', 'aria-label': `Name of a ${what}`, oninput: onchange });
    const v = input(value, { placeholder: 'value', 'aria-label': `Value of a ${what}`, oninput: onchange });
    const row = {
      read: () => [n.value.trim(), v.value],
      element: h('div', { class: 'pair' }, n, v, button(`Remove this ${what}`, () => {
        rows.splice(rows.indexOf(row), 1);
        row.element.remove();
        adding.focus();
        onchange();
      }, { icon: 'trash', iconOnly: true, kind: 'plain' })),
    };
    rows.push(row);
    box.append(row.element);
    if (focus) n.focus();
  };
  const adding = button(`Add a ${what}`, () => add('', '', true), { icon: 'plus', kind: 'plain' });
  for (const [name, value] of values) add(name, value);
  return {
    elements: [box, adding],
    read: () => rows.map((r) => r.read()).filter(([name]) => name !== ''),
    fill(list) {
      rows.length = 0;
      replace(box);
      for (const [name, value] of list) add(name, value);
    },
  };
}

/**
 * A field for a parameter of the specification. known are values that are there
 * to choose from without being the only ones; the first is filled in.
 */
function parameterField(p, onchange, known = []) {
  const value = p.defaultValue || (p.required ? known[0] ?? '' : '');
  const listId = known.length > 0 ? uid('known') : null;
  const control = p.values?.length
    ? select(p.values.includes(value) ? value : p.required ? p.values[0] : '', [...(p.required ? [] : [['', '(none)']]), ...p.values], { onchange })
    : input(value, { name: p.name, oninput: onchange, placeholder: p.type && p.type !== 'string' ? p.type : '', list: listId });
  const el = field(p.name.replace(/^\*/, ''), control, { hint: p.description, optional: !p.required });
  if (listId) el.append(h('datalist', { id: listId }, known.map((k) => h('option', { value: k }))));
  return el;
}

/** An example of the body, or ''. */
function exampleBody(representation, known) {
  const examples = Object.values(representation?.examples ?? {});
  const value = examples.find((e) => e.value !== undefined)?.value ?? representation?.sample ?? known;
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** What is wrong with a text as JSON, or ''. */
function jsonError(text) {
  const p = jsonProblem(text);
  return p ? `This is not JSON: line ${p.line}, column ${p.column}: ${p.message}.` : '';
}

/** The form of one operation. Gives {head, element, read(), fill(request), path(request), …}. */
export function requestForm(api, operation, base, versionSet, subscriptions, regions, onchange) {
  const p = operation.properties;
  const asked = p.request ?? {};
  const [templatePath] = p.urlTemplate.split('?');
  const template = (p.templateParameters ?? []).map((x) => [x, parameterField(x, () => changed(), deployments(regions, x.name, p.urlTemplate))]);
  const query = (asked.queryParameters ?? []).map((x) => [x, parameterField(x, () => changed())]);
  const body = asked.representations?.[0];
  const declared = (asked.headers ?? []).map((x) => [x.name, x.defaultValue ?? x.values?.[0] ?? '']);
  const contentType = body?.contentType ?? (hasBody(p.method) ? 'application/json' : null);
  if (contentType && !declared.some(([name]) => name.toLowerCase() === 'content-type')) declared.unshift(['Content-Type', contentType]);
  const versioned = isVersioned(p.urlTemplate) && !(asked.queryParameters ?? []).some((x) => x.name === 'api-version') && !p.urlTemplate.includes('api-version=');
  const moreQuery = pairs('query parameter', versioned ? [['api-version', apiVersion]] : [], () => changed());
  const headers = pairs('header', declared, () => changed());
  const header = api.properties.subscriptionKeyParameterNames?.header ?? 'Ocp-Apim-Subscription-Key';
  let chosen = false; // the subscription, by hand
  const usable = subscriptions.filter((s) => s.properties.state === 'active');
  const first = usable.find((s) => s.opens) ?? null;
  const subscription = field('Subscription', select(first?.name ?? '', [['', 'None'], ...usable.map((s) => [s.name, `${s.properties.displayName || s.name}${s.opens ? '' : ' (does not open this API)'}`])], {
    onchange: () => {
      chosen = true;
      changed();
    },
  }), {
    hint: `Its key goes into the header ${header}. This page never sees it.`,
  });
  const unopened = h('div', { class: 'message info', hidden: api.properties.subscriptionRequired === false || first !== null },
    h('p', 'This API wants the key of a subscription, and there is none yet that opens it: the answer would be 401.'),
    h('p', button('Add subscription', async () => {
      const name = await addSubscription({ scope: path('apis', revision(api.name)[0]) });
      if (!name) return;
      const { displayName } = (await arm(path('subscriptions', name))).properties;
      subscription.input.append(h('option', { value: name }, displayName || name));
      subscription.input.value = name;
      chosen = true;
      unopened.hidden = true;
      changed();
    }, { icon: 'plus' })));
  const text = h('textarea', { class: 'mono body', spellcheck: false, value: exampleBody(body, bodyOf(p.urlTemplate)) });
  text.rows = Math.min(16, Math.max(7, text.value.split('\n').length + 1));
  const bodyField = field('Body', text, { hint: contentType ?? undefined });
  const examples = Object.entries(body?.examples ?? {});
  text.addEventListener('input', () => changed());
  const isJSON = () => /json/i.test(headers.read().find(([n]) => n.toLowerCase() === 'content-type')?.[1] ?? '');
  const checkBody = () => bodyField.setError(hasBody(p.method) && isJSON() ? jsonError(text.value) : '');
  const url = h('code', { class: 'request-url' });
  function changed() {
    checkBody();
    url.replaceChildren(...breakable(`${p.method} ${base.replace(/\/$/, '')}${form.path(form.read())}`).childNodes);
    onchange();
  }

  const form = {
    head: h('div', { class: 'stack tight' },
      h('p', { class: 'row' }, h('span', { class: ['method', p.method] }, p.method), breakable(p.urlTemplate)),
      p.description && h('p', { class: 'muted' }, p.description),
      h('p', url)),
    element: h('div', { class: 'stack' },
      h('div', { class: 'fields' },
        template.length > 0 && h('fieldset', { class: 'plainset' }, h('legend', 'Template parameters'), template.map(([, f]) => f)),
        h('fieldset', { class: 'plainset' }, h('legend', 'Query parameters'), query.map(([, f]) => f), moreQuery.elements)),
      h('fieldset', { class: 'plainset' }, h('legend', 'Headers'), headers.elements), subscription, unopened,
      hasBody(p.method) && bodyField,
      hasBody(p.method) && h('div', { class: 'actions' },
        examples.length > 0 && examples.map(([name, e]) => button(examples.length === 1 ? 'Example' : `Example ${e.summary || name}`, () => {
          text.value = exampleBody({ examples: { e } });
          changed();
        }, { kind: 'plain' })),
        button('Format the body', () => {
          if (jsonError(text.value) || text.value.trim() === '') return;
          text.value = JSON.stringify(JSON.parse(text.value), null, 2);
          changed();
        }, { kind: 'plain' }))),
    read: () => ({
      method: p.method,
      template: Object.fromEntries(template.map(([x, f]) => [x.name, f.input.value])),
      query: [...query.filter(([x, f]) => f.input.value !== '' || x.required).map(([x, f]) => [x.name, f.input.value]), ...moreQuery.read()],
      headers: headers.read(),
      subscription: subscription.input.value,
      body: hasBody(p.method) ? text.value : '',
    }),
    /** What is written here; who has not chosen a subscription may find another one the next time. */
    draft: () => ({ ...form.read(), subscription: chosen ? subscription.input.value : null }),
    fill(request) {
      for (const [x, f] of template) f.input.value = request.template[x.name] ?? '';
      const rest = [...request.query];
      for (const [x, f] of query) {
        const i = rest.findIndex(([name]) => name === x.name);
        f.input.value = i < 0 ? '' : rest.splice(i, 1)[0][1];
      }
      moreQuery.fill(rest);
      headers.fill(request.headers);
      if (request.subscription !== null) {
        chosen = true;
        subscription.input.value = request.subscription;
        if (subscription.input.selectedIndex < 0) subscription.input.value = ''; // it is gone
      }
      text.value = request.body;
      changed();
    },
    /** The path and query of a request, as the gateway gets it. */
    path(request) {
      const value = (name, whole) => {
        const v = request.template[name] ?? '';
        return whole ? v.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(v);
      };
      let at = templatePath.replace(/\{(\*?)([^}]+)\}/g, (_, star, name) => value(star + name in request.template ? star + name : name, star !== ''));
      const [, rev] = revision(api.name);
      let prefix = api.properties.path ? `/${api.properties.path}` : '';
      if (versionSet?.versioningScheme === 'Segment' && api.properties.apiVersion) prefix += `/${encodeURIComponent(api.properties.apiVersion)}`;
      if (rev && api.properties.isCurrent === false) prefix += `;rev=${rev}`;
      if (at === '/' && prefix) at = '';
      const query$ = [...request.query];
      for (const [, name] of (p.urlTemplate.split('?')[1] ?? '').matchAll(/([^=&]+)=\{[^}]+\}/g)) if (request.template[name] !== undefined) query$.unshift([name, request.template[name]]);
      if (versionSet?.versioningScheme === 'Query' && api.properties.apiVersion) query$.push([versionSet.versionQueryName, api.properties.apiVersion]);
      const text = query$.map(([name, v]) => `${encodeURIComponent(name)}=${encodeURIComponent(v)}`).join('&');
      return `${prefix}${at}` + (text ? `?${text}` : '') || '/';
    },
    /** Shows what is missing; whether the request can be sent. */
    check() {
      let ok = true;
      for (const [, f] of template) {
        const empty = f.input.value.trim() === '';
        f.setError(empty ? 'The address needs a value here.' : '');
        if (empty && ok) f.input.focus();
        ok &&= !empty;
      }
      return ok;
    },
    versionHeader: versionSet?.versioningScheme === 'Header' && api.properties.apiVersion ? [versionSet.versionHeaderName, api.properties.apiVersion] : null,
    keyHeader: header,
  };
  changed();
  return form;
}

/** The request as a command for a shell. */
export function curl(form, base, request) {
  const quote = (s) => `'${s.replace(/'/g, `'\\''`)}'`;
  const lines = [`curl -i -X ${request.method} ${quote(base.replace(/\/$/, '') + form.path(request))}`];
  if (request.subscription) lines.push(`-H "${form.keyHeader}: $KEY"`);
  for (const [name, value] of [...request.headers, ...(form.versionHeader ? [form.versionHeader] : [])]) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  if (request.body) lines.push(`-d ${quote(request.body)}`);
  return lines.join(' \\\n  ');
}
