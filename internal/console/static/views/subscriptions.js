// The list of subscriptions.

import { list } from '../api.js';
import { addSubscription, subscriptionTable } from '../subscription.js';
import { button, emptyState, pageHead } from '../ui.js';

export default {
  title: 'Subscriptions',
  nav: 'subscriptions',
  async render(main, params, { signal, reload }) {
    const subscriptions = await list('/subscriptions', { signal });
    const add = () => button('Add subscription', async () => {
      if (await addSubscription()) reload();
    }, { icon: 'plus', kind: 'primary' });
    main.append(pageHead('Subscriptions', { lead: 'A subscription has the keys that open a product, an API, or all of them.', actions: subscriptions.length > 0 ? [add()] : [] }));
    if (subscriptions.length === 0) main.append(emptyState('No subscriptions yet', 'Add one to give a caller a key. APIs that require no subscription are open without.', add()));
    else main.append(subscriptionTable(subscriptions, reload));
  },
};
