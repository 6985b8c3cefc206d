// The overview: what the service is, and where to begin.

import { list } from '../api.js';
import { emptyState, linkButton, pageHead } from '../ui.js';

export default {
  title: 'Overview',
  nav: 'overview',
  async render(main, _params, { signal }) {
    const apis = await list('/apis', { signal });
    main.append(pageHead('Overview'));
    if (apis.length === 0) {
      main.append(emptyState('No APIs yet', 'Create the first one by hand or from an OpenAPI document.', linkButton('Go to APIs', '#/apis', { kind: 'primary' })));
    }
  },
};
