// What the page says to the app that serves it, and how it reads the answers.

/** Whom the app asks; null when the app itself does not answer. */
export async function state() {
  try {
    const r = await fetch('api/state', { cache: 'no-store' });
    return r.ok ? await r.json() : null;
  } catch {
    return null;
  }
}

export async function documents() {
  return (await fetch('api/documents', { cache: 'no-store' })).json();
}

const appGone = {
  kind: 'unreachable', title: 'The chat app itself does not answer.',
  detail: 'The page is here, but the program behind it is gone.', hint: 'Start it again with “spillway chat” or “spillway demo”, then try again.',
};

/**
 * Asks, and calls on(line) with each line of the answer. The last has end or
 * failure, whatever happens; a stream that stops without one was cut.
 */
export async function ask(messages, documents, on, signal) {
  let response;
  try {
    response = await fetch('api/chat', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ messages, documents }), signal });
  } catch (err) {
    if (err.name === 'AbortError') throw err;
    on({ failure: appGone });
    return;
  }
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    on({ failure: { kind: 'refused', title: 'The chat app did not take the question.', detail: body.error?.message ?? `${response.status} ${response.statusText}` } });
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let ended = false;
  let begun = false;
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (err) {
      if (err.name === 'AbortError') throw err;
      piece = { done: true };
    }
    if (piece.done) break;
    rest += piece.value;
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const text of lines) {
      if (text === '') continue;
      const line = JSON.parse(text);
      if (line.text) begun = true;
      if (line.end || line.failure) ended = true;
      on(line);
    }
  }
  if (!ended) on(begun ? { end: 'cut', failure: { ...appGone, title: 'The answer was cut off.', detail: 'The chat app went away in the middle of it.' } } : { failure: appGone });
}
