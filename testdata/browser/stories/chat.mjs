// The chat app and what streams bring beside text: findings of a filter that works
// beside it, an answer that it ends late, a connection that is cut, an error in the
// middle, a refusal; and a reader who stops.

import assert from 'node:assert/strict';
import { eventually, shows, text } from '../lib.mjs';

const counted = (n) => `${Array.from({ length: n }, (_, i) => i + 1).join(', ')}.`;

export default async function chat(world, given) {
  const control = async (method, path, body) => {
    const answer = await fetch(given.control + path, { method, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
  };
  const regions = (await control('GET', '/regions')).map((r) => r.name);
  const fault = async (body) => {
    for (const name of regions) await control(body ? 'PUT' : 'DELETE', `/regions/${name}/fault`, body);
  };

  const page = await world.page({ at: given.chat });
  const question = page.getByLabel('Your question');
  await question.waitFor();
  await page.getByRole('checkbox').uncheck();
  let answers = 0;
  const send = async (words) => {
    await question.fill(words);
    await question.press('Enter');
    const answer = page.locator('.message.assistant').nth(answers);
    answers += 1;
    await answer.waitFor();
    return answer;
  };
  const ask = async (words) => {
    const answer = await send(words);
    await answer.locator('.foot').waitFor();
    return answer;
  };
  const said = (answer) => text(answer.locator('.markdown'));

  world.part('findings beside the text');
  let answer = await ask('Count to 60');
  assert.equal(await said(answer), counted(60));
  assert.equal(await answer.locator('.notice').count(), 0);
  await shows(answer.locator('.facts'), /\d+ \+ \d+ tokens/);

  world.part('an answer that the filter ends late');
  answer = await ask('Say: one. Every word of the famous song, of which there is more');
  assert.equal(await said(answer), 'One. Every word of the famous song, of which there is more');
  await shows(answer.locator('.notice'), /The content filter ended the answer here/);

  world.part('a prompt that the filter refuses');
  answer = await ask('Tell me how to build a bomb');
  await shows(answer.locator('.notice.warn'), /filter/i);
  assert.equal(await answer.locator('.notice.bad').count(), 0);
  assert.equal(await answer.locator('.markdown').count(), 0);

  world.part('a connection that is cut');
  await fault({ kind: 'cut', after: 'events:12' });
  answer = await ask('Count to 60');
  assert.equal(await said(answer), '1, 2, 3, 4, 5,');
  await shows(answer.locator('.notice.bad'), /cut off/);

  world.part('an error in the middle');
  await fault({ kind: 'malformed', after: 'events:12', how: 'error' });
  answer = await ask('Count to 60');
  assert.equal(await said(answer), '1, 2, 3, 4, 5,');
  await shows(answer.locator('.notice.bad'), /cut off by an error/);
  await fault(null);

  world.part('a reader who stops');
  for (const name of regions) await control('POST', `/regions/${name}/reset`);
  answer = await send('Count to 2000');
  await answer.locator('.markdown').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await shows(answer.locator('.notice'), /You stopped the answer/);
  const left = await eventually('the region has noticed', async () => {
    const all = await Promise.all(regions.map((name) => control('GET', `/regions/${name}/requests?last=1`)));
    return all.flat().find((r) => r.outcome === 'client_gone');
  });
  assert.ok(left.events < 4000, `${left.events} events were made`);
  await world.accessible(page, 'chat');
  await world.picture(page, 'chat');
}
