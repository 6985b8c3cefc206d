// The editor of policy documents: colours, completion and explanations by the
// policies' and members' own rows, which the server gives, and problems as they
// are found.
//
// It lives in a shadow root: the library builds its styles as style sheets
// there, which the page's policy allows, and as style elements anywhere else,
// which it does not.

import {
  acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap, drawSelection, EditorSelection, EditorState, EditorView,
  highlightActiveLine, highlightActiveLineGutter, HighlightStyle, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, hoverTooltip, indentService, indentUnit, indentWithTab,
  keymap, lineNumbers, lintGutter, lintKeymap, search, searchKeymap, setDiagnostics, snippet, startCompletion, StateEffect, StateField, Decoration, syntaxHighlighting, tags, tooltips,
} from './vendor/codemirror.js';
import { request } from './api.js';
import { placeAt, policyLanguage } from './policylanguage.js';
import { h, uid } from './ui.js';

// ---- What the rows say

let words = null;

/** The policies and members there are, asked for once. */
export async function vocabulary(signal) {
  if (!words) {
    const v = await (await request('/vocabulary', { signal })).json();
    words = { ...v, byName: new Map(v.policies.map((p) => [p.name, p])) };
  }
  return words;
}

/**
 * What may stand directly in the element that path leads to. Gives {holder,
 * items: [{name, shape, doc, policy}], section}; null for an element that is
 * not known.
 */
function contents(v, path, { kind, scope }) {
  if (path.length === 0) return { items: [{ name: kind === 'fragment' ? 'fragment' : 'policies', doc: kind === 'fragment' ? 'The root of a policy fragment.' : 'The root of a policy document.', root: true }] };
  let section = null;
  let rest = path.slice(1);
  if (path[0] === 'policies') {
    if (path.length === 1) return { items: v.sections.map((name) => ({ name, doc: `The ${name} section.`, section: true })) };
    section = path[1];
    if (!v.sections.includes(section)) return null;
    rest = path.slice(2);
  }
  let shape = { block: true };
  for (const name of rest) {
    const child = shape.children?.find((c) => c.name === name);
    shape = child && !child.policy ? child : (shape.block || child?.policy) && v.byName.get(name);
    if (!shape) return null;
  }
  const items = (shape.children ?? []).map((c) => {
    const s = c.policy ? v.byName.get(c.name) ?? c : c;
    return { name: c.name, shape: s, doc: s.doc, child: true };
  });
  if (shape.block) {
    for (const p of v.policies) {
      if (p.stands === 'section' && (rest.length > 0 || !section)) continue;
      if (section && !p.sections.includes(section) || scope && !p.scopes.includes(scope)) continue;
      items.push({ name: p.name, shape: p, doc: p.doc, policy: true });
    }
  }
  return { holder: shape, items, section };
}

/** The row of the element with that name in path, or null. */
function shapeOf(v, path, element, options) {
  const item = contents(v, path, options)?.items.find((i) => i.name === element);
  return item?.shape ?? null;
}

// ---- Texts that completion inserts

