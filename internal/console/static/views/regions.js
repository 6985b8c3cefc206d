// The simulated regions: what they answer, and what is wrong with them on order.

import { path, request } from '../api.js';
import { chart, compact, rate } from '../chart.js';
import { now, rates, refresh, regionNames, samples, subscribe } from '../live.js';
import { badge, breakable, button, confirm, copy, emptyState, errorBox, field, h, input, pageHead, replace, select, table, toast } from '../ui.js';

// The kinds of faults, with the fields that each has.
export const kinds = [
  ['throttle', '429 Too Many Requests', ['mode', 'retryAfter', 'retryAfterMs', 'share', 'deployment']],
  ['status', 'Another status', ['status', 'body', 'share', 'deployment']],
  ['refuse', 'Connection refused', []],
  ['slow', 'Slow to answer', ['delay', 'share', 'deployment']],
  ['brownout', 'Brown-out: errors, and slow', ['errors', 'status', 'factor', 'deployment']],
  ['squeeze', 'Less quota', ['quota', 'deployment']],
  ['hang', 'Silence for good', ['after', 'share', 'deployment']],
  ['stall', 'Silence for a while', ['delay', 'after', 'share', 'deployment']],
  ['cut', 'Connection cut', ['after', 'how', 'share', 'deployment']],
  ['malformed', 'Malformed stream', ['what', 'after', 'share', 'deployment']],
];

/** What the fields of a fault say before somebody changes them. */
export const initial = {
  mode: '', retryAfter: '10', retryAfterMs: '', status: '500', body: '', delay: '2s', errors: '30', factor: '3', quota: '20',
  after: 'events', events: '5', how: 'reset', what: 'json', share: '100', deployment: '',
};

/** Whether a field matters, given what the others say. */
export function matters(field, kind, values) {
  if (!kinds.find(([k]) => k === kind)[2].includes(field)) return false;
  if (field === 'retryAfter' || field === 'retryAfterMs') return values.mode === '';
  if (field === 'share' || field === 'deployment') return !(kind === 'hang' && values.after === 'accept');
  if (field === 'after') return !(kind === 'malformed' && values.what === 'no-done');
  if (field === 'status' && kind === 'brownout') return Number(values.errors) > 0;
  return true;
}

/** The fault as the control takes it, from the texts of the fields. */
export function toFault(kind, values) {
  const of = (field) => (matters(field, kind, values) && values[field] !== '' ? values[field] : undefined);
  const number = (field, scale = 1) => (of(field) === undefined ? undefined : Number(of(field)) / scale);
  let body = of('body');
  try {
    body = body === undefined ? undefined : JSON.parse(body);
  } catch {
    // A text is sent as it is.
  }
  const after = of('after');
  return {
    kind,
    status: number('status'),
    body,
    mode: of('mode'),
    retryAfter: /^\d+$/.test(of('retryAfter') ?? '') ? number('retryAfter') : of('retryAfter'),
    retryAfterMs: number('retryAfterMs'),
    after: after === 'events' ? `events:${values.events}` : after,
    how: of('how') ?? of('what'),
    delay: of('delay'),
    errors: number('errors', 100) || undefined,
    factor: number('factor'),
    quota: number('quota', 100),
    share: number('share', 100) === 1 ? undefined : number('share', 100),
    deployment: of('deployment'),
  };
}

