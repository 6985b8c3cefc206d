// Tests that one keeps in this browser: the request, and what it came to.

const key = 'spillway.tests';
const largest = 200 * 1024; // characters of one run that are kept
const secret = /^(authorization|proxy-authorization|api-key|x-api-key|ocp-apim-subscription-key|cookie|apim-debug-authorization)$/i;

/** The kept tests, newest first. */
export function keptTests() {
  try {
    const all = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(all) ? all : [];
  } catch {
    return [];
  }
}

/**
 * Keeps a test under its id; throws where the browser has no room. Values of
 * headers that are credentials stay out of it: the key that a subscription
 * gives is never in the page to begin with.
 */
export function keepTest(test) {
  const bare = { ...test, request: withoutSecrets(test.request), run: test.run && small(test.run) };
  const rest = keptTests().filter((t) => t.id !== test.id);
  try {
    localStorage.setItem(key, JSON.stringify([bare, ...rest]));
  } catch {
    throw new Error('The browser has no room for another test. Delete one first.');
  }
  return bare;
}

/** Forgets a kept test. */
export function forgetTest(id) {
  localStorage.setItem(key, JSON.stringify(keptTests().filter((t) => t.id !== id)));
}

export function withoutSecrets(request) {
  return { ...request, headers: request.headers.map(([name, value]) => [name, secret.test(name) ? '' : value]) };
}

function small(run) {
  const cut = { ...run };
  if (cut.body.length > largest) {
    cut.body = cut.body.slice(0, largest);
    cut.bodyCut = true;
  }
  if (cut.trace && JSON.stringify(cut.trace).length > largest * 2) cut.trace = null;
  delete cut.pieces;
  return cut;
}
