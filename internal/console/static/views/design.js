// Policies: the documents of every scope, and fragments.

import { arm, list, path } from '../api.js';
import { apiPage } from '../apipage.js';
import { vocabulary } from '../completion.js';
import { policyEditor } from '../editor.js';
import { designOf } from '../written.js';
import { scopeNav } from '../scopes.js';
import { askRegions, emptyDocument, pieces } from '../snippets.js';
import { announce, badge, button, confirm, dialog, errorBox, h, linkButton, pageHead, problems, replace, select, tabs, toast } from '../ui.js';

/** Where a screen's document is, and what it is called. */
function target(params) {
  if (params.fragment) return { at: path('policyFragments', params.fragment), scope: 'fragment', kind: 'fragment', label: `Policy fragment ${params.fragment}` };
  const policy = '/policies/policy';
  if (params.product) return { at: path('products', params.product) + policy, owner: path('products', params.product), scope: 'product', kind: 'policies', label: `Policy of the product ${params.product}` };
  if (params.operation) return { at: path('apis', params.id, 'operations', params.operation) + policy, owner: path('apis', params.id, 'operations', params.operation), scope: 'operation', kind: 'policies', label: `Policy of the operation ${params.operation}` };
  if (params.id) return { at: path('apis', params.id) + policy, owner: path('apis', params.id), scope: 'api', kind: 'policies', label: `Policy of all operations of ${params.id}` };
  return { at: policy, owner: '', scope: 'global', kind: 'policies', label: 'Policy of all APIs' };
}

/** The document as it is kept, or null where the scope has none. */
async function load(what, signal) {
  if (what.kind === 'policies' && (await list(`${what.owner}/policies`, { signal })).length === 0) return null;
  return arm(what.at, { query: { format: 'rawxml' }, signal });
}

/** What completion knows of the service, read when it is first needed. */
function serviceNames(signal) {
  let pending = null;
  return () => {
    pending ??= Promise.all([list('/namedValues', { signal }), list('/policyFragments', { signal }), list('/backends', { signal })]).then(([values, fragments, backends]) => ({
      namedValues: values.map((v) => ({ name: v.properties.displayName, secret: v.properties.secret === true || Boolean(v.properties.keyVault), value: v.properties.value ?? '' })),
      fragments: fragments.map((f) => f.name),
      backends: backends.map((b) => b.name),
    })).catch((err) => {
      pending = null;
      throw err;
    });
    return pending;
  };
}

async function head(main, params, signal) {
  if (params.id) {
    const api = await apiPage(main, params.id, 'design', { signal });
    const operations = await list(path('apis', params.id, 'operations'), { signal });
    return { api, operations };
  }
  if (params.product) {
    const product = await arm(path('products', params.product), { signal });
    main.append(pageHead('Policies', { breadcrumb: [['Products', '#/products'], [product.properties.displayName || product.name, `#${path('products', product.name)}`]], lead: 'They hold for every API, called with a subscription to this product.' }));
  } else if (params.fragment) {
    main.append(pageHead(params.fragment, { breadcrumb: [['Policy fragments', '#/fragments']], lead: h('span', 'Policy documents include it with ', h('code', `<include-fragment fragment-id="${params.fragment}" />`), '.') }));
  } else main.append(pageHead('All APIs', { breadcrumb: [['APIs', '#/apis']], lead: 'The global policy: every other scope inherits from it where it says <base />.' }));
  return {};
}

/** The scopes of an API: all of its operations, and each. */
function scopeList(params, operations) {
  const at = `#${path('apis', params.id)}/design`;
  return scopeNav([
    { href: at, label: 'All operations', current: !params.operation },
    ...operations.map((o) => ({ href: `${at}${path(o.name)}`, label: o.properties.displayName || o.name, method: o.properties.method, current: params.operation === o.name })),
  ], { label: 'Scopes', what: 'Scope' });
}

