// One backend: an address with its credentials and breaker, or a pool.

import { arm, list, path, root, tail } from '../api.js';
import { missing } from '../apipage.js';
import { conflict } from '../conflict.js';
import { iso, short } from '../duration.js';
import { now, subscribe } from '../live.js';
import { references } from '../places.js';
import { breakerBadge, membersTable, strategyBadge, strategyHelp } from '../poolview.js';
import { badge, button, field, h, icon, input, pageHead, replace, select, showErrors, toast } from '../ui.js';
import { removeBackend } from './backends.js';

export default {
  title: (params) => params.backend,
  nav: 'backends',
  async render(main, params, { signal, guard, reload }) {
    const at = path('backends', params.backend);
    const [backend, all] = await Promise.all([arm(at, { signal }), list('/backends', { signal })]);
    const p = backend.properties;
    let { etag } = backend;
    const pool = (p.type ?? 'Single').toLowerCase() === 'pool';
    main.append(pageHead(backend.name, {
      breadcrumb: [['Backends', '#/backends']],
      lead: h('span', { class: 'row' }, badge(pool ? 'Pool' : 'Single'), p.title),
    }));
    const title = field('Title', input(p.title, { name: 'title' }), { optional: true });
    const description = field('Description', input(p.description, { name: 'description' }), { optional: true });
    const parts = pool ? poolParts(p, backend.name, all) : singleParts(p);
    const errors = h('div');
    const fields = { title, description, ...parts.fields };
    const unsaved = h('span', badge('Not saved', 'warn'));
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
      class: 'stack',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        for (const f of Object.values(fields)) f.setError('');
        replace(errors);
        const properties = parts.read();
        if (!properties) return;
        try {
          await arm(at, { method: 'PATCH', ifMatch: etag, body: { properties: { title: title.input.value.trim() || null, description: description.input.value.trim() || null, ...properties } } });
        } catch (err) {
          const rest = err.stale ? conflict(backend, { keep, load }) : showErrors(fields, err);
          if (rest) {
            replace(errors, rest);
            errors.scrollIntoView({ block: 'center' });
          }
          return;
        }
        guard(null);
        toast('The backend was saved and is in force', 'success');
        reload();
      },
    }, h('div', { class: 'actions save-bar' }, save, unsaved), errors, parts.elements, h('section', { class: 'card stack' }, h('h2', 'Title and description'), h('div', { class: 'fields' }, title, description)));
    const live = h('section', { class: 'card stack', 'aria-label': 'Now', hidden: true });
    main.append(live, form);
    subscribe(() => drawLive(live, backend.name), signal);
    const state = () => JSON.stringify([...form.elements].map((el) => (el.type === 'checkbox' || el.type === 'radio' ? el.checked : el.value)));
    const before = state();
    const mark = () => {
      unsaved.hidden = state() === before;
    };
    new MutationObserver(mark).observe(form, { childList: true, subtree: true }); // rows come and go
    form.addEventListener('input', mark);
    form.addEventListener('change', mark);
    mark();
    guard(() => (state() === before ? null : 'What you changed here is not saved.'));
    main.append(h('section', { class: 'card stack' }, h('h2', 'Where it is used'), references(at, { nothing: 'No pool and no policy names it.' }),
      h('div', { class: 'actions' }, button('Delete backend', async () => {
        if (!(await removeBackend(backend))) return;
        guard(null);
        location.hash = '#/backends';
      }, { kind: 'danger', icon: 'trash' }))));
  },
};

// drawLive shows a pool's members as they are now, or a backend's breaker where a
// pool holds it.
function drawLive(el, name) {
  const pool = now.pools.find((x) => x.name === name);
  const member = pool ? null : now.pools.flatMap((x) => x.members).find((m) => m.backend === name);
  el.hidden = !pool && !member;
  if (pool) replace(el, h('div', { class: 'row' }, h('h2', 'Now'), strategyBadge(pool), pool.waiting > 0 && badge(`${pool.waiting} waiting`, 'warn')), membersTable(pool));
  else if (member) replace(el, h('div', { class: 'row' }, h('h2', 'Now'), 'Circuit breaker ', breakerBadge(member), h('span', { class: 'muted' }, `${member.inFlight} in flight`)));
}