const escaped = (text) => text.replace(/[\\${}#]/g, '\\$&');

/** A new element as a template: required attributes, and what it must hold. */
function elementTemplate(name, shape) {
  if (!shape) return name === 'policies' || name === 'fragment' ? `${name}>\n\t\${}\n</${name}>` : `${name}>\n\t\${}\n</${name}>`;
  let n = 0;
  const write = (tag, s, indent) => {
    let out = tag;
    for (const a of s.attributes ?? []) {
      if (a.required) out += ` ${a.name}="\${${++n}${a.values?.length ? `:${escaped(a.values[0])}` : ''}}"`;
    }
    const needed = (s.children ?? []).filter((c) => c.min > 0);
    const only = s.children?.length === 1 && !s.block ? s.children : [];
    const inside = needed.length ? needed : only;
    const tab = '\n' + '\t'.repeat(indent + 1);
    if (inside.length) out += '>' + inside.map((c) => `${tab}<${write(c.name, c.policy ? words.byName.get(c.name) ?? c : c, indent + 1)}`).join('') + `\n${'\t'.repeat(indent)}</${tag}>`;
    else if (s.text) out += `>\${${++n}}</${tag}>`;
    else if (s.block || s.children?.length) out += `>${tab}\${${++n}}\n${'\t'.repeat(indent)}</${tag}>`;
    else out += ' />';
    return out;
  };
  return write(name, shape, 0);
}

/** What is inserted for a method: its brackets, with the cursor where one goes on. */
function memberTemplate(item) {
  if (!['method', 'extension', 'function'].includes(item.kind)) return null;
  const m = new RegExp(`${item.label}(?:<([^>]*)>)?\\((.*)\\)$`).exec(item.detail ?? '');
  if (!m) return null;
  let out = item.label;
  if (m[1]) {
    // A type argument is written where no argument tells it.
    const given = m[2].split(', ').filter((p) => !p.includes('='));
    const told = m[1].split(', ').every((t) => given.some((p) => new RegExp(`\\b${t}\\b`).test(p)));
    if (!told) out += `<\${${m[1]}}>`;
  }
  return m[2] === '' ? `${out}()` : `${out}(\${})`;
}

// ---- Completion

const typeOfItem = {
  property: 'property', method: 'method', extension: 'method', field: 'property', const: 'constant', member: 'enum', variable: 'variable', function: 'function', type: 'class', namespace: 'namespace', keyword: 'keyword',
};

function info(title, doc, ...more) {
  return h('div', { class: 'explain' }, title && h('code', title), doc && h('p', doc), more.flat().filter(Boolean).map((m) => h('p', { class: 'aside' }, m)));
}

const memberInfo = (item) => info(item.detail || item.label, item.doc,
  item.overloads ? `${item.overloads} more overload${item.overloads > 1 ? 's' : ''}.` : null,
  item.beyond ? 'Not on the list of members that Azure documents: it runs here, API Management may refuse it.' : null);

function attributeInfo(a) {
  const range = a.min === undefined ? null : a.max >= 2 ** 31 - 1 ? `At least ${a.min}.` : `${a.min} to ${a.max}.`;
  return info(`${a.name ? a.name + ': ' : ''}${a.values ? a.values.join(' | ') : a.type}`, a.doc,
    a.required ? 'Required.' : a.default ? `Without it: ${a.default}.` : null, range,
    a.expression ? 'May be an expression.' : null, a.built === false ? 'Not run by this version.' : null);
}

function policyInfo(p) {
  return info(`<${p.name}>`, p.doc,
    p.sections && `Sections: ${p.sections.join(', ')}.`,
    p.scopes && p.scopes.length < 5 ? `Scopes: ${p.scopes.join(', ')}.` : null,
    p.once ? 'Once in a section.' : null,
    p.built === false ? 'API Management has it; this version does not run it.' : null);
}

function completion(options) {
  return async (ctx) => {
    const text = ctx.state.doc.toString();
    const pos = ctx.pos;
    const braces = /\{\{\s*([\w.-]*)$/.exec(text.slice(Math.max(0, pos - 120), pos));
    if (braces && options.names) {
      const names = await options.names();
      const closed = /^\s*\}\}/.test(text.slice(pos, pos + 8));
      return {
        from: pos - braces[1].length,
        validFor: /^[\w.-]*$/,
        options: names.namedValues.map((n) => ({ label: n.name, type: 'constant', detail: n.secret ? 'secret' : n.value, apply: closed ? n.name : n.name + '}}' })),
      };
    }
    const place = placeAt(text, pos);
    const v = await vocabulary();
    switch (place.kind) {
      case 'expression':
        return expressionItems(ctx, text, options);
      case 'tag': {
        if (place.closing) {
          const open = place.path[place.path.length - 1];
          return open ? { from: place.from, options: [{ label: open, type: 'type', apply: /^\s*>/.test(text.slice(pos)) ? open : open + '>' }] } : null;
        }
        const known = contents(v, place.path, options);
        if (!known) return null;
        // Where attributes follow already, only the name changes.
        const whole = !/^[\w-]*(\s+[\w-]+\s*=|\s*\/?>)/.test(text.slice(pos, pos + 200));
        return { from: place.from, validFor: /^[\w-]*$/, options: elementOptions(known, whole, '') };
      }
      case 'content':
        return contentItems(ctx, place, v, text, options);
      case 'attribute': {
        const shape = shapeOf(v, place.path, place.element, options);
        const word = text.slice(place.from, pos);
        if (!shape || !ctx.explicit && word === '' && !/\s/.test(text[pos - 1] ?? '')) return null;
        const list = [...(shape.attributes ?? [])];
        if (v.byName.has(place.element)) list.push({ name: 'id', doc: 'A name that context.LastError.PolicyId shows.', type: 'text' });
        const valued = /^\s*=/.test(text.slice(pos));
        return {
          from: place.from,
          validFor: /^[\w-]*$/,
          options: list.filter((a) => !place.attributes.has(a.name)).map((a) => ({
            label: a.name, type: 'property', detail: a.required ? 'required' : a.default ?? '', boost: a.required ? 2 : a.built === false ? -50 : 0, info: () => attributeInfo(a),
            apply: valued ? undefined : templateThenComplete(`${a.name}="\${}"`, a),
          })),
        };
      }
      case 'value': {
        const shape = shapeOf(v, place.path, place.element, options);
        const row = shape?.attributes?.find((a) => a.name === place.attribute);
        return row ? valueItems(ctx, place.from, text.slice(place.from, pos), row, options) : null;
      }
    }
    return null;
  };
}

function elementOptions(known, whole, prefix) {
  return known.items.map((i) => ({
    label: prefix + i.name,
    type: i.section || i.root ? 'namespace' : i.policy ? 'function' : 'type',
    detail: i.shape?.built === false ? 'not run by this version' : '',
    boost: i.shape?.built === false ? -50 : i.child ? 3 : 0,
    info: () => policyInfo({ ...i.shape, name: i.name, doc: i.doc }),
    apply: whole ? snippet(prefix + elementTemplate(i.name, i.shape)) : prefix + i.name,
  }));
}

// templateThenComplete inserts a template and offers values at once where there
// are any to choose from.
function templateThenComplete(template, row) {
  const apply = snippet(template);
  return (view, c, from, to) => {
    apply(view, c, from, to);
    if (row.values || row.name === 'fragment-id' || row.name === 'backend-id') startCompletion(view);
  };
}

async function valueItems(ctx, from, typed, row, options) {
  const list = (row.values ?? []).map((value) => ({ label: value, type: 'enum', detail: value === row.default ? 'default' : '' }));
  if (row.name === 'fragment-id' || row.name === 'backend-id') {
    const names = await options.names?.();
    for (const name of names?.[row.name === 'fragment-id' ? 'fragments' : 'backends'] ?? []) list.push({ label: name, type: 'constant' });
  }
  if (row.expression && (ctx.explicit || typed === '@')) {
    list.push({ label: '@( )', type: 'keyword', detail: 'expression', apply: snippet('@(${})'), info: () => info('@( … )', 'A C# expression.') });
    list.push({ label: '@{ }', type: 'keyword', detail: 'statements', apply: snippet('@{\n\treturn ${};\n}'), info: () => info('@{ … }', 'C# statements that return a value.') });
  }
  return list.length ? { from, options: list, validFor: /^[^"<&]*$/ } : null;
}

async function contentItems(ctx, place, v, text, options) {
  const word = /[\w@-]*$/.exec(text.slice(place.from, ctx.pos))[0];
  const before = text.slice(place.from, ctx.pos - word.length);
  const holder = place.path.length === 0 ? null : shapeOf(v, place.path.slice(0, -1), place.path[place.path.length - 1], options);
  if (holder?.text && before.trim() === '') {
    const values = await valueItems(ctx, ctx.pos - word.length, word, holder.text, options);
    if (values) return values;
  }
  if (!ctx.explicit) return null;
  const known = contents(v, place.path, options);
  return known && { from: ctx.pos - word.length, validFor: /^<?[\w-]*$/, options: elementOptions(known, true, '<') };
}

async function expressionItems(ctx, text, options) {
  if (!options.complete) return null;
  const before = text.slice(Math.max(0, ctx.pos - 40), ctx.pos);
  if (!ctx.explicit && !/[\w.]$/.test(before) && !/["(<]$/.test(before)) return null;
  const abort = new AbortController();
  ctx.addEventListener('abort', () => abort.abort(), { onDocChange: true });
  let found;
  try {
    found = await options.complete(text, ctx.pos, abort.signal);
  } catch {
    return null; // The list simply does not come; problems are told elsewhere.
  }
  const word = text.slice(found.from, ctx.pos);
  if (found.items.length === 0 || !ctx.explicit && word === '' && !/["(.]$/.test(before)) return null;
  if (!ctx.explicit && /[(<]$/.test(before) && found.inside !== 'string') return null;
  // They stand in the order of their rows, but Request before RequestId.
  const rank = found.items.map((item, i, all) => Math.min(i, ...all.slice(0, i).flatMap((other, j) => (other.label.startsWith(item.label) && other.label !== item.label ? [j - 0.5] : []))));
  const called = /^\s*(\(|<[A-Za-z])/.test(text.slice(ctx.pos, ctx.pos + 10));
  return {
    from: found.from,
    validFor: found.inside === 'string' ? /^[^"]*$/ : /^\w*$/,
    options: found.items.map((item, i) => {
      const template = called ? null : memberTemplate(item);
      return {
        label: item.label, type: typeOfItem[item.kind], detail: shortDetail(item), info: () => memberInfo(item),
        boost: (item.kind === 'keyword' ? -20 : item.kind === 'extension' ? -10 : item.kind === 'namespace' ? -30 : 0) - Math.min(9, rank[i] / 100) - (item.beyond ? 5 : 0),
        apply: template ? snippet(template) : undefined,
      };
    }),
  };
}

// The signature without the name, which stands beside it.
function shortDetail(item) {
  if (!item.detail || item.kind === 'namespace') return '';
  const at = item.detail.split('(')[0].lastIndexOf(item.label); // a property may bear its type's name
  if (item.kind === 'type') return item.detail === item.label ? '' : item.detail.slice(0, -item.label.length - 1);
  if (at < 0) return item.detail;
  const result = item.detail.slice(0, at).trim();
  const rest = item.detail.slice(at + item.label.length).replace(/^\s*\{.*\}$/, '');
  return rest ? `${rest} → ${result}` : result;
}

// ---- Explanations under the pointer

function explanations(options) {
  return hoverTooltip(async (view, pos, side) => {
    const text = view.state.doc.toString();
    const line = view.state.doc.lineAt(pos);
    let start = pos;
    let end = pos;
    const isWord = (c) => /[\w-]/.test(c ?? '');
    while (start > line.from && isWord(text[start - 1])) start--;
    while (end < line.to && isWord(text[end])) end++;
    if (start === pos && side < 0 || end === pos && side > 0 || start === end) return null;
    const content = await explain(options, text, start, end);
    return content && { pos: start, end, above: true, create: () => ({ dom: content }) };
  }, { hoverTime: 350 });
}

async function explain(options, text, start, end) {
  const word = text.slice(start, end);
  if (/\{\{\s*[\w.-]*$/.test(text.slice(Math.max(0, start - 100), start)) && options.names) {
    const full = /[\w.-]*$/.exec(text.slice(0, start))[0] + /^[\w.-]*/.exec(text.slice(start))[0];
    const named = (await options.names()).namedValues.find((n) => n.name === full);
    return info(`{{${full}}}`, named ? (named.secret ? 'A secret named value.' : `A named value: ${named.value}`) : 'There is no named value of that name.');
  }
  const v = await vocabulary();
  const place = placeAt(text, end);
  if (place.kind === 'tag') {
    const item = contents(v, place.path, options)?.items.find((i) => i.name === word);
    const p = item?.shape ?? v.byName.get(word);
    return p || item ? policyInfo({ ...p, name: word, doc: p?.doc ?? item.doc }) : null;
  }
  if (place.kind === 'attribute') {
    const row = shapeOf(v, place.path, place.element, options)?.attributes?.find((a) => a.name === word);
    return row ? attributeInfo(row) : null;
  }
  if (place.kind !== 'expression' || !options.complete || !/^[A-Za-z_]\w*$/.test(word)) return null;
  try {
    const found = await options.complete(text, end);
    const item = found.inside === 'expression' && found.items.find((i) => i.label === word && i.kind !== 'keyword');
    return item ? memberInfo(item) : null;
  } catch {
    return null;
  }
}

// ---- Typing

/** Closes an element when its tag is closed, and names the element to close. */
const closeTags = EditorView.inputHandler.of((view, from, to, typed) => {
  if (typed !== '>' && typed !== '/' || from !== to || view.state.readOnly) return false;
  const text = view.state.doc.toString();
  const place = placeAt(text, from);
  if (typed === '/') {
    if (place.kind !== 'tag' || place.from !== from || text[from - 1] !== '<' || place.path.length === 0) return false;
    const insert = `/${place.path[place.path.length - 1]}>`;
    view.dispatch({ changes: { from, insert }, selection: { anchor: from + insert.length }, userEvent: 'input.type' });
    return true;
  }
  if (text[from - 1] === '/' || place.closing) return false;
  const element = place.kind === 'attribute' ? place.element : place.kind === 'tag' ? text.slice(place.from, from) : '';
  if (!/^[A-Za-z]/.test(element) || new RegExp(`^\\s*</${element.replace(/[.]/g, '\\.')}>`).test(text.slice(from, from + 400))) return false;
  view.dispatch({ changes: { from, insert: `></${element}>` }, selection: { anchor: from + 1 }, userEvent: 'input.type' });
  return true;
});

/** A new line stands as deep as the one before, or one step deeper or less. */
const indentation = indentService.of((cx, pos) => {
  const line = cx.state.doc.lineAt(pos);
  const head = cx.lineAt(pos, 1);
  let n = line.number - (head.from === line.from ? 1 : 0);
  if (head.from > line.from) n = line.number; // a simulated break within the line
  let before = '';
  for (; n > 0; n--) {
    const l = cx.state.doc.line(n);
    before = n === line.number ? l.text.slice(0, Math.max(0, pos - l.from)) : l.text;
    if (before.trim() !== '') break;
  }
  const unit = cx.unit;
  let indent = /^\s*/.exec(before)[0].replace(/\t/g, ' '.repeat(unit)).length;
  const trimmed = before.trim();
  const opens = /<[A-Za-z][^<>]*[^/<>]>$|<[A-Za-z][\w-]*>$/.test(trimmed) && !/^<\/|<\/[\w-]+>$/.test(trimmed) || /[{([]$/.test(trimmed) || /<[A-Za-z][^>]*\)">$/.test(trimmed);
  if (opens) indent += unit;
  const after = cx.textAfterPos(pos);
  if (/^\s*(<\/|[})\]])/.test(after)) indent -= unit;
  return Math.max(0, indent);
});

/** Enter between an opening and a closing tag makes a line of its own between them. */
function enterBetweenTags(view) {
  const { state } = view;
  const { from, to, empty } = state.selection.main;
  if (!empty || state.readOnly || !/>\s*$/.test(state.sliceDoc(Math.max(0, from - 3), from)) || !/^<\//.test(state.sliceDoc(to, to + 2))) return false;
  const indent = /^\s*/.exec(state.doc.lineAt(from).text)[0];
  const unit = state.facet(indentUnit);
  view.dispatch({ changes: { from, insert: `\n${indent}${unit}\n${indent}` }, selection: { anchor: from + 1 + indent.length + unit.length }, userEvent: 'input', scrollIntoView: true });
  return true;
}

// ---- Looks

const look = HighlightStyle.define([
  { tag: tags.tagName, color: 'light-dark(#0b5cad, #7cbcff)' },
  { tag: tags.angleBracket, color: 'light-dark(#5b6471, #97a3b3)' },
  { tag: tags.attributeName, color: 'light-dark(#8a3fa8, #d5a6ef)' },
  { tag: [tags.attributeValue, tags.content], color: 'light-dark(#17693b, #8ad3a8)' },
  { tag: [tags.string, tags.character], color: 'light-dark(#9a3412, #f0a67a)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'light-dark(#626b78, #98a3b1)', fontStyle: 'italic' },
  { tag: tags.processingInstruction, color: 'light-dark(#b3261e, #ff9189)', fontWeight: '600' },
  { tag: tags.keyword, color: 'light-dark(#8a1f7a, #f29be2)' },
  { tag: tags.typeName, color: 'light-dark(#0f6674, #6fd0de)' },
  { tag: [tags.propertyName, tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'light-dark(#3b4a9c, #aab8ff)' },
  { tag: tags.special(tags.variableName), color: 'light-dark(#7f5200, #f0c069)', fontWeight: '600' },
  { tag: tags.macroName, color: 'light-dark(#7f5200, #f0c069)', fontWeight: '600' },
  { tag: tags.number, color: 'light-dark(#a8324a, #ff9fb0)' },
  { tag: tags.escape, color: 'light-dark(#a8324a, #ff9fb0)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const theme = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '0.8438rem', border: '1px solid var(--line-strong)', borderRadius: '6px', maxHeight: 'var(--editor-height, 70vh)', minHeight: 'var(--editor-min, 8rem)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto', minHeight: 'inherit' },
  '.cm-content': { caretColor: 'var(--text)', paddingBlock: '0.5rem' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--muted)', border: '0', borderRight: '1px solid var(--line)', borderRadius: '6px 0 0 6px' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent-soft) 45%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--accent-soft)', color: 'var(--accent-strong)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'light-dark(#b9d7f6, #2f4f75) !important' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'light-dark(#d9e9d9, #2c4a37)', outline: '1px solid var(--line-strong)' },
  '.cm-searchMatch': { backgroundColor: 'light-dark(#ffe9a8, #5c4a12)' },
  '.cm-selectionMatch': { backgroundColor: 'light-dark(#e3e9f1, #2b3340)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: '8px', boxShadow: 'var(--shadow-high)', zIndex: '30' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxWidth: 'min(46rem, 92vw)', maxHeight: '16rem' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px !important', lineHeight: '1.5' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--muted)', fontStyle: 'normal', marginLeft: '1.5em' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700', color: 'var(--accent-strong)' },
  '.cm-completionInfo': { maxWidth: '26rem', padding: '0.5rem 0.75rem' },
  '.explain': { fontFamily: 'system-ui, sans-serif', fontSize: '0.8125rem', lineHeight: '1.45', maxWidth: '30rem', padding: '0.45rem 0.7rem' },
  '.cm-completionInfo .explain': { padding: '0' },
  '.explain code': { fontFamily: 'var(--mono)', overflowWrap: 'anywhere' },
  '.explain p': { margin: '0.3rem 0 0' },
  '.explain .aside': { color: 'var(--muted)' },
  '.cm-diagnostic': { padding: '0.4rem 0.7rem', maxWidth: '36rem', whiteSpace: 'pre-wrap', fontFamily: 'system-ui, sans-serif', fontSize: '0.8125rem' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--bad)' },
  '.cm-diagnostic-warning': { borderLeft: '4px solid var(--warn)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)', textUnderlineOffset: '3px', textDecorationSkipInk: 'none' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn)', textUnderlineOffset: '3px', textDecorationSkipInk: 'none' },
  '.cm-lintPoint::after': { borderBottomColor: 'var(--bad)' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)', borderColor: 'var(--line)' },
  '.cm-panels input, .cm-panels button': { fontFamily: 'inherit', backgroundColor: 'var(--surface)', backgroundImage: 'none', color: 'var(--text)', border: '1px solid var(--line-strong)', borderRadius: '4px' },
  '.cm-button': { backgroundImage: 'none' },
  '.cm-marked-line': { backgroundColor: 'var(--warn-soft)', boxShadow: 'inset 3px 0 var(--warn)' },
});

// The line that a link led to.
const markLine = StateEffect.define();
const markedLine = StateField.define({
  create: () => Decoration.none,
  update(deco, tr) {
    for (const e of tr.effects) if (e.is(markLine)) return e.value === null ? Decoration.none : Decoration.set([Decoration.line({ class: 'cm-marked-line' }).range(e.value)]);
    return tr.docChanged ? deco.map(tr.changes) : deco;
  },
  provide: (f) => EditorView.decorations.from(f),
});

// ---- Long lines

// The continuation of a wrapped line stands four columns deeper than the line
// begins, as far as there is a class for it: styles of single elements are not
// allowed by the page's policy.
const deepest = 48;
const hanging = EditorView.theme(Object.fromEntries(Array.from({ length: deepest + 1 }, (_, n) => [`.cm-hang-${n}`, { paddingLeft: `calc(6px + ${n + 4}ch)`, textIndent: `-${n + 4}ch` }])));
const hangs = (doc) => {
  const marks = [];
  for (let n = 1, at = 0; n <= doc.lines; n++) {
    const { text } = doc.line(n);
    const indent = /^ */.exec(text)[0].length;
    // A tab reaches to a column of the line as it would be without the class.
    if (text.length > indent + 12 && text[indent] !== '\t') marks.push(Decoration.line({ class: `cm-hang-${Math.min(indent, deepest)}` }).range(at));
    at += text.length + 1;
  }
  return Decoration.set(marks);
};
const hangingLines = StateField.define({
  create: (state) => hangs(state.doc),
  update: (deco, tr) => (tr.docChanged ? hangs(tr.newDoc) : deco),
  provide: (f) => EditorView.decorations.from(f),
});

// ---- The editor

/**
 * Makes an editor. Options:
 *
 *   value, label          the text, and the editor's name for those who hear it
 *   kind, scope           'policies' or 'fragment'; the scope in APIM's words
 *   readOnly
 *   complete(text, offset, signal)   what can stand in an expression, as the server answers
 *   names()               promise of {namedValues: [{name, secret, value}], fragments, backends}
 *   onChange(text), onSave(), onFormat()
 *
 * Gives {element, value, set(text), problems(list), jump(line, column), insert
 * (template), focus(), destroy()}. Texts have line feeds alone.
 */
export function policyEditor(options) {
  const host = h('policy-editor', { class: 'editor' });
  const root = host.attachShadow({ mode: 'open' });
  const own = new CSSStyleSheet();
  own.replaceSync(':host { display: block; min-width: 0; } p { margin: 0.35rem 0 0; color: var(--muted); font-size: 0.8125rem; } kbd { font-family: inherit; border: 1px solid var(--line-strong); border-radius: 4px; padding: 0 0.3em; }');
  root.adoptedStyleSheets = [own];
  const hintId = uid('editor-hint');
  const writable = !options.readOnly;
  const extensions = [
    policyLanguage, syntaxHighlighting(look), theme, lineNumbers(), highlightSpecialChars(), drawSelection(), EditorView.lineWrapping, hanging, hangingLines, highlightActiveLine(), bracketMatching(), search({ top: true }),
    highlightSelectionMatches(), indentUnit.of('    '), EditorState.tabSize.of(4), markedLine, tooltips({ position: 'fixed' }), explanations(options),
    EditorView.contentAttributes.of({ 'aria-label': options.label, 'aria-multiline': 'true', tabindex: '0', ...(writable ? { 'aria-describedby': hintId } : { 'aria-readonly': 'true' }), spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
  ];
  if (writable) {
    extensions.push(
      history(), closeBrackets(), closeTags, indentation, highlightActiveLineGutter(), lintGutter(), autocompletion({ override: [completion(options)], icons: true, activateOnTypingDelay: 60, updateSyncTime: 200 }),
      keymap.of([
        { key: 'Mod-s', run: () => (options.onSave?.(), true), preventDefault: true },
        { key: 'Shift-Alt-f', run: () => (options.onFormat?.(), true), preventDefault: true },
        { key: 'Tab', run: acceptCompletion },
        { key: 'Enter', run: enterBetweenTags },
        ...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap, indentWithTab,
      ]),
      EditorView.updateListener.of((u) => {
        if (u.docChanged) options.onChange?.(u.state.doc.toString());
      }),
    );
  } else extensions.push(EditorState.readOnly.of(true), EditorView.editable.of(false), keymap.of([...defaultKeymap, ...searchKeymap]));
  const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: options.value, extensions }) });
  if (writable) root.append(h('p', { id: hintId }, 'Tab indents. To leave the editor by keyboard press ', h('kbd', 'Esc'), ', then ', h('kbd', 'Tab'), '. ', h('kbd', 'Ctrl'), '+', h('kbd', 'Space'), ' shows what can stand here, ', h('kbd', 'F8'), ' goes to the next problem.'));
  let last = [];

  // place is a line and column as an offset of the document as it is now.
  const place = (line, column) => {
    const { doc } = view.state;
    const l = doc.line(Math.min(Math.max(1, line), doc.lines));
    return Math.min(l.from + Math.max(0, column - 1), l.to);
  };
  return {
    element: host,
    view,
    get value() {
      return view.state.doc.toString();
    },
    set(text) {
      if (text === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: Math.min(view.state.selection.main.head, text.length) } });
    },
    /** Underlines problems as the server tells them; places count from 1. */
    problems(list) {
      last = list;
      view.dispatch(setDiagnostics(view.state, last.filter((p) => p.line > 0).map((p) => {
        const from = place(p.line, p.column);
        return { from, to: Math.max(from, place(p.endLine, p.endColumn)), severity: p.severity, message: p.message + (p.code?.startsWith('CS') ? ` (${p.code})` : '') + (p.hint ? `\nhint: ${p.hint}` : '') };
      })));
    },
    /** Puts the cursor at a place and shows it; marked paints its line. */
    jump(line, column = 1, { marked = false } = {}) {
      const at = place(line, column);
      view.dispatch({
        selection: EditorSelection.cursor(at),
        effects: [EditorView.scrollIntoView(at, { y: 'center' }), markLine.of(marked ? view.state.doc.lineAt(at).from : null)],
      });
      view.focus();
    },
    /** Puts a template in the place of the selection. */
    insert(template) {
      const { from, to } = view.state.selection.main;
      snippet(template)(view, null, from, to);
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
