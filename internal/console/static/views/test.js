// The test console of an API: one request, its answer as it comes, and its
// trace; runs are compared, and kept ones replayed.

import { arm, list, path, relay, regions as simulatedRegions } from '../api.js';
import { apiPage, gateway, revision } from '../apipage.js';
import { apiVersion, bodyOf, deployments, isVersioned } from '../azureopenai.js';
import { batchView, sendMany } from '../batch.js';
import { jsonProblem } from '../json.js';
import { compareRuns, duration, oneLine, readTrace, summary } from '../traces.js';
import { forgetTest, keepTest, keptTests, withoutSecrets } from '../runs.js';
import { scopeNav } from '../scopes.js';
import { addSubscription } from '../subscription.js';
import { announce, badge, breakable, button, confirm, copy, dialog, emptyState, errorBox, field, h, input, linkButton, loading, replace, select, table, tabs, toast, uid } from '../ui.js';
import { backendName, statusBadge, traceView } from './trace.js';

// What was sent since the page was loaded, by API: it survives a look at another
// screen.
const session = new Map();

// What stands in the forms, by API and operation: between two requests one goes
// and changes the policy.
const drafts = new Map();

const many = 20; // requests of a batch

const time = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const size = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);
const hasBody = (method) => !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method.toUpperCase());

// ---- The request

/** A list of names and values that one adds to. */
function pairs(what, values, onchange) {
  const rows = [];
  const box = h('div', { class: 'pairs' });
  const add = (name = '', value = '', focus = false) => {
    const n = input(name, { placeholder: 'name', 'aria-label': `Name of a ${what}`, oninput: onchange });
    const v = input(value, { placeholder: 'value', 'aria-label': `Value of a ${what}`, oninput: onchange });
    const row = {
      read: () => [n.value.trim(), v.value],
      element: h('div', { class: 'pair' }, n, v, button(`Remove this ${what}`, () => {
        rows.splice(rows.indexOf(row), 1);
        row.element.remove();
        adding.focus();
        onchange();
      }, { icon: 'trash', iconOnly: true, kind: 'plain' })),
    };
    rows.push(row);
    box.append(row.element);
    if (focus) n.focus();
  };
  const adding = button(`Add a ${what}`, () => add('', '', true), { icon: 'plus', kind: 'plain' });
  for (const [name, value] of values) add(name, value);
  return {
    elements: [box, adding],
    read: () => rows.map((r) => r.read()).filter(([name]) => name !== ''),
    fill(list) {
      rows.length = 0;
      replace(box);
      for (const [name, value] of list) add(name, value);
    },
  };
}

/**
 * A field for a parameter of the specification. known are values that are there
 * to choose from without being the only ones; the first is filled in.
 */
function parameterField(p, onchange, known = []) {
  const value = p.defaultValue || (p.required ? known[0] ?? '' : '');
  const listId = known.length > 0 ? uid('known') : null;
  const control = p.values?.length
    ? select(p.values.includes(value) ? value : p.required ? p.values[0] : '', [...(p.required ? [] : [['', '(none)']]), ...p.values], { onchange })
    : input(value, { name: p.name, oninput: onchange, placeholder: p.type && p.type !== 'string' ? p.type : '', list: listId });
  const el = field(p.name.replace(/^\*/, ''), control, { hint: p.description, optional: !p.required });
  if (listId) el.append(h('datalist', { id: listId }, known.map((k) => h('option', { value: k }))));
  return el;
}

