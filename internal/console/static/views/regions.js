// The simulated regions: what they answer, and what is wrong with them on order.

import { path, request } from '../api.js';
import { chart, compact, rate } from '../chart.js';
import { now, rates, refresh, regionNames, samples, subscribe } from '../live.js';
import { badge, button, confirm, copy, emptyState, errorBox, field, h, input, pageHead, replace, select, table, toast } from '../ui.js';

// The kinds of faults, with the fields that each has.
const kinds = [
  ['throttle', '429 Too Many Requests', ['retryAfter', 'retryAfterMs', 'share', 'deployment']],
  ['status', 'Another status', ['status', 'body', 'share', 'deployment']],
  ['refuse', 'Connection refused', []],
  ['slow', 'Slow to answer', ['delay', 'share', 'deployment']],
  ['hang', 'Silence', ['after', 'share', 'deployment']],
  ['cut', 'Connection cut', ['after', 'how', 'share', 'deployment']],
];

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
        { title: 'Request', cell: (e) => h('code', `${e.method} ${e.path}`) },
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

/** What a fault does, in a sentence. */
export function describe(fault) {
  const part = [fault.share !== undefined && fault.share < 1 && `${Math.round(fault.share * 100)} % of requests`, fault.deployment && `deployment ${fault.deployment}`].filter(Boolean).join(', ');
  const what = {
    status: () => `answers ${fault.status}`,
    throttle: () => (fault.mode ? 'answers 429 that names no wait' : `answers 429, retry after ${fault.retryAfter ?? `${fault.retryAfterMs} ms`}${fault.retryAfter !== undefined && typeof fault.retryAfter === 'number' ? ' s' : ''}`),
    refuse: () => 'refuses connections',
    hang: () => `falls silent after ${place(fault.after)}`,
    cut: () => `cuts the connection after ${place(fault.after)}${fault.how === 'fin' ? ', politely' : ''}`,
    slow: () => `waits ${fault.delay} before it answers`,
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
  const form = faultForm(region);
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
    numbers, said, form,
    h('div', { class: 'row' }, normal, button('Reset counters', async () => {
      await request(`/regions${path(region.name)}/reset`, { method: 'POST' });
      toast(`Counters, log and quotas of ${region.name} start afresh`, 'success');
      refresh();
    }, { 'aria-label': `Reset counters of ${region.name}` })),
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

function faultForm(region) {
  const name = region.name;
  const fault = region.fault ?? {};
  const events = fault.after?.startsWith('events:') ? fault.after.slice(7) : '5';
  const kind = field('Fault', select(fault.kind ?? 'throttle', kinds.map(([k, label]) => [k, label])));
  const after = select(fault.after?.startsWith('events:') ? 'events' : fault.after ?? 'events', [['accept', 'accepting the connection'], ['headers', 'the headers'], ['events', 'events of a stream']]);
  const number = field('Events', input(events, { type: 'number', min: 1 }));
  const fields = {
    status: field('Status', input(fault.status ?? 500, { type: 'number', min: 200, max: 599 })),
    body: field('Body', input(fault.body === undefined ? '' : typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body), { class: 'mono' }), { optional: true, hint: 'Azure’s own for the status when empty.' }),
    retryAfter: field('Retry-After (s)', input(fault.retryAfter ?? 10, { class: 'mono' })),
    retryAfterMs: field('retry-after-ms', input(fault.retryAfterMs ?? '', { type: 'number', min: 0 }), { optional: true }),
    after: h('div', { class: 'fields tight' }, field('After', after), number),
    how: field('How', select(fault.how ?? 'reset', [['reset', 'reset'], ['fin', 'orderly close']])),
    delay: field('Delay', input(fault.delay ?? '2s', { class: 'mono' }), { hint: 'Such as 500ms or 2s.' }),
    share: field('Share, percent', input(fault.share === undefined ? 100 : fault.share * 100, { type: 'number', min: 0, max: 100 })),
    deployment: field('Deployment', select(fault.deployment ?? '', [['', 'all'], ...region.deployments.map((d) => d.name)])),
  };
  const errors = h('div');
  const show = () => {
    const has = kinds.find(([k]) => k === kind.input.value)[2];
    for (const [f, el] of Object.entries(fields)) el.hidden = !has.includes(f);
    after.options[0].hidden = kind.input.value !== 'hang';
    if (kind.input.value !== 'hang' && after.value === 'accept') after.value = 'events';
    number.hidden = after.value !== 'events';
    const accepts = kind.input.value === 'hang' && after.value === 'accept';
    if (accepts) fields.share.hidden = fields.deployment.hidden = true;
  };
  kind.input.addEventListener('change', show);
  after.addEventListener('change', show);
  show();
  const read = () => {
    const is = (f) => !fields[f].hidden;
    const out = { kind: kind.input.value };
    if (is('status')) out.status = Number(fields.status.input.value);
    if (is('body') && fields.body.input.value) {
      try {
        out.body = JSON.parse(fields.body.input.value);
      } catch {
        out.body = fields.body.input.value;
      }
    }
    if (is('retryAfter') && fields.retryAfter.input.value !== '') {
      const text = fields.retryAfter.input.value.trim();
      out.retryAfter = /^\d+$/.test(text) ? Number(text) : text;
    }
    if (is('retryAfterMs') && fields.retryAfterMs.input.value !== '') out.retryAfterMs = Number(fields.retryAfterMs.input.value);
    if (is('after')) out.after = after.value === 'events' ? `events:${number.input.value}` : after.value;
    if (is('how')) out.how = fields.how.input.value;
    if (is('delay')) out.delay = fields.delay.input.value.trim();
    if (is('share') && Number(fields.share.input.value) !== 100) out.share = Number(fields.share.input.value) / 100;
    if (is('deployment') && fields.deployment.input.value) out.deployment = fields.deployment.input.value;
    return out;
  };
  const apply = button('Apply', null, { kind: 'primary', type: 'submit', 'aria-label': `Apply the fault to ${name}` });
  return h('form', {
    class: 'stack tight',
    novalidate: true,
    onsubmit: async (event) => {
      event.preventDefault();
      replace(errors);
      try {
        await request(`/regions${path(name)}/fault`, { method: 'PUT', body: read() });
      } catch (err) {
        replace(errors, errorBox(err));
        return;
      }
      toast(`${name} is disturbed now`, 'success');
      refresh();
    },
  }, errors, h('div', { class: 'fault-kind' }, kind, apply), h('div', { class: 'fields tight' }, Object.values(fields)));
}
