// One request many times: where the answers came from, and how long they took.

import { arm, relay } from './api.js';
import { duration, readTrace } from './traces.js';
import { badge, h, table } from './ui.js';

/**
 * What many answers amount to. runs are {status, total, attempts: [{origin,
 * status, error}]}. Gives {count, ok, moved, quantile(q), backends: [{origin,
 * answered, statuses: Map, asked}]}, backends in the order of their answers;
 * moved counts the requests that more than one backend was asked for.
 */
export function summarize(runs) {
  const backends = new Map();
  const of = (origin) => {
    if (!backends.has(origin)) backends.set(origin, { origin, answered: 0, asked: 0, statuses: new Map() });
    return backends.get(origin);
  };
  for (const run of runs) {
    run.attempts.forEach((a, i) => {
      const b = of(a.origin);
      b.asked++;
      const status = a.error ? 'no answer' : String(a.status);
      b.statuses.set(status, (b.statuses.get(status) ?? 0) + 1);
      if (i === run.attempts.length - 1) b.answered++;
    });
  }
  const times = runs.map((r) => r.total).sort((a, b) => a - b);
  return {
    count: runs.length,
    ok: runs.filter((r) => r.status >= 200 && r.status < 400).length,
    moved: runs.filter((r) => new Set(r.attempts.map((a) => a.origin)).size > 1).length,
    quantile: (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))] ?? 0,
    backends: [...backends.values()].sort((a, b) => b.answered - a.answered || a.origin.localeCompare(b.origin)),
  };
}

/**
 * Sends a relay request many times, two at once, each with a trace. onRun hears
 * of each run with all so far. Throws what the first failure was; an answer of
 * whatever status is none.
 */
export async function sendMany(request, count, { signal, onRun }) {
  const runs = [];
  let begun = 0;
  const one = async () => {
    while (begun < count) {
      begun++;
      const run = { status: null, total: 0, attempts: [] };
      let traceId = '';
      await relay({ ...request, trace: true }, {
        signal,
        onHead(head) {
          run.status = head.status;
          traceId = head.traceId ?? '';
        },
        onEnd({ elapsed }) {
          run.total = elapsed;
        },
      });
      if (traceId) {
        const trace = readTrace(await arm('/gateways/managed/listTrace', { method: 'POST', body: { traceId }, query: { view: 'full' }, signal }));
        run.attempts = trace.attempts.map(({ origin, status, error }) => ({ origin, status, error }));
      }
      runs.push(run);
      onRun(runs);
    }
  };
  await Promise.all([one(), one()]);
  return runs;
}

const kindOf = (status) => (status === 'no answer' || status >= '500' ? 'bad' : status >= '400' ? 'warn' : 'good');

/** The figures of many answers; name gives a backend's by its attempt. */
export function batchView(runs, name) {
  const s = summarize(runs);
  const figure = (label, value) => h('span', h('span', { class: 'muted' }, `${label} `), h('strong', value));
  return h('div', { class: 'stack' },
    h('div', { class: 'row figures-line' }, badge(`${s.ok} of ${s.count} answered well`, s.ok === s.count ? 'good' : 'bad'), figure('moved on', String(s.moved)), figure('median', duration(s.quantile(0.5))), figure('95 % within', duration(s.quantile(0.95)))),
    s.backends.length === 0 ? h('p', { class: 'muted' }, 'No backend was asked.') : table([
      { title: 'Backend', cell: (b) => name(b) },
      { title: 'Answered', cell: (b) => h('div', { class: 'portion' }, h('div', { class: 'span' }, b.answered > 0 && h('div', { style: { width: `${((100 * b.answered) / s.count).toFixed(1)}%` } })), h('span', `${b.answered} (${Math.round((100 * b.answered) / s.count)} %)`)) },
      { title: 'Asked', class: 'num', cell: (b) => String(b.asked) },
      { title: 'Its answers', cell: (b) => h('span', { class: 'row' }, [...b.statuses].sort().map(([status, n]) => badge(`${status} × ${n}`, kindOf(status)))) },
    ], s.backends, { caption: 'Where the answers came from' }));
}
