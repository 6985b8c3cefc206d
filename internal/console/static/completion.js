// What can stand at a place of a policy document, and what stands there: by the
// rows of the policies and members, which the server gives.

import { hoverTooltip, snippet, startCompletion } from './vendor/codemirror.js';
import { request } from './api.js';
import { placeAt } from './policylanguage.js';
import { h } from './ui.js';

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

export function completion(options) {
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

export function explanations(options) {
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
