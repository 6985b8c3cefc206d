// A small Markdown reader: what models write, and nothing that could load or run
// something. parse makes a tree of plain objects, render makes elements of it.
// What is not closed, as in an answer that is still coming, is shown as it is.

const maxDepth = 12; // of lists, quotes and emphasis in each other

/**
 * Blocks: {type: 'p'|'h'|'ul'|'ol'|'quote'|'code'|'table'|'hr', …}. Inline
 * content is a list of texts and {type: 'strong'|'em'|'del'|'code'|'a'|'br'|'cite', …}.
 */
export function parse(text, depth = 0) {
  return blocks(text.replace(/\r\n?/g, '\n').split('\n'), depth);
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/;
const heading = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const rule = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const quote = /^ {0,3}> ?(.*)$/;
const item = /^( *)([-*+]|\d{1,9}[.)])(?:[ \t]+(.*)|$)/;
const divider = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

function blocks(lines, depth) {
  const out = [];
  let paragraph = [];
  const close = () => {
    if (paragraph.length > 0) out.push({ type: 'p', content: inline(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    let m;
    if (line.trim() === '') {
      close();
      i++;
    } else if ((m = fence.exec(line))) {
      close();
      const end = new RegExp(`^ {0,3}${m[1][0]}{${m[1].length},}[ \\t]*$`);
      const code = [];
      for (i++; i < lines.length && !end.test(lines[i]); i++) code.push(lines[i]);
      i++;
      out.push({ type: 'code', language: m[2], text: code.join('\n') });
    } else if ((m = heading.exec(line))) {
      close();
      out.push({ type: 'h', level: m[1].length, content: inline(m[2]) });
      i++;
    } else if (rule.test(line)) {
      close();
      out.push({ type: 'hr' });
      i++;
    } else if (depth < maxDepth && quote.test(line)) {
      close();
      const inner = [];
      for (; i < lines.length && (m = quote.exec(lines[i])); i++) inner.push(m[1]);
      out.push({ type: 'quote', content: blocks(inner, depth + 1) });
    } else if (depth < maxDepth && (m = item.exec(line)) && (paragraph.length === 0 || startsList(m))) {
      close();
      i = list(lines, i, depth, out);
    } else if (line.includes('|') && i + 1 < lines.length && divider.test(lines[i + 1]) && lines[i + 1].includes('-') && cells(line).length === cells(lines[i + 1]).length) {
      close();
      i = table(lines, i, out);
    } else {
      paragraph.push(line.trimStart());
      i++;
    }
  }
  close();
  return out;
}

// In the middle of a paragraph a number begins a list only if it is 1: a line may
// begin with a year.
const startsList = (m) => m[3] !== undefined && (!/\d/.test(m[2]) || /^1[.)]$/.test(m[2]));

function list(lines, i, depth, out) {
  const first = item.exec(lines[i]);
  const ordered = /\d/.test(first[2]);
  const indent = first[1].length;
  const node = { type: ordered ? 'ol' : 'ul', items: [] };
  if (ordered && parseInt(first[2], 10) !== 1) node.start = parseInt(first[2], 10);
  let inner = null;
  let blank = false;
  for (; i < lines.length; i++) {
    const line = lines[i];
    if (line.trim() === '') {
      blank = true;
      inner?.push('');
      continue;
    }
    const m = item.exec(line);
    const spaces = line.length - line.trimStart().length;
    if (m && !rule.test(line) && Math.abs(m[1].length - indent) < 2 && /\d/.test(m[2]) === ordered) {
      inner = [m[3] ?? ''];
      node.items.push(inner);
    } else if (spaces > indent + 1) {
      // It belongs to the item, however far it is indented: models write 2, 3 or 4.
      const width = Math.min(spaces, indent + first[2].length + 1);
      inner.push(line.slice(Math.min(width, spaces)));
    } else if (!blank && !m && !heading.test(line) && !fence.test(line) && !quote.test(line) && !rule.test(line)) {
      inner.push(line.trimStart()); // the item's text goes on
    } else break;
    blank = false;
  }
  node.items = node.items.map((content) => blocks(content, depth + 1));
  out.push(node);
  return i;
}

function cells(line) {
  const out = [''];
  let code = false;
  const text = line.trim().replace(/^\|/, '').replace(/(^|[^\\])\|$/, '$1');
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && text[i + 1] === '|') {
      out[out.length - 1] += '|';
      i++;
    } else if (text[i] === '|' && !code) out.push('');
    else {
      if (text[i] === '`') code = !code;
      out[out.length - 1] += text[i];
    }
  }
  return out.map((c) => c.trim());
}

