// The editor of policy documents: colours, completion and explanations, and
// problems as they are found.
//
// It lives in a shadow root: the library builds its styles as style sheets
// there, which the page's policy allows, and as style elements anywhere else,
// which it does not.

import {
  acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap, drawSelection, EditorSelection, EditorState, EditorView,
  highlightActiveLine, highlightActiveLineGutter, HighlightStyle, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, indentService, indentUnit, indentWithTab,
  keymap, lineNumbers, lintGutter, lintKeymap, search, searchKeymap, setDiagnostics, snippet, StateEffect, StateField, Decoration, syntaxHighlighting, tags, tooltips,
} from './vendor/codemirror.js';
import { completion, explanations } from './completion.js';
import { placeAt, policyLanguage } from './policylanguage.js';
import { h, uid } from './ui.js';

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