export default {
  title: (params) => (params.fragment ? `Fragment ${params.fragment}` : `Design ${params.operation ?? params.id ?? params.product ?? 'all APIs'}`),
  nav: (params) => (params.fragment ? 'fragments' : params.product ? 'products' : 'apis'),
  async render(main, params, { signal, guard, reload }) {
    const what = target(params);
    const { operations } = await head(main, params, signal);
    const [loaded] = await Promise.all([load(what, signal), vocabulary(signal)]);
    const raw = loaded?.properties.value ?? emptyDocument(what.scope);
    const crlf = raw.includes('\r\n');
    const lf = (text) => text.replace(/\r\n?/g, '\n');
    let saved = lf(raw);
    let etag = loaded?.etag ?? null;
    let exists = loaded !== null;
    const names = serviceNames(signal);

    // ---- What the screen is made of
    const state = h('span', { class: 'row design-state' });
    const errors = h('div', { class: 'stack' });
    const found = h('section', { class: 'stack', 'aria-label': 'Problems' });
    const save = button('Save', () => store(), { kind: 'primary' });
    const discard = button('Discard', () => discardChanges(), {});
    const remove = button('Remove policy', () => removePolicy(), { icon: 'trash', kind: 'plain' });
    const editor = policyEditor({
      value: saved, label: what.label, kind: what.kind, scope: what.kind === 'fragment' ? null : what.scope, names,
      complete: (text, offset, stop) => arm(`${what.at}/complete`, { method: 'POST', body: { value: text, offset }, signal: stop ?? signal }),
      onChange: () => changed(),
      onSave: () => save.click(),
      onFormat: () => format.click(),
    });
    const format = button('Format', () => formatDocument(), { title: 'Shift+Alt+F' });
    const effective = what.kind === 'fragment' ? null : effectiveView(what, params, signal, () => ({ dirty: dirty(), draft: drafted }));
    const edit = h('div', { class: 'stack' },
      h('div', { class: 'spread' },
        h('div', { class: 'actions' }, save, format, button('Insert', () => insertPiece(), { icon: 'plus' }), discard, what.kind === 'fragment' ? null : remove, params.operation && linkButton('Test', `#${path('apis', params.id, 'test', params.operation)}`, { icon: 'play' })),
        state),
      errors, editor.element, found);
    const pages = effective ? tabs([{ label: 'Editor', panel: edit }, { label: 'Effective policy', panel: effective.element }], {
      label: 'Policy',
      onselect(i) {
        if (i === 1) effective.show();
        // It has an address, too.
        const [at, query] = location.hash.split('?');
        if (i === 1) history.replaceState(history.state, '', `${at}?effective`);
        else if (query === 'effective') history.replaceState(history.state, '', at);
      },
    }) : edit;
    main.append(operations ? h('div', { class: 'design' }, scopeList(params, operations), pages) : pages);

    // ---- What it does
    let drafted = null; // the server's answer to the last draft
    let stop = null;
    let timer = 0;
    let said = '';
    const dirty = () => editor.value !== saved;
    guard(() => (dirty() ? 'The policy has changes that are not saved.' : null));
    const leaving = (event) => {
      if (dirty()) event.preventDefault();
    };
    window.addEventListener('beforeunload', leaving);

    function changed() {
      if (errors.firstChild?.dataset?.passing) replace(errors);
      clearTimeout(timer);
      show('Checking …');
      timer = setTimeout(check, 250);
    }

    function show(checking) {
      const all = drafted ? [...drafted.problems, ...drafted.elsewhere] : [];
      const wrong = all.filter((p) => p.severity === 'error').length;
      const words = checking ?? (drafted === null ? '' : wrong ? `${wrong} error${wrong > 1 ? 's' : ''}` : all.length ? `${all.length} warning${all.length > 1 ? 's' : ''}` : 'No problems');
      replace(state, words && badge(words, checking ? null : wrong ? 'bad' : all.length ? 'warn' : 'good'),
        badge(dirty() ? 'Not saved' : exists ? 'In force' : what.kind === 'fragment' ? 'Empty' : 'No policy here: inherited', dirty() ? 'warn' : null));
      discard.disabled = !dirty();
      remove.hidden = !exists;
      if (!checking && words !== said) announce(`${words}${dirty() ? ', not saved' : ''}`);
      if (!checking) said = words;
    }

    async function check() {
      stop?.abort();
      stop = new AbortController();
      const mine = stop;
      signal.addEventListener('abort', () => mine.abort(), { once: true });
      try {
        const answer = await arm(`${what.at}/draft`, { method: 'POST', body: { format: 'rawxml', value: editor.value }, signal: mine.signal });
        if (mine.signal.aborted) return;
        drafted = answer;
        editor.problems(answer.problems);
        drawProblems();
        show();
        effective?.changed();
      } catch (err) {
        if (err.name === 'AbortError') return;
        if (err.status === 0) timer = setTimeout(check, 3000); // until it answers again
        drafted = null;
        editor.problems(err.problems ?? []);
        replace(found, err.status === 403 ? h('p', { class: 'muted' }, 'Your token is a reader’s: what you write is not checked and cannot be saved.') : errorBox(err));
        show('');
      }
    }

    function drawProblems() {
      const { problems: here, elsewhere, more } = drafted;
      replace(found,
        here.length > 0 && [h('h2', 'Problems'), problems(here, { text: editor.value, onJump: (p) => editor.jump(p.line, p.column) })],
        elsewhere.length > 0 && [h('h2', 'In other documents'), problems(elsewhere)],
        more > 0 && h('p', { class: 'muted' }, `… and ${more} more`));
    }

    async function store(force = false) {
      replace(errors);
      const text = editor.value;
      const body = { properties: { format: 'rawxml', value: crlf ? text.replace(/\n/g, '\r\n') : text } };
      if (what.kind === 'fragment' && loaded?.properties.description) body.properties.description = loaded.properties.description;
      try {
        const answer = await arm(what.at, { method: 'PUT', body, ifMatch: exists && !force ? etag : undefined, query: { format: 'rawxml' }, signal });
        etag = answer.etag;
      } catch (err) {
        if (err.name === 'AbortError') return;
        if (err.stale) {
          if (await renewed()) {
            await store();
            return;
          }
          replace(errors, h('div', { class: 'message error', role: 'alert' },
            h('p', h('strong', 'Someone else changed this in the meantime.')), h('p', 'Your change was not made; what you wrote is still here.'),
            h('div', { class: 'actions' },
              button('Show theirs', () => showTheirs(), { icon: 'eye' }),
              button('Load theirs', () => {
                guard(null);
                reload();
              }, { icon: 'refresh' }),
              button('Keep mine', () => store(true), { kind: 'danger' }))));
        } else {
          replace(errors, err.problems.length ? h('div', { class: 'message error', role: 'alert', dataset: { passing: 'yes' } }, h('p', h('strong', 'The policy was not saved: it does not compile.')), h('p', 'What is in force has not changed.')) : errorBox(err));
          if (err.problems.length) await check();
        }
        errors.scrollIntoView({ block: 'nearest' });
        return;
      }
      exists = true;
      saved = text;
      toast('The policy was saved and is in force', 'success');
      show();
      effective?.changed();
    }

    // renewed tells whether only the tag is another one, as it is after a restart, and
    // takes it: who finds what was loaded has not been overtaken.
    async function renewed() {
      const theirs = await arm(what.at, { query: { format: 'rawxml' }, signal }).catch(() => null);
      if (!theirs || theirs.etag === etag || lf(theirs.properties.value) !== saved) return false;
      etag = theirs.etag;
      return true;
    }

    async function showTheirs() {
      const theirs = await arm(what.at, { query: { format: 'rawxml' }, signal });
      const view = policyEditor({ value: lf(theirs.properties.value), label: 'What the other one saved', readOnly: true, kind: what.kind });
      await dialog('What the other one saved', view.element, [], { wide: true, cancel: 'Close' });
      view.destroy();
    }

    async function formatDocument() {
      replace(errors);
      try {
        const answer = await arm(`${what.at}/format`, { method: 'POST', body: { value: editor.value }, signal });
        editor.set(lf(answer.value));
        editor.focus();
      } catch (err) {
        if (err.name === 'AbortError') return;
        replace(errors, err.problems.length ? h('div', { class: 'message error', role: 'alert' }, h('p', h('strong', 'A document with these mistakes cannot be formatted.')), problems(err.problems, { onJump: (p) => editor.jump(p.line, p.column) })) : errorBox(err));
      }
    }

    async function discardChanges() {
      if (!(await confirm('Discard your changes?', 'The editor goes back to the policy as it was saved.', { action: 'Discard' }))) return;
      replace(errors);
      editor.set(saved);
    }

    async function removePolicy() {
      const removed = await confirm('Remove this policy?', `${what.label} is deleted; what broader scopes say holds from then on.`, {
        action: 'Remove',
        async run() {
          try {
            await arm(what.at, { method: 'DELETE', ifMatch: etag, signal });
          } catch (err) {
            if (!err.stale || !(await renewed())) throw err;
            await arm(what.at, { method: 'DELETE', ifMatch: etag, signal });
          }
        },
      });
      if (!removed) return;
      guard(null);
      toast('The policy was removed', 'success');
      reload();
    }

    async function insertPiece() {
      let chosen = null;
      const choose = (p, el) => h('li', h('button', { type: 'button', class: 'piece', onclick: () => { chosen = p; el().closest('dialog').close(); } }, h('strong', p.title), h('span', p.text)));
      let box;
      const whole = { title: 'Random region with retry', text: 'A whole document: requests are spread over regions, and one that fails is followed by the next.', whole: true };
      box = h('ul', { class: 'pieces' }, what.kind === 'policies' && choose(whole, () => box), pieces.map((p) => choose(p, () => box)));
      await dialog('Insert', box, [], { wide: true });
      if (!chosen) return;
      if (!chosen.whole) {
        editor.insert(chosen.template);
        return;
      }
      const text = await askRegions((await names()).namedValues);
      if (text !== null) {
        editor.set(text);
        editor.focus();
      }
    }

    if (signal.aborted) return undefined;
    show('');
    check();
    const line = Number(params.query?.get('line'));
    if (effective && params.query.has('effective')) pages.select(1);
    else if (line > 0) editor.jump(line, Number(params.query.get('column')) || 1, { marked: true });
    return () => {
      clearTimeout(timer);
      stop?.abort();
      window.removeEventListener('beforeunload', leaving);
      effective?.destroy();
      editor.destroy();
    };
  },
};

