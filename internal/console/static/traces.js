// What a trace says, worked out: events, attempts, variables, and how two of
// them differ. Nothing here touches the page.

/** A .NET time span, "00:00:01.0034921", in milliseconds. */
export function milliseconds(span) {
  const m = /^(-)?(?:(\d+)\.)?(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(span ?? '');
  if (!m) return 0;
  const [, sign, days, hours, minutes, seconds, ticks] = m;
  const ms = (((Number(days ?? 0) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + (ticks ? Number(`0.${ticks}`) * 1000 : 0);
  return sign ? -ms : ms;
}

/** Milliseconds as people read them: 54 µs, 0.42 ms, 12.3 ms, 1.02 s. */
export function duration(ms) {
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 100) return `${Math.round(ms)} ms`;
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  if (ms >= 0.1) return `${ms.toFixed(2)} ms`;
  return `${Math.max(0, Math.round(ms * 1000))} µs`;
}

const known = new Set(['message', 'messages', 'expression', 'value', 'details', 'request', 'response', 'name', 'header', 'candidates', 'attempt', 'pool', 'strategy', 'backendId']);

/** A value of an event as text. */
export const shown = (value) => (value === null || value === undefined ? 'null' : typeof value === 'string' ? value : JSON.stringify(value));

/**
 * One event in plain words: {text, failed, expression, value, variable, headers,
 * candidates, extra}. text is one line; the rest is there where the event has it.
 */
function read(data) {
  if (typeof data === 'string') return { text: data };
  if (data === null || typeof data !== 'object') return { text: shown(data) };
  const e = {};
  if (typeof data.expression === 'string') {
    e.expression = data.expression;
    e.value = data.value === undefined ? null : data.value;
    e.text = `${oneLine(data.expression)} = ${shown(e.value)}`;
  } else if (Array.isArray(data.messages)) {
    e.failed = true;
    const words = [];
    for (const m of data.messages) {
      if (m && typeof m === 'object') {
        e.expression = m.expression;
        e.details = m.details;
      } else words.push(shown(m));
    }
    e.text = e.details ?? words[0] ?? 'It failed.';
    e.words = words;
  } else if (data.name !== undefined && 'value' in data) {
    e.variable = { name: data.name, value: data.value };
    e.text = `${data.name} = ${shown(data.value)}`;
    e.note = data.message;
  } else if (data.header) {
    e.text = data.header.value === undefined || data.header.value === null ? `${data.header.name} was removed` : `${data.header.name}: ${data.header.value}`;
    e.note = data.message;
  } else if (data.response?.status) {
    e.text = `Answered ${data.response.status.code} ${data.response.status.reason ?? ''}`.trim();
    e.status = data.response.status.code;
    e.headers = data.response.headers;
  } else if (data.configuration) {
    const { api, operation, product } = data.configuration;
    e.text = `Matched ${operation ? `${operation.method} ${operation.uriTemplate}` : 'no operation'}${api ? ` of ${api.from || '/'}` : ''}${product?.id ? `, product ${product.id}` : ''}`;
    e.extra = data.configuration;
    return e;
  } else if (data.backendId !== undefined) {
    e.text = `Goes to the backend ${data.backendId}`;
    e.note = data.message;
  } else if (data.request) {
    e.text = `${data.request.method ?? ''} ${data.request.url ?? ''}`.trim();
    e.note = data.message;
    e.headers = data.request.headers;
  } else e.text = data.message !== undefined ? shown(data.message) : JSON.stringify(data);
  if (data.candidates) e.candidates = data.candidates;
  const extra = {};
  for (const [name, value] of Object.entries(data)) if (!known.has(name)) extra[name] = value;
  if (Object.keys(extra).length && e.text !== JSON.stringify(data)) e.extra = extra;
  return e;
}

export const oneLine = (text) => text.replace(/\s+/g, ' ').trim();

/**
 * A trace's full view, worked out:
 *
 *   id, generation, total      total in milliseconds
 *   sections: [{name, steps, took}]
 *   steps: [{section, source, scope, path, file, line, depth, at, took, events, failed}]
 *          what one policy, or the gateway itself, did without a break
 *   attempts: [{n, url, origin, backend, at, took, status, reason, error, ended, broken, why, choice}]
 *          ended: given up, as another one had answered; broken: its stream broke off
 *   variables: [{name, changes: [{from, to, step}]}]
 */
export function readTrace(view) {
  const events = [];
  for (const [section, entries] of Object.entries(view.traceEntries ?? {})) {
    for (const entry of entries) events.push({ section, source: entry.source, scope: entry.scope ?? '', path: entry.path ?? '', file: entry.file ?? '', line: entry.line ?? 0, at: milliseconds(entry.elapsed), data: entry.data, ...read(entry.data) });
  }
  // Sections are listed one after the other; their events already stand in order.
  const steps = [];
  let before = 0;
  for (const e of events) {
    const took = Math.max(0, e.at - before);
    before = Math.max(before, e.at);
    const last = steps[steps.length - 1];
    // The branches of a choose are tried by one policy.
    const own = e.source === 'choose' ? e.path.replace(/\/(when|otherwise)\[\d+\]$/, '') : e.path;
    // A retry's events are the ends of its passes: each is a step of its own.
    const again = e.source === 'retry' && e.expression !== undefined;
    if (last && last.section === e.section && last.source === e.source && last.path === own && last.scope === e.scope && last.file === e.file && !(e.source === 'request-forwarder' && e.note) && !again) {
      last.events.push(e);
      last.took += took;
      last.failed ||= Boolean(e.failed);
      e.took = took;
      continue;
    }
    e.took = took;
    steps.push({ section: e.section, source: e.source, scope: e.scope, path: own, file: e.file, line: e.line, depth: own ? own.split('/').filter((p) => !/^(when|otherwise)\[/.test(p)).length - 1 : 0, at: e.at, took, events: [e], failed: Boolean(e.failed) });
  }
  const sections = [];
  for (const step of steps) {
    let s = sections.find((x) => x.name === step.section);
    if (!s) sections.push(s = { name: step.section, steps: [], took: 0 });
    s.steps.push(step);
    s.took += step.took;
  }
  return { id: view.traceId, generation: view.generation ?? '', total: events.length ? events[events.length - 1].at : 0, sections, steps, events, attempts: attempts(steps), variables: variables(steps) };
}

/**
 * What was sent to backends, what came of it, and why another one was asked. Two
 * attempts may be under way at once: the second copy of a late request.
 */
function attempts(steps) {
  const list = [];
  let choice = null; // why the next attempt goes where it goes
  let answering = null; // the attempt that a lone answer is of
  const named = (backend) => list.findLast((a) => a.backend === backend);
  const said = (e) => {
    const last = list[list.length - 1];
    if (e.candidates) {
      choice = { text: e.text, candidates: e.candidates, backend: e.candidates.find((c) => !c.whyNot)?.backend ?? '' };
      return;
    }
    const copy = /a second copy goes to '([^']+)'/.exec(e.text);
    const race = /^'([^']+)' has answered first; the attempt at '([^']+)' was ended/.exec(e.text);
    const up = /^The stream broke off/.test(e.text) ? /'([^']+)' is asked to take it up/.exec(e.text) : null;
    if (copy) choice = { text: e.text, backend: copy[1], copy: true };
    if (up) choice = { text: `It takes up the stream that attempt ${last?.n ?? 1} began.`, backend: up[1] };
    if (race) {
      answering = named(race[1]) ?? null;
      const loser = named(race[2]);
      if (loser) Object.assign(loser, { ended: true, why: e.text, took: e.at - loser.at });
      if (answering) answering.why = null; // that it was late is told by the other one
    } else if (last && up) Object.assign(last, { why: e.text, again: true, broken: true, retry: null, condition: undefined });
    else if (last && !last.why) last.why = e.text;
    else if (last) last.notes.push(e.text);
  };
  for (const [i, step] of steps.entries()) {
    if (step.source === 'backend-pool') {
      step.events.forEach(said);
      continue;
    }
    if (step.source === 'retry' && list.length) {
      const again = step.events.find((e) => /^Retry \d+ of \d+/.test(e.text));
      const condition = step.events.find((e) => e.expression !== undefined);
      const last = answering ?? list[list.length - 1];
      if (!last.why && (again || condition)) {
        last.why = again ? again.text : step.events[step.events.length - 1].text;
        last.condition = condition?.text;
        last.again = Boolean(again);
        last.retry = step;
      }
      continue;
    }
    if (step.source !== 'request-forwarder') continue;
    const sent = step.events.find((e) => e.data?.request);
    const answer = step.events.find((e) => e.status !== undefined);
    const failure = step.events.find((e) => e.failed);
    let a = answering ?? list[list.length - 1];
    if (sent) {
      const url = sent.data.request.url ?? '';
      a = {
        n: list.length + 1, url, origin: /^[a-z]+:\/\/[^/?#]+/i.exec(url)?.[0] ?? url, backend: choice?.backend ?? '', method: sent.data.request.method, at: sent.at, step, index: i,
        took: 0, status: null, reason: '', headers: [], error: null, ended: false, broken: false, notes: [], choice, why: null,
      };
      const before = list[list.length - 1];
      if (before?.why && !choice?.copy) before.again = true;
      list.push(a);
      choice = null;
      answering = null;
    }
    if (!a) continue;
    if (answer) Object.assign(a, { status: answer.status, reason: answer.data.response.status.reason ?? '', headers: answer.headers ?? [] });
    if (failure) a.error = failure.text;
    a.notes.push(...step.events.filter((e) => e !== sent && e !== answer && e !== failure).map((e) => e.text));
    a.took = (answer ?? failure ?? step.events[step.events.length - 1]).at - a.at;
  }
  return list;
}

/** Each variable with its changes, in the order in which they first appear. */
function variables(steps) {
  const all = new Map();
  for (const step of steps) {
    for (const e of step.events) {
      if (!e.variable) continue;
      const { name, value } = e.variable;
      const v = all.get(name) ?? { name, changes: [] };
      all.set(name, v);
      const last = v.changes[v.changes.length - 1];
      e.before = last ? { value: last.to } : null;
      v.changes.push({ from: last ? last.to : undefined, to: value, step, event: e });
    }
  }
  return [...all.values()];
}

// ---- Two runs

/** A longest common subsequence of two lists by key; gives pairs [a, b], either null. */
export function align(a, b, key) {
  const n = a.length;
  const m = b.length;
  const ka = a.map(key);
  const kb = b.map(key);
  const width = m + 1;
  const lcs = new Uint32Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) lcs[i * width + j] = ka[i] === kb[j] ? lcs[(i + 1) * width + j + 1] + 1 : Math.max(lcs[(i + 1) * width + j], lcs[i * width + j + 1]);
  }
  const pairs = [];
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && ka[i] === kb[j]) pairs.push([a[i++], b[j++]]);
    else if (j === m || i < n && lcs[(i + 1) * width + j] >= lcs[i * width + j + 1]) pairs.push([a[i++], null]);
    else pairs.push([null, b[j++]]);
  }
  return pairs;
}