const addButton = (label, onclick) => h('div', { class: 'row' }, h('button', { type: 'button', class: 'button plain', onclick }, icon('plus'), label));

// A list of rows of inputs; make(values) gives {element, read, focus}.
function rows(given, make, label) {
  let all = [];
  const box = h('div', { class: 'stack tight' });
  const add = (values) => {
    const row = make(values, () => {
      all = all.filter((r) => r !== row);
      row.element.remove();
    });
    all.push(row);
    box.append(row.element);
    return row;
  };
  given.forEach(add);
  return {
    element: [box, addButton(label, () => add(null).focus())],
    read: () => all.map((r) => r.read()).filter((x) => x !== null),
  };
}

const pairs = (map, label, hint) => rows(Object.entries(map ?? {}).flatMap(([name, values]) => values.map((v) => [name, v])), (given, remove) => {
  const name = input(given?.[0], { class: 'mono', 'aria-label': 'Name', placeholder: 'name' });
  const value = input(given?.[1], { class: 'mono', 'aria-label': 'Value', placeholder: hint });
  return {
    element: h('div', { class: 'pair' }, name, value, button('Remove', remove, { icon: 'trash', iconOnly: true, kind: 'plain' })),
    read: () => (name.value.trim() ? [name.value.trim(), value.value] : null),
    focus: () => name.focus(),
  };
}, label);

// grouped is the map that ARM has, with null for what is gone: a patch merges.
function grouped(list, before) {
  const map = {};
  for (const [name] of Object.entries(before ?? {})) map[name] = null;
  for (const [name, value] of list) (map[name] ??= []).push(value);
  return map;
}

function singleParts(p) {
  const url = field('Runtime URL', input(p.url, { name: 'url', class: 'mono' }), { hint: h('span', 'May hold ', h('code', '{{named values}}'), '.') });
  const chain = field('Validate the certificate chain', h('input', { type: 'checkbox', checked: p.tls?.validateCertificateChain ?? true }));
  const name = field('Validate the certificate name', h('input', { type: 'checkbox', checked: p.tls?.validateCertificateName ?? true }));
  const c = p.credentials ?? {};
  const headers = pairs(c.header, 'Add a header', '{{key-eastus}}');
  const query = pairs(c.query, 'Add a query parameter', 'value');
  const scheme = field('Scheme', input(c.authorization?.scheme, { class: 'mono', placeholder: 'Bearer' }), { optional: true });
  const parameter = field('Parameter', input(c.authorization?.parameter, { class: 'mono' }), { optional: true });
  const identity = field('Managed identity, for the resource', input(c.managedIdentity?.resource, { class: 'mono', placeholder: 'https://cognitiveservices.azure.com' }), { optional: true });
  const client = field('Client id', input(c.managedIdentity?.clientId, { class: 'mono' }), { optional: true, hint: 'Empty for the system-assigned identity.' });
  const breaker = breakerParts(p.circuitBreaker);
  return {
    fields: { url, ...breaker.fields },
    elements: [
      h('section', { class: 'card stack' }, h('h2', 'Address'), url, h('div', { class: 'fields' }, chain, name)),
      h('section', { class: 'card stack' }, h('h2', 'Credentials'), h('p', { class: 'hint' }, 'What is added to every request that goes there.'),
        h('h3', 'Headers'), headers.element, h('h3', 'Query parameters'), query.element,
        h('h3', 'Authorization'), h('div', { class: 'fields' }, scheme, parameter), h('div', { class: 'fields' }, identity, client)),
      h('section', { class: 'card stack' }, h('h2', 'Circuit breaker'), breaker.element),
    ],
    read() {
      if (!url.input.value.trim()) return missing(url, 'A backend needs an address.') || null;
      const rule = breaker.read();
      if (!rule) return null;
      const header = headers.read();
      const parameters = query.read();
      const credentials = {
        header: header.length || c.header ? grouped(header, c.header) : undefined,
        query: parameters.length || c.query ? grouped(parameters, c.query) : undefined,
        authorization: scheme.input.value.trim() ? { scheme: scheme.input.value.trim(), parameter: parameter.input.value } : c.authorization ? null : undefined,
        managedIdentity: identity.input.value.trim() ? { resource: identity.input.value.trim(), clientId: client.input.value.trim() || null } : c.managedIdentity ? null : undefined,
      };
      return {
        url: url.input.value.trim(),
        tls: { validateCertificateChain: chain.input.checked, validateCertificateName: name.input.checked },
        credentials: Object.values(credentials).some((v) => v !== undefined) ? credentials : undefined,
        circuitBreaker: rule.value,
      };
    },
  };
}

