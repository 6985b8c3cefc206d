// How policy documents read: colours, and where in a document a place is.
//
// Documents are not well-formed XML: expressions, @( … ) and @{ … }, hold C# with
// raw quotes and angle brackets. Inside one only C#'s own rules end it (strings,
// characters, comments, brackets), as in the server's reader, but for what can
// only be markup, so that a bracket that is not closed yet does not take the
// colours of all that follows.

import { StreamLanguage } from './vendor/codemirror.js';

const name = /^[A-Za-z_][\w.:-]*/;
const namedValue = /^\{\{\s*[\w.-]+\s*\}\}/;
const keywords = new Set(('as async await base bool break byte case catch char checked class const continue decimal default delegate do double dynamic else enum false finally fixed float for foreach from '
  + 'goto group if in int into interface internal is join let lock long nameof namespace new null object orderby out override params private protected public readonly ref return sbyte select '
  + 'short sizeof static string struct switch this throw true try typeof uint ulong unchecked using var void when where while yield').split(' '));
const closers = { '(': ')', '[': ']', '{': '}' };

// What a C# frame can be: a bracket {close}, a string {quote, verbatim,
// interpolated}, the hole of a string {close: '}', hole}, a comment {comment}.

/** Whether a line begins with what can only be markup; a value that goes on until there has lost its end. */
function markupLine(stream, state) {
  if (!stream.sol() || !stream.match(/^\s*<[A-Za-z!/]/, false)) return false;
  state.mode = 'text';
  state.quote = null;
  state.fresh = false;
  return true;
}

