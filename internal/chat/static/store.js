// Conversations, kept in this browser alone.

const key = 'contoso.conversations';
const most = 50;
let all = null; // newest first

/** All conversations, newest first: {id, title, time, messages}. */
export function conversations() {
  if (all === null) {
    all = [];
    try {
      const kept = JSON.parse(localStorage.getItem(key) ?? '[]');
      if (Array.isArray(kept)) all = kept.filter((c) => typeof c?.id === 'string' && Array.isArray(c.messages));
    } catch {
      // What cannot be read is not there.
    }
    for (const c of all) for (const m of c.messages) mend(m);
  }
  return all;
}

// An answer that was still coming when the page was closed is not whole, and
// must not look so.
function mend(m) {
  if (m.role !== 'assistant' || m.end || m.failure) return;
  m.end = 'cut';
  m.failure = { kind: 'failed', title: 'The answer was cut off.', detail: 'The page was closed while it was coming.', hint: 'What is here is not all of it. Try again.' };
}

export const conversation = (id) => conversations().find((c) => c.id === id) ?? null;

/** Begins a conversation; it is kept with its first message. */
export function begin(title) {
  const c = { id: Math.random().toString(36).slice(2, 10), title: title.length > 60 ? title.slice(0, 59) + '…' : title, time: Date.now(), messages: [] };
  conversations().unshift(c);
  return c;
}

export function remove(id) {
  const at = conversations().findIndex((c) => c.id === id);
  if (at < 0) return () => {};
  const [gone] = all.splice(at, 1);
  keep();
  return () => {
    all.splice(Math.min(at, all.length), 0, gone);
    keep();
  };
}

/** Writes what has changed. Where there is no room, the oldest go. */
export function keep() {
  all.length = Math.min(all.length, most);
  for (let n = all.length; n >= 0; n--) {
    try {
      localStorage.setItem(key, JSON.stringify(all.slice(0, n)));
      return;
    } catch {
      // Full, or forbidden: with fewer it may fit.
    }
  }
}
