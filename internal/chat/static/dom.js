// Building elements. Everything on the page is made of nodes and texts, never of
// markup in a string: a model's answer can be anything.

/**
 * Builds an element. props are attributes, on* listeners, class (a text or a
 * list) and dataset; null, undefined and false leave one out. Children are
 * nodes, texts, lists of them, or nothing.
 */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') el.className = Array.isArray(value) ? value.filter(Boolean).join(' ') : value;
    else if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(el.dataset, value);
    else if (name === 'value') el.value = value;
    else el.setAttribute(name, value === true ? '' : value);
  }
  append(el, children);
  return el;
}

function append(el, children) {
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) el.append(child);
}

/** Puts children in the place of all that an element has. */
export function replace(el, ...children) {
  el.replaceChildren();
  append(el, children);
  return el;
}

const shapes = {
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  retry: 'M20 11a8 8 0 1 0-2 6M20 4v7h-7',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10 11v5M14 11v5',
  close: 'M6 6l12 12M18 6 6 18',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500 19 19M5 19l1.500-1.500M17.500 6.500 19 5',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500',
  system: 'M3 5h18v11H3zM9 20h6M12 16v4',
};

/** A small picture; words beside it or a label say what it is. */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', shapes[name]);
  svg.append(path);
  return svg;
}

/** A button with a picture, words, or both; with onlyIcon the words are its label. */
export function button(label, onclick, { picture, onlyIcon = false, kind, ...rest } = {}) {
  return h('button', { type: 'button', class: onlyIcon ? 'icon-button' : ['button', kind], onclick, 'aria-label': onlyIcon ? label : null, title: onlyIcon ? label : null, ...rest },
    picture && icon(picture), onlyIcon ? null : h('span', null, label));
}

/** Says something to those who listen, without showing it. */
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/** Says something in passing; action is {label, run}. */
export function toast(text, action) {
  const el = h('div', { class: 'toast' }, h('span', null, text),
    action && button(action.label, () => {
      action.run();
      el.remove();
    }, { kind: 'plain' }));
  document.getElementById('toasts').append(el);
  setTimeout(() => el.remove(), 8000);
}