/** An example of the body, or ''. */
function exampleBody(representation, known) {
  const examples = Object.values(representation?.examples ?? {});
  const value = examples.find((e) => e.value !== undefined)?.value ?? representation?.sample ?? known;
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** What is wrong with a text as JSON, or ''. */
function jsonError(text) {
  const p = jsonProblem(text);
  return p ? `This is not JSON: line ${p.line}, column ${p.column}: ${p.message}.` : '';
}

/** The form of one operation. Gives {head, element, read(), fill(request), path(request), …}. */
function requestForm(api, operation, base, versionSet, subscriptions, regions, onchange) {
  const p = operation.properties;
  const asked = p.request ?? {};
  const [templatePath] = p.urlTemplate.split('?');
  const template = (p.templateParameters ?? []).map((x) => [x, parameterField(x, () => changed(), deployments(regions, x.name, p.urlTemplate))]);
  const query = (asked.queryParameters ?? []).map((x) => [x, parameterField(x, () => changed())]);
  const body = asked.representations?.[0];
  const declared = (asked.headers ?? []).map((x) => [x.name, x.defaultValue ?? x.values?.[0] ?? '']);
  const contentType = body?.contentType ?? (hasBody(p.method) ? 'application/json' : null);
  if (contentType && !declared.some(([name]) => name.toLowerCase() === 'content-type')) declared.unshift(['Content-Type', contentType]);
  const versioned = isVersioned(p.urlTemplate) && !(asked.queryParameters ?? []).some((x) => x.name === 'api-version') && !p.urlTemplate.includes('api-version=');
  const moreQuery = pairs('query parameter', versioned ? [['api-version', apiVersion]] : [], () => changed());
  const headers = pairs('header', declared, () => changed());
  const header = api.properties.subscriptionKeyParameterNames?.header ?? 'Ocp-Apim-Subscription-Key';
  let chosen = false; // the subscription, by hand
  const usable = subscriptions.filter((s) => s.properties.state === 'active');
  const first = usable.find((s) => s.opens) ?? null;
  const subscription = field('Subscription', select(first?.name ?? '', [['', 'None'], ...usable.map((s) => [s.name, `${s.properties.displayName || s.name}${s.opens ? '' : ' (does not open this API)'}`])], {
    onchange: () => {
      chosen = true;
      changed();
    },
  }), {
    hint: `Its key goes into the header ${header}. This page never sees it.`,
  });
  const unopened = h('div', { class: 'message info', hidden: api.properties.subscriptionRequired === false || first !== null },
    h('p', 'This API wants the key of a subscription, and there is none yet that opens it: the answer would be 401.'),
    h('p', button('Add subscription', async () => {
      const name = await addSubscription({ scope: path('apis', revision(api.name)[0]) });
      if (!name) return;
      const { displayName } = (await arm(path('subscriptions', name))).properties;
      subscription.input.append(h('option', { value: name }, displayName || name));
      subscription.input.value = name;
      chosen = true;
      unopened.hidden = true;
      changed();
    }, { icon: 'plus' })));
  const text = h('textarea', { class: 'mono body', spellcheck: false, value: exampleBody(body, bodyOf(p.urlTemplate)) });
  text.rows = Math.min(16, Math.max(7, text.value.split('\n').length + 1));
  const bodyField = field('Body', text, { hint: contentType ?? undefined });
  const examples = Object.entries(body?.examples ?? {});
  text.addEventListener('input', () => changed());
  const isJSON = () => /json/i.test(headers.read().find(([n]) => n.toLowerCase() === 'content-type')?.[1] ?? '');
  const checkBody = () => bodyField.setError(hasBody(p.method) && isJSON() ? jsonError(text.value) : '');
  const url = h('code', { class: 'request-url' });
  function changed() {
    checkBody();
    url.replaceChildren(...breakable(`${p.method} ${base.replace(/\/$/, '')}${form.path(form.read())}`).childNodes);
    onchange();
  }

  const form = {
    head: h('div', { class: 'stack tight' },
      h('p', { class: 'row' }, h('span', { class: ['method', p.method] }, p.method), breakable(p.urlTemplate)),
      p.description && h('p', { class: 'muted' }, p.description),
      h('p', url)),
    element: h('div', { class: 'stack' },
      h('div', { class: 'fields' },
        template.length > 0 && h('fieldset', { class: 'plainset' }, h('legend', 'Template parameters'), template.map(([, f]) => f)),
        h('fieldset', { class: 'plainset' }, h('legend', 'Query parameters'), query.map(([, f]) => f), moreQuery.elements)),
      h('fieldset', { class: 'plainset' }, h('legend', 'Headers'), headers.elements), subscription, unopened,
      hasBody(p.method) && bodyField,
      hasBody(p.method) && h('div', { class: 'actions' },
        examples.length > 0 && examples.map(([name, e]) => button(examples.length === 1 ? 'Example' : `Example ${e.summary || name}`, () => {
          text.value = exampleBody({ examples: { e } });
          changed();
        }, { kind: 'plain' })),
        button('Format the body', () => {
          if (jsonError(text.value) || text.value.trim() === '') return;
          text.value = JSON.stringify(JSON.parse(text.value), null, 2);
          changed();
        }, { kind: 'plain' }))),
    read: () => ({
      method: p.method,
      template: Object.fromEntries(template.map(([x, f]) => [x.name, f.input.value])),
      query: [...query.filter(([x, f]) => f.input.value !== '' || x.required).map(([x, f]) => [x.name, f.input.value]), ...moreQuery.read()],
      headers: headers.read(),
      subscription: subscription.input.value,
      body: hasBody(p.method) ? text.value : '',
    }),
    /** What is written here; who has not chosen a subscription may find another one the next time. */
    draft: () => ({ ...form.read(), subscription: chosen ? subscription.input.value : null }),
    fill(request) {
      for (const [x, f] of template) f.input.value = request.template[x.name] ?? '';
      const rest = [...request.query];
      for (const [x, f] of query) {
        const i = rest.findIndex(([name]) => name === x.name);
        f.input.value = i < 0 ? '' : rest.splice(i, 1)[0][1];
      }
      moreQuery.fill(rest);
      headers.fill(request.headers);
      if (request.subscription !== null) {
        chosen = true;
        subscription.input.value = request.subscription;
        if (subscription.input.selectedIndex < 0) subscription.input.value = ''; // it is gone
      }
      text.value = request.body;
      changed();
    },
    /** The path and query of a request, as the gateway gets it. */
    path(request) {
      const value = (name, whole) => {
        const v = request.template[name] ?? '';
        return whole ? v.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(v);
      };
      let at = templatePath.replace(/\{(\*?)([^}]+)\}/g, (_, star, name) => value(star + name in request.template ? star + name : name, star !== ''));
      const [, rev] = revision(api.name);
      let prefix = api.properties.path ? `/${api.properties.path}` : '';
      if (versionSet?.versioningScheme === 'Segment' && api.properties.apiVersion) prefix += `/${encodeURIComponent(api.properties.apiVersion)}`;
      if (rev && api.properties.isCurrent === false) prefix += `;rev=${rev}`;
      if (at === '/' && prefix) at = '';
      const query$ = [...request.query];
      for (const [, name] of (p.urlTemplate.split('?')[1] ?? '').matchAll(/([^=&]+)=\{[^}]+\}/g)) if (request.template[name] !== undefined) query$.unshift([name, request.template[name]]);
      if (versionSet?.versioningScheme === 'Query' && api.properties.apiVersion) query$.push([versionSet.versionQueryName, api.properties.apiVersion]);
      const text = query$.map(([name, v]) => `${encodeURIComponent(name)}=${encodeURIComponent(v)}`).join('&');
      return `${prefix}${at}` + (text ? `?${text}` : '') || '/';
    },
    /** Shows what is missing; whether the request can be sent. */
    check() {
      let ok = true;
      for (const [, f] of template) {
        const empty = f.input.value.trim() === '';
        f.setError(empty ? 'The address needs a value here.' : '');
        if (empty && ok) f.input.focus();
        ok &&= !empty;
      }
      return ok;
    },
    versionHeader: versionSet?.versioningScheme === 'Header' && api.properties.apiVersion ? [versionSet.versionHeaderName, api.properties.apiVersion] : null,
    keyHeader: header,
  };
  changed();
  return form;
}