// breakerParts edits the one rule that a breaker has in APIM. read gives
// {value}, of which null takes a breaker away, or null after it said what is
// wrong.
function breakerParts(given) {
  const rule = given?.rules?.[0];
  const f = rule?.failureCondition ?? {};
  const on = field('Trip when calls fail', h('input', { type: 'checkbox', checked: rule !== undefined }), { hint: 'While it is open, a pool sends the backend nothing; alone, it answers 503 at once.' });
  const name = field('Rule name', input(rule?.name ?? 'breaker', { class: 'mono' }));
  const by = field('Counted as', select(f.percentage ? 'percentage' : 'count', [['count', 'Number of failures'], ['percentage', 'Percentage of calls']]));
  const amount = field('Threshold', input(f.percentage || f.count || 1, { type: 'number', min: 1 }));
  const interval = field('Within', input(short(f.interval ?? 'PT1M')), { hint: 'Such as 10s, 1m, 1h, or PT1M.' });
  const trip = field('Trip duration', input(short(rule?.tripDuration ?? 'PT1M')), { hint: 'How long it stays open.' });
  const accept = field('Accept Retry-After', h('input', { type: 'checkbox', checked: rule?.acceptRetryAfter ?? true }), { hint: 'The Retry-After of the tripping answer takes the place of the trip duration.' });
  const ranges = rows(f.statusCodeRanges ?? [{ min: 429, max: 429 }, { min: 500, max: 599 }], (r, remove) => {
    const min = input(r?.min ?? '', { type: 'number', min: 200, max: 599, 'aria-label': 'From status', placeholder: '429' });
    const max = input(r?.max ?? '', { type: 'number', min: 200, max: 599, 'aria-label': 'To status', placeholder: '429' });
    return {
      element: h('div', { class: 'range' }, min, h('span', { class: 'muted' }, 'to'), max, button('Remove the range', remove, { icon: 'trash', iconOnly: true, kind: 'plain' })),
      read: () => (min.value === '' && max.value === '' ? null : { min: Number(min.value || max.value), max: Number(max.value || min.value) }),
      focus: () => min.focus(),
    };
  }, 'Add a range of statuses');
  const reasons = field('Error reasons', input((f.errorReasons ?? []).join(', '), { class: 'mono' }), { optional: true, hint: 'Reasons of a failed forward, such as BackendConnectionFailure, Timeout. With commas between them.' });
  const body = h('div', { class: 'stack' }, h('div', { class: 'fields tight' }, by, amount, interval, trip), accept,
    h('h3', 'Statuses that count as failures'), ranges.element, reasons, name);
  const show = () => {
    body.hidden = !on.input.checked;
  };
  on.input.addEventListener('change', show);
  show();
  return {
    fields: {},
    element: [on, body],
    read() {
      if (!on.input.checked) return { value: given ? null : undefined };
      const within = iso(interval.input.value);
      const open = iso(trip.input.value);
      if (!within) return missing(interval, 'This is no duration; write it like 10s, 1m or PT1M.') || null;
      if (!open) return missing(trip, 'This is no duration; write it like 10s, 1m or PT1M.') || null;
      const n = Number(amount.input.value);
      if (!(n >= 1) || (by.input.value === 'percentage' && n > 100)) return missing(amount, by.input.value === 'percentage' ? 'A percentage is 1 to 100.' : 'At least one failure.') || null;
      const errorReasons = reasons.input.value.split(',').map((r) => r.trim()).filter(Boolean);
      const statusCodeRanges = ranges.read();
      const failureCondition = {
        ...f, count: undefined, percentage: undefined, [by.input.value]: n, interval: within, statusCodeRanges, errorReasons: errorReasons.length ? errorReasons : undefined,
      };
      const changed = { ...rule, name: name.input.value.trim() || 'breaker', failureCondition, tripDuration: open, acceptRetryAfter: accept.input.checked };
      return { value: { rules: [changed, ...(given?.rules ?? []).slice(1)] } };
    },
  };
}

