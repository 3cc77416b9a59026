// The console without a mouse: the way past the navigation, a focus that can be seen, and a form from its
// first field to its button.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { setStage } from '../support/stage.mjs';

const MOST_STEPS = 80;

let town;
let chromium;
let clear;
let alice;

before(async () => {
  ({ town, chromium, clear } = await setStage());
  await town.signIn('contoso', 'ben');
  alice = await chromium.visitor({ reducedMotion: 'reduce' });
  await alice.open(`${town.node.origin('console')}/t/${town.contoso.id}/members`);
  await alice.signInAs('alice');
});
after(() => clear?.());

/** What has the focus, and whether that can be seen. */
const focused = () => alice.page.evaluate(() => {
  const part = document.activeElement;
  const style = getComputedStyle(part);
  const { width, height, top, left } = part.getBoundingClientRect();
  const label = part.labels?.[0]?.innerText ?? '';
  return {
    name: [part.tagName.toLowerCase(), (part.innerText || label || part.value || '').trim().split('\n')[0]].join(' '),
    isBody: part === document.body,
    isMarked: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none',
    isInSight: width > 0 && height > 0 && top >= 0 && left >= 0 && top < innerHeight,
  };
});

/** Steps forward until something with these words has the focus. */
async function stepTo(words) {
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    await alice.page.keyboard.press('Tab');
    const { name } = await focused();
    if (words.test(name)) return;
  }
  assert.fail(`nothing like ${words} is reached with the Tab key`);
}

test('the first step leads past the navigation', async () => {
  await alice.page.keyboard.press('Tab');
  const first = await focused();
  assert.match(first.name, /Skip to the page/);
  assert.ok(first.isInSight && first.isMarked, JSON.stringify(first));
  await alice.page.keyboard.press('Enter');
  assert.equal(await alice.page.evaluate(() => document.activeElement.id), 'main');
});

test('whatever has the focus can be seen to have it', async () => {
  await alice.page.reload();
  const unseen = [];
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    await alice.page.keyboard.press('Tab');
    const part = await focused();
    if (part.isBody) break;
    if (!part.isMarked || !part.isInSight) unseen.push(part.name);
  }
  assert.deepEqual(unseen, []);
});

test('an admin finds a member, gives a role and saves it with the keyboard alone', async () => {
  await alice.page.reload();
  await stepTo(/Ben Baker/);
  await Promise.all([alice.page.waitForEvent('load'), alice.page.keyboard.press('Enter')]);
  await stepTo(/creator/i);
  await alice.page.keyboard.press('Space');
  await Promise.all([alice.page.waitForEvent('load'), alice.page.keyboard.press('Enter')]);
  assert.match(await alice.text(), /The roles are saved/);
  assert.ok(await alice.page.getByLabel('creator').isChecked());
  assert.deepEqual(alice.faults, []);
});
