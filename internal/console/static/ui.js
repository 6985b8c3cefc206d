// The console's building blocks.

import { append, h, icon, replace, uid } from './dom.js';

export { announce, h, icon, replace, themeSwitch, uid } from './dom.js';

/**
 * A button. kind is 'primary', 'danger', 'quiet-danger' (in a dialog, one that
 * Enter does not do), 'plain' (no border) or none; with
 * iconOnly the label is for those who do not see it. While what onclick
 * returns is pending, the button is busy and takes no second click.
 */
export function button(label, onclick, { kind, icon: picture, iconOnly = false, type = 'button', disabled = false, ...rest } = {}) {
  const el = h('button', { ...rest, type, class: ['button', kind, iconOnly && 'icon-only', rest.class], disabled, title: iconOnly ? label : rest.title, 'aria-label': iconOnly ? label : rest['aria-label'] },
    picture && icon(picture), iconOnly ? null : h('span', label));
  if (onclick) {
    el.addEventListener('click', (event) => {
      if (el.getAttribute('aria-busy') === 'true') {
        event.preventDefault();
        return;
      }
      const pending = onclick(event);
      if (pending?.then) busy(el, pending);
    });
  }
  return el;
}

function busy(el, pending) {
  el.setAttribute('aria-busy', 'true');
  pending.catch((err) => {
    if (err.name !== 'AbortError') toast(err.message, 'error');
  }).finally(() => el.removeAttribute('aria-busy'));
}

/** A link that looks like a button. */
export function linkButton(label, href, { kind, icon: picture } = {}) {
  return h('a', { class: ['button', kind], href }, picture && icon(picture), h('span', label));
}

/**
 * An input with its label. The element has the methods setError(text), with ''
 * for none, and the property input. Inputs of the kinds text, select and
 * textarea stand below their label; checkboxes before it.
 */
export function field(label, input, { hint, error, optional = false } = {}) {
  const control = input.matches('input,select,textarea') ? input : input.querySelector('input,select,textarea') ?? input;
  control.id ||= uid('field');
  const check = control.type === 'checkbox' || control.type === 'radio';
  const hintId = hint ? control.id + '-hint' : null;
  const message = h('p', { class: 'field-error', id: control.id + '-error', hidden: true });
  const words = h('label', { for: control.id }, label, optional && h('span', { class: 'optional' }, ' (optional)'));
  const hintEl = hint && h('p', { class: 'hint', id: hintId }, hint);
  const el = h('div', { class: ['field', check && 'check'] }, check ? [input, h('div', words, hintEl, message)] : [words, input, hintEl, message]);
  if (hintId) control.setAttribute('aria-describedby', hintId);
  el.input = control;
  el.setError = (text) => {
    message.textContent = text;
    message.hidden = !text;
    control.setAttribute('aria-describedby', [hintId, text && message.id].filter(Boolean).join(' '));
    if (text) control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
  };
  if (error) el.setError(error);
  control.addEventListener('input', () => message.hidden || el.setError(''));
  return el;
}

/** A text input. */
export const input = (value, props = {}) => h('input', { type: 'text', autocomplete: 'off', spellcheck: false, ...props, value: value ?? '' });

/** A choice; options are texts or [value, label]. */
export function select(value, options, props = {}) {
  const el = h('select', props, options.map((o) => (Array.isArray(o) ? h('option', { value: o[0] }, o[1]) : h('option', { value: o }, o))));
  if (value !== undefined && value !== null) el.value = value;
  return el;
}

/**
 * Shows an error at the fields it is about. fields is {target: field}; what
 * belongs to none of them is returned as an element to show above the form, or
 * null.
 */
export function showErrors(fields, err) {
  for (const f of Object.values(fields)) f.setError('');
  const left = [];
  const told = new Set(); // at fields
  let first = null;
  for (const d of err.details ?? []) {
    const key = Object.keys(fields).find((k) => k.toLowerCase() === (d.target ?? '').toLowerCase());
    if (!key) {
      left.push(d);
      continue;
    }
    fields[key].setError(d.message);
    told.add(d.message.replace(/\.$/, ''));
    first ??= fields[key].input;
  }
  first?.focus();
  if (first && left.length === 0) return null;
  return errorBox(err, left, (err.problems ?? []).filter((p) => !told.has(p.message)));
}

