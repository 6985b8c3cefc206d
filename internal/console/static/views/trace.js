// A request's trace: the attempts and why each went where it went, what every
// policy did, and the variables.

import { designOf } from '../written.js';
import { readTrace, duration, oneLine, shown, summary } from '../traces.js';
import { beliefText } from '../poolview.js';
import { badge, button, copy, h, tabs, table } from '../ui.js';

/** The name of a region by its address, else the address. */
export const backendName = (attempt, regions = []) => regions.find((r) => r.address === attempt.origin)?.name || attempt.backend || attempt.origin.replace(/^https?:\/\//, '');

export const statusBadge = (status, reason = '') => badge(`${status} ${reason}`.trim(), status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good');

const fragmentOf = (file) => /^policy fragments\/([^/]+)\//.exec(file)?.[1] ?? '';

/** Where a step is written, as a link into Design, or null for what no policy did. */
function placeLink(step, params) {
  if (!step.file) return null;
  const fragment = fragmentOf(step.file);
  const href = designOf(step.scope, step.file, fragment, params);
  const label = `${fragment ? `fragment ${fragment}` : step.scope === 'global' ? 'all APIs' : step.scope}, line ${step.line}`;
  return href ? h('a', { class: 'place', href: `${href}?line=${step.line}`, title: `${step.file}:${step.line}` }, label) : h('span', { class: 'place' }, label);
}

function headerList(headers) {
  return h('dl', { class: 'kv headers' }, headers.map((f) => [h('dt', f.name ?? f[0]), h('dd', h('code', f.value ?? f[1]))]));
}

// whyNot is a reason with its time as this place's clock shows it.
const whyNot = (text) => text?.replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/, (at) => new Date(at).toLocaleTimeString());

/** The members of a pool as the choice saw them. */
function candidates(list) {
  return h('div', { class: 'members' }, table([
    { title: 'Member', cell: (c) => [c.backend, c.belief && h('div', { class: 'hint' }, beliefText(c.belief))] },
    { title: 'State', cell: (c) => badge(c.state ?? '–', c.state === 'closed' ? 'good' : c.state === 'open' ? 'bad' : null) },
    { title: 'Priority', class: 'num', cell: (c) => String(c.priority ?? '–') },
    { title: 'Weight', class: 'num', cell: (c) => String(c.weight ?? '–') },
    { title: 'In flight', class: 'num', cell: (c) => String(c.inFlight ?? '–') },
    { title: 'Score', class: 'num', cell: (c) => (c.score ? String(Math.round(c.score * 1000) / 1000) : '–') },
    { title: 'Why not', cell: (c) => whyNot(c.whyNot) || h('strong', 'chosen') },
  ], list, { caption: 'Members of the pool' }));
}

function event(e) {
  const inside = [];
  if (e.expression !== undefined) {
    inside.push(h('div', { class: 'evaluation' },
      e.path && /\/(when|otherwise)\[\d+\]$/.test(e.path) && h('span', { class: 'muted' }, /([a-z]+\[\d+\])$/.exec(e.path)[1]),
      h('pre', { tabindex: 0, 'aria-label': 'Expression' }, e.expression),
      h('div', { class: 'value' }, h('span', { class: 'muted' }, e.failed ? 'failed: ' : 'gave '), e.failed ? h('strong', { class: 'failure' }, e.details ?? e.text) : h('code', shown(e.value)))));
    if (e.words?.length) inside.push(h('ul', { class: 'muted' }, e.words.map((w) => h('li', w))));
  } else if (e.variable) {
    inside.push(h('p', { class: 'change' }, h('code', e.variable.name), ': ', e.before === null ? h('span', { class: 'muted' }, 'not set') : h('del', shown(e.before.value)), ' → ', h('ins', shown(e.variable.value))));
  } else {
    inside.push(h('p', { class: e.failed ? 'failure' : null }, e.text));
    if (e.note && e.note !== e.text) inside.push(h('p', { class: 'muted' }, e.note));
  }
  if (e.candidates) inside.push(candidates(e.candidates));
  if (e.headers?.length) inside.push(h('details', h('summary', `${e.headers.length} headers`), headerList(e.headers)));
  if (e.extra) inside.push(h('details', h('summary', 'More'), h('pre', { tabindex: 0 }, JSON.stringify(e.extra, null, 2))));
  return h('li', h('span', { class: 'when' }, `at ${duration(e.at)}`), h('div', inside));
}

// stepRow is what one policy did: a line, and behind it the particulars.
function stepRow(step, params) {
  const evaluated = step.events.filter((e) => e.expression !== undefined).length;
  return h('li', { class: ['step', step.failed && 'failed'], style: { '--depth': String(Math.min(step.depth, 6)) } },
    h('details', { open: step.failed },
      h('summary',
        h('span', { class: 'step-name' }, step.source, step.failed && [' ', badge('failed', 'bad')]),
        h('span', { class: 'step-text' }, oneLine(summary(step))),
        h('span', { class: 'step-took', title: `from the start: ${duration(step.at)}` }, `+${duration(step.took)}`)),
      h('div', { class: 'step-body' },
        h('p', { class: 'step-place' }, step.path && h('code', step.path), step.path && ' ', placeLink(step, params), evaluated > 1 && h('span', { class: 'muted' }, ` · ${evaluated} expressions`)),
        h('ol', { class: 'events' }, step.events.map((e) => event(e))))));
}

function policiesView(trace, params) {
  const box = h('div', { class: 'stack trace-sections' }, trace.sections.map((s) => h('section', { class: 'trace-section' },
    h('h3', s.name, ' ', h('span', { class: 'muted' }, `${s.steps.length} step${s.steps.length === 1 ? '' : 's'}, ${duration(s.took)}`)),
    h('ol', { class: 'trace-steps' }, s.steps.map((step) => stepRow(step, params))))));
  const all = [...box.querySelectorAll('.step > details')];
  let open = false;
  const toggle = button('Open all', () => {
    open = !open;
    for (const d of all) d.open = open;
    toggle.lastChild.textContent = open ? 'Close all' : 'Open all';
  }, { kind: 'plain' });
  return h('div', { class: 'stack' }, h('div', { class: 'spread' }, h('p', { class: 'muted' }, 'In the order in which they ran. Each line opens.'), toggle), box);
}

/** When an attempt began and ended within the whole, as a bar. */
function bar(a, total) {
  const percent = (ms) => `${(100 * Math.min(1, Math.max(0, ms / Math.max(total, 1e-6)))).toFixed(2)}%`;
  return h('div', { class: 'span', title: `from ${duration(a.at)} to ${duration(a.at + a.took)} of ${duration(total)}` }, h('div', { style: { 'margin-inline-start': percent(a.at), width: percent(a.took) } }));
}

/** The attempts as a list; the regions' names stand for their addresses. */
export function attemptsView(trace, regions, params) {
  if (trace.attempts.length === 0) return h('p', { class: 'muted' }, 'No backend was asked.');
  return [h('h3', { class: 'visually-hidden' }, 'Attempts'), h('ol', { class: 'attempts' }, trace.attempts.map((a, i, all) => {
    const again = all[i + 1]?.origin === a.origin ? 'Why once more: ' : 'Why it moved on: ';
    return h('li', { class: ['attempt', a.error || a.broken || a.status >= 400 ? 'bad' : a.ended ? null : 'good'] },
      h('div', { class: 'spread' },
        h('h4', `${a.n}. ${backendName(a, regions)}`),
        h('div', { class: 'row' }, a.error ? badge('no answer', 'bad') : a.ended ? badge('ended') : a.status === null ? badge('no answer') : [statusBadge(a.status, a.reason), a.broken && badge('broke off', 'bad')], h('span', { class: 'muted' }, duration(a.took)))),
      bar(a, trace.total),
      h('p', { class: 'mono small' }, `${a.method ?? ''} ${a.url}`),
      a.error && h('p', { class: 'failure' }, a.error),
      a.choice && h('p', h('strong', 'Why here: '), a.choice.text),
      a.notes.map((n) => h('p', { class: 'muted' }, n)),
      a.choice?.candidates && h('details', h('summary', 'What the pool saw'), candidates(a.choice.candidates)),
      a.why && h('p', h('strong', a.again ? again : 'Then: '), a.why, a.condition && [' ', h('code', a.condition)], a.retry && [' ', placeLink(a.retry, params)]));
  }))];
}

function variablesView(trace) {
  if (trace.variables.length === 0) return h('p', { class: 'muted' }, 'No variable was set.');
  return h('div', { class: 'roomy' }, table([
    { title: 'Variable', cell: (v) => h('code', v.name) },
    { title: 'Before', cell: () => h('span', { class: 'muted' }, 'not set') },
    { title: 'After', cell: (v) => h('code', shown(v.changes[v.changes.length - 1].to)) },
    {
      title: 'Changes',
      cell: (v) => h('ol', { class: 'changes' }, v.changes.map((c) => h('li',
        c.from === c.to ? [h('span', shown(c.to)), h('span', { class: 'muted' }, ' again')] : [c.from === undefined ? h('span', { class: 'muted' }, 'not set') : h('del', shown(c.from)), ' → ', h('ins', shown(c.to))],
        h('span', { class: 'muted' }, ` ${c.step.section}, ${c.step.source}, at ${duration(c.event.at)}`)))),
    },
  ], trace.variables, { caption: 'Variables' }));
}

/**
 * A trace as the screens show it. view is listTrace's full view, regions the
 * simulated ones for their names, params the screen's.
 */
export function traceView(view, { regions = [], params = {} } = {}) {
  const trace = readTrace(view);
  const failed = trace.steps.some((s) => s.failed && s.source !== 'request-forwarder');
  const policies = trace.steps.filter((s) => s.path).length;
  const raw = JSON.stringify(view, null, 2);
  return h('div', { class: 'trace' },
    h('p', { class: 'trace-head' },
      `${trace.attempts.length} attempt${trace.attempts.length === 1 ? '' : 's'}, ${policies} polic${policies === 1 ? 'y' : 'ies'} in ${duration(trace.total)}`, failed && [' ', badge('failed', 'bad')],
      h('span', { class: 'muted' }, ` · trace ${trace.id} · generation ${trace.generation}`)),
    tabs([
      { label: 'Attempts', panel: attemptsView(trace, regions, params) },
      { label: 'Policies', panel: policiesView(trace, params) },
      { label: 'Variables', panel: variablesView(trace) },
      { label: 'JSON', panel: h('div', { class: 'stack' }, h('div', { class: 'actions' }, button('Copy', () => copy(raw, 'The trace was copied'), { icon: 'copy' })), h('pre', { class: 'answer-text', tabindex: 0, 'aria-label': 'The trace as JSON' }, raw)) },
    ], { label: 'Trace', selected: failed ? 1 : 0 }));
}