/** The effective policy: of the draft where it compiles, else as it is in force. */
function effectiveView(what, params, signal, now) {
  const element = h('div', { class: 'stack' });
  let view = null;
  let shown = false;
  let product = '';
  const products = params.id ? list(path('apis', params.id, 'products'), { signal }).catch(() => []) : Promise.resolve([]);
  const body = h('div', { class: 'stack' });
  products.then((all) => {
    if (all.length === 0) {
      replace(element, body);
      return;
    }
    const choice = select('', [['', 'without a product'], ...all.map((p) => [p.name, `with the product ${p.properties.displayName || p.name}`])], {
      id: 'effective-product',
      onchange: () => {
        product = choice.value;
        draw();
      },
    });
    replace(element, h('div', { class: 'row' }, h('label', { for: 'effective-product' }, 'A call'), h('div', choice)), body);
  });

  async function draw() {
    const { dirty, draft } = now();
    let text;
    let note = null;
    try {
      if (dirty && draft?.effective && !product) {
        text = draft.effective;
        note = h('p', { class: 'message info' }, 'This is what would run if you saved the document in the editor.');
      } else {
        text = (await arm(`${what.owner}/effectivePolicy`, { query: product ? { productId: product } : {}, signal })).properties.value;
        if (dirty) note = h('p', { class: 'message warn' }, draft?.effective ? 'With a product it is shown as it is in force, without what is not saved.' : 'The document in the editor has errors: this is what is in force.');
      }
    } catch (err) {
      if (err.name !== 'AbortError') replace(body, errorBox(err));
      return;
    }
    if (signal.aborted) return;
    text = text.replace(/\r\n?/g, '\n');
    const origins = new Map();
    for (const [, scope, file, fragment] of text.matchAll(/<!-- (\w+): (.*?)(?: \(fragment (.*?)\))? -->/g)) {
      const label = fragment ? `the fragment ${fragment}` : file === '(default global policy)' ? 'the default of all APIs' : scope === 'global' ? 'all APIs' : scope === 'api' ? 'the API' : `the ${scope}`;
      const href = file.startsWith('(') ? null : designOf(scope, file, fragment, params);
      if (!origins.has(label)) origins.set(label, href);
    }
    if (!view) {
      view = policyEditor({ value: text, label: 'Effective policy', readOnly: true, kind: 'policies' });
      replace(body, h('div'), view.element);
    } else view.set(text);
    body.firstChild.replaceWith(h('div', { class: 'stack' }, note, h('p', { class: 'muted' }, 'What runs, with every scope in its place. Comments say where each part is written. ', origins.size > 0 && ['It comes from ', [...origins].map(([label, href], i) => [i > 0 && ', ', href ? h('a', { href }, label) : label]), '.'])));
  }
  return {
    element,
    show: () => {
      shown = true;
      return draw();
    },
    changed: () => shown && element.offsetParent !== null && draw(),
    destroy: () => view?.destroy(),
  };
}