/** An error inside a page or a dialog: what happened, with all its details. */
export function errorBox(err, details = err.details ?? [], drawn = err.problems ?? []) {
  const box = h('div', { class: 'message error', role: 'alert' });
  if (err.status === 412) {
    append(box, [h('p', h('strong', 'Someone else changed this in the meantime.')), h('p', 'Your change was not made. Load it again to see theirs, then make your change once more.')]);
    return box;
  }
  if (drawn.length) append(box, [h('p', h('strong', 'Nothing was changed: the service would not compile.')), problems(drawn)]);
  else if (details.length) append(box, [h('p', h('strong', err.message)), h('ul', details.map((d) => h('li', d.message)))]);
  else append(box, [h('p', err.message)]);
  return box;
}

/**
 * A table. columns are {title, cell(row), class, hidden}; hidden titles are
 * read aloud only. On narrow screens each row is a card whose cells bear the
 * columns' titles. The first column heads its row. With find, what the rows are
 * (such as "APIs"), many rows get a field that narrows them down.
 */
export function table(columns, rows, { caption, find } = {}) {
  const lines = rows.map((row) => h('tr', columns.map((c, i) => h(i === 0 ? 'th' : 'td', { scope: i === 0 ? 'row' : null, class: c.class, dataset: c.hidden || i === 0 ? {} : { label: c.title } }, c.cell(row)))));
  const wrap = h('div', { class: 'table-wrap' }, h('table',
    caption && h('caption', { class: 'visually-hidden' }, caption),
    h('thead', h('tr', columns.map((c) => h('th', { scope: 'col', class: c.class }, c.hidden ? h('span', { class: 'visually-hidden' }, c.title) : c.title)))),
    h('tbody', lines)));
  scrolling ??= new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const wrap = target.closest('.table-wrap');
      if (wrap?.scrollWidth > wrap?.clientWidth) wrap.tabIndex = 0;
      else wrap?.removeAttribute('tabindex');
    }
  });
  // Either may change its width without the other.
  scrolling.observe(wrap);
  scrolling.observe(wrap.firstElementChild);
  const box = find && finder(lines, find, sought);
  return box ? h('div', { class: 'stack tight' }, box, wrap) : wrap;
}

const few = 12; // rows that one sees at a glance
const sought = new Map(); // what was looked for in tables, by screen: it is there when one comes back

/**
 * A field that hides those of many elements that have not its words; null for few
 * of them. what they are is said beside it, kept has what was looked for before.
 */
export function finder(lines, what, kept = new Map()) {
  if (lines.length <= few) return null;
  const key = `${location.hash} ${what}`;
  const count = h('span', { class: 'muted', role: 'status' });
  const draw = (text) => {
    kept.set(key, text);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const line of lines) line.hidden = !words.every((w) => line.textContent.toLowerCase().includes(w));
    const shown = lines.filter((line) => !line.hidden).length;
    count.textContent = shown === lines.length ? `${shown} ${what}` : `${shown || 'None'} of ${lines.length} ${what}`;
  };
  const box = input(kept.get(key), { type: 'search', placeholder: 'Filter', 'aria-label': `Filter the ${what}`, oninput: () => draw(box.value) });
  draw(box.value);
  return h('div', { class: 'row finder' }, box, count);
}

// A table that is wider than its place is scrolled by keyboard, too.
let scrolling = null;

/**
 * Opens a dialog and gives a promise of the value that its action returned, or
 * null when it was left. actions are {label, kind, run}; run may return false
 * to keep it open, and what it throws is shown inside. Enter in an input does
 * the first action that is 'primary' or 'danger'. "Cancel" is there of itself.
 */
