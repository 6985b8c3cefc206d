// Pieces of policy to begin from.

import { button, dialog, field, h, input, replace, select } from './ui.js';

/** The document that APIM takes for a scope without one of its own. */
export function emptyDocument(scope) {
  if (scope === 'fragment') return '<fragment>\n    \n</fragment>\n';
  const section = (name, inside) => `    <${name}>\n        ${inside}\n    </${name}>\n`;
  if (scope === 'global') return `<policies>\n    <inbound />\n${section('backend', '<forward-request />')}    <outbound />\n    <on-error />\n</policies>\n`;
  return `<policies>\n${['inbound', 'backend', 'outbound', 'on-error'].map((s) => section(s, '<base />')).join('')}</policies>\n`;
}

/** Pieces that stand in a section: templates of the editor's. */
export const pieces = [
  {
    title: 'Set a header',
    text: 'One value, in the place of those there are.',
    template: '<set-header name="${x-name}" exists-action="override">\n\t<value>${value}</value>\n</set-header>',
  },
  {
    title: 'Choose by a condition',
    text: 'The first branch whose condition holds.',
    template: '<choose>\n\t<when condition="@(${context.Request.Method == "POST"})">\n\t\t${}\n\t</when>\n\t<otherwise>\n\t\t\n\t</otherwise>\n</choose>',
  },
  {
    title: 'Answer at once',
    text: 'A fixed response; no backend is asked.',
    template: '<return-response>\n\t<set-status code="${200}" reason="${OK}" />\n\t<set-header name="Content-Type" exists-action="override">\n\t\t<value>application/json</value>\n\t</set-header>\n\t<set-body>${{"ok": true\\}}</set-body>\n</return-response>',
  },
  {
    title: 'Keep a field of the JSON body',
    text: 'In a variable; the body stays readable.',
    template: '<set-variable name="${model}" value="@((string)context.Request.Body.As<JObject>(preserveContent: true)["${model}"])" />',
  },
  {
    title: 'Retry with a pause',
    text: 'Asks again while the answer is 429 or worse.',
    template: '<retry condition="@(context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)" count="${2}" interval="${1}" first-fast-retry="true">\n\t<forward-request buffer-request-body="true" />\n</retry>',
  },
  {
    title: 'Write into the trace',
    text: 'A message of your own.',
    template: '<trace source="${my-policy}" severity="information">\n\t<message>@(${context.RequestId.ToString()})</message>\n</trace>',
  },
];

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

/**
 * A document that sends each request to a region chosen at random and, when that
 * fails, to the next one. regions are {name, endpoint, key}: a label, and the
 * names of two named values.
 */
export function randomRegions(regions) {
  const n = regions.length;
  const branch = (r, i) => {
    const steps = [
      `<set-variable name="region-name" value="${escape(r.name)}" />`,
      `<set-backend-service base-url="{{${r.endpoint}}}" />`,
      '<set-header name="api-key" exists-action="override">', `    <value>{{${r.key}}}</value>`, '</set-header>',
    ];
    const open = i === n - 1 && n > 1 ? '<otherwise>' : `<when condition="@((int)context.Variables["region"] == ${i})">`;
    const close = i === n - 1 && n > 1 ? '</otherwise>' : '</when>';
    return [open, ...steps.map((s) => `    ${s}`), close].map((line) => `                ${line}`).join('\n');
  };
  return `<!--
    Sends each request to one of ${n} regions, chosen at random, and moves on to the
    next one when that region is throttled or fails: the caller gets the first good answer.
-->
<policies>
    <inbound>
        <base />
        <!-- Where to begin, the same for a request however often it is asked. -->
        <set-variable name="region" value="@(new Random(context.RequestId.GetHashCode()).Next(0, ${n}))" />
    </inbound>
    <backend>
        <retry condition="@(context.Response == null || context.Response.StatusCode == 429 || context.Response.StatusCode >= 500)" count="${Math.max(1, n - 1)}" interval="1" first-fast-retry="true">
            <choose>
                <when condition="@(context.Variables.ContainsKey("tried"))">
                    <set-variable name="region" value="@(((int)context.Variables["region"] + 1) % ${n})" />
                </when>
            </choose>
            <set-variable name="tried" value="@(true)" />
            <!-- Each region has its own address and key. -->
            <choose>
${regions.map(branch).join('\n')}
            </choose>
            <!-- The request is kept for the next region; the answer is passed on as it comes. -->
            <forward-request timeout="10" buffer-request-body="true" buffer-response="false" />
        </retry>
    </backend>
    <outbound>
        <base />
        <set-header name="x-served-by-region" exists-action="override">
            <value>@((string)context.Variables["region-name"])</value>
        </set-header>
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
`;
}