export default {
  title: 'Simulated regions',
  nav: 'regions',
  async render(main, params, { signal }) {
    const regions = await (await request('/regions', { signal })).json();
    main.append(pageHead('Simulated regions', { lead: 'Each behaves as an Azure OpenAI resource does, with quotas and streams. Disturb one, and watch the traffic move.' }));
    if (regions.length === 0) {
      main.append(emptyState('No simulated regions run beside this service', h('span', 'List them under ', h('code', 'regions:'), ' in the folder’s ', h('code', 'spillway.yaml'), ' and start again, or run ', h('code', 'spillway demo'), '. Those of ', h('code', 'spillway simulate'), ' are another process with a control of its own, on port 9100.'),
        h('pre', { class: 'sample', tabindex: 0, 'aria-label': 'Lines for spillway.yaml' }, 'regions:\n  - {name: eastus, port: 9101}\n  - {name: australiaeast, port: 9102}\n')));
      return;
    }
    const traffic = chart('Requests to regions, per second', { stacked: true, format: rate });
    const failing = chart('Throttled and failed calls, per second', { format: rate });
    main.append(h('section', { class: 'stack', 'aria-label': 'Traffic' }, h('h2', 'Traffic'), h('div', { class: 'charts' }, traffic, failing)));
    const cards = new Map(regions.map((r) => [r.name, card(r)]));
    main.append(h('div', { class: 'cards regions' }, [...cards.values()].map((c) => c.element)));
    const log = h('div');
    const which = select(regions[0].name, regions.map((r) => r.name), { 'aria-label': 'Region whose requests are shown', onchange: () => drawLog() });
    main.append(h('section', { class: 'stack', 'aria-label': 'Requests' }, h('div', { class: 'spread' }, h('h2', 'Latest requests'), h('div', { class: 'row' }, which)), log));

    let shown = '';
    const drawLog = async () => {
      let entries;
      try {
        entries = await (await request(`/regions${path(which.value)}/requests?last=12`, { signal })).json();
      } catch (err) {
        if (err.name !== 'AbortError' && err.status !== 401) replace(log, errorBox(err));
        return;
      }
      const key = which.value + JSON.stringify(entries);
      if (key === shown) return;
      shown = key;
      replace(log, entries.length === 0 ? h('div', { class: 'card' }, h('p', { class: 'muted' }, `${which.value} got no request yet.`)) : table([
        { title: 'Time', cell: (e) => new Date(e.time).toLocaleTimeString() },
        { title: 'Request', cell: (e) => breakable(`${e.method} ${e.path}`) },
        { title: 'Status', cell: (e) => badge(e.status === 0 ? 'open' : String(e.status), e.status === 0 ? undefined : e.status < 300 ? 'good' : e.status === 429 ? 'warn' : 'bad') },
        { title: 'End', cell: (e) => ({ complete: 'complete', cut: 'cut by the fault', client_gone: 'caller left', open: 'under way' })[e.outcome] ?? e.outcome },
        { title: 'Key', cell: (e) => (e.key === 0 ? badge('none or wrong', 'bad') : `key ${e.key}`) },
      ], [...entries].reverse(), { caption: `Latest requests to ${which.value}` }));
    };

    subscribe(() => {
      for (const r of now.regions) cards.get(r.name)?.update(r);
      if (samples.length > 0) {
        const names = regionNames();
        const count = (name, pick) => (s) => (s.regions.has(name) ? pick(s.regions.get(name)) : 0);
        traffic.set(names.map((name) => ({ name, points: rates(count(name, (x) => x.attempts)) })));
        failing.set(names.map((name) => ({ name, points: rates(count(name, (x) => x.throttled + x.failed)) })));
      }
      drawLog();
    }, signal);
  },
};

/** What a fault does, in a sentence without its subject. */
export function describe(fault) {
  const percent = (share) => `${Math.round(share * 1000) / 10} %`;
  const part = [fault.share !== undefined && fault.share < 1 && `${percent(fault.share)} of requests`, fault.deployment && `deployment ${fault.deployment}`].filter(Boolean).join(', ');
  const what = {
    status: () => `answers ${fault.status}`,
    throttle: () => (fault.mode ? 'answers 429 that names no wait' : `answers 429, retry after ${fault.retryAfter ?? `${fault.retryAfterMs} ms`}${typeof fault.retryAfter === 'number' ? ' s' : ''}`),
    refuse: () => 'refuses connections',
    hang: () => `falls silent after ${place(fault.after)}`,
    stall: () => `falls silent for ${fault.delay} after ${place(fault.after)}`,
    cut: () => `cuts the connection after ${place(fault.after)}${fault.how === 'fin' ? ', politely' : ''}`,
    slow: () => `waits ${fault.delay} before it answers`,
    brownout: () => [fault.errors && `answers ${percent(fault.errors)} with ${fault.status ?? 500}`, fault.factor > 1 && `takes ${fault.factor} times as long`].filter(Boolean).join(' and '),
    squeeze: () => `has ${percent(fault.quota)} of its quota left`,
    malformed: () => ({ text: 'sends an event that is not JSON', html: 'sends a page in the middle of a stream', error: 'ends a stream with an error event', 'no-done': 'ends streams without [DONE]' })[fault.how] ?? 'sends an event whose JSON breaks off',
  }[fault.kind]?.() ?? `has the fault ${fault.kind}`;
  return part ? `${what} (${part})` : what;
}