export function dialog(title, body, actions = [], { wide = false, cancel = 'Cancel' } = {}) {
  return new Promise((resolve) => {
    let value = null;
    const errors = h('div', { class: 'dialog-errors' });
    const titleId = uid('dialog');
    const run = async (action) => {
      replace(errors);
      try {
        const result = await action.run?.();
        if (result === false) return;
        value = result ?? true;
        el.close();
      } catch (err) {
        replace(errors, errorBox(err));
        errors.scrollIntoView({ block: 'nearest' });
      }
    };
    const buttons = actions.map((a) => [a, button(a.label, () => run(a), { kind: a.kind })]);
    const el = h('dialog', { class: ['dialog', wide && 'wide'], 'aria-labelledby': titleId },
      h('form', {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          const main = buttons.find(([a]) => a.kind === 'primary' || a.kind === 'danger');
          if (main) main[1].click();
        },
      },
      h('header', h('h2', { id: titleId }, title), button('Close', () => el.close(), { icon: 'close', iconOnly: true, kind: 'plain' })),
      h('div', { class: 'dialog-body' }, errors, body),
      h('footer', buttons.filter(([a]) => a.kind === 'quiet-danger').map(([, b]) => b), button(cancel, () => el.close()), buttons.filter(([a]) => a.kind !== 'quiet-danger').map(([, b]) => b)),
      // Enter submits only a form that has such a button.
      h('button', { type: 'submit', class: 'visually-hidden', tabindex: -1, 'aria-hidden': 'true' })));
    el.addEventListener('close', () => {
      const under = [...document.querySelectorAll('dialog[open]')].filter((d) => d !== el).at(-1);
      speakFrom(under ?? document.body);
      el.remove();
      resolve(value);
    });
    document.body.append(el);
    el.showModal();
    speakFrom(el);
    const first = el.querySelector('.dialog-body input, .dialog-body select, .dialog-body textarea');
    (first ?? el.querySelector('footer button')).focus();
  });
}

// speakFrom moves what says something in passing to where it is heard and can be
// clicked: behind a dialog nothing can.
function speakFrom(host) {
  host.append(document.getElementById('toasts'), document.getElementById('announcer'));
}

/** Asks before something is lost. Gives true after run was done. */
export async function confirm(title, text, { action = 'Delete', run } = {}) {
  return (await dialog(title, h('p', text), [{ label: action, kind: 'danger', run }])) !== null;
}

/** Says something in passing. kind is 'success', 'error' or 'info'. */
export function toast(text, kind = 'info') {
  const el = h('div', { class: ['toast', kind] }, h('span', text), button('Dismiss', () => el.remove(), { icon: 'close', iconOnly: true, kind: 'plain' }));
  const all = document.getElementById('toasts');
  all.append(el);
  while (all.children.length > 2) all.firstElementChild.remove();
  setTimeout(() => el.remove(), kind === 'error' ? 12000 : 4000);
  return el;
}

/** Copies a text, and says so. */
export async function copy(text, what = 'Copied') {
  try {
    await navigator.clipboard.writeText(text);
    toast(what, 'success');
  } catch {
    toast('The browser does not let the page copy. Select the text and copy it by hand.', 'error');
  }
}

/**
 * Draws problems as the commands do: file:line:column, the message, the line
 * with carets under what is wrong, and the hint. A problem from the server has
 * its drawing; for others text is what the positions count in. onJump(problem)
 * makes each place a button.
 */
export function problems(list, { text, onJump } = {}) {
  return h('ol', { class: 'problems', 'aria-label': 'Problems' }, list.map((p) => {
    const lines = drawing(p, text).replace(/\n$/, '').split('\n');
    const [head, ...rest] = lines;
    const body = h('pre', { class: 'problem', tabindex: 0, 'aria-label': head },
      h('span', { class: ['problem-head', p.severity] }, head), rest.length ? '\n' + rest.join('\n') : null);
    return h('li', onJump && button(`Line ${p.line}, column ${p.column}`, () => onJump(p), { kind: 'plain', class: 'jump' }), body);
  }));
}