function poolParts(p, self, all) {
  const singles = all.filter((b) => (b.properties.type ?? 'Single').toLowerCase() !== 'pool' && b.name !== self).map((b) => b.name);
  const members = rows(p.pool?.services ?? [], (given, remove) => {
    const name = given ? tail(given.id) : '';
    const known = given && !singles.includes(name) ? [name, ...singles] : singles;
    const backend = field('Backend', select(name || known[0], known));
    const priority = field('Priority', input(given?.priority ?? '', { type: 'number', min: 0, max: 100, placeholder: '–' }));
    const weight = field('Weight', input(given?.weight ?? '', { type: 'number', min: 0, max: 100, placeholder: '–' }));
    return {
      element: h('div', { class: 'member', role: 'group', 'aria-label': `Member ${name}` }, backend, priority, weight, button('Remove the member', remove, { icon: 'trash', iconOnly: true, kind: 'plain' })),
      read: () => ({
        ...given,
        id: given && tail(given.id) === backend.input.value ? given.id : `${root}/backends/${backend.input.value}`,
        priority: priority.input.value === '' ? undefined : Number(priority.input.value),
        weight: weight.input.value === '' ? undefined : Number(weight.input.value),
      }),
      focus: () => backend.input.focus(),
    };
  }, 'Add a member');
  const session = p.pool?.sessionAffinity?.sessionId;
  const affinity = field('Session affinity', h('input', { type: 'checkbox', checked: session !== undefined }), { hint: 'A caller stays with the member that answered first, by a cookie.' });
  const cookie = field('Cookie name', input(session?.name ?? 'SessionId', { class: 'mono' }));
  const status = field('Status when every member is out', input(p.pool?.failureResponse?.statusCode ?? '', { type: 'number', min: 200, max: 599, placeholder: '503' }), { optional: true });
  const show = () => {
    cookie.hidden = !affinity.input.checked;
  };
  affinity.input.addEventListener('change', show);
  show();
  return {
    fields: {},
    elements: [
      h('section', { class: 'card stack' }, h('h2', 'Members'), h('p', { class: 'hint' }, 'The lowest priority that has a member whose breaker is closed gets the requests, shared by weight.'),
        singles.length === 0 && members.read().length === 0 ? h('p', { class: 'message warn' }, 'There are no single backends yet: add those first.') : members.element),
      h('section', { class: 'card stack' }, h('h2', 'Choice'), strategyHelp(self), affinity, cookie, status),
    ],
    read() {
      return {
        pool: {
          services: members.read(),
          sessionAffinity: affinity.input.checked ? { ...p.pool?.sessionAffinity, sessionId: { source: 'cookie', ...session, name: cookie.input.value.trim() || 'SessionId' } } : p.pool?.sessionAffinity ? null : undefined,
          failureResponse: status.input.value ? { statusCode: Number(status.input.value) } : p.pool?.failureResponse ? null : undefined,
        },
      };
    },
  };
}
