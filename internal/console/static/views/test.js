// The test console of an API: one request, its answer as it comes, and its
// trace; runs are compared, and kept ones replayed.

import { assembler, drawn, figures, runPanels } from '../answer.js';
import { arm, list, path, relay, regions as simulatedRegions } from '../api.js';
import { apiPage, gateway, revision } from '../apipage.js';
import { batchView, sendMany } from '../batch.js';
import { comparison } from '../comparison.js';
import { curl, requestForm } from '../requestform.js';
import { forgetTest, keepTest, keptTests, withoutSecrets } from '../runs.js';
import { scopeNav } from '../scopes.js';
import { duration, readTrace } from '../traces.js';
import { announce, badge, button, confirm, copy, dialog, emptyState, errorBox, field, h, input, linkButton, loading, replace, toast, uid } from '../ui.js';
import { backendName, statusBadge } from './trace.js';

// What was sent since the page was loaded, by API: it survives a look at another
// screen.
const session = new Map();

// What stands in the forms, by API and operation: between two requests one goes
// and changes the policy.
const drafts = new Map();

let replaying = null; // a kept test of another operation, on the way to its screen

const many = 20; // requests of a batch

const time = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export default {
  title: (params) => `Test ${params.operation ?? params.id}`,
  nav: 'apis',
  async render(main, params, { signal }) {
    const api = await apiPage(main, params.id, 'test', { signal });
    const [operations, base, subscriptions, member, versionSet, regions] = await Promise.all([
      list(path('apis', params.id, 'operations'), { signal }), gateway(signal), list('/subscriptions', { signal }), list(path('apis', params.id, 'products'), { signal }),
      api.properties.apiVersionSetId ? arm(path('apiVersionSets', api.properties.apiVersionSetId.split('/').pop()), { signal }).then((v) => v.properties) : null,
      simulatedRegions({ signal }).catch(() => []),
    ]);
    if (operations.length === 0) {
      main.append(emptyState('No operations yet', 'A request is matched to an operation by its method and address. Add one first.', linkButton('Operations', `#${path('apis', params.id)}`, { kind: 'primary' })));
      return undefined;
    }
    const operation = operations.find((o) => o.name === params.operation) ?? operations[0];
    if (!params.operation) history.replaceState(history.state, '', `#${path('apis', params.id, 'test', operation.name)}`);
    const [root] = revision(api.name);
    for (const s of subscriptions) {
      const scope = s.properties.scope.replace(/\/$/, '');
      s.opens = /\/apis$/.test(scope) || scope.endsWith(`/apis/${root}`) || member.some((p) => scope.endsWith(`/products/${p.name}`)) || !/\/(apis|products)(\/|$)/.test(scope);
    }
    const runs = session.get(params.id) ?? [];
    session.set(params.id, runs);
    const answer = h('section', { class: 'card stack answer', 'aria-label': 'Answer' }, h('h2', 'Answer'), h('p', { class: 'muted' }, 'Send a request, and its answer is shown here as it comes.'));
    const history$ = h('section', { class: 'card stack', 'aria-label': 'Runs' });
    const compared = h('section', { class: 'card stack', 'aria-label': 'Comparison', hidden: true });
    const draft = path(params.id, operation.name);
    let form = null;
    form = requestForm(api, operation, base, versionSet, subscriptions, regions, () => form && drafts.set(draft, form.draft()));
    if (drafts.has(draft)) form.fill(drafts.get(draft));
    let stop = null;
    const cancel = button('Cancel', () => stop?.abort(), { kind: 'danger' });
    cancel.hidden = true;
    const sending = [button('Send', () => send(false), { kind: 'primary', icon: 'play', title: 'Ctrl+Enter' }), button('Send with trace', () => send(true), { title: 'Ctrl+Shift+Enter' }), button(`Send ${many} times`, () => sendBatch(), { kind: 'plain', title: 'Shows which backends the answers came from' })];
    const byKey = (event) => {
      if (event.key !== 'Enter' || !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      sending[event.shiftKey ? 1 : 0].click();
    };
    const card = h('section', { class: 'card stack', 'aria-label': 'Request', onkeydown: byKey },
      h('h2', operation.properties.displayName || operation.name), form.head,
      h('div', { class: 'actions send' }, sending, cancel, button('Copy as curl', () => copy(curl(form, base, form.read()), 'The command was copied; KEY is the subscription’s key'), { icon: 'copy', kind: 'plain' }),
        h('span', { class: 'hint keys' }, h('kbd', 'Ctrl'), '+', h('kbd', 'Enter'), ' sends')),
      form.element);
    main.append(h('div', { class: 'design' }, operationList(params, operations, operation), h('div', { class: 'stack' }, card, answer, compared, history$)));
    drawRuns();

    async function send(traced, against = null) {
      if (!form.check() || stop) return null;
      const request = form.read();
      const run = { id: uid('run') + '-' + Date.now(), at: Date.now(), operation: operation.name, request: withoutSecrets(request), status: null, reason: '', headers: [], firstByte: null, head: null, total: 0, bytes: 0, body: '', message: '', trace: null, end: '' };
      stop = new AbortController();
      const leave = () => stop?.abort();
      signal.addEventListener('abort', leave, { once: true });
      // Who sends by keyboard can cancel by it, and is at the answer then.
      const here = card.contains(document.activeElement);
      for (const b of sending) b.disabled = true;
      cancel.hidden = false;
      if (here) cancel.focus({ preventScroll: true });
      const line = h('div', { class: 'row figures-line' }, badge('Sending …'));
      const message = h('p', { class: 'message-live' });
      const live = h('pre', { class: 'answer-text', tabindex: 0, 'aria-label': 'The answer as it comes' });
      const box = h('div', { class: 'stack' });
      replace(answer, h('h2', 'Answer'), line, box);
      answer.scrollIntoView({ block: 'start' });
      announce('Sending the request');
      const assemble = assembler();
      const pieces = [];
      let length = 0;
      const began = performance.now();
      try {
        await relay({ ...relayRequest(request), trace: traced }, {
          signal: stop.signal,
          onHead(head, elapsed) {
            Object.assign(run, { status: head.status, reason: head.reason, headers: head.headers ?? [], head: elapsed, traceId: head.traceId ?? '' });
            replace(line, statusBadge(head.status, head.reason), h('span', h('span', { class: 'muted' }, 'head after '), h('strong', duration(elapsed))));
            announce(`${head.status} ${head.reason} after ${duration(elapsed)}`);
          },
          onText(text, elapsed, base64) {
            if (run.firstByte === null) {
              run.firstByte = elapsed;
              line.append(h('span', h('span', { class: 'muted' }, 'first byte '), h('strong', duration(elapsed))));
              const stream = run.headers.some(([n, v]) => n.toLowerCase() === 'content-type' && /event-stream/i.test(v));
              replace(box, stream && h('section', { class: 'message-text' }, h('h3', 'Message'), message), h('h3', stream ? 'Events' : 'Body'), live);
            }
            const follows = live.scrollTop + live.clientHeight >= live.scrollHeight - 8;
            pieces.push(base64 ? `(bytes, base64) ${base64}\n` : text);
            if (length < drawn) live.append(pieces[pieces.length - 1].slice(0, drawn));
            length += pieces[pieces.length - 1].length;
            if (follows) live.scrollTop = live.scrollHeight;
            if (!base64) {
              run.message = assemble.take(text);
              message.textContent = run.message;
            }
          },
          onEnd({ end, error, bytes, elapsed }) {
            Object.assign(run, { end, error, bytes, total: elapsed });
          },
        });
      } catch (err) {
        if (err.name === 'AbortError') {
          Object.assign(run, { end: 'cancelled', total: performance.now() - began });
          if (signal.aborted) return null;
        } else {
          replace(answer, h('h2', 'Answer'), errorBox(err));
          finish();
          return null;
        }
      }
      run.body = pieces.join('');
      if (run.bytes === 0) run.bytes = new TextEncoder().encode(run.body).length;
      if (assemble.events === 0) run.message = '';
      if (traced && run.traceId && run.end !== 'cancelled') {
        line.append(loading('Reading the trace …'));
        try {
          run.trace = await arm('/gateways/managed/listTrace', { method: 'POST', body: { traceId: run.traceId }, query: { view: 'full' }, signal });
        } catch (err) {
          if (err.name === 'AbortError') return null;
          run.traceError = err;
        }
      } else if (traced && run.status !== null && !run.traceId) run.traceError = { message: 'The gateway made no trace. A subscription may forbid it, or the request reached another gateway.' };
      const arrive = document.activeElement === cancel || document.activeElement === document.body;
      finish();
      run.title = `${operation.properties.method} ${time(run.at)}`;
      runs.unshift(run);
      runs.length = Math.min(runs.length, 50);
      show(run);
      answer.scrollIntoView({ block: 'start' });
      if (arrive) answer.querySelector('h2').focus({ preventScroll: true });
      drawRuns();
      announce(`${run.status ?? 'No answer'} ${run.reason}, ${run.end === 'complete' ? 'complete' : run.end} after ${duration(run.total)}`);
      if (against) compare(against, run);
      return run;

      function finish() {
        signal.removeEventListener('abort', leave);
        stop = null;
        for (const b of sending) b.disabled = false;
        cancel.hidden = true;
      }
    }

    async function sendBatch() {
      if (!form.check() || stop) return;
      const request = form.read();
      stop = new AbortController();
      const mine = stop;
      const leave = () => mine.abort();
      signal.addEventListener('abort', leave, { once: true });
      for (const b of sending) b.disabled = true;
      cancel.hidden = false;
      cancel.focus({ preventScroll: true });
      const head = h('h2', { tabindex: -1 }, `${many} requests`);
      const box = h('div', { class: 'stack' }, loading('Sending …'));
      replace(answer, head, box);
      answer.scrollIntoView({ block: 'start' });
      let all = [];
      try {
        await sendMany(relayRequest(request), many, {
          signal: mine.signal,
          onRun(runs) {
            all = runs;
            replace(box, batchView(runs, (b) => backendName(b, regions)));
          },
        });
      } catch (err) {
        if (signal.aborted) return;
        mine.abort(); // the other one that is under way
        if (err.name !== 'AbortError') replace(box, errorBox(err));
        else replace(box, all.length > 0 && batchView(all, (b) => backendName(b, regions)), h('p', { class: 'muted' }, `Cancelled after ${all.length} of ${many}.`));
      } finally {
        signal.removeEventListener('abort', leave);
        stop = null;
        for (const b of sending) b.disabled = false;
        cancel.hidden = true;
      }
      head.focus({ preventScroll: true });
      announce(`${all.length} requests were answered`);
    }

    /** The request as the relay takes it. */
    function relayRequest(request) {
      return {
        method: request.method,
        path: form.path(request),
        headers: [...request.headers, ...(form.versionHeader ? [form.versionHeader] : [])],
        body: request.body,
        api: api.name,
        subscription: request.subscription,
      };
    }

    function show(run) {
      replace(answer,
        h('div', { class: 'spread' }, h('h2', { tabindex: -1 }, 'Answer'), h('div', { class: 'actions' }, h('span', { class: 'muted' }, run.title), button('Keep', () => keep(run), { icon: 'plus' }))),
        figures(run), run.error && h('p', { class: 'message error' }, run.error), runPanels(run, regions, params));
    }

    async function keep(run) {
      const name = field('Name', input(`${operation.properties.displayName || operation.name}`, { required: true }), { hint: 'The request and this answer stay in this browser, without the values of headers that are credentials.' });
      await dialog('Keep this test', name, [{
        label: 'Keep',
        kind: 'primary',
        run: () => {
          if (!name.input.value.trim()) {
            name.setError('A test needs a name.');
            return false;
          }
          keepTest({ id: `test-${Date.now()}`, name: name.input.value.trim(), api: params.id, operation: run.operation, request: run.request, run });
          return true;
        },
      }]);
      drawRuns();
    }

    function compare(a, b) {
      compared.hidden = false;
      replace(compared, h('div', { class: 'spread' }, h('h2', { tabindex: -1 }, 'Comparison'), button('Close', () => {
        compared.hidden = true;
      }, { icon: 'close', iconOnly: true, kind: 'plain' })), comparison(a, b, regions));
      compared.scrollIntoView({ block: 'start' });
      compared.querySelector('h2').focus({ preventScroll: true });
    }

    function drawRuns() {
      const kept = keptTests().filter((t) => t.api === params.id);
      const rows = [
        ...kept.map((t) => ({ test: t, run: t.run && { ...t.run, title: t.name }, name: t.name, at: t.run?.at, operation: t.operation })),
        ...runs.map((run) => ({ run, name: run.title, at: run.at, operation: run.operation })),
      ];
      const chosen = [];
      const go = button('Compare', () => compare(chosen[0].run, chosen[1].run), { disabled: true });
      const choose = (row, on) => {
        const i = chosen.indexOf(row);
        if (on && i < 0) chosen.push(row);
        if (!on && i >= 0) chosen.splice(i, 1);
        if (chosen.length > 2) chosen.shift().box.checked = false;
        go.disabled = chosen.length !== 2;
      };
      if (rows.length === 0) {
        replace(history$, h('h2', 'Runs'), h('p', { class: 'muted' }, 'What you send is listed here. Two runs can be compared, and one that is kept can be sent again after a policy has changed.'));
        return;
      }
      const label = (o) => operations.find((x) => x.name === o)?.properties.displayName || o;
      replace(history$,
        h('div', { class: 'spread' }, h('h2', 'Runs'), h('div', { class: 'actions' }, go)),
        h('p', { class: 'muted' }, 'Mark two runs to compare them. Kept tests stay in this browser.'),
        h('ol', { class: 'runs' }, rows.map((r) => h('li', { class: 'run' },
          r.run ? h('input', { type: 'checkbox', 'aria-label': `Compare ${r.name}`, ref: (el) => { r.box = el; }, onchange: (event) => choose(r, event.target.checked) }) : h('span'),
          h('div', { class: 'run-what' },
            h('div', { class: 'row' }, h('strong', r.name), r.test && badge('kept'), r.run && (r.run.status ? statusBadge(r.run.status, r.run.reason) : badge('no answer', 'bad')), r.run && h('span', { class: 'muted' }, duration(r.run.total))),
            h('div', { class: 'muted small' }, label(r.operation), r.at && ` · ${new Date(r.at).toLocaleString()}`,
              r.run?.trace && ` · ${readTrace(r.run.trace).attempts.map((t) => backendName(t, regions)).join(' → ') || 'no attempt'}`)),
          h('div', { class: 'row run-actions' },
            r.test && button('Replay', () => replay(r.test), { kind: 'plain', icon: 'play', 'aria-label': `Replay ${r.name}` }),
            r.run && button('View', () => {
              show(r.run);
              answer.scrollIntoView({ block: 'start' });
            }, { kind: 'plain', 'aria-label': `View ${r.name}` }),
            button('Use', () => use(r.test ?? { operation: r.operation, request: r.run.request }), { kind: 'plain', title: 'Put this request into the form', 'aria-label': `Use the request of ${r.name}` }),
            r.test && button(`Delete ${r.name}`, async () => {
              if (!(await confirm(`Delete ${r.name}?`, 'The kept request and answer are gone then.'))) return;
              forgetTest(r.test.id);
              drawRuns();
            }, { kind: 'plain', icon: 'trash', iconOnly: true }))))));
    }

    function use(test) {
      if (test.operation !== operation.name) {
        goTo(test);
        return;
      }
      form.fill(test.request);
      card.scrollIntoView({ block: 'start' });
      announce('The request is in the form');
    }

    // goTo leads to the screen of a request's operation, with the request in its form;
    // whether there still is such an operation.
    function goTo(test) {
      if (!operations.some((o) => o.name === test.operation)) {
        toast(`The operation ${test.operation} is not there any more`, 'error');
        return false;
      }
      drafts.set(path(params.id, test.operation), test.request);
      location.hash = `#${path('apis', params.id, 'test', test.operation)}`;
      return true;
    }

    async function replay(test) {
      if (test.operation !== operation.name) {
        if (goTo(test)) replaying = test;
        return;
      }
      form.fill(test.request);
      await send(true, test.run && { ...test.run, title: test.name });
    }

    const test = replaying;
    replaying = null;
    if (test?.api === params.id && test.operation === operation.name) replay(test);
    return () => stop?.abort();
  },
};

/** The API's operations. */
function operationList(params, operations, current) {
  return scopeNav(operations.map((o) => ({ href: `#${path('apis', params.id, 'test', o.name)}`, label: o.properties.displayName || o.name, method: o.properties.method, current: o === current })), { label: 'Operations', what: 'Operation' });
}