function table(lines, i, out) {
  const align = cells(lines[i + 1]).map((c) => (/^:-+:$/.test(c) ? 'center' : /-:$/.test(c) ? 'end' : null));
  const node = { type: 'table', align, head: cells(lines[i]).map(inline), rows: [] };
  for (i += 2; i < lines.length && lines[i].includes('|') && lines[i].trim() !== ''; i++) {
    const row = cells(lines[i]).slice(0, align.length);
    while (row.length < align.length) row.push('');
    node.rows.push(row.map(inline));
  }
  out.push(node);
  return i;
}

const wordCharacter = /[\p{L}\p{N}]/u;
const escapable = /[!-/:-@[-`{-~]/;
const address = /https?:\/\/[^\s<>"'`]+/y;
const citation = /\[doc(\d{1,3})\]/y;

/** Reads what stands inside a block. */
export function inline(text, depth = 0) {
  const out = [];
  let plain = '';
  const push = (node) => {
    if (plain !== '') out.push(plain);
    plain = '';
    out.push(node);
  };
  const without = new Set(); // delimiters that are known not to be closed any more
  for (let i = 0; i < text.length;) {
    const c = text[i];
    if (c === '\\' && i + 1 < text.length) {
      if (text[i + 1] === '\n') push({ type: 'br' });
      else plain += escapable.test(text[i + 1]) ? text[i + 1] : c + text[i + 1];
      i += 2;
    } else if (c === '`') {
      const ticks = run(text, i);
      const end = without.has(ticks) ? -1 : closingTicks(text, i + ticks.length, ticks.length);
      if (end < 0) {
        without.add(ticks);
        plain += ticks;
        i += ticks.length;
      } else {
        push({ type: 'code', text: text.slice(i + ticks.length, end).replace(/\n/g, ' ').replace(/^ (.*\S.*) $/, '$1') });
        i = end + ticks.length;
      }
    } else if (c === '[' && match(citation, text, i)) {
      const m = match(citation, text, i);
      push({ type: 'cite', number: Number(m[1]) });
      i += m[0].length;
    } else if ((c === '[' || (c === '!' && text[i + 1] === '[')) && depth < maxDepth && !without.has('[')) {
      const image = c === '!';
      const found = link(text, image ? i + 1 : i, without);
      if (!found) {
        plain += image ? '![' : '[';
        i += image ? 2 : 1;
      } else {
        const label = image ? [found.label || found.href] : inline(found.label, depth + 1);
        if (safe(found.href)) push({ type: 'a', href: found.href, content: label });
        else for (const node of label) typeof node === 'string' ? (plain += node) : push(node);
        i = found.end;
      }
    } else if ((c === '*' || c === '_' || c === '~') && depth < maxDepth) {
      const marks = run(text, i);
      const n = c === '~' ? (marks.length === 2 ? 2 : 0) : Math.min(marks.length, 3);
      const mark = c.repeat(n);
      const opens = n > 0 && i + marks.length < text.length && !/\s/.test(text[i + marks.length]) && !(c === '_' && i > 0 && wordCharacter.test(text[i - 1]));
      const end = opens && !without.has(mark) ? closing(text, i + marks.length, mark) : -1;
      if (end < 0) {
        if (opens) without.add(mark);
        plain += marks;
        i += marks.length;
      } else {
        plain += marks.slice(n);
        const content = inline(text.slice(i + marks.length, end), depth + 1);
        if (n === 3) push({ type: 'strong', content: [{ type: 'em', content }] });
        else push({ type: c === '~' ? 'del' : n === 2 ? 'strong' : 'em', content });
        i = end + n;
      }
    } else if (c === 'h' && (i === 0 || !wordCharacter.test(text[i - 1])) && match(address, text, i)) {
      // A full stop or bracket behind an address belongs to the sentence.
      let url = match(address, text, i)[0].replace(/[.,:;!?*_~]+$/, '');
      while (url.endsWith(')') && count(url, ')') > count(url, '(')) url = url.slice(0, -1).replace(/[.,:;!?*_~]+$/, '');
      push({ type: 'a', href: url, content: [url] });
      i += url.length;
    } else if (c === '\n') {
      if (/ {2,}$/.test(plain)) {
        plain = plain.trimEnd();
        push({ type: 'br' });
      } else plain += c;
      i++;
    } else {
      plain += c;
      i++;
    }
  }
  if (plain !== '') out.push(plain);
  return out;
}

const count = (text, c) => text.split(c).length - 1;

function match(pattern, text, i) {
  pattern.lastIndex = i;
  return pattern.exec(text);
}

function run(text, i) {
  let end = i;
  while (text[end] === text[i]) end++;
  return text.slice(i, end);
}

function closingTicks(text, from, n) {
  for (let i = text.indexOf('`', from); i >= 0; i = text.indexOf('`', i)) {
    const ticks = run(text, i).length;
    if (ticks === n) return i;
    i += ticks;
  }
  return -1;
}

function closing(text, from, mark) {
  for (let i = from; i < text.length;) {
    if (text[i] === '\\') i += 2;
    else if (text[i] === '`') {
      const ticks = run(text, i).length;
      const end = closingTicks(text, i + ticks, ticks);
      i = end < 0 ? i + ticks : end + ticks;
    } else if (text[i] === mark[0]) {
      const n = run(text, i).length;
      const after = text[i + n];
      const closes = n === mark.length && i > from && !/\s/.test(text[i - 1]) && !(mark[0] === '_' && after !== undefined && wordCharacter.test(after));
      // "**a *b***": three close the inner one and the outer one.
      if (closes) return i;
      if (n === 3 && mark.length < 3 && i > from && !/\s/.test(text[i - 1])) return i + (mark.length === 2 ? 1 : 2);
      i += n;
    } else i++;
  }
  return -1;
}

/** The link whose label begins at the bracket at i, or null. */
function link(text, i, without) {
  let open = 0;
  let end = -1;
  for (let j = i; j < text.length && j < i + 2000; j++) {
    if (text[j] === '\\') j++;
    else if (text[j] === '[') open++;
    else if (text[j] === ']' && --open === 0) {
      end = j;
      break;
    }
  }
  if (end < 0) {
    if (!text.includes(']', i)) without.add('[');
    return null;
  }
  if (text[end + 1] !== '(') return null;
  const m = match(/\(\s*<?((?:[^\s()<>\\]|\([^\s()<>]*\))*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/y, text, end + 1);
  return m && { label: text.slice(i + 1, end), href: m[1], end: end + 1 + m[0].length };
}

/** Whether an address may be followed: nothing that runs, and nothing of this page. */
export function safe(href) {
  return /^(https?:\/\/|mailto:)/i.test(href);
}

/** The text of a tree, without its marks. */
export function plainText(tree) {
  if (typeof tree === 'string') return tree;
  if (Array.isArray(tree)) return tree.map(plainText).join('');
  switch (tree.type) {
    case 'code': return tree.text;
    case 'cite': case 'hr': return '';
    case 'br': return '\n';
    case 'ul': case 'ol': return tree.items.map(plainText).join('\n');
    case 'table': return [tree.head, ...tree.rows].map((r) => r.map(plainText).join(' ')).join('\n');
    default: return plainText(tree.content) + (tree.type === 'p' || tree.type === 'h' ? '\n' : '');
  }
}

/** Makes elements of a tree. h builds one; cite(number) makes a citation's. */
export function render(tree, h, cite) {
  const many = (list) => list.map((node, i) => {
    // The full stop behind a mark stays on its line.
    const closing = /^[.,;:!?)]+/;
    if (node.type === 'cite' && closing.test(list[i + 1])) return h('span', { class: 'kept' }, one(node), closing.exec(list[i + 1])[0]);
    if (typeof node === 'string' && list[i - 1]?.type === 'cite') return node.replace(closing, '');
    return one(node);
  });
  // Headings of an answer stand below the page's own.
  const one = (node) => {
    if (typeof node === 'string') return node;
    switch (node.type) {
      case 'p': return h('p', null, many(node.content));
      case 'h': return h(`h${Math.min(6, node.level + 2)}`, null, many(node.content));
      case 'hr': return h('hr');
      case 'br': return h('br');
      case 'quote': return h('blockquote', null, many(node.content));
      case 'ul': return h('ul', null, node.items.map((i) => h('li', null, entry(i))));
      case 'ol': return h('ol', { start: node.start }, node.items.map((i) => h('li', null, entry(i))));
      case 'table': return h('div', { class: 'table', tabindex: 0, role: 'group', 'aria-label': 'Table' }, h('table', null,
        h('thead', null, h('tr', null, node.head.map((c, i) => h('th', { scope: 'col', class: node.align[i] }, many(c))))),
        h('tbody', null, node.rows.map((r) => h('tr', null, r.map((c, i) => h('td', { class: node.align[i] }, many(c))))))));
      case 'a': return h('a', { href: node.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, many(node.content));
      case 'cite': return cite(node.number);
      case 'code': return node.language === undefined ? h('code', null, node.text)
        : h('pre', { tabindex: 0, 'aria-label': node.language ? `Code, ${node.language}` : 'Code' }, h('code', null, node.text));
      default: return h(node.type, null, many(node.content)); // strong, em, del
    }
  };
  // An item of one paragraph is shown without the paragraph's margins.
  const entry = (list) => (list.length > 0 && list[0].type === 'p' ? [many(list[0].content), many(list.slice(1))] : many(list));
  return many(tree);
}