const place = (after) => (after?.startsWith('events:') ? `${after.slice(7)} events` : after === 'accept' ? 'accepting it' : 'the headers');

// card shows a region; update takes what /regions says now, and leaves the form
// alone, where somebody may be at work.
function card(region) {
  const state = h('span');
  const numbers = h('div');
  const said = h('p', { class: 'fault' });
  const normal = button('Back to normal', async () => {
    await request(`/regions${path(region.name)}/fault`, { method: 'DELETE' });
    toast(`${region.name} is well again`, 'success');
    refresh();
  }, { 'aria-label': `Back to normal: ${region.name}` });
  const form = faultForm(region, normal);
  const update = (r) => {
    const key = JSON.stringify([r.fault, r.counters]);
    if (state.dataset.key === key) return;
    state.dataset.key = key;
    replace(state, r.fault ? badge('disturbed', 'bad') : badge('well', 'good'));
    replace(said, r.fault ? `It ${describe(r.fault)}.` : 'It answers as it should.');
    normal.disabled = !r.fault;
    const statuses = new Map();
    for (const counts of Object.values(r.counters)) for (const [status, n] of Object.entries(counts)) statuses.set(status, (statuses.get(status) ?? 0) + n);
    replace(numbers, statuses.size === 0 ? h('p', { class: 'muted' }, 'No requests yet.') : h('ul', { class: 'row plain-list' }, [...statuses].sort().map(([status, n]) => h('li', badge(`${status === '0' ? 'no answer' : status} × ${compact(n)}`, status.startsWith('2') ? 'good' : status === '429' ? 'warn' : status === '0' ? undefined : 'bad')))));
  };
  const element = h('article', { class: 'card stack', 'aria-label': region.name },
    h('header', h('h2', region.name), state),
    h('p', { class: 'row' }, h('code', region.address), button(`Copy the address of ${region.name}`, () => copy(region.address, 'Address copied'), { icon: 'copy', iconOnly: true, kind: 'plain' })),
    h('div', { class: 'spread' }, numbers, button(`Reset counters of ${region.name}`, async () => {
      await request(`/regions${path(region.name)}/reset`, { method: 'POST' });
      toast(`Counters, log and quotas of ${region.name} start afresh`, 'success');
      refresh();
    }, { icon: 'refresh', iconOnly: true, kind: 'plain' })),
    said, form,
    h('details', h('summary', 'Deployments and keys'),
      h('ul', region.deployments.map((d) => h('li', h('code', d.name), h('span', { class: 'muted' }, ` ${compact(d.tpm)} TPM, ${compact(d.rpm)} RPM`)))),
      h('div', { class: 'stack tight' }, region.keys.map((key, i) => keyRow(region.name, key, i + 1)))));
  update(region);
  return { element, update };
}

function keyRow(name, key, n) {
  let value = key;
  const shown = input('••••••••••••••••', { class: 'mono', readonly: true });
  return field(`Key ${n}`, h('div', { class: 'with-buttons' }, shown,
    button(`Show key ${n} of ${name}`, () => {
      shown.value = value;
    }, { icon: 'eye', iconOnly: true }),
    button(`Copy key ${n} of ${name}`, () => copy(value, `Key ${n} copied`), { icon: 'copy', iconOnly: true }),
    button(`Regenerate key ${n} of ${name}`, async () => {
      await confirm(`Regenerate key ${n} of ${name}?`, 'Requests with the old key get 401 from then on, as in Azure.', {
        action: 'Regenerate',
        run: async () => {
          value = (await (await request(`/regions${path(name)}/keys/${n}/regenerate`, { method: 'POST' })).json()).keys[n - 1];
          shown.value = value;
        },
      });
    }, { icon: 'refresh', iconOnly: true })));
}