/** Whether what follows can only be markup again. */
function markupAgain(stream, state) {
  if (markupLine(stream, state)) return true;
  if (state.quote === null && stream.match(/^<\/[A-Za-z]/, false)) return true;
  return state.quote !== null && stream.peek() === state.quote && stream.match(/^["']\s*\/?>\s*$/, false);
}

function code(stream, state) {
  const frames = state.frames;
  const top = frames[frames.length - 1];
  if (top.comment) {
    if (stream.skipTo('*/')) {
      stream.match('*/');
      frames.pop();
    } else stream.skipToEnd();
    return 'blockComment';
  }
  if (top.quote) return text(stream, frames, top);
  if (markupAgain(stream, state)) {
    state.frames = null;
    return null;
  }
  if (stream.eatSpace()) return null;
  if (stream.match('//')) {
    stream.skipToEnd();
    return 'lineComment';
  }
  if (stream.match('/*')) {
    frames.push({ comment: true });
    return 'blockComment';
  }
  if (stream.match(namedValue)) return 'macroName';
  const opening = stream.match(/^(\$@|@\$|\$|@)?("|&quot;)/);
  if (opening) {
    frames.push({ quote: opening[2], verbatim: (opening[1] ?? '').includes('@'), interpolated: (opening[1] ?? '').includes('$') });
    return 'string';
  }
  if (stream.match(/^'(\\.[^']*|[^'\\])'/)) return 'character';
  if (stream.match(/^&(amp|lt|gt|apos);/)) return 'operator';
  if (stream.match(/^\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?[A-Za-z]*/) || stream.match(/^0[xXbB][\da-fA-F_]+/)) return 'number';
  const word = stream.match(/^@?[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/);
  if (word) {
    const behindDot = state.dot;
    state.dot = false;
    if (behindDot) return stream.match(/^\s*[(<]/, false) ? 'propertyName.function' : 'propertyName';
    if (keywords.has(word[0])) return 'keyword';
    if (word[0] === 'context') return 'variableName.special';
    if (stream.match(/^\s*\(/, false) && !/^[A-Z]/.test(word[0])) return 'variableName.function';
    return /^[A-Z]/.test(word[0]) ? 'typeName' : 'variableName';
  }
  const c = stream.next();
  if (c === '.') {
    state.dot = true;
    return 'derefOperator';
  }
  state.dot = false;
  if (closers[c]) {
    frames.push({ close: closers[c] });
    return 'bracket';
  }
  if (c === ')' || c === ']' || c === '}') {
    for (let i = frames.length - 1; i >= 0; i--) {
      if (frames[i].close !== c) continue;
      frames.length = i;
      break;
    }
    if (frames.length === 0) {
      state.frames = null;
      return 'processingInstruction';
    }
    return 'bracket';
  }
  if (/[+\-*/%=!<>&|^~?:]/.test(c)) return 'operator';
  return c === ';' || c === ',' ? 'punctuation' : null;
}

function text(stream, frames, top) {
  if (stream.match(namedValue)) return 'macroName';
  while (!stream.eol()) {
    if (stream.match(namedValue, false)) return 'string';
    if (top.interpolated && stream.peek() === '{' && !stream.match('{{')) {
      stream.next();
      frames.push({ close: '}', hole: true });
      return 'string';
    }
    if (top.verbatim && stream.match(top.quote + top.quote)) continue;
    if (stream.match(top.quote)) {
      frames.pop();
      return 'string';
    }
    if (stream.next() === '\\' && !top.verbatim) stream.next();
  }
  if (!top.verbatim) frames.pop(); // a string ends with its line
  return 'string';
}

/** Begins an expression if one begins here. */
function expression(stream, state) {
  if (!stream.match(/^@[({]/, false)) return false;
  stream.next();
  state.frames = [{ close: closers[stream.next()] }];
  state.dot = false;
  return true;
}

function tag(stream, state) {
  if (stream.eatSpace()) return null;
  if (stream.match(/^\/?>/)) {
    state.mode = 'text';
    state.fresh = true;
    return 'angleBracket';
  }
  const c = stream.peek();
  if (state.equals && (c === '"' || c === "'")) {
    state.quote = stream.next();
    state.mode = 'value';
    state.fresh = true;
    state.equals = false;
    return 'attributeValue';
  }
  if (stream.match('=')) {
    state.equals = true;
    return 'definitionOperator';
  }
  state.equals = false;
  if (stream.match(name)) return 'attributeName';
  if (c === '<') {
    state.mode = 'text';
    return null;
  }
  stream.next();
  return 'invalid';
}

function value(stream, state) {
  if (markupLine(stream, state)) return null;
  if (state.fresh) {
    if (stream.eatSpace()) return 'attributeValue';
    state.fresh = false;
    if (expression(stream, state)) return 'processingInstruction';
  }
  if (stream.match(namedValue)) return 'macroName';
  if (stream.match(/^&(#\d+|#x[\da-fA-F]+|\w+);/)) return 'escape';
  if (stream.peek() === state.quote) {
    stream.next();
    state.quote = null;
    state.mode = 'tag';
    return 'attributeValue';
  }
  stream.next();
  while (!stream.eol() && stream.peek() !== state.quote && stream.peek() !== '&' && !stream.match(namedValue, false)) stream.next();
  return 'attributeValue';
}

function content(stream, state) {
  if (stream.match('<!--')) {
    state.mode = 'comment';
    return comment(stream, state);
  }
  if (stream.match('<![CDATA[')) {
    state.fresh = true;
    return 'meta';
  }
  if (stream.match(']]>')) return 'meta';
  if (stream.match(/^<\/?/)) {
    state.mode = 'name';
    return 'angleBracket';
  }
  if (state.fresh) {
    if (stream.eatSpace()) return null;
    state.fresh = false;
    if (expression(stream, state)) return 'processingInstruction';
  }
  if (stream.match(namedValue)) return 'macroName';
  if (stream.match(/^&(#\d+|#x[\da-fA-F]+|\w+);/)) return 'escape';
  stream.next();
  while (!stream.eol() && !/[<&\]]/.test(stream.peek()) && !stream.match(namedValue, false)) stream.next();
  return 'content';
}

function comment(stream, state) {
  if (stream.skipTo('-->')) {
    stream.match('-->');
    state.mode = 'text';
    state.fresh = false;
  } else stream.skipToEnd();
  return 'comment';
}

/** The colours of policy documents. */
export const policyLanguage = StreamLanguage.define({
  name: 'policy',
  startState: () => ({ mode: 'text', quote: null, fresh: true, equals: false, frames: null, dot: false }),
  copyState: (s) => ({ ...s, frames: s.frames && s.frames.map((f) => ({ ...f })) }),
  token(stream, state) {
    if (state.frames) {
      const style = code(stream, state);
      if (style !== null || stream.current() !== '') return style;
    }
    switch (state.mode) {
      case 'comment':
        return comment(stream, state);
      case 'name':
        state.mode = 'tag';
        state.equals = false;
        return stream.match(name) ? 'tagName' : null;
      case 'tag':
        return tag(stream, state);
      case 'value':
        return value(stream, state);
    }
    return content(stream, state);
  },
  languageData: { commentTokens: { block: { open: '<!--', close: '-->' } }, closeBrackets: { brackets: ['(', '[', '{', '"'], before: ')]}:;>"\'<,. ' } },
});

/** The place behind the expression that begins at start, or -1 when it does not end before limit. */
function expressionEnd(text, start, limit) {
  const open = [text[start + 1]];
  let i = start + 2;
  const quoted = (from, verbatim) => {
    let j = from;
    for (; j < limit; j++) {
      if (text[j] === '"') {
        if (verbatim && text[j + 1] === '"') j++;
        else return j + 1;
      } else if (!verbatim && text[j] === '\\') j++;
      else if (!verbatim && text[j] === '\n') return j;
    }
    return limit;
  };
  while (i < limit) {
    const c = text[i];
    if (c === '"') i = quoted(i + 1, text[i - 1] === '@' || text[i - 2] === '@' && text[i - 1] === '$');
    else if (c === "'") i = /^'(\\.[^'\n]*|[^'\\\n])'/.exec(text.slice(i, i + 12))?.[0].length + i || i + 1;
    else if (c === '/' && text[i + 1] === '/') {
      const end = text.indexOf('\n', i);
      i = end < 0 ? limit : end;
    } else if (c === '/' && text[i + 1] === '*') {
      const end = text.indexOf('*/', i + 2);
      i = end < 0 ? limit : end + 2;
    } else if (closers[c]) {
      open.push(c);
      i++;
    } else if (c === ')' || c === ']' || c === '}') {
      for (let n = open.length - 1; n >= 0; n--) {
        if (closers[open[n]] !== c) continue;
        open.length = n;
        break;
      }
      i++;
      if (open.length === 0) return i;
    } else if (c === '<' && text[i + 1] === '/' && /[A-Za-z]/.test(text[i + 2] ?? '')) return i;
    else i++;
  }
  return -1;
}

/**
 * Where in a document a place is:
 *
 *   {kind: 'expression', from}                            from its @ on
 *   {kind: 'tag', path, from, closing}                    in an element's name
 *   {kind: 'attribute', path, element, attributes, from}  in an attribute's name, or where one may begin
 *   {kind: 'value', path, element, attribute, from}       in an attribute's value
 *   {kind: 'content', path, from}                         in an element, from its text's begin
 *   {kind: 'comment'}
 *
 * path are the names of the elements around, outermost first, the element whose
 * tag it is not among them.
 */
export function placeAt(text, pos) {
  const path = [];
  let i = 0;
  let from = 0; // where the content began
  while (i < pos) {
    if (text.startsWith('<!--', i)) {
      const end = text.indexOf('-->', i + 4);
      if (end < 0 || end + 3 > pos) return { kind: 'comment' };
      i = end + 3;
      from = i;
      continue;
    }
    if (text.startsWith('<![CDATA[', i)) {
      i += 9;
      from = i;
      continue;
    }
    if (text[i] === '<' && i + 1 === pos) return { kind: 'tag', path, from: pos, closing: false };
    if (text[i] === '<' && /[A-Za-z/_]/.test(text[i + 1] ?? '')) {
      const closing = text[i + 1] === '/';
      const start = i + (closing ? 2 : 1);
      const element = name.exec(text.slice(start, start + 200))?.[0] ?? '';
      if (start + element.length >= pos) return pos < start ? { kind: 'content', path, from } : { kind: 'tag', path, from: start, closing };
      i = start + element.length;
      const attributes = new Set();
      let ended = false;
      while (i < pos) {
        const c = text[i];
        if (c === '>' || c === '/' && text[i + 1] === '>') {
          const empty = c === '/';
          i += empty ? 2 : 1;
          if (closing) {
            const at = path.lastIndexOf(element);
            if (at >= 0) path.length = at;
          } else if (!empty) path.push(element);
          ended = true;
          break;
        }
        if (c === '<') {
          ended = true;
          break;
        }
        const attribute = name.exec(text.slice(i, i + 200))?.[0];
        if (!attribute) {
          i++;
          continue;
        }
        const begin = i;
        if (begin + attribute.length >= pos) return { kind: 'attribute', path, element, attributes, from: begin };
        attributes.add(attribute);
        i += attribute.length;
        const equals = /^\s*=\s*(["'])/.exec(text.slice(i, i + 50));
        if (!equals) continue;
        if (i + equals[0].length > pos) return { kind: 'attribute', path, element, attributes, from: pos };
        i += equals[0].length;
        const valueFrom = i;
        const at = /^\s*@[({]/.exec(text.slice(i, i + 50));
        if (at) {
          const begins = i + at[0].length - 2;
          if (pos < begins + 2) return { kind: 'value', path, element, attribute, from: valueFrom };
          const end = expressionEnd(text, begins, pos);
          if (end < 0) return { kind: 'expression', from: begins };
          i = end;
        }
        const close = text.indexOf(equals[1], i);
        if (close < 0 || close >= pos) return { kind: 'value', path, element, attribute, from: valueFrom };
        i = close + 1;
      }
      if (!ended) return closing ? { kind: 'content', path, from: pos } : { kind: 'attribute', path, element, attributes, from: pos };
      from = i;
      continue;
    }
    const at = i === from ? /^\s*@[({]/.exec(text.slice(i, i + 200)) : null;
    if (at) {
      const begins = i + at[0].length - 2;
      if (pos < begins + 2) return { kind: 'content', path, from };
      const end = expressionEnd(text, begins, pos);
      if (end < 0) return { kind: 'expression', from: begins };
      i = end;
      continue;
    }
    i++;
  }
  return { kind: 'content', path, from };
}