/** Pairs of named values that look like the endpoint and the key of a region. */
export function regionPairs(namedValues) {
  const found = new Map();
  for (const { name } of namedValues) {
    const m = /^(endpoint|url|key)[-_.](.+)$/i.exec(name) ?? /^(.+)[-_.](endpoint|url|key)$/i.exec(name);
    if (!m) continue;
    const leads = /^(endpoint|url|key)$/i.test(m[1]);
    const region = leads ? m[2] : m[1];
    const what = (leads ? m[1] : m[2]).toLowerCase() === 'key' ? 'key' : 'endpoint';
    found.set(region, { name: region, ...found.get(region), [what]: name });
  }
  return [...found.values()].filter((r) => r.endpoint && r.key).sort((a, b) => a.name.localeCompare(b.name));
}

/** Asks for the regions of a document as above. Gives its text, or null. */
export async function askRegions(namedValues) {
  const names = namedValues.map((n) => n.name).sort();
  const list = h('div', { class: 'stack' });
  const rows = [];
  const draw = () => replace(list, rows.map((r) => r.element), rows.length === 0 && h('p', { class: 'muted' }, 'No region yet.'));
  const add = (r = { name: '', endpoint: names[0], key: names[0] }) => {
    const label = field('Region', input(r.name, { placeholder: 'eastus' }));
    const endpoint = field('Endpoint', select(r.endpoint, names));
    const key = field('Key', select(r.key, names));
    const row = {
      read: () => ({ name: label.input.value.trim() || endpoint.input.value, endpoint: endpoint.input.value, key: key.input.value }),
      element: h('div', { class: 'parameter' }, h('div', { class: 'fields tight' }, label, endpoint, key), h('div', { class: 'actions' }, button('Remove this region', () => {
        rows.splice(rows.indexOf(row), 1);
        draw();
      }, { icon: 'trash', kind: 'plain' }))),
    };
    rows.push(row);
  };
  for (const r of regionPairs(namedValues)) add(r);
  draw();
  let text = null;
  if (names.length === 0) {
    await dialog('Random region with retry', h('p', 'Each region needs two named values first: one with its endpoint, such as endpoint-eastus, and a secret one with its key, such as key-eastus.'), [
      { label: 'Go to named values', kind: 'primary', run: () => { location.hash = '#/named-values'; } },
    ]);
    return null;
  }
  const error = h('p', { class: 'field-error', role: 'alert' });
  await dialog('Random region with retry', [
    h('p', 'Each request goes to one of these regions, chosen at random, and on to the next one when that fails. Endpoint and key are named values. The document in the editor is replaced; ', h('kbd', 'Ctrl'), '+', h('kbd', 'Z'), ' brings it back.'),
    list,
    h('div', { class: 'actions' }, button('Add a region', () => {
      add();
      draw();
    }, { icon: 'plus' })),
    error,
  ], [{
    label: 'Put it in the editor',
    kind: 'primary',
    run: () => {
      if (rows.length === 0) {
        error.textContent = 'At least one region is needed.';
        return false;
      }
      text = randomRegions(rows.map((r) => r.read()));
      return true;
    },
  }], { wide: true });
  return text;
}
