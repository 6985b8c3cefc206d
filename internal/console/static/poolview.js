// Pools as the gateway runs them now: who would get the next request, and who is
// out for how long.

import { compact, seconds } from './chart.js';
import { badge, button, copy, h, table } from './ui.js';

// The strategies there are, and what each goes by.
const strategies = [
  ['apim', 'API Management’s own rule: by weight, in the best priority whose breakers are closed.'],
  ['least-busy', 'The member with the fewest requests under way for its weight.'],
  ['least-latency', 'The quicker of two drawn at random.'],
  ['overflow', 'What is paid for while it has room; the rest spills to the others.'],
  ['adaptive', 'Where the request is believed to be taken, by quota, latency and failures.'],
];

/** Where and how the strategy of a pool is set: it is Spillway’s own, and not a part of the resource. */
export function strategyHelp(name) {
  const lines = `pools:\n  ${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)}: {strategy: adaptive}\n`;
  return h('details', h('summary', 'Choose another strategy'), h('div', { class: 'stack tight' },
    h('p', 'API Management has no such setting, so it is not a part of the backend: it stands in ', h('code', 'spillway.yaml'), ' of the service folder, under ', h('code', 'pools'), ', and holds as soon as that file is saved.'),
    h('div', { class: 'with-buttons' }, h('pre', { class: 'sample', tabindex: 0, 'aria-label': 'Lines for spillway.yaml' }, lines), button('Copy the lines', () => copy(lines, 'The lines were copied'), { icon: 'copy', iconOnly: true })),
    h('dl', { class: 'kv' }, strategies.map(([s, text]) => [h('dt', h('code', s)), h('dd', text)]))));
}

/** The state of a member's circuit breaker, with its end where it is open. */
export function breakerBadge(m) {
  if (m.breaker !== 'open') return badge(m.breaker ?? 'none', m.breaker === 'closed' ? 'good' : undefined);
  const left = m.openUntil ? Math.max(0, Math.ceil((new Date(m.openUntil) - Date.now()) / 1000)) : null;
  return badge(left === null ? 'open' : left > 90 ? `open until ${new Date(m.openUntil).toLocaleTimeString()}` : `open, ${left} s left`, 'bad');
}

/** How a pool chooses, in the word of spillway.yaml. */
export const strategyBadge = (pool) => badge(`strategy ${pool.strategy}`);

/**
 * What a strategy believes of a backend, in words: an object with tokens and
 * requests left, the time to the first byte and failures, or with several
 * deployments that have these.
 */
export function beliefText(b) {
  const parts = [];
  const left = (a, what) => {
    if (a?.left === null || a?.left === undefined) return;
    parts.push(`${compact(Math.max(0, a.left))}${a.limit ? ` of ${compact(a.limit)}` : ''} ${what} left`);
  };
  for (const d of b.deployments ?? [b]) {
    const before = parts.length;
    left(d.tokens, 'tokens');
    left(d.requests, 'requests');
    if (typeof d.utilization === 'number') parts.push(`${Math.round(d.utilization)} % used`);
    if (typeof d.firstByteSeconds === 'number') parts.push(`first byte ${seconds(d.firstByteSeconds)}`);
    if (d.until) parts.push(`at rest until ${clock(d.until)}`);
    if (d.deployment && parts.length > before) parts[before] = `${d.deployment}: ${parts[before]}`;
  }
  if (b.errors > 0) parts.push(`${Math.round(b.errors * 100)} % fail`);
  if (b.ejectedUntil) parts.push(`set aside until ${clock(b.ejectedUntil)}`);
  return parts.join(', ') || 'nothing yet';
}

const clock = (time) => new Date(time).toLocaleTimeString();

/** The members of a pool as a table. */
export function membersTable(pool) {
  const unlimited = (n) => (n === null || n === undefined ? '–' : String(n));
  return table([
    { title: 'Backend', cell: (m) => h('a', { href: `#/backends/${encodeURIComponent(m.backend)}` }, m.backend) },
    { title: 'Priority', class: 'num', cell: (m) => unlimited(m.priority) },
    { title: 'Weight', class: 'num', cell: (m) => unlimited(m.weight) },
    { title: 'Circuit breaker', cell: breakerBadge },
    { title: 'In flight', class: 'num', cell: (m) => String(m.inFlight ?? 0) },
    ...(pool.members.some((m) => m.belief) ? [{ title: 'Believed', cell: (m) => h('span', { class: 'muted' }, m.belief ? beliefText(m.belief) : '–') }] : []),
  ], pool.members, { caption: `Members of ${pool.name}` });
}
