// The console's only way to the server: the management API's resources, and
// what stands beside them on the same port.

/** Where ARM has a service. The names are accepted as they come. */
export const root = '/subscriptions/local/resourceGroups/local/providers/Microsoft.ApiManagement/service/spillway';

/** The version of the API that every request names. */
export const version = '2024-05-01';

const tokenKey = 'spillway.token';
let memory = null; // for browsers that forbid storage
const unauthorized = new Set();

/** The management token of this tab, or null. */
export function token() {
  try {
    return sessionStorage.getItem(tokenKey) ?? memory;
  } catch {
    return memory;
  }
}

/** Keeps a token for this tab alone; null forgets it. */
export function setToken(value) {
  memory = value;
  try {
    if (value === null) sessionStorage.removeItem(tokenKey);
    else sessionStorage.setItem(tokenKey, value);
  } catch {
    // Kept in memory until the page is closed.
  }
}

/** Calls back whenever a request was refused for its token. */
export function onUnauthorized(listener) {
  unauthorized.add(listener);
  return () => unauthorized.delete(listener);
}

/**
 * What the server refused, in its own words.
 *
 * status is 0 when nothing answered. details are {code, message, target};
 * problems are those that `spillway check -json` prints, each with the drawing.
 */
export class ApiError extends Error {
  constructor({ status, code, message, details = [], problems = [] }) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.details = details;
    this.problems = problems;
  }

  /** Whether somebody else changed the resource since it was read. */
  get stale() {
    return this.status === 412;
  }
}

/**
 * Sends one request with the token. Gives the Response, or throws an ApiError;
 * an abort by the signal stays an AbortError.
 */
export async function request(path, { method = 'GET', headers = {}, body, signal } = {}) {
  const all = { ...headers };
  const held = token();
  if (held) all.Authorization = `Bearer ${held}`;
  if (body !== undefined && typeof body !== 'string') {
    all['Content-Type'] = 'application/json';
    body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, { method, headers: all, body, signal, cache: 'no-store', credentials: 'omit', redirect: 'error' });
  } catch (err) {
    if (err.name === 'AbortError') throw err;
    throw new ApiError({ status: 0, code: 'Unreachable', message: 'The management API does not answer. Is Spillway still running?' });
  }
  if (response.ok) return response;
  const err = await refusal(response);
  if (err.status === 401) for (const listener of unauthorized) listener(err);
  throw err;
}

// refusal reads the error envelope: ARM's, or the regions' shorter one.
async function refusal(response) {
  const text = await response.text().catch(() => '');
  let error = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    error = { message: text.trim() };
  }
  const problems = [];
  for (const info of error.additionalInfo ?? []) if (info.type === 'Problems') problems.push(...info.info);
  return new ApiError({
    status: response.status,
    code: error.code ?? String(response.status),
    message: error.message || `The answer was ${response.status} ${response.statusText}.`,
    details: error.details ?? [],
    problems,
  });
}

/**
 * One request to a resource of the service, such as arm('/apis/weather').
 * path may also be absolute, as ids are. Gives the body, or null for none; the
 * body's hidden property etag is the answer's ETag, for ifMatch. With create a
 * PUT is refused with 412 when there is such a resource already.
 */
export async function arm(path, { method = 'GET', body, ifMatch, create = false, query = {}, signal } = {}) {
  const url = new URL(path.startsWith('/subscriptions/') && path.includes('/providers/') ? path : root + path, location.origin);
  url.searchParams.set('api-version', version);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = {};
  if (ifMatch) headers['If-Match'] = ifMatch;
  if (create) headers['If-None-Match'] = '*';
  const response = await request(url.pathname + url.search, { method, headers, body, signal });
  const text = await response.text();
  if (text === '') return null;
  const answer = JSON.parse(text);
  Object.defineProperty(answer, 'etag', { value: response.headers.get('ETag'), enumerable: false, configurable: true });
  return answer;
}

