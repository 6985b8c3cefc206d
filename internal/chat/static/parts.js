// The chat's own parts: its buttons, and what it says in passing.

import { h, icon } from './dom.js';

/** A button with a picture, words, or both; with onlyIcon the words are its label. */
export function button(label, onclick, { picture, onlyIcon = false, kind, ...rest } = {}) {
  return h('button', { type: 'button', class: onlyIcon ? 'icon-button' : ['button', kind], onclick, 'aria-label': onlyIcon ? label : null, title: onlyIcon ? label : null, ...rest },
    picture && icon(picture), onlyIcon ? null : h('span', label));
}

/** Says something in passing; action is {label, run}. */
export function toast(text, action) {
  const el = h('div', { class: 'toast' }, h('span', text),
    action && button(action.label, () => {
      action.run();
      el.remove();
    }, { kind: 'plain' }));
  document.getElementById('toasts').append(el);
  setTimeout(() => el.remove(), 8000);
}