// Headers that differ from call to call and say nothing.
const volatile = /^(date|apim-request-id|x-ms-request-id|x-ms-client-request-id|apim-trace-id|x-request-id|azureml-model-session|x-ratelimit-.*|request-context|traceparent|age)$/i;

/**
 * How run b differs from run a. A run is {status, reason, headers, firstByte,
 * total, bytes, body, trace}. Gives {status, headers: [{name, a, b, volatile}],
 * body, attempts, steps: [{a, b, kind}]}, kind being 'same', 'changed', 'added'
 * or 'removed'; steps are null unless both have a trace.
 */
export function compareRuns(a, b) {
  const names = [...new Set([...a.headers, ...b.headers].map(([name]) => name.toLowerCase()))].sort();
  const valueOf = (run, name) => run.headers.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v).join(', ');
  const has = (run, name) => run.headers.some(([n]) => n.toLowerCase() === name);
  const headers = names.map((name) => {
    const x = has(a, name) ? valueOf(a, name) : null;
    const y = has(b, name) ? valueOf(b, name) : null;
    return { name, a: x, b: y, kind: x === y ? 'same' : x === null ? 'added' : y === null ? 'removed' : 'changed', volatile: volatile.test(name) };
  });
  const result = { status: a.status !== b.status, headers, body: a.body !== b.body, attempts: null, steps: null };
  if (a.trace && b.trace) {
    const ta = readTrace(a.trace);
    const tb = readTrace(b.trace);
    result.generation = ta.generation !== tb.generation;
    result.attempts = [ta.attempts, tb.attempts];
    result.steps = align(ta.steps, tb.steps, (s) => `${s.section}\n${s.source}\n${s.scope}\n${s.path}`).map(([x, y]) => ({
      a: x, b: y, kind: x === null ? 'added' : y === null ? 'removed' : outcome(x) === outcome(y) ? 'same' : 'changed',
    }));
  }
  return result;
}

// What a step came to, without what differs between any two calls.
function outcome(step) {
  return step.events.map((e) => (e.expression !== undefined ? `${oneLine(e.expression)}=${shown(e.value)}` : e.status !== undefined ? String(e.status) : e.text)).join('\n')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '…');
}

/** One line that says what a step came to. */
export function summary(step) {
  const failed = step.events.find((e) => e.failed);
  if (failed) return failed.text;
  if (step.source === 'choose') {
    const taken = step.events.find((e) => e.value === 'True');
    const which = taken && /\/((when|otherwise)\[\d+\])$/.exec(taken.path)?.[1];
    return taken ? `${which ?? 'when'}: ${oneLine(taken.expression)}` : 'no condition held';
  }
  if (step.source === 'request-forwarder') {
    const sent = step.events.find((e) => e.data?.request);
    const answer = step.events.find((e) => e.status !== undefined);
    if (sent) return answer ? `${answer.status} ${answer.data.response.status.reason ?? ''} to ${sent.text}`.replace('  ', ' ') : sent.text;
  }
  const variable = step.events.find((e) => e.variable);
  if (variable) return variable.text;
  const effect = [...step.events].reverse().find((e) => e.expression === undefined);
  return (effect ?? step.events[step.events.length - 1]).text;
}
