// One conversation: its messages, the question that is being written, and the
// answer that is coming.

import { announce, h, icon, replace } from './dom.js';
import { parse, plainText, render } from './markdown.js';
import { button, toast } from './parts.js';
import * as store from './store.js';
import { ask } from './wire.js';

const examples = [
  'How long can I return something?',
  'Is the Berlin store open on Sundays?',
  'Which tent do you have for two, and what does it weigh?',
  'How many days of vacation do I get?',
];

// maxAutomatic bounds how often a throttled question asks again by itself.
const maxAutomatic = 3;

let view = null; // {conversation, running, timer, …} of the screen that is shown

/** Leaves the screen: what is coming is stopped, and kept as cut. */
export function leaveChat() {
  view?.stop('left');
  clearInterval(view?.timer);
  view = null;
}

/** Shows a conversation, or the beginning of a new one. */
export function showChat(main, conversation, { state, changed, recheck }) {
  const v = { conversation, running: null, timer: null, recheck, automatic: 0 };
  view = v;
  const messages = h('ol', { class: 'messages', 'aria-label': 'Messages' });
  const scroller = h('div', { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': 'Conversation' }, messages);
  const question = h('textarea', { id: 'question', rows: 1, placeholder: 'Ask Contoso something', 'aria-label': 'Your question', maxlength: 20000 });
  const search = h('input', { type: 'checkbox', id: 'search' });
  search.checked = sessionStorage.getItem('contoso.search') !== 'off';
  search.addEventListener('change', () => sessionStorage.setItem('contoso.search', search.checked ? 'on' : 'off'));
  const send = h('button', { type: 'submit', class: 'icon-button send' });
  const form = h('form', { class: 'composer' },
    h('div', { class: 'box' }, question, send),
    h('div', { class: 'under' }, h('label', { class: 'check' }, search, 'Search Contoso’s documents'), h('span', { class: 'keys' }, 'Enter sends, Shift+Enter begins a line')));
  replace(main, h('h1', { class: 'visually-hidden', tabindex: -1 }, conversation?.title ?? 'New conversation'), scroller, form);

  const grow = () => {
    question.style.height = 'auto';
    question.style.height = Math.min(question.scrollHeight, 200) + 'px';
  };
  const drawSend = () => {
    const label = v.running ? 'Stop' : 'Send';
    replace(send, icon(v.running ? 'stop' : 'up'));
    send.title = v.running ? 'Stop (Escape)' : label;
    send.setAttribute('aria-label', label);
  };
  const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight;
  };

  const draw = () => {
    if (!v.conversation) {
      replace(messages);
      replace(scroller, welcome(state, (text) => submit(text)), messages);
      return;
    }
    scroller.querySelector('.welcome')?.remove();
    replace(messages, v.conversation.messages.map((m, i) => drawMessage(m, i === v.conversation.messages.length - 1)));
  };

  const drawMessage = (m, last) => {
    if (m.role === 'user') return h('li', { class: 'message user' }, h('div', { class: 'who visually-hidden' }, 'You'), h('div', { class: 'bubble' }, m.content));
    const li = h('li', { class: 'message assistant' });
    drawAnswer(li, m, { last, running: v.running?.message === m, retry, cancel });
    return li;
  };

  // An answer that is no longer the last one may still be due for a frame.
  const redraw = (m) => {
    if (v.conversation.messages.at(-1) !== m) return;
    const follow = atEnd();
    const li = messages.lastElementChild;
    if (li) drawAnswer(li, m, { last: true, running: v.running?.message === m, retry, cancel });
    if (follow) toEnd();
  };

  v.stop = (why) => {
    clearInterval(v.timer);
    v.timer = null;
    const running = v.running;
    if (!running) return;
    v.running = null;
    running.controller.abort();
    running.message.end = why === 'left' ? 'cut' : 'stopped';
    if (why === 'left') running.message.failure = { kind: 'failed', title: 'The answer was cut off.', detail: 'The conversation was left while it was coming.', hint: 'What is here is not all of it. Try again.' };
    store.keep();
    if (why === 'left') return;
    drawSend();
    redraw(running.message);
    announce('Stopped.');
  };

  const submit = (text) => {
    text = text.trim();
    if (text === '' || v.running) return;
    v.automatic = 0;
    if (!v.conversation) {
      v.conversation = store.begin(text);
      // The address becomes the conversation's own, without leaving the screen.
      history.replaceState(null, '', `#/c/${v.conversation.id}`);
      document.title = `${v.conversation.title} – Contoso chat`;
    }
    v.conversation.messages.push({ role: 'user', content: text });
    question.value = '';
    grow();
    answer();
  };

  const retry = (automatic = false) => {
    if (v.running) return;
    if (automatic !== true) v.automatic = 0;
    clearInterval(v.timer);
    v.timer = null;
    v.conversation.messages.pop();
    answer();
    if (automatic !== true) question.focus();
  };

  const cancel = () => {
    clearInterval(v.timer);
    v.timer = null;
    const m = v.conversation.messages.at(-1);
    delete m.waiting;
    redraw(m);
    question.focus();
  };

  async function answer() {
    const before = sent(v.conversation.messages);
    const m = { role: 'assistant', content: '' };
    const controller = new AbortController();
    v.conversation.messages.push(m);
    v.running = { message: m, controller };
    v.conversation.time = Date.now();
    store.keep();
    changed();
    draw();
    drawSend();
    toEnd();
    announce('Waiting for the answer.');
    const started = performance.now();
    let due = false;
    const soon = () => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        if (view === v) redraw(m);
      });
    };
    try {
      await ask(before, search.checked, (line) => {
        if (v.running?.message !== m) return;
        if (line.sources) m.sources = line.sources;
        if (line.left) m.left = line.left;
        if (line.region) m.region = line.region;
        if (line.text) {
          m.first ??= performance.now() - started;
          m.content += line.text;
        }
        if (line.usage) m.usage = line.usage;
        if (line.end) m.end = line.end;
        if (line.failure) m.failure = line.failure;
        if (line.end || line.failure) m.total = performance.now() - started;
        soon();
      }, controller.signal);
    } catch (err) {
      if (err.name !== 'AbortError') throw err;
      return; // stop has said so
    }
    if (v.running?.message !== m) return;
    v.running = null;
    store.keep();
    if (view !== v) return;
    drawSend();
    wait(m);
    redraw(m);
    tell(m);
    if (m.failure) recheck();
  }

  // wait counts a throttled endpoint's wait down, and asks again at its end.
  const wait = (m) => {
    if (m.failure?.kind !== 'throttled' || !m.failure.wait || v.automatic >= maxAutomatic) return;
    v.automatic++;
    const until = Date.now() + m.failure.wait * 1000;
    m.waiting = m.failure.wait;
    v.timer = setInterval(() => {
      m.waiting = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      if (m.waiting === 0) {
        delete m.waiting;
        retry(true);
      } else redraw(m);
    }, 1000);
  };

  const tell = (m) => {
    if (m.failure && m.end !== 'cut') announce(`${m.failure.title} ${m.failure.detail ?? ''} ${m.waiting ? `Trying again in ${m.waiting} seconds.` : ''}`);
    else announce(`${plainText(parse(m.content))} ${m.failure ? m.failure.title : endings[m.end] ?? ''}`);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (v.running) v.stop('stopped');
    else submit(question.value);
  });
  question.addEventListener('input', grow);
  question.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!v.running) submit(question.value);
    } else if (event.key === 'Escape' && v.running) v.stop('stopped');
  });

  draw();
  drawSend();
  toEnd();
  question.focus();
}

