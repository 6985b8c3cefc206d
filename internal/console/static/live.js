// What the gateway and the regions count, every two seconds, and the last
// minutes of it. Screens subscribe; without subscribers nothing is asked.

import { folderProblems, metrics, pools, regions } from './api.js';

/** Milliseconds between two samples. */
export const period = 2000;

const keep = 150; // samples: five minutes
const subscribers = new Set();

/**
 * The samples, oldest first: {time, regions: Map of name → counts, requests,
 * failed, throttled, failovers}. All are totals since the gateway started.
 */
export const samples = [];

/**
 * The latest answers of /regions and /pools, what went wrong, or null, and why the
 * folder is not what is in force, where it is not: {refused, problems, more}.
 */
export const now = { regions: [], pools: [], error: null, folder: null };

let timer = null;
let abort = null;

/** Calls back after each sample, the first as soon as it is there; stops when the signal does. */
export function subscribe(callback, signal) {
  if (signal.aborted) return;
  subscribers.add(callback);
  signal.addEventListener('abort', () => {
    subscribers.delete(callback);
    if (subscribers.size === 0) stop();
  });
  if (samples.length > 0) callback();
  if (!timer && !abort) take();
}

/** Asks at once, such as after something was changed. */
export function refresh() {
  stop();
  if (subscribers.size > 0) take();
}

function stop() {
  clearTimeout(timer);
  timer = null;
  abort?.abort();
  abort = null;
}

async function take() {
  timer = null;
  const mine = new AbortController();
  abort = mine;
  if (!document.hidden) {
    try {
      const [counted, running, pooled] = await Promise.all([
        metrics({ signal: mine.signal }), regions({ signal: mine.signal }), pools({ signal: mine.signal }),
      ]);
      const loaded = (counted.config_last_load_ok?.[0]?.value ?? 1) === 1;
      const folder = loaded ? null : await folderProblems({ signal: mine.signal });
      samples.push(sample(counted));
      if (samples.length > keep) samples.shift();
      Object.assign(now, { regions: running, pools: pooled, error: null, folder });
    } catch (err) {
      if (err.name === 'AbortError' || err.status === 401) {
        if (abort === mine) abort = null;
        return;
      }
      now.error = err;
    }
  }
  if (abort !== mine) return;
  abort = null;
  for (const callback of subscribers) callback();
  if (subscribers.size > 0) timer = setTimeout(take, period);
}

/** Totals by region and over all, from parsed metrics. */
export function sample(counted, time = Date.now()) {
  const byRegion = new Map();
  const of = (labels) => {
    const name = labels.region ?? '';
    if (!byRegion.has(name)) byRegion.set(name, { attempts: 0, ok: 0, throttled: 0, failed: 0, tokens: 0, buckets: new Map(), count: 0, remaining: {} });
    return byRegion.get(name);
  };
  const rows = (name) => counted[name] ?? [];
  for (const { labels, value } of rows('gateway_attempts_total')) {
    const r = of(labels);
    r.attempts += value;
    if (labels.status === '429') r.throttled += value;
    else if (labels.outcome === 'ok') r.ok += value;
    else if (labels.outcome !== 'client_closed' && labels.outcome !== 'overtaken') r.failed += value; // neither is the region's doing
  }
  for (const { labels, value } of rows('gateway_tokens_total')) of(labels).tokens += value;
  for (const { labels, value } of rows('gateway_first_byte_seconds_bucket')) of(labels).buckets.set(labels.le === '+Inf' ? Infinity : Number(labels.le), value);
  for (const { labels, value } of rows('gateway_first_byte_seconds_count')) of(labels).count = value;
  for (const { labels, value } of rows('gateway_quota_remaining')) of(labels).remaining[labels.of] = value;
  const total = (pick) => rows('gateway_requests_total').reduce((sum, r) => sum + (pick(r.labels.status) ? r.value : 0), 0);
  return {
    time,
    regions: byRegion,
    requests: total(() => true),
    failed: total((s) => Number(s) >= 500),
    throttled: total((s) => s === '429'),
    failovers: rows('gateway_failover_total')[0]?.value ?? 0,
  };
}

/** What a counter grew by; one that shrank began anew with its process. */
export const grown = (before, after) => (after >= before ? after - before : after);

/** The sample of at least ms ago, or the oldest. */
export function since(ms) {
  const from = (samples.at(-1)?.time ?? 0) - ms;
  return samples.findLast((s) => s.time <= from) ?? samples[0];
}

/** The rate per second between each two samples, as points for a chart. */
export function rates(pick) {
  const points = [];
  for (let i = 1; i < samples.length; i++) {
    const seconds = (samples[i].time - samples[i - 1].time) / 1000;
    points.push([samples[i].time, grown(pick(samples[i - 1]), pick(samples[i])) / seconds]);
  }
  return points;
}

/** A quantile of the first-token times between two samples of a region, in seconds; null without any. */
export function quantile(q, before, after) {
  if (!after) return null;
  const fresh = !before || after.count < before.count;
  const count = fresh ? after.count : after.count - before.count;
  if (count === 0) return null;
  let lower = 0;
  let below = 0;
  for (const [le, total] of [...after.buckets].sort((a, b) => a[0] - b[0])) {
    const here = fresh ? total : total - (before.buckets.get(le) ?? 0);
    if (here >= q * count) {
      if (le === Infinity) return lower;
      return lower + ((le - lower) * (q * count - below)) / Math.max(1e-9, here - below);
    }
    lower = le;
    below = here;
  }
  return lower;
}

/** The names of all regions that were seen: simulated ones first, in their order. */
export function regionNames() {
  const names = now.regions.map((r) => r.name);
  for (const name of samples.at(-1)?.regions.keys() ?? []) if (!names.includes(name)) names.push(name);
  return names;
}
