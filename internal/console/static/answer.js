// The answer to a test: as it comes, and in panels once it is there.

import { duration } from './traces.js';
import { badge, button, copy, errorBox, h, table, tabs } from './ui.js';
import { statusBadge, traceView } from './views/trace.js';

/** A number of bytes as people read it. */
export const size = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

export function assembler() {
  let rest = '';
  let message = '';
  let events = 0;
  return {
    take(text) {
      rest += text;
      const lines = rest.split(/\r\n|\n|\r/);
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        events++;
        const data = line.slice(5).trim();
        if (data === '[DONE]') continue;
        try {
          const choice = JSON.parse(data).choices?.[0];
          message += choice?.delta?.content ?? choice?.text ?? '';
        } catch {
          // An event that is no JSON is among the events below.
        }
      }
      return message;
    },
    get events() {
      return events;
    },
  };
}

/** How many characters of an answer are drawn at once: browsers take seconds for megabytes. */
export const drawn = 100_000;

// longText is a text of whatever length: of a long one the beginning, and a button.
function longText(text, label) {
  const pre = h('pre', { class: 'answer-text', tabindex: 0, 'aria-label': label }, text.slice(0, drawn));
  if (text.length <= drawn) return pre;
  const more = h('p', { class: 'row muted' }, `The first ${size(drawn)} of ${size(text.length)}.`, button('Show all of it', () => {
    pre.textContent = text;
    more.remove();
    pre.focus();
  }));
  return [pre, more];
}

/** The text of an answer as one reads it best; rows of numbers, as of embeddings, in one line. */
export function pretty(run) {
  const type = run.headers.find(([n]) => n.toLowerCase() === 'content-type')?.[1] ?? '';
  if (/json/i.test(type) || /^\s*[[{]/.test(run.body)) {
    try {
      return JSON.stringify(JSON.parse(run.body), null, 2).replace(/\[\n([-\d.eE+,\s]+)\n\s*\]/g, (_, numbers) => `[${numbers.trim().replace(/\s+/g, ' ')}]`);
    } catch {
      // As it came.
    }
  }
  return run.body;
}

/** What the answer of a chat says, in one line of text, or ''. */
export function said(run) {
  try {
    const body = JSON.parse(run.body);
    return body.choices?.[0]?.message?.content ?? '';
  } catch {
    return '';
  }
}

function headerTable(headers) {
  return table([{ title: 'Header', cell: ([name]) => name }, { title: 'Value', cell: ([, value]) => h('code', value) }], headers, { caption: 'Headers of the answer' });
}

/** A finished run, as its panels. */
export function runPanels(run, regions, params) {
  const text = pretty(run);
  const message = run.message || said(run);
  const panels = [
    {
      label: 'Body',
      panel: h('div', { class: 'stack' },
        message && h('section', { class: 'message-text' }, h('h3', 'Message'), h('p', message)),
        text === '' ? h('p', { class: 'muted' }, 'The answer has no body.') : [
          h('div', { class: 'spread' }, h('h3', run.message ? 'Events' : 'Body'), button('Copy', () => copy(run.body, 'The body was copied'), { icon: 'copy', kind: 'plain' })),
          longText(text, 'The body of the answer')],
        run.bodyCut && h('p', { class: 'muted' }, 'What was kept of it ends here.')),
    },
    { label: `Headers (${run.headers.length})`, panel: headerTable(run.headers) },
  ];
  if (run.trace) panels.push({ label: 'Trace', panel: traceView(run.trace, { regions, params }) });
  else if (run.traceError) panels.push({ label: 'Trace', panel: errorBox(run.traceError) });
  return tabs(panels, { label: 'Answer', selected: run.trace ? 2 : 0 });
}

/** The one line of figures above an answer. */
export function figures(run) {
  return h('div', { class: 'row figures-line' },
    run.status ? statusBadge(run.status, run.reason) : badge('no answer', 'bad'),
    run.firstByte !== null && h('span', h('span', { class: 'muted' }, 'first byte '), h('strong', duration(run.firstByte))),
    h('span', h('span', { class: 'muted' }, 'total '), h('strong', duration(run.total))),
    h('span', h('span', { class: 'muted' }, 'size '), h('strong', size(run.bytes))),
    run.end === 'cut' && badge('cut off', 'bad'), run.end === 'cancelled' && badge('cancelled', 'warn'));
}
