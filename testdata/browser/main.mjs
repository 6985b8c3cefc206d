// Tells one story: `node main.mjs NAME`, with where things run as JSON on standard
// input. What goes wrong is on standard error, and the exit code is 1 then.

import { text } from 'node:stream/consumers';
import { World } from './lib.mjs';

const world = new World(JSON.parse(await text(process.stdin)));
const story = (await import(`./stories/${process.argv[2]}.mjs`)).default;
try {
  await world.start();
  await story(world, world.given);
} catch (err) {
  world.note(err.stack ?? err);
  for (const [i, page] of world.pages.entries()) {
    if (page.isClosed()) continue;
    await world.picture(page, `failed-${process.argv[2]}-${i}`).catch(() => {});
    world.note(`page ${i} is at ${page.url().replace(/token=.*/, 'token=…')}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch((e) => e.message)}`);
  }
} finally {
  await world.end();
}
for (const failure of world.failures) console.error(`FAILED ${failure}\n`);
process.exit(world.failures.length === 0 ? 0 : 1);
