// What the screens calculate, apart from what they draw. Run by TestParts, with
// the folder of the modules as argument.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const from = async (name) => import(pathToFileURL(`${process.argv[2]}/${name}`).href);
const api = await from('api.js');
const live = await from('live.js');
const { short, iso } = await from('duration.js');
const { pretty } = await from('answer.js');
const { differences } = await from('conflict.js');
const { templateNames } = await from('operation.js');
const { jsonProblem } = await from('json.js');
const { place, scope } = await from('places.js');
const runs = await from('runs.js');
const { align, compareRuns, duration, milliseconds, readTrace, summary } = await from('traces.js');
const known = await from('azureopenai.js');
const { summarize } = await from('batch.js');
const { beliefText } = await from('poolview.js');
const { designOf } = await from('written.js');
const { placeAt } = await from('policylanguage.js');
const { drawing, slug } = await from('ui.js');
const { describe, initial, kinds, matters, toFault } = await from('views/regions.js');

const cases = {
  metrics() {
    const m = api.parseMetrics('# HELP a b\n# TYPE a counter\na{region="e\\"a\\\\s\\nt",status="200"} 3\na{region="x"} 1e3\nb 0.5\nc_bucket{le="+Inf"} +Inf\n\nnot a metric\n');
    assert.deepEqual(m, {
      a: [{ labels: { region: 'e"a\\s\nt', status: '200' }, value: 3 }, { labels: { region: 'x' }, value: 1000 }],
      b: [{ labels: {}, value: 0.5 }],
      c_bucket: [{ labels: { le: '+Inf' }, value: Infinity }],
    });
  },
  answers() {
    const headers = [['Content-Type', 'application/json']];
    assert.equal(pretty({ headers, body: '{"data":[{"embedding":[0.5,-1e-7,3],"index":0}],"a":[],"b":["x",1]}' }), '{\n  "data": [\n    {\n      "embedding": [0.5, -1e-7, 3],\n      "index": 0\n    }\n  ],\n  "a": [],\n  "b": [\n    "x",\n    1\n  ]\n}');
    assert.equal(pretty({ headers, body: '{"cut' }), '{"cut');
    assert.equal(pretty({ headers: [], body: 'a text' }), 'a text');
  },
  conflicts() {
    const before = { displayName: 'A', path: 'a', names: { header: 'k', query: 'q' }, tags: ['x'], description: null };
    assert.deepEqual(differences(before, { ...before, description: undefined }), []);
    assert.deepEqual(differences(before, { displayName: 'B', path: 'a', names: { header: 'k2', query: 'q' }, tags: ['x', 'y'], serviceUrl: 'u' }), [
      { name: 'displayName', before: 'A', after: 'B' }, { name: 'names.header', before: 'k', after: 'k2' }, { name: 'tags', before: ['x'], after: ['x', 'y'] }, { name: 'serviceUrl', before: undefined, after: 'u' },
    ]);
  },
  paths() {
    assert.equal(api.path('apis', 'a;rev=2', 'operations', 'ü/x'), '/apis/a%3Brev%3D2/operations/%C3%BC%2Fx');
    assert.equal(api.tail('/a/b/c'), 'c');
  },
  samples() {
    const text = (ok, throttled, failed, left, low, high) => `gateway_attempts_total{outcome="ok",region="e",status="200"} ${ok}
gateway_attempts_total{outcome="status",region="e",status="429"} ${throttled}
gateway_attempts_total{outcome="timeout",region="e",status="0"} ${failed}
gateway_attempts_total{outcome="client_closed",region="e",status="0"} ${left - 1}
gateway_attempts_total{outcome="overtaken",region="e",status="0"} 1
gateway_requests_total{api="a",operation="o",status="200"} ${ok}
gateway_requests_total{api="a",operation="o",status="503"} ${failed}
gateway_requests_total{api="a",operation="p",status="429"} ${throttled}
gateway_first_byte_seconds_bucket{region="e",le="0.1"} ${low}
gateway_first_byte_seconds_bucket{region="e",le="0.2"} ${high}
gateway_first_byte_seconds_bucket{region="e",le="+Inf"} ${high}
gateway_first_byte_seconds_count{region="e"} ${high}
gateway_quota_remaining{of="tokens",region="e"} 7
gateway_tokens_total{region="e",type="prompt"} 5
gateway_tokens_total{region="e",type="completion"} 6
gateway_failover_total 2
`;
    const a = live.sample(api.parseMetrics(text(10, 1, 2, 3, 4, 8)), 1000);
    const b = live.sample(api.parseMetrics(text(20, 1, 2, 3, 8, 16)), 3000);
    const e = a.regions.get('e');
    assert.deepEqual([e.attempts, e.ok, e.throttled, e.failed, e.tokens, e.remaining.tokens], [16, 10, 1, 2, 11, 7]);
    assert.deepEqual([a.requests, a.failed, a.throttled, a.failovers], [13, 2, 1, 2]);
    live.samples.push(a, b);
    assert.deepEqual(live.rates((s) => s.regions.get('e').ok), [[3000, 5]]);
    assert.equal(live.since(60000), a);
    assert.deepEqual(live.regionNames(), ['e']);
    const near = (got, want) => assert.ok(Math.abs(got - want) < 1e-9, `${got} is not ${want}`);
    near(live.quantile(0.5, e, b.regions.get('e')), 0.1);
    near(live.quantile(0.75, e, b.regions.get('e')), 0.15);
    near(live.quantile(0.25, null, e), 0.05);
    near(live.quantile(0.5, b.regions.get('e'), e), 0.1); // began anew
    assert.equal(live.quantile(0.5, e, e), null);
    assert.equal(live.quantile(0.5, null, undefined), null);
    assert.equal(live.grown(9, 4), 4);
  },
  durations() {
    for (const [text, want] of [['10s', 'PT10S'], ['1m30s', 'PT1M30S'], ['90', 'PT90S'], ['2 h', 'PT2H'], ['1d', 'P1D'], ['1d2h', 'P1DT2H'], ['pt1m', 'PT1M'], ['5min', 'PT5M'], ['', null], ['soon', null], ['1x', null], ['P', null]]) assert.equal(iso(text), want, text);
    for (const [text, want] of [['PT10S', '10s'], ['PT1H0M5S', '1h5s'], ['P1DT2H', '1d2h'], ['PT0S', '0s'], ['PT0.5S', '0.5s'], ['P1W', 'P1W'], [undefined, '']]) assert.equal(short(text), want, text);
  },
  templates() {
    assert.deepEqual(templateNames('/openai/deployments/{deployment-id}/chat/{*rest}?a={b}&c={b}'), ['deployment-id', 'rest', 'b']);
    assert.deepEqual(templateNames('/plain'), []);
  },
  places() {
    const root = api.root;
    for (const [id, label, href] of [
      ['/policies/policy', 'Policy of All APIs', '#/global/design'],
      ['/apis/a/policies/policy', 'Policy of API a', '#/apis/a/design'],
      ['/apis/a/operations/o/policies/policy', 'Policy of API a, operation o', '#/apis/a/design/o'],
      ['/apis/a', 'API a', '#/apis/a/settings'],
      ['/products/p/policies/policy', 'Policy of product p', '#/products/p/design'],
      ['/policyFragments/f', 'Fragment f', '#/fragments/f'],
      ['/backends/b', 'Backend b', '#/backends/b'],
    ]) assert.deepEqual(place(root + id), { label, href });
    assert.deepEqual([scope(root + '/products/p').label, scope(root + '/apis/a').label, scope(root + '/apis').label, scope(root + '/').label], ['Product p', 'API a', 'All APIs', 'Whole service']);
  },
  drawings() {
    assert.equal(drawing({ drawn: 'as it came\n' }), 'as it came\n');
    assert.equal(drawing({ line: 2, column: 3, endLine: 2, endColumn: 5, message: 'bad', code: 'CS1', severity: 'error', hint: 'try', file: 'p.xml' }, 'one\n\ttwox\n'), 'p.xml:2:3: bad (CS1)\n    2 | \ttwox\n      | \t ^^\nhint: try\n');
    assert.equal(drawing({ line: 0, message: 'bad', severity: 'warning' }), 'warning: bad');
  },
  words() {
    assert.equal(slug('  My Cool ÖpenAI – Test! '), 'my-cool-openai-test');
    for (const [fault, want] of [
      [{ kind: 'throttle', retryAfter: 10, share: 0.5 }, 'answers 429, retry after 10 s (50 % of requests)'],
      [{ kind: 'throttle', mode: 'reset-zero' }, 'answers 429 that names no wait'],
      [{ kind: 'status', status: 500, deployment: 'd' }, 'answers 500 (deployment d)'],
      [{ kind: 'cut', after: 'events:3', how: 'fin' }, 'cuts the connection after 3 events, politely'],
      [{ kind: 'hang', after: 'accept' }, 'falls silent after accepting it'],
      [{ kind: 'stall', delay: '2s', after: 'headers' }, 'falls silent for 2s after the headers'],
      [{ kind: 'brownout', errors: 0.305, factor: 3 }, 'answers 30.5 % with 500 and takes 3 times as long'],
      [{ kind: 'brownout', factor: 3 }, 'takes 3 times as long'],
      [{ kind: 'squeeze', quota: 0.2 }, 'has 20 % of its quota left'],
      [{ kind: 'malformed', how: 'no-done' }, 'ends streams without [DONE]'],
      [{ kind: 'unheard-of' }, 'has the fault unheard-of'],
    ]) assert.equal(describe(fault), want);
  },
  // What the form says is printed, for the simulator to judge.
  faults() {
    const said = (kind, values) => {
      const fault = toFault(kind, { ...initial, ...values });
      console.log(`fault ${JSON.stringify(fault)}`);
      return JSON.parse(JSON.stringify(fault));
    };
    for (const [kind] of kinds) said(kind, {});
    assert.deepEqual(said('throttle', { share: '50', deployment: 'd', retryAfterMs: '5' }), { kind: 'throttle', retryAfter: 10, retryAfterMs: 5, share: 0.5, deployment: 'd' });
    assert.deepEqual(said('throttle', { mode: 'reset-zero' }), { kind: 'throttle', mode: 'reset-zero' });
    assert.deepEqual(said('throttle', { retryAfter: 'soon' }), { kind: 'throttle', retryAfter: 'soon' });
    assert.deepEqual(said('status', { status: '404', body: '{"a":1}' }), { kind: 'status', status: 404, body: { a: 1 } });
    assert.deepEqual(said('status', { body: 'no JSON' }), { kind: 'status', status: 500, body: 'no JSON' });
    assert.deepEqual(said('hang', { after: 'accept', share: '50' }), { kind: 'hang', after: 'accept' });
    assert.deepEqual(said('cut', { how: 'fin', events: '3' }), { kind: 'cut', after: 'events:3', how: 'fin' });
    assert.deepEqual(said('brownout', { errors: '0', factor: '2' }), { kind: 'brownout', factor: 2 });
    assert.deepEqual(said('malformed', { what: 'no-done' }), { kind: 'malformed', how: 'no-done' });
    assert.deepEqual(said('refuse', { status: '1' }), { kind: 'refuse' });
    assert.equal(matters('status', 'brownout', { errors: '' }), false);
  },
  // A recorded trace: a pool whose first member is throttled, and a policy that retries.
  traces() {
    for (const [span, ms] of [['00:00:00.0004430', 0.443], ['1.02:03:04', 93784000], ['-00:00:01', -1000], ['soon', 0], [undefined, 0]]) assert.ok(Math.abs(milliseconds(span) - ms) < 1e-9, span);
    assert.deepEqual([0.0004, 0.0512, 0.42, 12.34, 123.4, 1234, 12345].map(duration), ['0 µs', '51 µs', '0.42 ms', '12.3 ms', '123 ms', '1.23 s', '12.3 s']);
    const trace = readTrace(JSON.parse(readFileSync(new URL('trace.json', import.meta.url), 'utf8')));
    assert.deepEqual(trace.sections.map((s) => [s.name, s.steps.length]), [['inbound', 2], ['backend', 12], ['outbound', 1]]);
    assert.deepEqual(trace.attempts.map((a) => [a.n, a.origin, a.status, a.choice.candidates.find((c) => !c.whyNot).backend]), [
      [1, 'http://127.0.0.1:28203', 429, 'eastus'], [2, 'http://127.0.0.1:28203', 429, 'eastus'], [3, 'http://127.0.0.1:28203', 429, 'eastus'], [4, 'http://127.0.0.1:28204', 200, 'australiaeast'],
    ]);
    assert.deepEqual(trace.attempts.map((a) => a.why), ['Retry 1 of 3 after 0s.', 'Retry 2 of 3 after 0s.', 'Retry 3 of 3 after 0s.', 'The condition is satisfied after 3 retries.']);
    assert.deepEqual(trace.attempts[2].notes.length, 1); // the breaker opened
    assert.equal(trace.attempts[3].choice.candidates[0].state, 'open');
    assert.ok(Math.abs(trace.attempts[3].took - 22.7697) < 1e-6);
    assert.ok(Math.abs(trace.total - 25.3084) < 1e-6);
    assert.match(summary(trace.steps.find((s) => s.source === 'request-forwarder')), /^429 Too Many Requests to POST http/);
    const took = trace.steps.reduce((sum, s) => sum + s.took, 0);
    assert.ok(Math.abs(took - trace.total) < 1e-6, 'every moment belongs to a step');
    assert.equal(designOf('api', 'apis/a/policy.xml', '', { id: 'a' }), '#/apis/a/design');
    assert.equal(designOf('operation', 'apis/a/operations/o/policy.xml', '', { id: 'a' }), '#/apis/a/design/o');
    assert.equal(designOf('api', 'policy fragments/f/policy.xml', 'f', {}), '#/fragments/f');
    assert.equal(designOf('product', 'products/p/policy.xml', '', {}), '#/products/p/design');
  },
  // A late request whose second copy was not needed, and a stream that another one took up.
  races() {
    const trace = readTrace(JSON.parse(readFileSync(new URL('hedged.json', import.meta.url), 'utf8')));
    assert.deepEqual(trace.attempts.map((a) => [a.backend, a.status, a.ended, a.why]), [
      ['eastus', 200, false, 'No retry is needed.'], ['australiaeast', null, true, "'eastus' has answered first; the attempt at 'australiaeast' was ended."],
    ]);
    assert.match(trace.attempts[1].choice.text, /^No first byte after 100ms: a second copy goes to 'australiaeast'/);
    assert.ok(trace.attempts[0].took > 420 && trace.attempts[1].took > 320, 'both went on until the first answer');
    const at = (ms) => `00:00:00.${String(ms * 10).padStart(4, '0')}`;
    const pool = (ms, message) => ({ source: 'backend-pool', elapsed: at(ms), data: { message } });
    const sent = (ms, url) => ({ source: 'request-forwarder', elapsed: at(ms), data: { message: 'sent', request: { method: 'POST', url } } });
    const answered = (ms, code) => ({ source: 'request-forwarder', elapsed: at(ms), data: { response: { status: { code, reason: 'R' } } } });
    const cut = readTrace({ traceEntries: { backend: [
      { source: 'backend-pool', elapsed: at(1), data: { message: 'chose', candidates: [{ backend: 'a' }, { backend: 'b', whyNot: 'later' }] } }, sent(2, 'http://a/x'), answered(3, 200),
      pool(5, "The stream broke off after 7 bytes of text (reset): 'b' is asked to take it up."), sent(6, 'http://b/x'), answered(7, 200),
    ] } });
    assert.deepEqual(cut.attempts.map((a) => [a.backend, a.origin, a.status, a.again ?? false]), [['a', 'http://a', 200, true], ['b', 'http://b', 200, false]]);
    assert.match(cut.attempts[0].why, /^The stream broke off after 7 bytes/);
    assert.deepEqual(cut.attempts.map((a) => a.broken), [true, false]);
    assert.equal(cut.attempts[1].choice.text, 'It takes up the stream that attempt 1 began.');
    assert.equal(beliefText({ deployment: 'gpt', tokens: { left: 1500, limit: 2000 }, requests: { left: null }, firstByteSeconds: 0.02 }), 'gpt: 1.5K of 2K tokens left, first byte 20 ms');
    assert.equal(beliefText({ errors: 0.25, ejectedUntil: null, deployments: [] }), '25 % fail');
    assert.equal(beliefText({ errors: 0, ejectedUntil: null, deployments: null }), 'nothing yet');
  },
  variables() {
    const set = (name, value, at) => ({ source: 'set-variable', elapsed: `00:00:00.00${at}`, path: 'set-variable[1]', data: { message: 'set', name, value } });
    const trace = readTrace({ traceEntries: { inbound: [set('a', 1, 1), set('b', 'x', 2)], backend: [set('a', 2, 3)] } });
    assert.deepEqual(trace.variables.map((v) => [v.name, v.changes.map((c) => [c.from, c.to])]), [['a', [[undefined, 1], [1, 2]]], ['b', [[undefined, 'x']]]]);
  },
  comparisons() {
    assert.deepEqual(align([...'abcd'], [...'axcde'], (x) => x).map(([x, y]) => `${x ?? '-'}${y ?? '-'}`).join(' '), 'aa b- -x cc dd -e');
    const view = JSON.parse(readFileSync(new URL('trace.json', import.meta.url), 'utf8'));
    const other = structuredClone(view);
    other.traceEntries.backend = other.traceEntries.backend.slice(0, 1).concat(other.traceEntries.backend.slice(5)); // one attempt less
    const run = (trace, status) => ({ status, reason: '', headers: [['Date', String(status)], ['X-A', 'same'], ['X-B', String(status)]], body: 'b', trace });
    const same = compareRuns(run(view, 200), run(structuredClone(view), 200));
    assert.deepEqual([same.status, same.body, same.steps.every((s) => s.kind === 'same'), same.headers.every((x) => x.kind === 'same')], [false, false, true, true]);
    const c = compareRuns(run(view, 200), run(other, 500));
    assert.equal(c.status, true);
    assert.deepEqual(c.headers.filter((x) => x.kind !== 'same').map((x) => [x.name, x.volatile]), [['date', true], ['x-b', false]]);
    assert.deepEqual(c.attempts.map((l) => l.length), [4, 3]);
    assert.ok(c.steps.some((s) => s.kind === 'removed') && !c.steps.some((s) => s.kind === 'added'));
    assert.equal(compareRuns(run(view, 200), run(null, 200)).steps, null);
  },
  batches() {
    const a = (origin, status, error = null) => ({ origin, status, error });
    const s = summarize([
      { status: 200, total: 30, attempts: [a('e', 200)] }, { status: 200, total: 10, attempts: [a('e', 429), a('s', 200)] },
      { status: 503, total: 20, attempts: [a('e', 429), a('e', null, 'refused')] }, { status: 401, total: 1, attempts: [] },
    ]);
    assert.deepEqual([s.count, s.ok, s.moved, s.quantile(0.5), s.quantile(0.95)], [4, 2, 1, 20, 30]);
    assert.deepEqual(s.backends.map((b) => [b.origin, b.answered, b.asked, [...b.statuses]]), [['e', 2, 4, [['200', 1], ['429', 2], ['no answer', 1]]], ['s', 1, 1, [['200', 1]]]]);
    assert.equal(summarize([]).quantile(0.5), 0);
  },
  // A kept test holds no credential.
  kept() {
    const headers = [['api-key', 's'], ['Authorization', 'Bearer s'], ['OCP-APIM-Subscription-Key', 's'], ['Cookie', 's'], ['X-Plain', 'p']];
    assert.deepEqual(runs.withoutSecrets({ headers }).headers.map(([, v]) => v), ['', '', '', '', 'p']);
    const store = new Map();
    globalThis.localStorage = { getItem: (k) => store.get(k) ?? null, setItem: (k, v) => store.set(k, v) };
    runs.keepTest({ id: '1', request: { headers }, run: { body: 'x'.repeat(300000), pieces: [], trace: null } });
    runs.keepTest({ id: '2', request: { headers: [] } });
    const all = runs.keptTests();
    assert.deepEqual(all.map((t) => t.id), ['2', '1']);
    assert.deepEqual([all[1].run.bodyCut, all[1].run.body.length, 'pieces' in all[1].run], [true, 204800, false]);
    assert.ok(![...store.values()].some((v) => v.includes('Bearer')));
    runs.forgetTest('2');
    assert.deepEqual(runs.keptTests().map((t) => t.id), ['1']);
    store.set('spillway.tests', '{"not":"a list"}');
    assert.deepEqual(runs.keptTests(), []);
  },
  json() {
    for (const [text, want] of [
      ['', null], [' {"a": [1, -0.5e3, true, null, "\\u00e4\\n"]} ', null], ['{"messages": [}', '1:15 here should be a value or ]'], ['{"a":1,}', '1:8 here should be a name in double quotes'],
      ['{\n  "a" 1}', '2:7 here should be a colon'], ['[1 2]', '1:4 here should be a comma or ]'], ['{} x', '1:4 here should be nothing more'], ['{"a":', '1:6 it ends here, where a value should be'],
      ['["😀" x', '1:6 here should be a comma or ]'], ['"a', '1:1 this text does not end, or holds what JSON must escape'],
    ]) {
      const p = jsonProblem(text);
      assert.equal(p && `${p.line}:${p.column} ${p.message}`, want, text);
    }
    // The browser's own reader is the judge of what is JSON at all.
    const parts = ['{', '}', '[', ']', ',', ':', '"a"', '1', '-', '0', 'true', 'nul', ' ', '"', '\\', '\n', '.5', 'e3'];
    let seed = 7;
    for (let i = 0; i < 50000; i++) {
      let text = '';
      for (let n = 1 + (i % 7); n > 0; n--) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        text += parts[(seed >>> 16) % parts.length];
      }
      let good = text.trim() === '';
      try {
        JSON.parse(text);
        good = true;
      } catch {
        // As was said.
      }
      assert.equal(jsonProblem(text) === null, good, JSON.stringify(text));
    }
  },
  azure() {
    const chat = '/openai/deployments/{deployment-id}/chat/completions';
    assert.ok(known.bodyOf(chat).messages && known.bodyOf(`${chat}?api-version={v}`).messages && known.bodyOf('/openai/deployments/{d}/embeddings').input && known.bodyOf('/openai/deployments/{d}/completions').prompt);
    assert.equal(known.bodyOf('/weather'), undefined);
    const regions = [{ deployments: [{ name: 'gpt', model: 'gpt-35-turbo' }, { name: 'vectors', model: 'text-embedding-ada-002' }] }];
    assert.deepEqual(known.deployments(regions, 'deployment-id', chat), ['gpt']);
    assert.deepEqual(known.deployments(regions, 'deploymentId', '/openai/deployments/{deploymentId}/embeddings'), ['vectors']);
    assert.deepEqual(known.deployments(regions, 'city', '/weather/{city}'), []);
  },
  // Where the cursor stands decides what is offered; "|" is the cursor.
  cursors() {
    const at = (marked) => {
      const pos = marked.indexOf('|');
      const p = placeAt(marked.replace('|', ''), pos);
      return [p.kind, p.path?.join('/') ?? '', p.element ?? '', p.attribute ?? ''].join(' ').trim();
    };
    for (const [text, want] of [
      ['<policies><inbound><set|', 'tag policies/inbound'],
      ['<policies><inbound>|</inbound>', 'content policies/inbound'],
      ['<policies><inbound><set-header na|', 'attribute policies/inbound set-header'],
      ['<policies><inbound><set-header name="|"', 'value policies/inbound set-header name'],
      ['<policies><inbound><when condition="@(a < b && c > |', 'expression'],
      ['<policies><inbound><set-body>@{ return "</set-body>" + |', 'expression'],
      ['<policies><!-- <inbound> | -->', 'comment'],
    ]) assert.equal(at(text).split(' ').slice(0, want.split(' ').length).join(' '), want, text);
  },
};

for (const [name, run] of Object.entries(cases)) {
  try {
    run();
  } catch (err) {
    console.error(`${name}: ${err.message}`);
    process.exitCode = 1;
  }
}
console.log(`${Object.keys(cases).length} parts`);