// sent are the messages that go along with a question. One that the filter refused
// does not: every question after it would be refused as well.
const sent = (messages) => messages
  .filter((m, i) => m.content !== '' && !(m.role === 'user' && messages[i + 1]?.failure?.kind === 'filtered' && messages[i + 1].content === ''))
  .map(({ role, content }) => ({ role, content }));

const endings = {
  length: 'The answer reached its limit of tokens and ends here.',
  filtered: 'The content filter ended the answer here.',
  stopped: 'You stopped the answer.',
};

function welcome(state, submit) {
  if (state && !state.configured) {
    return h('div', { class: 'welcome' }, h('h2', null, 'Almost there'),
      h('div', { class: 'notice bad', role: 'alert' }, h('p', null, h('strong', null, state.problem)), state.hint && h('p', null, state.hint), state.file && h('p', null, 'The settings are in ', h('code', null, state.file), '.')));
  }
  return h('div', { class: 'welcome' },
    h('h2', null, 'What would you like to know?'),
    h('p', { class: 'muted' }, 'Contoso sells outdoor goods and does not exist. Its chat searches its documents, answers from them, and names its sources.'),
    h('div', { class: 'examples' }, examples.map((text) => h('button', { type: 'button', class: 'example', onclick: () => submit(text) }, text))));
}

