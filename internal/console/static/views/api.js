// One API: its operations.

import { arm, list, path } from '../api.js';
import { apiPage, documentFields } from '../apipage.js';
import { editOperation } from '../operation.js';
import { breakable, button, confirm, dialog, emptyState, h, replace, showErrors, table, toast } from '../ui.js';

export default {
  title: (params) => params.id,
  nav: 'apis',
  async render(main, params, { signal, reload }) {
    const operations = await list(path('apis', params.id, 'operations'), { signal });
    const add = () => button('Add operation', async () => {
      if (await editOperation(params.id, null)) reload();
    }, { icon: 'plus', kind: 'primary' });
    const bring = () => button('Import OpenAPI', async () => {
      if (await importInto(api)) reload();
    });
    const api = await apiPage(main, params.id, 'operations', { signal, actions: operations.length > 0 ? [bring(), add()] : [] });
    if (operations.length === 0) {
      main.append(emptyState('No operations yet', 'A request must match an operation, else the gateway answers 404. Azure OpenAI clients need POST /openai/deployments/{deployment-id}/chat/completions and …/embeddings.', [add(), bring()]));
      return;
    }
    const screen = (o, what) => `#${path('apis', params.id)}/${what}${path(o.name)}`;
    main.append(table([
      { title: 'Operation', cell: (o) => h('a', { href: screen(o, 'design') }, o.properties.displayName || o.name) },
      { title: 'Method', class: 'nowrap', cell: (o) => h('span', { class: ['method', o.properties.method] }, o.properties.method) },
      { title: 'URL template', cell: (o) => breakable(o.properties.urlTemplate) },
      {
        title: 'Actions',
        hidden: true,
        cell: (o) => h('div', { class: 'actions' },
          h('a', { class: 'button plain', href: screen(o, 'design') }, 'Design', h('span', { class: 'visually-hidden' }, ` ${o.name}`)),
          h('a', { class: 'button plain', href: screen(o, 'test') }, 'Test', h('span', { class: 'visually-hidden' }, ` ${o.name}`)),
          button(`Edit ${o.properties.displayName}`, async () => {
            if (await editOperation(params.id, o.name)) reload();
          }, { icon: 'edit', iconOnly: true, kind: 'plain' }),
          button(`Delete ${o.properties.displayName}`, async () => {
            const gone = await confirm(`Delete ${o.properties.displayName}?`, `Requests to ${o.properties.method} ${o.properties.urlTemplate} get 404 from then on. The policy of the operation goes, too.`, {
              run: () => arm(path('apis', params.id, 'operations', o.name), { method: 'DELETE', ifMatch: '*' }),
            });
            if (!gone) return;
            toast(`${o.properties.displayName} was deleted`, 'success');
            reload();
          }, { icon: 'trash', iconOnly: true, kind: 'plain' })),
      },
    ], operations, { caption: 'Operations', find: 'operations' }));
  },
};

// importInto brings the operations of a document into an API that is there.
async function importInto(api) {
  const source = documentFields();
  const errors = h('div');
  return dialog(`Import into ${api.properties.displayName}`, [
    errors,
    h('p', 'The operations of the document take the place of those that are there. One that has the same name, or the same method and template, keeps its policy.'),
    source.element,
  ], [{
    label: 'Import',
    kind: 'primary',
    run: async () => {
      const properties = await source.read();
      if (!properties) return false;
      try {
        await arm(path('apis', api.name), { method: 'PATCH', ifMatch: '*', body: { properties } });
      } catch (err) {
        const rest = showErrors({ value: source.targets.value }, err);
        if (rest) replace(errors, rest);
        return false;
      }
      toast('The document was imported', 'success');
      return true;
    },
  }], { wide: true });
}
