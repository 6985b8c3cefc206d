// Two runs of a test, compared.

import { said, size } from './answer.js';
import { compareRuns, duration, oneLine, summary } from './traces.js';
import { badge, h, table } from './ui.js';
import { backendName } from './views/trace.js';

const clip = (text) => (text === '' ? 'empty' : h('span', { class: 'clip' }, oneLine(text).slice(0, 160)));

/** Two runs side by side: what differs, and what only differs from call to call. */
export function comparison(a, b, regions) {
  const c = compareRuns(a, b);
  const mark = (differs) => (differs ? badge('differs', 'warn') : h('span', { class: 'muted' }, 'equal'));
  const [wordsA, wordsB] = [a, b].map((run) => run.message || said(run));
  const attempts = (list) => (list ? list.map((t) => `${backendName(t, regions)} ${t.error ? '(no answer)' : t.status ?? ''}`).join(' → ') || 'none' : '–');
  const rows = [
    ['Status', `${a.status ?? '–'} ${a.reason}`, `${b.status ?? '–'} ${b.reason}`, mark(c.status)],
    ['First byte', a.firstByte === null ? '–' : duration(a.firstByte), b.firstByte === null ? '–' : duration(b.firstByte), difference(a.firstByte, b.firstByte)],
    ['Total', duration(a.total), duration(b.total), difference(a.total, b.total)],
    ['Size', size(a.bytes), size(b.bytes), mark(a.bytes !== b.bytes)],
    [wordsA && wordsB ? 'Message' : 'Body', clip(wordsA || a.body), clip(wordsB || b.body), mark(wordsA && wordsB ? wordsA !== wordsB : c.body)],
  ];
  if (c.attempts) {
    const [x, y] = c.attempts.map(attempts);
    rows.push(['Attempts', x, y, mark(x !== y)]);
    rows.push(['Service', a.trace.generation ?? '', b.trace.generation ?? '', c.generation ? badge('changed in between', 'warn') : h('span', { class: 'muted' }, 'the same')]);
  }
  const different = c.headers.filter((x) => x.kind !== 'same' && !x.volatile);
  const moving = c.headers.filter((x) => x.kind !== 'same' && x.volatile);
  const headerRows = (list) => table([
    { title: 'Header', cell: (x) => x.name },
    { title: a.title, cell: (x) => (x.a === null ? h('span', { class: 'muted' }, 'absent') : h('code', x.a)) },
    { title: b.title, cell: (x) => (x.b === null ? h('span', { class: 'muted' }, 'absent') : h('code', x.b)) },
  ], list, { caption: 'Headers that differ' });
  return h('div', { class: 'stack roomy' },
    table([{ title: 'Of', cell: (r) => r[0] }, { title: a.title, cell: (r) => r[1] }, { title: b.title, cell: (r) => r[2] }, { title: 'Difference', cell: (r) => r[3] }], rows, { caption: 'Two runs' }),
    h('h3', 'Headers'),
    different.length ? headerRows(different) : h('p', { class: 'muted' }, 'No header differs that says something.'),
    moving.length > 0 && h('details', h('summary', `${moving.length} headers differ from call to call`), headerRows(moving)),
    h('h3', 'Trace'),
    c.steps ? stepDifferences(c.steps, a, b) : h('p', { class: 'muted' }, 'Both runs need a trace for this: use Send with trace.'));
}

function difference(a, b) {
  if (a === null || b === null) return '–';
  const d = b - a;
  return h('span', { class: 'muted' }, Math.abs(d) < 1 ? 'about equal' : `${d > 0 ? '+' : '−'}${duration(Math.abs(d))}`);
}

function stepDifferences(steps, a, b) {
  const differing = steps.filter((s) => s.kind !== 'same');
  const list = (which) => h('ol', { class: 'differences' }, which.map(({ a: x, b: y, kind }) => {
    const step = x ?? y;
    const words = { added: `only in ${b.title}`, removed: `only in ${a.title}`, changed: 'differs', same: 'equal' };
    return h('li', { class: kind },
      h('div', { class: 'row' }, h('strong', step.source), h('span', { class: 'muted' }, `${step.section}${step.path ? ` · ${step.path}` : ''}`), badge(words[kind], kind === 'same' ? null : 'warn')),
      kind === 'changed' ? h('div', { class: 'sides' }, h('div', h('span', { class: 'muted' }, `${a.title}: `), h('span', summary(x))), h('div', h('span', { class: 'muted' }, `${b.title}: `), h('span', summary(y)))) : h('p', summary(step)));
  }));
  const same = steps.length - differing.length;
  return h('div', { class: 'stack' },
    differing.length ? list(differing) : h('p', { class: 'muted' }, 'Every step came to the same.'),
    same > 0 && h('details', h('summary', `${same} steps are equal`), list(steps.filter((s) => s.kind === 'same'))));
}