/** The request as a command for a shell. */
function curl(form, base, request) {
  const quote = (s) => `'${s.replace(/'/g, `'\\''`)}'`;
  const lines = [`curl -i -X ${request.method} ${quote(base.replace(/\/$/, '') + form.path(request))}`];
  if (request.subscription) lines.push(`-H "${form.keyHeader}: $KEY"`);
  for (const [name, value] of [...request.headers, ...(form.versionHeader ? [form.versionHeader] : [])]) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  if (request.body) lines.push(`-d ${quote(request.body)}`);
  return lines.join(' \\\n  ');
}

// ---- The answer

/** The text that a stream of chat or completion events amounts to, told piece by piece. */
function assembler() {
  let rest = '';
  let message = '';
  let events = 0;
  return {
    take(text) {
      rest += text;
      const lines = rest.split(/\r\n|\n|\r/);
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        events++;
        const data = line.slice(5).trim();
        if (data === '[DONE]') continue;
        try {
          const choice = JSON.parse(data).choices?.[0];
          message += choice?.delta?.content ?? choice?.text ?? '';
        } catch {
          // An event that is no JSON is among the events below.
        }
      }
      return message;
    },
    get events() {
      return events;
    },
  };
}

/** The text of an answer as one reads it best. */
function pretty(run) {
  const type = run.headers.find(([n]) => n.toLowerCase() === 'content-type')?.[1] ?? '';
  if (/json/i.test(type) || /^\s*[[{]/.test(run.body)) {
    try {
      return JSON.stringify(JSON.parse(run.body), null, 2);
    } catch {
      // As it came.
    }
  }
  return run.body;
}

/** What the answer of a chat says, in one line of text, or ''. */
function said(run) {
  try {
    const body = JSON.parse(run.body);
    return body.choices?.[0]?.message?.content ?? '';
  } catch {
    return '';
  }
}

function headerTable(headers) {
  return table([{ title: 'Header', cell: ([name]) => name }, { title: 'Value', cell: ([, value]) => h('code', value) }], headers, { caption: 'Headers of the answer' });
}

/** A finished run, as its panels. */
function runPanels(run, regions, params) {
  const text = pretty(run);
  const message = run.message || said(run);
  const panels = [
    {
      label: 'Body',
      panel: h('div', { class: 'stack' },
        message && h('section', { class: 'message-text' }, h('h3', 'Message'), h('p', message)),
        text === '' ? h('p', { class: 'muted' }, 'The answer has no body.') : [
          h('div', { class: 'spread' }, h('h3', run.message ? 'Events' : 'Body'), button('Copy', () => copy(run.body, 'The body was copied'), { icon: 'copy', kind: 'plain' })),
          h('pre', { class: 'answer-text', tabindex: 0, 'aria-label': 'The body of the answer' }, text)],
        run.bodyCut && h('p', { class: 'muted' }, 'What was kept of it ends here.')),
    },
    { label: `Headers (${run.headers.length})`, panel: headerTable(run.headers) },
  ];
  if (run.trace) panels.push({ label: 'Trace', panel: traceView(run.trace, { regions, params }) });
  else if (run.traceError) panels.push({ label: 'Trace', panel: errorBox(run.traceError) });
  return tabs(panels, { label: 'Answer', selected: run.trace ? 2 : 0 });
}

/** The one line of figures above an answer. */
function figures(run) {
  return h('div', { class: 'row figures-line' },
    run.status ? statusBadge(run.status, run.reason) : badge('no answer', 'bad'),
    run.firstByte !== null && h('span', h('span', { class: 'muted' }, 'first byte '), h('strong', duration(run.firstByte))),
    h('span', h('span', { class: 'muted' }, 'total '), h('strong', duration(run.total))),
    h('span', h('span', { class: 'muted' }, 'size '), h('strong', size(run.bytes))),
    run.end === 'cut' && badge('cut off', 'bad'), run.end === 'cancelled' && badge('cancelled', 'warn'));
}

// ---- Comparing

const clip = (text) => (text === '' ? 'empty' : h('span', { class: 'clip' }, oneLine(text).slice(0, 160)));

function comparison(a, b, regions) {
  const c = compareRuns(a, b);
  const mark = (differs) => (differs ? badge('differs', 'warn') : h('span', { class: 'muted' }, 'equal'));
  const [wordsA, wordsB] = [a, b].map((run) => run.message || said(run));
  const attempts = (list) => (list ? list.map((t) => `${backendName(t, regions)} ${t.error ? '(no answer)' : t.status ?? ''}`).join(' → ') || 'none' : '–');
  const rows = [
    ['Status', `${a.status ?? '–'} ${a.reason}`, `${b.status ?? '–'} ${b.reason}`, mark(c.status)],
    ['First byte', a.firstByte === null ? '–' : duration(a.firstByte), b.firstByte === null ? '–' : duration(b.firstByte), difference(a.firstByte, b.firstByte)],
    ['Total', duration(a.total), duration(b.total), difference(a.total, b.total)],
    ['Size', size(a.bytes), size(b.bytes), mark(a.bytes !== b.bytes)],
    [wordsA && wordsB ? 'Message' : 'Body', clip(wordsA || a.body), clip(wordsB || b.body), mark(wordsA && wordsB ? wordsA !== wordsB : c.body)],
  ];
  if (c.attempts) {
    const [x, y] = c.attempts.map(attempts);
    rows.push(['Attempts', x, y, mark(x !== y)]);
    rows.push(['Service', a.trace.generation ?? '', b.trace.generation ?? '', c.generation ? badge('changed in between', 'warn') : h('span', { class: 'muted' }, 'the same')]);
  }
  const different = c.headers.filter((x) => x.kind !== 'same' && !x.volatile);
  const moving = c.headers.filter((x) => x.kind !== 'same' && x.volatile);
  const headerRows = (list) => table([
    { title: 'Header', cell: (x) => x.name },
    { title: a.title, cell: (x) => (x.a === null ? h('span', { class: 'muted' }, 'absent') : h('code', x.a)) },
    { title: b.title, cell: (x) => (x.b === null ? h('span', { class: 'muted' }, 'absent') : h('code', x.b)) },
  ], list, { caption: 'Headers that differ' });
  return h('div', { class: 'stack roomy' },
    table([{ title: 'Of', cell: (r) => r[0] }, { title: a.title, cell: (r) => r[1] }, { title: b.title, cell: (r) => r[2] }, { title: 'Difference', cell: (r) => r[3] }], rows, { caption: 'Two runs' }),
    h('h3', 'Headers'),
    different.length ? headerRows(different) : h('p', { class: 'muted' }, 'No header differs that says something.'),
    moving.length > 0 && h('details', h('summary', `${moving.length} headers differ from call to call`), headerRows(moving)),
    h('h3', 'Trace'),
    c.steps ? stepDifferences(c.steps, a, b) : h('p', { class: 'muted' }, 'Both runs need a trace for this: use Send with trace.'));
}

function difference(a, b) {
  if (a === null || b === null) return '–';
  const d = b - a;
  return h('span', { class: 'muted' }, Math.abs(d) < 1 ? 'about equal' : `${d > 0 ? '+' : '−'}${duration(Math.abs(d))}`);
}

function stepDifferences(steps, a, b) {
  const differing = steps.filter((s) => s.kind !== 'same');
  const list = (which) => h('ol', { class: 'differences' }, which.map(({ a: x, b: y, kind }) => {
    const step = x ?? y;
    const words = { added: `only in ${b.title}`, removed: `only in ${a.title}`, changed: 'differs', same: 'equal' };
    return h('li', { class: kind },
      h('div', { class: 'row' }, h('strong', step.source), h('span', { class: 'muted' }, `${step.section}${step.path ? ` · ${step.path}` : ''}`), badge(words[kind], kind === 'same' ? null : 'warn')),
      kind === 'changed' ? h('div', { class: 'sides' }, h('div', h('span', { class: 'muted' }, `${a.title}: `), h('span', summary(x))), h('div', h('span', { class: 'muted' }, `${b.title}: `), h('span', summary(y)))) : h('p', summary(step)));
  }));
  const same = steps.length - differing.length;
  return h('div', { class: 'stack' },
    differing.length ? list(differing) : h('p', { class: 'muted' }, 'Every step came to the same.'),
    same > 0 && h('details', h('summary', `${same} steps are equal`), list(steps.filter((s) => s.kind === 'same'))));
}

// ---- The screen

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
      h('div', { class: 'actions send' }, sending, cancel, button('Copy as curl', () => copy(curl(form, base, form.read()), 'The command was copied; KEY is the subscription’s key'), { icon: 'copy', kind: 'plain' })),
      form.element);
    main.append(h('div', { class: 'design' }, operationList(params, operations, operation), h('div', { class: 'stack' }, card, answer, compared, history$)));
    if (params.query?.get('replay')) {
      const test = keptTests().find((t) => t.id === params.query.get('replay'));
      if (test) form.fill(test.request);
    }
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
            live.append(pieces[pieces.length - 1]);
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
        if (test.id) location.hash = `#${path('apis', params.id, 'test', test.operation)}?replay=${encodeURIComponent(test.id)}`;
        else toast('That request belongs to another operation. Open it from the list first.');
        return;
      }
      form.fill(test.request);
      card.scrollIntoView({ block: 'start' });
      announce('The request is in the form');
    }

    async function replay(test) {
      if (test.operation !== operation.name) {
        use(test);
        return;
      }
      form.fill(test.request);
      await send(true, test.run && { ...test.run, title: test.name });
    }

    return () => stop?.abort();
  },
};

/** The API's operations. */
function operationList(params, operations, current) {
  return scopeNav(operations.map((o) => ({ href: `#${path('apis', params.id, 'test', o.name)}`, label: o.properties.displayName || o.name, method: o.properties.method, current: o === current })), { label: 'Operations', what: 'Operation' });
}
