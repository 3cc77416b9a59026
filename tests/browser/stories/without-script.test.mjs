// Everything that matters works in a browser that runs no script: forms are forms and links are links.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { Chromium } from '../support/browser.mjs';
import { Town } from '../support/town.mjs';

let town;
let chromium;

before(async () => {
  [town, chromium] = await Promise.all([Town.standing(), Chromium.start()]);
});
after(async () => {
  await chromium?.stop();
  await town?.clearAway();
});

const plain = () => chromium.visitor({ javaScriptEnabled: false });

test('somebody signs in at their organisation without script', async () => {
  const alice = await plain();
  await alice.open(town.at('contoso', '/surveys/3'));
  await alice.signInAs('alice');
  assert.equal(alice.address, town.at('contoso', '/surveys/3'));
  assert.match(await alice.text(), /Alice Adams/);
});

test('an admin gives a role without script', async () => {
  await town.signIn('contoso', 'ben');
  const alice = await plain();
  await alice.open(`${town.node.origin('console')}/t/${town.contoso.id}/members`);
  await alice.signInAs('alice');
  await alice.follow('Ben Baker');
  await alice.page.getByLabel('reader').check();
  await alice.press('Save roles');
  assert.match(await alice.text(), /The roles are saved/);
  assert.ok(await alice.page.getByLabel('reader').isChecked());
});
