// Reads the cases of markdown.txt and random texts, and prints what went wrong.
import { readFileSync } from 'node:fs';
import { parse, plainText, render, safe } from './markdown.mjs';

const failures = [];
let cases = 0;
// A tree as one line: the marks of HTML are short and everybody reads them.
const show = (node) => {
  if (typeof node === 'string') return node.replace(/[<>&]/g, (c) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[c]).replace(/\n/g, '⏎');
  if (Array.isArray(node)) return node.map(show).join('');
  return `<${node.tag}${Object.entries(node.props).map(([k, v]) => ` ${k}=${v}`).join('')}>${show(node.children)}</>`;
};
const hidden = ['class', 'tabindex', 'role', 'aria-label', 'target', 'rel', 'scope'];
const h = (tag, props, ...children) => ({
  tag, props: Object.fromEntries(Object.entries(props ?? {}).filter(([k, v]) => v !== null && v !== undefined && (!hidden.includes(k) || (k === 'class' && ['end', 'center'].includes(v))))),
  children: children.flat(Infinity).filter((c) => c !== null && c !== undefined),
});
const cite = (n) => h('cite', { n });

for (const block of readFileSync('markdown.txt', 'utf8').split(/^====\n/m).slice(1)) {
  const [text, want] = block.split(/^----\n/m);
  cases++;
  const got = show(render(parse(text.replace(/\n$/, '')), h, cite));
  if (got !== want.trim().replace(/\n/g, '')) failures.push(`${JSON.stringify(text)}\n got ${got}\nwant ${want.trim()}`);
}

let seed = 7;
const random = (n) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
};
const pieces = ['*', '**', '***', '_', '__', '~~', '`', '``', '```', '\n', '\n\n', ' ', '  ', '# ', '- ', '1. ', '> ', '|', '|---|', '[', ']', '(', ')', '![', '[doc1]', '](http://a.example)', '\\', 'https://b.example/', 'w', 'x1', 'ß', '---', '    ', '<b>', '&amp;'];
let texts = 0;
for (; texts < 3000; texts++) {
  let text = '';
  for (let n = random(60); n >= 0; n--) text += pieces[random(pieces.length)];
  try {
    const tree = parse(text);
    const said = plainText(tree).replace(/\s/g, '');
    for (const word of ['x1', 'ß', '<b>']) {
      // A link that is not followed may keep a word in its address; a fence names its language.
      if (text.includes('](') || text.includes('```') || text.includes('~~~') || text.includes('![')) continue;
      const a = text.split(word).length, b = said.split(word).length;
      if (b < a && !text.includes('|')) failures.push(`${JSON.stringify(text)} loses ${word}: ${JSON.stringify(said)}`);
    }
    render(tree, h, cite);
  } catch (err) {
    failures.push(`${JSON.stringify(text)}: ${err}`);
  }
}
// Whatever is long is still read in no time.
for (const piece of ['*a ', '_', '`', '[', '![', '> ', '- ', '**a', '[a](', '\\', '|a', '~~', '***a ', '[doc1', 'a`` ']) {
  const began = Date.now();
  parse(piece.repeat(20000));
  if (Date.now() - began > 2000) failures.push(`${JSON.stringify(piece)} repeated takes ${Date.now() - began} ms`);
}
for (const href of ['javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', '/x', 'vbscript:x', 'file:///etc/passwd', '//x']) if (safe(href)) failures.push(`${href} is taken for safe`);
console.log(JSON.stringify({ cases, random: texts, failures: failures.slice(0, 20) }));
