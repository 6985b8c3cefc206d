// The validation: seven steps, each by its own button, and what came of them.

import { regions, request } from '../api.js';
import { announce, badge, button, errorBox, field, h, icon, pageHead, replace } from '../ui.js';

const kinds = { Success: 'good', Fail: 'bad', 'Not observed': 'warn' };

// What was seen last, so that it is there when one comes back from mending
// something. A reload of the page forgets it: by then it may be old.
const results = new Map();

/** What all results come to, as one sentence. */
export function summary(list, all) {
  const count = (status) => list.filter((r) => r.status === status).length;
  if (list.length === 0) return '';
  if (count('Success') === all) return `All ${all} steps succeeded.`;
  const parts = ['Fail', 'Not observed', 'Success'].filter(count).map((status) => `${count(status)} ${status}`);
  return `${list.length === all ? `Of ${all} steps` : `Of ${list.length} of ${all} steps`}: ${parts.join(', ')}.`;
}

export default {
  title: 'Validate',
  nav: 'validate',
  async render(main, _params, { signal }) {
    const [{ steps }, simulated] = await Promise.all([(await request('/validate', { signal })).json(), regions({ signal })]);
    const consent = field('Reach real regions through proxies of this process', h('input', { type: 'checkbox' }),
      { hint: 'Steps 3, 4, 5 and 7 see what arrives at real regions only so. For the time of a step the endpoints in named values and backends are changed, and the proxies fail on purpose; your traffic goes the same way.' });
    consent.classList.add('check');
    let running = null; // the controller of what runs
    const total = h('p', { class: 'total' });
    const errors = h('div');
    const cards = steps.map((step) => card(step, () => run([step])));
    const all = button('Validate all', () => {
      // What it began is not given back: a busy button would take no second click.
      if (running) running.abort();
      else run(steps);
    }, { kind: 'primary', icon: 'validate' });
    main.append(pageHead('Validate', {
      lead: 'Checks the whole set-up by what arrives at the regions: requests are sent as clients send them, and regions are failed on purpose and put back.',
      actions: [all],
    }), errors, total, simulated.length === 0 && steps.length > 0 ? consent : '', h('ol', { class: 'stack tight checks', 'aria-label': 'Steps' }, cards.map((c) => c.element)));
    const draw = () => {
      replace(all, icon(running ? 'stop' : 'validate'), h('span', running ? 'Stop' : 'Validate all'));
      for (const c of cards) c.draw(running !== null);
      total.textContent = summary([...results.values()], steps.length);
    };

    async function run(list) {
      if (running) return;
      running = new AbortController();
      const stop = () => running?.abort();
      signal.addEventListener('abort', stop);
      replace(errors);
      try {
        for (const step of list) {
          const c = cards[steps.indexOf(step)];
          c.busy = true;
          results.delete(step.step);
          draw();
          try {
            const answer = await request(`/validate/${step.step}`, { method: 'POST', body: { consent: consent.querySelector('input').checked }, signal: running.signal });
            const result = await answer.json();
            results.set(step.step, result);
            announce(`Step ${result.step}, ${result.name}: ${result.status}. ${result.status === 'Success' ? '' : result.reason}`);
          } finally {
            c.busy = false;
          }
          draw();
        }
        if (list.length > 1) announce(total.textContent);
      } catch (err) {
        if (err.name !== 'AbortError' && err.status !== 401) replace(errors, errorBox(err));
      } finally {
        signal.removeEventListener('abort', stop);
        running = null;
        if (!signal.aborted) draw();
      }
    }
    draw();
  },
};

// card is one step: what it looks at, what it saw, and its button.
function card(step, run) {
  const title = `step-${step.step}`;
  const state = h('span');
  const seen = h('div', { class: 'stack tight' });
  const go = button('Validate', run, { icon: 'play', 'aria-describedby': title });
  const c = {
    busy: false,
    element: h('li', { class: 'card stack tight' },
      h('header', h('h2', { id: title }, `${step.step}  ${step.name}`), h('div', { class: 'row' }, state, go)),
      h('p', { class: 'hint' }, step.about), seen),
    draw(anyRunning) {
      const result = results.get(step.step);
      go.disabled = anyRunning;
      replace(state, c.busy ? badge('running …') : result ? badge(result.status, kinds[result.status]) : badge('not yet'));
      replace(seen, result && h('p', result.reason),
        result?.hint && h('div', { class: ['message', result.status === 'Fail' ? 'error' : 'warn'] }, h('p', h('strong', 'What to do: '), result.hint)));
    },
  };
  return c;
}
