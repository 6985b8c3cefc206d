// The parts of CodeMirror that the console's editor uses, as one module.
export { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, snippet, snippetCompletion, startCompletion } from '@codemirror/autocomplete';
export { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
export { bracketMatching, foldGutter, foldKeymap, foldService, HighlightStyle, indentUnit, indentService, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
export { forEachDiagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
export { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
export { Annotation, Compartment, EditorSelection, EditorState, StateEffect, StateField } from '@codemirror/state';
export { crosshairCursor, Decoration, drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, hoverTooltip, keymap, lineNumbers, placeholder, rectangularSelection, tooltips } from '@codemirror/view';
export { tags } from '@lezer/highlight';
