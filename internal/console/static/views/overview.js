// The overview: what goes through the gateway now, by region, and what to do
// first where nothing does.

import { arm, list } from '../api.js';
import { chart, compact, rate, seconds } from '../chart.js';
import { grown, now, quantile, rates, regionNames, samples, since, subscribe } from '../live.js';
import { membersTable, strategyBadge } from '../poolview.js';
import { badge, button, copy, errorBox, h, linkButton, pageHead, problems, replace } from '../ui.js';

const minute = 60000;

export default {
  title: 'Overview',
  nav: 'overview',
  async render(main, _params, { signal }) {
    const [service, apis] = await Promise.all([arm('', { signal }), list('/apis', { signal })]);
    const gateway = service.properties.gatewayUrl;
    main.append(pageHead('Overview', {
      lead: h('span', { class: 'row' }, 'Gateway ', h('code', gateway), button('Copy the address', () => copy(gateway, 'Address copied'), { icon: 'copy', iconOnly: true, kind: 'plain' })),
      actions: [linkButton('Add an API', '#/apis', { icon: 'plus', kind: apis.length === 0 ? 'primary' : undefined })],
    }));
    const steps = await firstSteps(apis, signal);
    const notices = h('div', { class: 'stack', hidden: true });
    const tiles = h('section', { class: 'tiles', 'aria-label': 'Now' });
    const regions = h('div', { class: 'cards' });
    const pools = h('div', { class: 'stack' });
    const byRegion = chart('Requests to regions, per second', { stacked: true, format: rate });
    const refused = chart('Throttled and failed calls, per second', { format: rate });
    const latency = chart('First token, median', { format: seconds });
    const tokens = chart('Tokens per second', { stacked: true, format: rate });
    const traffic = h('div', { class: 'stack' }, tiles, h('section', { class: 'stack', 'aria-label': 'Regions' }, h('h2', 'Regions'), regions), pools,
      h('section', { class: 'stack', 'aria-label': 'Traffic' }, h('h2', 'Traffic of the last five minutes'), h('div', { class: 'charts' }, byRegion, refused, latency, tokens)));
    main.append(notices, steps ?? '', traffic);

    subscribe(() => {
      drawNotices(notices);
      // A service that is being set up has nothing to show of it yet.
      traffic.hidden = samples.length === 0 || (steps !== null && samples.at(-1).requests === 0);
      if (traffic.hidden) return;
      drawTiles(tiles);
      drawRegions(regions, apis);
      drawPools(pools);
      const names = regionNames();
      const count = (name, what) => (s) => s.regions.get(name)?.[what] ?? 0;
      byRegion.set(names.map((name) => ({ name, points: rates(count(name, 'attempts')) })));
      refused.set(names.map((name) => ({ name, points: rates((s) => (s.regions.get(name)?.throttled ?? 0) + (s.regions.get(name)?.failed ?? 0)) })));
      tokens.set(names.map((name) => ({ name, points: rates(count(name, 'tokens')) })));
      latency.set(names.map((name) => ({ name, points: medians(name) })));
    }, signal);
  },
};

// medians are those of the ten seconds before each sample: of two seconds there
// would often be none.
function medians(name) {
  return samples.slice(1).map((s, i) => [s.time, quantile(0.5, samples[Math.max(0, i - 4)].regions.get(name), s.regions.get(name))]);
}

function drawNotices(el) {
  const said = [];
  if (now.error) said.push(h('div', errorBox(now.error), h('p', { class: 'hint' }, 'What is shown below is older. It is asked for again every two seconds.')));
  if (now.folder?.refused) {
    const { problems: found, more } = now.folder;
    said.push(h('div', { class: 'message warn', role: 'alert' }, h('p', h('strong', 'The service folder holds changes that do not compile.')),
      h('p', 'The last good service goes on. Mend these, and the folder is in force at once:'), problems(found), more > 0 && h('p', `… and ${more} more`)));
  } else if (now.folder) {
    said.push(h('div', { class: 'message warn', role: 'alert' }, h('p', h('strong', 'The service folder cannot be read.')), h('p', 'The last good service goes on; nothing can be saved until the folder is there again.')));
  }
  el.hidden = said.length === 0;
  const key = said.map((s) => s.textContent).join();
  if (el.dataset.key !== key) replace(el, said);
  el.dataset.key = key;
}

function tile(figure, label, more) {
  return h('div', { class: 'card tile' }, h('span', { class: 'figure' }, figure), h('span', { class: 'label' }, label), more && h('small', more));
}

// What the figures cover: a minute, or as long as this page has looked.
function covered() {
  const ms = samples.at(-1).time - since(minute).time;
  return ms > minute * 0.95 ? 'in the last minute' : `in ${Math.max(1, Math.round(ms / 1000))} s`;
}

function drawTiles(el) {
  const last = samples.at(-1);
  const first = since(minute);
  const of = (what) => grown(first[what], last[what]);
  const requests = of('requests');
  const tokens = [...last.regions].reduce((sum, [name, r]) => sum + grown(first.regions.get(name)?.tokens ?? 0, r.tokens), 0);
  replace(el,
    tile(compact(requests), `requests ${covered()}`, `${compact(last.requests)} since the start`),
    tile(requests === 0 ? '–' : `${(100 * (1 - of('failed') / requests)).toFixed(of('failed') === 0 ? 0 : 1)} %`, 'without a 5xx', `${compact(last.failed)} failed since the start`),
    tile(compact(of('throttled')), '429s to callers', `${compact(last.throttled)} since the start`),
    tile(compact(of('failovers')), 'failovers', `${compact(last.failovers)} since the start`),
    tile(compact(tokens), `tokens ${covered()}`, `${compact([...last.regions.values()].reduce((sum, r) => sum + r.tokens, 0))} since the start`));
}

