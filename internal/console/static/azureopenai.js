// What is known of Azure OpenAI's own operations: it saves typing where a
// specification says less.

/** The version of Azure OpenAI's API that requests name where nothing else does. */
export const apiVersion = '2024-10-21';

const pattern = /\/openai\/deployments\/\{[^}]+\}\/(chat\/completions|completions|embeddings)(\?|$)/i;

/** Operations that one adds with a click: what their dialog fills in, and an example of their body. */
export const operations = [
  {
    label: 'Chat completions',
    displayName: 'Creates a completion for the chat message',
    name: 'ChatCompletions_Create',
    template: '/openai/deployments/{deployment-id}/chat/completions',
    body: { messages: [{ role: 'user', content: 'Which region am I talking to?' }] },
  },
  {
    label: 'Embeddings',
    displayName: 'Gets a vector representation of a text',
    name: 'Embeddings_Create',
    template: '/openai/deployments/{deployment-id}/embeddings',
    body: { input: 'load balancing over regions' },
  },
];

/** An example of the body of an operation by its URL template, or undefined. */
export function bodyOf(template) {
  const kind = pattern.exec(template)?.[1].toLowerCase();
  if (kind === 'completions') return { prompt: 'Regions are', max_tokens: 20 };
  return operations.find((o) => kind && o.template.endsWith(kind))?.body;
}

/** Whether requests to an operation need the query parameter api-version. */
export const isVersioned = (template) => /\/openai\/deployments\//i.test(template);

/**
 * The deployments of the simulated regions that fit an operation, for the
 * template parameter that the specification calls deployment-id.
 */
export function deployments(regions, parameter, template) {
  if (!/^\*?deployment(-?id|-?name)?$/i.test(parameter)) return [];
  const all = new Map(regions.flatMap((r) => r.deployments).map((d) => [d.name, d.model]));
  const embeds = (name) => /embedding/i.test(`${name} ${all.get(name)}`);
  const wanted = /embeddings/i.test(template);
  return [...all.keys()].filter((name) => embeds(name) === wanted);
}
