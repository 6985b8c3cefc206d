// The dialog that adds or changes an operation.

import { arm, path } from './api.js';
import { missing, named } from './apipage.js';
import { conflict } from './conflict.js';
import { apiVersion, operations as known } from './azureopenai.js';
import { button, dialog, field, h, icon, input, replace, select, showErrors, slug, toast, uid } from './ui.js';

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'];

/** The parameters that a URL template names, without those of its query part's values. */
export function templateNames(template) {
  const names = [];
  for (const [, name] of template.matchAll(/\{\*?([^{}]+)\}/g)) if (!names.includes(name)) names.push(name);
  return names;
}

/** Adds an operation, or changes the one of that name; gives its name, or null. */
export async function editOperation(api, name) {
  const old = name === null ? null : await arm(path('apis', api, 'operations', name));
  const p = old?.properties ?? {};
  let etag = old?.etag;
  let again = false; // with what somebody else saved
  const display = field('Display name', input(p.displayName, { name: 'displayName' }));
  const id = field('Name', input(name ?? '', { name: 'name', class: 'mono', disabled: old !== null }), { hint: old ? undefined : 'In policies, folders and addresses; it cannot be changed later.' });
  if (!old) named(display, id);
  const method = field('Method', select(p.method ?? 'POST', methods.includes(p.method ?? 'POST') ? methods : [...methods, p.method], { name: 'method' }));
  const template = field('URL template', input(p.urlTemplate ?? '/', { name: 'urlTemplate', class: 'mono' }), { hint: 'What follows the API’s path. {name} is a parameter, {*rest} takes the rest.' });
  const description = field('Description', h('textarea', { name: 'description', rows: 2, value: p.description ?? '' }), { optional: true });
  const ofTemplate = parameters(p.templateParameters ?? [], { fixed: true });
  const ofQuery = parameters(p.request?.queryParameters ?? []);
  const ofHeaders = parameters(p.request?.headers ?? []);
  const templateSet = h('fieldset', { class: 'stack' }, h('legend', 'Template parameters'), ofTemplate.element);
  const follow = () => {
    ofTemplate.names(templateNames(template.input.value));
    templateSet.hidden = ofTemplate.empty();
  };
  template.input.addEventListener('input', follow);
  follow();
  const errors = h('div');
  const fields = { displayName: display, name: id, method, urlTemplate: template, description };
  let example; // of the body, with an operation that is known
  const start = old ? null : h('div', { class: 'row', role: 'group', 'aria-label': 'Azure OpenAI' }, h('span', { class: 'muted' }, 'Of Azure OpenAI:'), known.map((o) => button(o.label, () => {
    display.input.value = o.displayName;
    id.input.value = o.name;
    method.input.value = 'POST';
    template.input.value = o.template;
    follow();
    if (!ofQuery.read().some((q) => q.name === 'api-version')) ofQuery.add({ name: 'api-version', type: 'string', required: true, defaultValue: apiVersion, description: 'The version of Azure OpenAI’s API.' });
    queries.open = true;
    example = o.body;
    for (const f of [display, id, template]) f.setError('');
    display.input.focus();
  })));
  const queries = h('details', { open: !ofQuery.empty() }, h('summary', 'Query parameters'), ofQuery.element);
  const done = await dialog(old ? `Edit ${p.displayName || name}` : 'Add operation', [
    errors, start,
    h('div', { class: 'fields' }, display, id),
    h('div', { class: 'method-row' }, method, template),
    templateSet,
    queries,
    h('details', { open: !ofHeaders.empty() }, h('summary', 'Headers'), ofHeaders.element),
    description,
  ], [{
    label: old ? 'Save' : 'Add',
    kind: 'primary',
    run: async () => {
      for (const f of Object.values(fields)) f.setError('');
      replace(errors);
      const newName = old ? old.name : id.input.value.trim() || slug(display.input.value);
      if (!display.input.value.trim()) return missing(display, 'An operation needs a display name.');
      if (!newName) return missing(id, 'An operation needs a name.');
      const at = path('apis', api, 'operations', newName);
      const properties = {
        displayName: display.input.value.trim(),
        method: method.input.value,
        urlTemplate: template.input.value.trim(),
        description: description.input.value.trim() || (old ? null : undefined),
        templateParameters: ofTemplate.read(),
        request: {
          queryParameters: ofQuery.read(),
          headers: ofHeaders.read(),
          ...(example && { representations: [{ contentType: 'application/json', examples: { default: { value: example } } }] }),
        },
      };
      try {
        if (old) {
          await arm(at, { method: 'PATCH', ifMatch: etag, body: { properties } });
        } else {
          await arm(at, { method: 'PUT', create: true, body: { properties } });
        }
      } catch (err) {
        if (err.stale && !old) return missing(id, `The API has an operation ${newName} already.`);
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
      toast(old ? `${properties.displayName} was saved` : `${properties.displayName} was added`, 'success');
      return newName;
    },
  }], { wide: true });
  return again ? editOperation(api, name) : done;
}

/**
 * Rows of parameters. With fixed their names come from elsewhere, by names();
 * else they are added and removed here. What a row does not show is kept.
 */
function parameters(given, { fixed = false } = {}) {
  const rows = h('div', { class: 'stack' });
  let all = [];
  const known = new Map(given.map((p) => [p.name.replace(/^\*/, ''), p]));

  const add = (parameter, focus = false) => {
    const name = field('Name', input(parameter.name ?? '', { class: 'mono', disabled: fixed }));
    const type = field('Type', input(parameter.type ?? 'string', { list: 'parameter-types' }));
    const values = field('Allowed values', input((parameter.values ?? []).join(', '), { placeholder: 'any' }), { hint: 'With commas between them.' });
    const initial = field('Default', input(parameter.defaultValue ?? ''));
    const description = field('Description', input(parameter.description ?? ''));
    const required = field('Required', h('input', { type: 'checkbox', checked: parameter.required ?? false }));
    description.classList.add('full');
    const title = uid('parameter');
    const row = {
      parameter,
      element: h('div', { class: 'parameter', role: 'group', 'aria-labelledby': title },
        fixed ? h('h3', { id: title }, h('code', `{${parameter.name}}`)) : h('h3', { id: title, class: 'visually-hidden' }, 'Parameter'),
        h('div', { class: 'fields tight' }, !fixed && name, type, initial, values, description),
        !fixed && h('div', { class: 'spread' }, required, button('Remove', () => {
          all = all.filter((r) => r !== row);
          row.element.remove();
        }, { kind: 'plain', icon: 'trash' }))),
      read: () => ({
        ...row.parameter,
        name: fixed ? row.parameter.name : name.input.value.trim(),
        type: type.input.value.trim() || 'string',
        required: fixed ? true : required.input.checked,
        values: values.input.value.split(',').map((v) => v.trim()).filter(Boolean),
        defaultValue: initial.input.value || undefined,
        description: description.input.value || undefined,
      }),
    };
    all.push(row);
    rows.append(row.element);
    if (focus) name.input.focus();
    return row;
  };

  if (!fixed) given.forEach((p) => add(p));
  const types = h('datalist', { id: 'parameter-types' }, ['string', 'integer', 'number', 'boolean'].map((t) => h('option', { value: t })));
  return {
    element: [fixed ? types : null, rows, !fixed && h('div', { class: 'row' }, h('button', { type: 'button', class: 'button plain', onclick: () => add({}, true) }, icon('plus'), 'Add'))],
    add: (p) => add(p),
    empty: () => all.length === 0,
    names(names) {
      // A row stays what it was while its name is typed on.
      for (const row of all) known.set(row.parameter.name, row.read());
      if (all.map((r) => r.parameter.name).join('\n') === names.join('\n')) return;
      all = [];
      replace(rows);
      for (const name of names) add({ type: 'string', required: true, ...known.get(name), name });
    },
    read: () => all.map((r) => r.read()).filter((p) => p.name !== ''),
  };
}
