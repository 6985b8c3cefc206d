// Where in the console a policy is written.

import { path } from './api.js';

/** The screen of the document that a scope and a file name mean; null where there is none. */
export function designOf(scope, file, fragment, params = {}) {
  const parts = file.split('/');
  if (fragment || parts[0] === 'policy fragments') return `#${path('fragments', fragment || parts[1])}`;
  if (scope === 'global') return '#/global/design';
  if (scope === 'product') return `#${path('products', parts[1])}/design`;
  if (scope === 'operation' && params.operation) return `#${path('apis', params.id, 'design', params.operation)}`;
  if (scope === 'operation' && parts[2] === 'operations') return `#${path('apis', parts[1], 'design', parts[3])}`;
  if (scope === 'api' || scope === 'operation') return `#${path('apis', parts[1] ?? params.id)}/design`;
  return null;
}