/** Whether the token may change something: a reader's only looks. */
export async function mayWrite({ signal } = {}) {
  const { value } = await arm('/providers/Microsoft.Authorization/permissions', { signal });
  return value.some((p) => p.actions.includes('*'));
}

/** All resources of a collection, over all its pages. */
export async function list(path, { query = {}, signal } = {}) {
  const all = [];
  let page = await arm(path, { query, signal });
  for (let n = 0; n < 1000; n++) {
    all.push(...page.value);
    if (!page.nextLink) return all;
    // Only the path is taken: a server behind a tunnel may know another origin.
    const next = new URL(page.nextLink);
    page = await (await request(next.pathname + next.search, { signal })).json();
  }
  throw new ApiError({ status: 0, code: 'TooMany', message: `The list ${path} has no end.` });
}

/** The last part of an id: a resource's name. */
export const tail = (id) => id.slice(id.lastIndexOf('/') + 1);

/** A resource's path from names, each encoded: path('apis', id, 'operations'). */
export const path = (...names) => names.map((n) => '/' + encodeURIComponent(n)).join('');

/**
 * Sends one request to the gateway through the relay. request is
 * {method, path, headers: [[name, value]], body, api, trace, subscription}.
 * onHead(head, elapsed) has status, reason, headers and traceId; onText(text,
 * elapsed, base64) comes once a piece, and has base64 where the bytes are no
 * text; onEnd({end, error, bytes, elapsed}) comes last, with end "complete" or
 * "cut". Elapsed times are milliseconds.
 */
export async function relay(what, { onHead, onText, onEnd, signal } = {}) {
  const response = await request('/relay', { method: 'POST', body: what, signal });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let rest = '';
  let ended = false;
  let elapsed = 0;
  const take = (line) => {
    if (line === '') return;
    const said = JSON.parse(line);
    elapsed = said.elapsed ?? elapsed;
    if (said.head) onHead?.(said.head, elapsed);
    else if (said.end) {
      ended = true;
      onEnd?.({ end: said.end, error: said.error, bytes: said.bytes ?? 0, elapsed });
    } else if (said.base64) onText?.(atob(said.base64), elapsed, said.base64);
    else if (said.text) onText?.(said.text, elapsed);
  };
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (err) {
      if (err.name === 'AbortError') throw err;
      piece = { done: true };
    }
    if (piece.done) break;
    rest += decoder.decode(piece.value, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop();
    lines.forEach(take);
  }
  if (!ended) onEnd?.({ end: 'cut', error: 'The console lost the connection before the answer was complete.', bytes: 0, elapsed });
}

/** The simulated regions; an empty list where there are none. */
export async function regions({ signal } = {}) {
  return (await request('/regions', { signal })).json();
}

let poolsThere = true; // a gateway without them is not asked every two seconds

/** The backend pools with their members and breakers; empty without any. */
export async function pools({ signal } = {}) {
  if (!poolsThere) return [];
  try {
    return await (await request('/pools', { signal })).json();
  } catch (err) {
    if (err.status !== 404) throw err;
    poolsThere = false;
    return [];
  }
}

/** What is wrong with the service folder: {refused, problems, more}. */
export async function folderProblems({ signal } = {}) {
  return (await request('/problems', { signal })).json();
}

/** The metrics by name, each a list of {labels, value}. */
export async function metrics({ signal } = {}) {
  return parseMetrics(await (await request('/metrics', { signal })).text());
}

/** Reads Prometheus' text format. */
export function parseMetrics(text) {
  const all = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const m = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+([-+]?(?:\d[\d.eE+-]*|Inf)|NaN)(?:\s|$)/.exec(line);
    if (!m) continue;
    const labels = {};
    for (const [, name, value] of (m[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[name] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    }
    const value = m[3] === '+Inf' ? Infinity : m[3] === '-Inf' ? -Infinity : Number(m[3]);
    (all[m[1]] ??= []).push({ labels, value });
  }
  return all;
}
