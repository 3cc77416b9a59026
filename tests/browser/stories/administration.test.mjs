// An admin looks after Contoso's members and its connection, in the console; what they do holds in the
// application at once and is written down.

import { strict as assert } from 'node:assert';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { setStage } from '../support/stage.mjs';

let town;
let chromium;
let clear;
let alice;

before(async () => {
  ({ town, chromium, clear } = await setStage());
});
beforeEach(async () => {
  alice = await chromium.visitor();
  await alice.open(`${town.node.origin('console')}/t/${town.contoso.id}/members`);
  await alice.signInAs('alice');
  assert.equal(await alice.heading(), 'Members');
});
afterEach(async () => {
  const { faults } = alice;
  await alice.leave();
  assert.deepEqual(faults, [], 'no page complained');
});
after(() => clear?.());

const me = async (person) => person.open(town.at('contoso', '/api/me'));

/** Waits, for as long as people would, until something is so. */
async function eventually(what, is) {
  const until = Date.now() + 5_000;
  while (!(await is())) {
    assert.ok(Date.now() < until, `${what} within five seconds`);
    await pause(100);
  }
}

test('a role that an admin gives is a role in the application, and the trail says what changed', async () => {
  const ben = await town.signIn('contoso', 'ben');
  assert.deepEqual(ben.page.json().roles, []);
  await alice.page.reload();
  await alice.follow('Ben Baker');
  await alice.page.getByLabel('creator').check();
  await alice.press('Save roles');
  assert.match(await alice.text(), /The roles are saved/);
  await eventually('the application sees the role', async () => (await me(ben)).json().roles.includes('creator'));

  await alice.open(`${town.node.origin('console')}/t/${town.contoso.id}/audit`);
  const line = alice.page.locator('tr', { hasText: /role/i }).first();
  assert.match(await line.innerText(), /creator/, 'the line shows what became of the roles');
});

test('a member who is suspended is out at once, and in again once restored', async () => {
  const ben = await town.signIn('contoso', 'ben');
  assert.equal(ben.page.status, 200);
  await alice.page.reload();
  await alice.follow('Ben Baker');
  await alice.press('Suspend');
  assert.match(await alice.text(), /suspended/i);
  await eventually('his open session has ended', async () => (await me(ben)).url.href !== town.at('contoso', '/api/me') || ben.page.status !== 200);
  const refused = await town.signIn('contoso', 'ben');
  assert.equal(refused.page.status, 403);
  assert.match(refused.page.text, /sign-in\.not-admitted/);
  await alice.press('Restore');
  const back = await town.signIn('contoso', 'ben');
  assert.equal(back.page.json().user.name, 'Ben Baker');
});

test('nobody can take the last admin\'s role away, not even the admin', async () => {
  await alice.follow('Alice Adams');
  await alice.page.getByLabel('Admin').uncheck();
  await alice.press('Save roles');
  assert.match(await alice.text(), /last active member with the role/);
});

test('an admin tries the connection, and the test lets nobody in', async () => {
  await alice.follow('Connections');
  await alice.follow('Contoso', alice.page.locator('main'));
  const before = town.backend.seen.length;
  await alice.press('Test sign-in', alice.page.locator('main'));
  await alice.follow('Go to the provider');
  if (alice.address.startsWith(town.providers.contoso.issuer)) await alice.signInAs('ben');
  assert.match(await alice.text(), /What the provider said/);
  assert.match(await alice.text(), /alice@contoso\.test|ben@contoso\.test/);
  assert.equal(town.backend.seen.length, before);
});

test('Contoso\'s admin has no page of Fabrikam, and none of the platform', async () => {
  const console = town.node.origin('console');
  for (const path of [`/t/${town.fabrikam.id}/members`, '/platform/tenants']) {
    const answer = await alice.open(console + path);
    assert.ok(![200].includes(answer.status()) || !alice.address.startsWith(console), `${path}: ${answer.status()} ${alice.address}`);
    assert.doesNotMatch(await alice.text(), /Frank Fisher/);
  }
});