/** One problem as text, with carets. */
export function drawing(p, text) {
  if (p.drawn) return p.drawn;
  let message = p.message;
  if (p.code?.startsWith('CS')) message += ` (${p.code})`;
  if (p.severity === 'warning') message = 'warning: ' + message;
  if (!p.line) return message + (p.hint ? `\nhint: ${p.hint}` : '');
  let out = `${p.file ? p.file + ':' : ''}${p.line}:${p.column}: ${message}\n`;
  const line = text?.split(/\r\n|\r|\n/)[p.line - 1];
  if (line !== undefined) {
    const chars = [...line];
    const width = Math.max(5, String(p.line).length);
    const end = p.endLine > p.line ? chars.length + 1 : p.endColumn;
    const before = chars.slice(0, p.column - 1).map((c) => (c === '\t' ? '\t' : ' ')).join('');
    out += `${String(p.line).padStart(width)} | ${line.trimEnd()}\n${' '.repeat(width)} | ${before}${'^'.repeat(Math.max(1, end - p.column))}\n`;
  }
  if (p.hint) out += `hint: ${p.hint}\n`;
  return out;
}

/** What stands where nothing is yet: why, and what to do. */
export function emptyState(title, text, action) {
  return h('div', { class: 'empty' }, h('h2', title), h('p', text), action && h('div', { class: 'actions' }, action));
}

/** What stands where something could not be shown; retry is tried again, instead is another way. */
export function errorState(err, retry, instead = null) {
  return h('div', { class: 'empty failed' }, h('h2', err.status === 404 ? 'This is not there' : 'This could not be shown'), errorBox(err),
    h('div', { class: 'actions' }, button('Try again', retry, { icon: 'refresh' }), instead));
}

/** What stands where something will be in a moment. */
export const loading = (text = 'Loading …') => h('p', { class: 'loading', role: 'status' }, text);

/**
 * Tabs. Items with href are links to screens of their own ({label, href,
 * current}); items with a panel ({label, panel}) switch in place, and
 * onselect(index) hears of it.
 */
export function tabs(items, { label = 'Views', selected = 0, onselect } = {}) {
  if (items[0]?.href) {
    return h('nav', { class: 'tabs', 'aria-label': label }, items.map((t) => h('a', { href: t.href, 'aria-current': t.current ? 'page' : null }, t.label)));
  }
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  const panels = h('div', { class: 'panels' });
  const buttons = items.map((t, i) => {
    const id = uid('tab');
    const panel = h('div', { role: 'tabpanel', id: id + '-panel', 'aria-labelledby': id, hidden: true }, t.panel);
    panels.append(panel);
    return h('button', { type: 'button', role: 'tab', id, 'aria-controls': panel.id, onclick: () => show(i) }, t.label);
  });
  const show = (i, focus = false) => {
    buttons.forEach((b, j) => {
      b.setAttribute('aria-selected', String(i === j));
      b.tabIndex = i === j ? 0 : -1;
      panels.children[j].hidden = i !== j;
    });
    if (focus) buttons[i].focus();
    onselect?.(i);
  };
  list.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    show((to + buttons.length) % buttons.length, true);
  });
  list.append(...buttons);
  show(selected);
  const el = h('div', { class: 'tab-set' }, list, panels);
  el.select = show;
  return el;
}

/**
 * The head of a screen: breadcrumb ([[label, href]]), title, a line below it
 * and actions on the right. Gives the element; the title takes the focus when
 * the screen is entered.
 */
export function pageHead(title, { breadcrumb = [], lead, actions = [] } = {}) {
  return h('div', { class: 'page-head' },
    breadcrumb.length > 0 && h('nav', { class: 'breadcrumb', 'aria-label': 'Breadcrumb' }, h('ol', breadcrumb.map(([label, href]) => h('li', h('a', { href }, label))))),
    h('div', { class: 'page-title' }, h('h1', { tabindex: -1 }, title), actions.length > 0 && h('div', { class: 'actions' }, actions)),
    lead && h('p', { class: 'lead' }, lead));
}

/** An address as code, which breaks after its slashes where it must. */
export const breakable = (text) => h('code', text.split(/(?<=\/)(?=[^/])/).flatMap((part, i) => (i === 0 ? [part] : [h('wbr'), part])));

/** A short word in a frame. kind is 'good', 'bad', 'warn' or none. */
export const badge = (text, kind) => h('span', { class: ['badge', kind] }, text);

/** A name from a display name, as resource names may be: letters, digits, hyphens. */
export const slug = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 80);
