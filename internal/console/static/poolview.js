// Pools as the gateway runs them now: who would get the next request, and who is
// out for how long.

import { badge, h, table } from './ui.js';
import { compact } from './chart.js';

/** The state of a member's circuit breaker, with its end where it is open. */
export function breakerBadge(m) {
  if (m.breaker !== 'open') return badge(m.breaker ?? 'none', m.breaker === 'closed' ? 'good' : undefined);
  const left = m.openUntil ? Math.max(0, Math.ceil((new Date(m.openUntil) - Date.now()) / 1000)) : null;
  return badge(left === null ? 'open' : left > 90 ? `open until ${new Date(m.openUntil).toLocaleTimeString()}` : `open, ${left} s left`, 'bad');
}

/** How a pool chooses, in its own word. */
export const strategyBadge = (pool) => badge(pool.strategy === 'apim' ? 'as API Management' : pool.strategy);

// believed is what a strategy holds of a member, whichever figures it has.
function believed(belief) {
  const told = (v) => (typeof v === 'number' ? (Number.isInteger(v) ? compact(v) : v.toPrecision(3)) : String(v));
  return Object.entries(belief ?? {}).filter(([, v]) => v !== null && typeof v !== 'object').map(([k, v]) => `${k} ${told(v)}`).join(', ') || '–';
}

/** The members of a pool as a table. */
export function membersTable(pool) {
  const unlimited = (n) => (n === null || n === undefined ? '–' : String(n));
  return table([
    { title: 'Backend', cell: (m) => h('a', { href: `#/backends/${encodeURIComponent(m.backend)}` }, m.backend) },
    { title: 'Priority', class: 'num', cell: (m) => unlimited(m.priority) },
    { title: 'Weight', class: 'num', cell: (m) => unlimited(m.weight) },
    { title: 'Circuit breaker', cell: breakerBadge },
    { title: 'In flight', class: 'num', cell: (m) => String(m.inFlight ?? 0) },
    ...(pool.members.some((m) => m.belief) ? [{ title: 'Belief', cell: (m) => believed(m.belief) }] : []),
  ], pool.members, { caption: `Members of ${pool.name}` });
}
