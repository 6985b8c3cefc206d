// Pools as the gateway runs them now: who would get the next request, and who is
// out for how long.

import { badge, h, table } from './ui.js';
import { compact, seconds } from './chart.js';

/** The state of a member's circuit breaker, with its end where it is open. */
export function breakerBadge(m) {
  if (m.breaker !== 'open') return badge(m.breaker ?? 'none', m.breaker === 'closed' ? 'good' : undefined);
  const left = m.openUntil ? Math.max(0, Math.ceil((new Date(m.openUntil) - Date.now()) / 1000)) : null;
  return badge(left === null ? 'open' : left > 90 ? `open until ${new Date(m.openUntil).toLocaleTimeString()}` : `open, ${left} s left`, 'bad');
}

/** How a pool chooses, in its own word. */
export const strategyBadge = (pool) => badge(pool.strategy === 'apim' ? 'as API Management' : pool.strategy);

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