function drawRegions(el, apis) {
  const names = regionNames();
  if (names.length === 0) {
    replace(el, h('div', { class: 'card' }, h('p', apis.length === 0
      ? 'A region shows up here with the first request that goes to it.'
      : ['No request went to a region yet. ', h('a', { href: `#/apis/${encodeURIComponent(apis[0].name)}/test` }, 'Send one'), ' and watch it arrive.'])));
    return;
  }
  const last = samples.at(-1);
  const first = since(minute);
  replace(el, names.map((name) => {
    const r = last.regions.get(name);
    const before = first.regions.get(name);
    const simulated = now.regions.find((x) => x.name === name);
    const figure = (label, value, more) => h('div', h('dt', label), h('dd', value, more && h('small', more)));
    const median = quantile(0.5, before, r) ?? quantile(0.5, null, r);
    const p95 = quantile(0.95, before, r) ?? quantile(0.95, null, r);
    const left = r?.remaining ?? {};
    const recent = r ? grown(before?.attempts ?? 0, r.attempts) : 0;
    return h('article', { class: 'card' },
      h('header', h('h3', name), state(r, before, simulated)),
      h('dl', { class: 'figures' },
        figure('Requests', compact(r?.attempts ?? 0), r && `${compact(recent)} ${covered()}`),
        figure('Tokens', compact(r?.tokens ?? 0)),
        figure('429s', compact(r?.throttled ?? 0)),
        figure('Other failures', compact(r?.failed ?? 0)),
        figure('First token', median === null ? '–' : seconds(median), median !== null && `95 % within ${seconds(p95)}`),
        figure('Quota left', left.tokens === undefined ? '–' : `${compact(left.tokens)} tokens`, left.requests !== undefined && `${compact(left.requests)} requests`)));
  }));
}

function state(r, before, simulated) {
  if (simulated?.fault) return badge(`fault: ${simulated.fault.kind}`, 'bad');
  if (!r) return badge('no traffic yet');
  const bad = grown(before?.failed ?? 0, r.failed);
  const throttled = grown(before?.throttled ?? 0, r.throttled);
  if (bad > 0) return badge('failing', 'bad');
  if (throttled > 0) return badge('throttled', 'warn');
  return badge('well', 'good');
}

function drawPools(el) {
  replace(el, now.pools.length > 0 && h('h2', 'Backend pools'), now.pools.map((pool) => h('section', { class: 'stack tight', 'aria-label': `Pool ${pool.name}` },
    h('div', { class: 'row' }, h('h3', h('a', { href: `#/backends/${encodeURIComponent(pool.name)}` }, pool.name)), strategyBadge(pool), pool.waiting > 0 && badge(`${pool.waiting} waiting`, 'warn')),
    membersTable(pool))));
}

// firstSteps is the way from nothing, with what is done ticked; null when there
// is an API with operations that knows where its requests go.
async function firstSteps(apis, signal) {
  const at = apis[0] && `/apis/${encodeURIComponent(apis[0].name)}`;
  const [operations, policies, values, backends] = await Promise.all([
    at ? list(`${at}/operations`, { signal }) : [], at ? list(`${at}/policies`, { signal }) : [], list('/namedValues', { signal }), list('/backends', { signal }),
  ]);
  if (operations.length > 0 && (apis.length > 1 || policies.length > 0 || apis[0].properties.serviceUrl)) return null;
  const done = [apis.length > 0, operations.length > 0, values.length > 1 || backends.length > 0, policies.length > 0, false];
  const next = done.indexOf(false);
  const link = (to, label) => h('a', { href: `#${to}` }, label);
  const texts = [
    ['Create an API', [link('/apis', 'APIs'), ': by hand, or from an OpenAPI document. Its path is where clients call the gateway.']],
    ['Add its operations', [at ? link(at, 'Its page') : 'Its page', ' has Azure OpenAI’s at a click: chat completions and embeddings.']],
    ['Name the regions', [link('/named-values', 'Named values'), ' hold the endpoint and the key of each region; keys as secrets.']],
    ['Write the policy', [at ? link(`${at}/design`, 'Design') : 'Design', ' has the editor; its Insert has a policy that chooses a region and moves on when one fails.']],
    ['Test it with a trace', [at ? link(`${at}/test`, 'Test') : 'Test', ' sends a request and tells what every policy did with it.']],
  ];
  return h('section', { class: 'card stack', 'aria-label': 'First steps' }, h('h2', 'From nothing to balanced traffic'),
    h('ol', { class: 'steps' }, texts.map(([title, text], i) => h('li', { class: [done[i] && 'done', i === next && 'next'], 'aria-current': i === next ? 'step' : null }, h('h3', title, done[i] && h('span', { class: 'visually-hidden' }, ' (done)')), h('p', { class: 'muted' }, text)))));
}
