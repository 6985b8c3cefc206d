// The list of APIs.

import { list, path } from '../api.js';
import { address, createAPI, deleteAPI, gateway, revision } from '../apipage.js';
import { badge, button, emptyState, h, linkButton, pageHead, table } from '../ui.js';

export default {
  title: 'APIs',
  nav: 'apis',
  async render(main, params, { signal, reload }) {
    const [apis, base] = await Promise.all([list('/apis', { signal }), gateway(signal)]);
    const create = async (how) => {
      const id = await createAPI(how, signal);
      if (id) location.hash = `#${path('apis', id)}`;
    };
    const buttons = () => [
      button('Create blank API', () => create('blank'), { icon: 'plus', kind: 'primary' }),
      button('Create from OpenAPI', () => create('openapi')),
    ];
    main.append(pageHead('APIs', {
      lead: 'Each API is a path of the gateway, with its operations and policies.',
      actions: [linkButton('All APIs policy', '#/global/design', { icon: 'edit' }), apis.length > 0 && buttons()],
    }));
    if (apis.length === 0) {
      main.append(emptyState('No APIs yet', 'Create one by hand and add its operations, or bring an OpenAPI document that has them.', buttons()));
      return;
    }
    main.append(table([
      { title: 'Name', cell: (a) => [h('a', { href: `#${path('apis', a.name)}` }, a.properties.displayName || a.name), ' ', revision(a.name)[1] && badge(`revision ${revision(a.name)[1]}`), a.properties.apiVersion && badge(a.properties.apiVersion)] },
      { title: 'URL', cell: (a) => h('code', address(base, a)) },
      { title: 'Subscription', cell: (a) => (a.properties.subscriptionRequired === false ? 'not required' : h('span', 'key in ', h('code', a.properties.subscriptionKeyParameterNames?.header ?? 'Ocp-Apim-Subscription-Key'))) },
      {
        title: 'Actions',
        hidden: true,
        cell: (a) => h('div', { class: 'actions' },
          h('a', { class: 'button plain', href: `#${path('apis', a.name)}/design` }, 'Design', h('span', { class: 'visually-hidden' }, ` ${a.name}`)),
          h('a', { class: 'button plain', href: `#${path('apis', a.name)}/test` }, 'Test', h('span', { class: 'visually-hidden' }, ` ${a.name}`)),
          button(`Delete ${a.properties.displayName || a.name}`, async () => {
            if (await deleteAPI(a, signal)) reload();
          }, { icon: 'trash', iconOnly: true, kind: 'plain' })),
      },
    ], apis, { caption: 'APIs', find: 'APIs' }));
  },
};