// texts are the fields of the fault that is in force.
function texts(fault) {
  const out = { ...initial };
  const set = (field, value) => {
    if (value !== undefined) out[field] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  for (const field of ['mode', 'retryAfter', 'retryAfterMs', 'status', 'body', 'delay', 'factor', 'deployment']) set(field, fault[field]);
  for (const field of ['errors', 'quota', 'share']) set(field, fault[field] === undefined ? undefined : fault[field] * 100);
  set(fault.kind === 'malformed' ? 'what' : 'how', fault.how);
  if (fault.after?.startsWith('events:')) out.events = fault.after.slice(7);
  else set('after', fault.after);
  return out;
}

function faultForm(region, normal) {
  const name = region.name;
  const now = texts(region.fault ?? {});
  const kind = field('Fault', select(region.fault?.kind ?? 'throttle', kinds.map(([k, label]) => [k, label])));
  const number = (value, props = {}) => input(value, { type: 'number', min: 0, ...props });
  const fields = {
    mode: field('Wait', select(now.mode, [['', 'named'], ['reset-zero', 'not named']])),
    retryAfter: field('Retry-After (s)', input(now.retryAfter, { class: 'mono' })),
    retryAfterMs: field('retry-after-ms', number(now.retryAfterMs, { placeholder: 'none' })),
    errors: field('Errors, percent', number(now.errors, { max: 100 })),
    status: field('Status', number(now.status, { min: 200, max: 599 })),
    body: field('Body', input(now.body, { class: 'mono', placeholder: 'Azure’s own' })),
    factor: field('Times as slow', number(now.factor, { min: 1, step: 'any' })),
    quota: field('Quota left, percent', number(now.quota, { min: 1, max: 99 })),
    delay: field('For', input(now.delay, { class: 'mono' }), { hint: 'Such as 500ms or 2s.' }),
    what: field('What', select(now.what, [['json', 'JSON that breaks off'], ['text', 'no JSON'], ['html', 'a page'], ['error', 'an error event'], ['no-done', 'no [DONE]']])),
    after: field('After', select(now.after, [['accept', 'accepting'], ['headers', 'the headers'], ['events', 'events']])),
    events: field('Events', number(now.events, { min: 1 })),
    how: field('How', select(now.how, [['reset', 'reset'], ['fin', 'orderly close']])),
    share: field('Share, percent', number(now.share, { max: 100, step: 'any' })),
    deployment: field('Deployment', select(now.deployment, [['', 'all'], ...region.deployments.map((d) => d.name)])),
  };
  const values = () => Object.fromEntries(Object.entries(fields).map(([f, el]) => [f, el.input.value.trim()]));
  const show = () => {
    const k = kind.input.value;
    const after = fields.after.input;
    after.options[0].hidden = k !== 'hang';
    if (k !== 'hang' && after.value === 'accept') after.value = 'events';
    const v = values();
    for (const [f, el] of Object.entries(fields)) el.hidden = f === 'events' ? !(matters('after', k, v) && v.after === 'events') : !matters(f, k, v);
  };
  const errors = h('div');
  const apply = button('Apply', null, { kind: 'primary', type: 'submit', 'aria-label': `Apply the fault to ${name}` });
  const form = h('form', {
    class: 'stack tight',
    novalidate: true,
    onchange: show,
    oninput: show,
    onsubmit: async (event) => {
      event.preventDefault();
      replace(errors);
      try {
        await request(`/regions${path(name)}/fault`, { method: 'PUT', body: toFault(kind.input.value, values()) });
      } catch (err) {
        replace(errors, errorBox(err));
        return;
      }
      toast(`${name} is disturbed now`, 'success');
      refresh();
    },
  }, errors, kind, h('div', { class: 'fields tight' }, Object.values(fields)), h('div', { class: 'row' }, apply, normal));
  show();
  return form;
}
