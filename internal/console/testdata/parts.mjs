// What the screens calculate, apart from what they draw. Run by TestParts, with
// the folder of the modules as argument.

import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

const from = async (name) => import(pathToFileURL(`${process.argv[2]}/${name}`).href);
const api = await from('api.js');
const live = await from('live.js');
const { short, iso } = await from('duration.js');
const { templateNames } = await from('operation.js');
const { place, scope } = await from('places.js');
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
  paths() {
    assert.equal(api.path('apis', 'a;rev=2', 'operations', 'ü/x'), '/apis/a%3Brev%3D2/operations/%C3%BC%2Fx');
    assert.equal(api.tail('/a/b/c'), 'c');
  },
  samples() {
    const text = (ok, throttled, failed, left, low, high) => `gateway_attempts_total{outcome="ok",region="e",status="200"} ${ok}
gateway_attempts_total{outcome="status",region="e",status="429"} ${throttled}
gateway_attempts_total{outcome="timeout",region="e",status="0"} ${failed}
gateway_attempts_total{outcome="client_gone",region="e",status="0"} ${left}
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
