// Where a text stops being JSON. Browsers tell that each in its own words, and
// some of them without the place.

const token = /[ \t\r\n]*(?:("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)|([{}[\],:]))/y;

/**
 * What is wrong with a text as JSON: {line, column, message}, with places that
 * count from 1, or null. A text without anything in it is not wrong.
 */
export function jsonProblem(text) {
  if (text.trim() === '') return null;
  const open = []; // the brackets around what comes next
  let wanted = 'value'; // 'first' (value or ]), 'value', 'name' (or }), 'next name', ':', 'end' (, or a bracket)
  let at = 0;
  const fail = (position, message) => {
    const before = text.slice(0, position).split(/\r\n|\r|\n/);
    return { line: before.length, column: [...before[before.length - 1]].length + 1, message };
  };
  const words = { first: 'a value or ]', value: 'a value', name: 'a name in double quotes or }', 'next name': 'a name in double quotes', ':': 'a colon' };
  const expected = () => (wanted !== 'end' ? words[wanted] : open.length === 0 ? 'nothing more' : `a comma or ${open[open.length - 1] === '{' ? '}' : ']'}`);
  for (;;) {
    token.lastIndex = at;
    const m = token.exec(text);
    if (!m) break;
    const [whole, string, number, word, mark] = m;
    const start = at + whole.length - whole.trimStart().length;
    const ok = () => {
      at += whole.length;
    };
    const isValue = string !== undefined || number !== undefined || word !== undefined;
    if (wanted === 'value' || wanted === 'first') {
      if (isValue) wanted = 'end';
      else if (mark === '{' || mark === '[') {
        open.push(mark);
        wanted = mark === '{' ? 'name' : 'first';
      } else if (mark === ']' && wanted === 'first') {
        open.pop();
        wanted = 'end';
      } else return fail(start, `here should be ${expected()}`);
    } else if (wanted === 'name' || wanted === 'next name') {
      if (string !== undefined) wanted = ':';
      else if (mark === '}' && wanted === 'name') {
        open.pop();
        wanted = 'end';
      } else return fail(start, `here should be ${expected()}`);
    } else if (wanted === ':') {
      if (mark !== ':') return fail(start, `here should be ${expected()}`);
      wanted = 'value';
    } else if (open.length > 0 && mark === ',') wanted = open[open.length - 1] === '{' ? 'next name' : 'value';
    else if (open.length > 0 && mark === (open[open.length - 1] === '{' ? '}' : ']')) open.pop();
    else return fail(start, `here should be ${expected()}`);
    ok();
  }
  const rest = text.slice(at);
  const start = at + /^[ \t\r\n]*/.exec(rest)[0].length;
  if (start < text.length) {
    if (text[start] === '"') return fail(start, 'this text does not end, or holds what JSON must escape');
    return fail(start, `here should be ${expected()}`);
  }
  if (wanted === 'end' && open.length === 0) return null;
  return fail(text.trimEnd().length, `it ends here, where ${expected()} should be`);
}
