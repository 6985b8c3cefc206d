// What every page is made of: nodes and texts, never markup in a string. What a
// backend or a model answered can be anything.

const svgTags = new Set(['svg', 'path', 'circle', 'rect', 'line', 'g', 'text', 'polyline', 'title', 'defs']);
let counter = 0;

/** An id that no other element of the page has. */
export const uid = (prefix = 'id') => `${prefix}-${++counter}`;

/**
 * Builds an element. props: class (a text or a list), on* listeners, dataset,
 * style (an object), ref (called with the element), properties of the element
 * such as value or checked, and attributes; null, undefined and false leave one
 * out. Children are nodes, texts, lists of them, or nothing.
 */
export function h(tag, props, ...children) {
  if (props !== null && (typeof props !== 'object' || props instanceof Node || Array.isArray(props))) {
    children.unshift(props);
    props = null;
  }
  const inSVG = svgTags.has(tag);
  const el = inSVG ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  append(el, ...children);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === 'ref') value(el);
    else if (value === null || value === undefined) continue;
    else if (value === false && !name.startsWith('aria-')) {
      if (typeof el[name] === 'boolean') el[name] = false; // such as spellcheck, which is on of itself
    } else if (name === 'class') el.setAttribute('class', Array.isArray(value) ? value.filter(Boolean).join(' ') : value);
    else if (name.startsWith('on')) el.addEventListener(name.slice(2).toLowerCase(), value);
    else if (name === 'dataset') Object.assign(el.dataset, value);
    else if (name === 'style') for (const [p, v] of Object.entries(value)) el.style.setProperty(p, v);
    else if (!inSVG && name in el && !name.includes('-') && typeof el[name] !== 'object' && name !== 'list' && name !== 'form') el[name] = value;
    else el.setAttribute(name, value === true ? '' : value);
  }
  return el;
}

/** Puts children behind those that an element has. */
export function append(el, ...children) {
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) el.append(child);
}

/** Puts children in the place of all that an element has. */
export function replace(el, ...children) {
  el.replaceChildren();
  append(el, ...children);
  return el;
}

const shapes = {
  overview: 'M3 13h7V3H3zM14 21h7V11h-7zM3 21h7v-5H3zM14 8h7V3h-7z',
  apis: 'M8 6 3 12l5 6M16 6l5 6-5 6M13.500 4l-3 16',
  products: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  subscriptions: 'M15 9a4 4 0 1 1-3.500-4L21 14.500V19h-4l-4.500-6',
  'named-values': 'M4 7h16M4 12h10M4 17h13',
  backends: 'M4 5h16v5H4zM4 14h16v5H4zM7.500 7.500h.01M7.500 16.500h.01',
  fragments: 'M10 4H6a2 2 0 0 0-2 2v4a2 2 0 0 0 4 0M14 20h4a2 2 0 0 0 2-2v-4a2 2 0 0 0-4 0M9 9h6v6H9z',
  regions: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18-3-3-3-15 0-18',
  validate: 'M4 12l5 5L20 6',
  plus: 'M12 5v14M5 12h14',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  eye: 'M2 12c5-8 15-8 20 0-5 8-15 8-20 0M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6',
  refresh: 'M20 11a8 8 0 1 0-2 6M20 4v7h-7',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6 6 18',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500 19 19M5 19l1.500-1.500M17.500 6.500 19 5',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500',
  system: 'M3 5h18v11H3zM9 20h6M12 16v4',
  link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
  play: 'M7 4l13 8-13 8z',
  stop: 'M7 7h10v10H7z',
  leave: 'M10 4H5v16h5M14 8l4 4-4 4M9 12h9',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
};

/** A small picture of the set above; words beside it, or a label, say what it is. */
export function icon(name) {
  return h('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, h('path', { d: shapes[name] ?? '' }));
}

/** Says something to those who listen, without showing it. */
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/** Makes a button change the theme: the system's, light, dark. */
export function themeSwitch(el) {
  const root = document.documentElement;
  const pictures = { system: 'system', light: 'sun', dark: 'moon' };
  const themes = Object.keys(pictures);
  const now = () => root.dataset.theme ?? 'system';
  const draw = () => {
    replace(el, icon(pictures[now()]));
    el.title = `Theme: ${now()}`;
    el.setAttribute('aria-label', el.title);
  };
  el.addEventListener('click', () => {
    const next = themes[(themes.indexOf(now()) + 1) % themes.length];
    if (next === 'system') delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === 'system') localStorage.removeItem(root.dataset.themeKey);
      else localStorage.setItem(root.dataset.themeKey, next);
    } catch {
      // It holds until the page is closed.
    }
    draw();
  });
  draw();
  return el;
}