/** Draws an answer: what there is of it, how it ended, and what to do next. */
function drawAnswer(li, m, { last, running, retry, cancel }) {
  const cited = [];
  const cite = (number) => {
    const source = m.sources?.[number - 1];
    if (!source) return `[doc${number}]`;
    if (!cited.includes(number)) cited.push(number);
    const label = `Source ${number}: ${source.document}, ${source.title}`;
    return h('button', { type: 'button', class: 'cite', title: label, 'aria-label': label, onclick: () => showSource(source) }, String(number));
  };
  const body = m.content === '' ? (running ? h('p', { class: 'thinking' }, m.sources ? 'Thinking' : 'Searching', h('span', { class: 'dots', 'aria-hidden': 'true' }, '…')) : null)
    : h('div', { class: 'markdown' }, render(parse(m.content), h, cite));
  const focused = li.contains(document.activeElement) ? document.activeElement.dataset.action : null;
  replace(li,
    h('div', { class: 'who' }, h('img', { src: 'icon.svg', alt: '', width: 20, height: 20 }), 'Contoso'),
    m.left ? h('p', { class: 'hint' }, `The ${m.left} oldest messages are no longer sent: the model reads only so much.`) : null,
    body,
    m.failure ? failure(m, { last, retry, cancel }) : null,
    !m.failure && endings[m.end] ? h('p', { class: 'notice' }, endings[m.end]) : null,
    cited.length > 0 ? h('ul', { class: 'sources', 'aria-label': 'Sources' }, cited.sort((a, b) => a - b).map((n) => h('li', null,
      h('button', { type: 'button', class: 'source', onclick: () => showSource(m.sources[n - 1]) }, h('span', { class: 'number' }, String(n)), `${m.sources[n - 1].document}: ${m.sources[n - 1].title}`)))) : null,
    running ? null : h('div', { class: 'foot' },
      m.content !== '' && button('Copy', async () => {
        try {
          await navigator.clipboard.writeText(m.content);
          toast('Copied.');
        } catch {
          toast('The browser does not let the page copy.');
        }
      }, { picture: 'copy', onlyIcon: true }),
      last && !m.failure && button('Ask again', () => retry(), { picture: 'refresh', onlyIcon: true }),
      facts(m)));
  if (focused) li.querySelector(`[data-action="${focused}"]`)?.focus();
}

function facts(m) {
  const list = [];
  if (m.region) list.push(h('span', { class: 'region' }, h('span', { class: 'visually-hidden' }, 'Answered by '), m.region));
  if (m.usage) list.push(h('span', { title: `${m.usage.prompt} tokens of prompt, ${m.usage.completion} of answer` }, `${m.usage.prompt} + ${m.usage.completion} tokens`));
  if (m.first) list.push(h('span', { title: 'Until the first word, and until the last' }, `${seconds(m.first)} to the first word${m.total ? `, ${seconds(m.total)} in all` : ''}`));
  return list.length > 0 && h('span', { class: 'facts' }, list);
}

const seconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function failure(m, { last, retry, cancel }) {
  const f = m.failure;
  const calm = f.kind === 'filtered' || f.kind === 'throttled';
  return h('div', { class: ['notice', calm ? 'warn' : 'bad'] },
    h('p', null, h('strong', null, f.title)),
    f.categories?.length ? h('p', null, `It took it for: ${f.categories.join(', ')}.`) : null,
    f.detail && h('p', { class: 'detail' }, f.detail),
    f.hint && h('p', null, f.hint),
    last ? m.waiting ? h('p', { class: 'row' }, h('span', { class: 'countdown' }, `Trying again in ${m.waiting} s`),
      button('Try now', () => retry(), { dataset: { action: 'retry' } }), button('Do not', cancel, { kind: 'plain', dataset: { action: 'cancel' } }))
      : h('p', { class: 'row' }, button('Try again', () => retry(), { picture: 'refresh', dataset: { action: 'retry' } })) : null);
}

function showSource(source) {
  const title = `source-${source.id}`;
  const el = h('dialog', { class: 'dialog', 'aria-labelledby': title },
    h('header', null, h('div', null, h('p', { class: 'muted' }, source.document), h('h2', { id: title }, source.title)), button('Close', () => el.close(), { picture: 'close', onlyIcon: true })),
    h('p', null, source.text),
    source.score ? h('p', { class: 'hint' }, `Likeness to the question: ${source.score.toFixed(3)} (1 is the same)`) : null);
  el.addEventListener('close', () => el.remove());
  el.addEventListener('click', (event) => {
    if (event.target === el) el.close();
  });
  document.body.append(el);
  el.showModal();
}
