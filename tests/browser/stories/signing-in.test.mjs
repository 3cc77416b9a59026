// Alice of Contoso signs in, uses the application, and goes; and sees nothing of Fabrikam on the way.

import { strict as assert } from 'node:assert';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setStage } from '../support/stage.mjs';

let town;
let chromium;
let clear;
let alice;

before(async () => {
  ({ town, chromium, clear } = await setStage());
});
beforeEach(async () => { alice = await chromium.visitor(); });
afterEach(async () => {
  const { faults } = alice;
  await alice.leave();
  assert.deepEqual(faults, [], 'no page complained');
});
after(() => clear?.());

/** Signs in from an address of the application. */
async function signIn(visitor, slug, login, path = '/') {
  await visitor.open(town.at(slug, path));
  assert.ok(visitor.address.startsWith(town.providers[slug].issuer), visitor.address);
  await visitor.signInAs(login);
}

const who = (visitor) => visitor.page.locator('#who').innerText();

test('Alice opens a deep link, signs in at Contoso\'s own provider, and ends where the link led', async () => {
  await signIn(alice, 'contoso', 'alice', '/surveys/42?page=2&sort=name');
  assert.equal(alice.address, town.at('contoso', '/surveys/42?page=2&sort=name'));
  assert.equal(await alice.heading(), 'Surveys of Contoso');
  assert.equal(await who(alice), 'Alice Adams');
  const { tenant, user } = town.backend.seen.at(-1);
  assert.equal(tenant.id, town.contoso.id);
  assert.equal(user.email, 'alice@contoso.test');
});

test('no cookie of ours can be read by script, and none is sent to another host', async () => {
  await signIn(alice, 'contoso', 'alice');
  assert.equal(await alice.page.evaluate(() => document.cookie), '');
  const cookies = await alice.context.cookies();
  const ours = cookies.filter((cookie) => cookie.name.startsWith('pw_'));
  assert.ok(ours.length >= 2);
  for (const cookie of ours) {
    assert.ok(cookie.httpOnly && cookie.sameSite === 'Lax' && cookie.path === '/', JSON.stringify(cookie));
    assert.ok(!cookie.domain.startsWith('.'), 'it is for one host only');
  }
});

test('at Fabrikam\'s address nobody takes Alice for one of their own', async () => {
  await signIn(alice, 'contoso', 'alice');
  await alice.open(town.at('fabrikam', '/surveys'));
  assert.ok(alice.address.startsWith(town.providers.fabrikam.issuer), 'she is asked to sign in at their provider');
  await alice.fill({ 'User name': 'alice' });
  await alice.press('Sign in');
  assert.match(await alice.text(), /Nobody has that name here/);
});

test('Contoso\'s cookies, carried to Fabrikam\'s host by hand, open nothing there', async () => {
  await signIn(alice, 'contoso', 'alice');
  const here = new URL(town.at('contoso')).hostname;
  const there = new URL(town.at('fabrikam')).hostname;
  const carried = (await alice.context.cookies()).filter((cookie) => cookie.domain === here && cookie.name.startsWith('pw_'));
  assert.ok(carried.length > 0);
  await alice.context.addCookies(carried.map((cookie) => ({ ...cookie, domain: there })));
  const answer = await alice.open(town.at('fabrikam', '/surveys'));
  assert.equal(answer.status(), 403);
  assert.match(await alice.text(), /You cannot go there/);
  const heard = town.backend.seen.filter(({ tenant }) => tenant.id === town.fabrikam.id);
  assert.ok(heard.every(({ user }) => user?.email !== 'alice@contoso.test'), 'the application never heard of her there');
});

test('a tenant that does not exist answers like one that she may not know of', async () => {
  await signIn(alice, 'contoso', 'alice');
  const answer = await alice.open(town.at('nobody-at-all', '/surveys'));
  assert.equal(answer.status(), 403);
  assert.match(await alice.text(), /You cannot go there/);
});

/** Signs out by the page that asks; what comes then leads on to `id.` by itself. */
async function signOut(person) {
  await person.follow('Sign out');
  assert.match(await person.text(), /Signed in as Alice Adams/);
  await person.press('Sign out');
  await person.page.waitForURL((address) => address.href.startsWith(town.node.origin('id')));
  assert.match(await person.heading(), /You are signed out/);
}

test('Alice signs out here and at her provider, and the way back shows her nothing', async () => {
  await signIn(alice, 'contoso', 'alice', '/surveys/7');
  await signOut(alice);
  const kept = (await alice.context.cookies()).map(({ name }) => name);
  assert.ok(!kept.includes('pw_session') && !kept.includes('pw_person'), kept.join(' '));
  await alice.follow('Sign out at Contoso too');
  await alice.press('Yes, sign me out');
  const seen = town.backend.seen.length;
  for (let steps = 0; steps < 4; steps += 1) {
    await alice.page.goBack().catch(() => null);
    assert.doesNotMatch(await alice.text(), /Alice Adams/);
  }
  await alice.open(town.at('contoso', '/surveys/7'));
  assert.match(await alice.heading(), /Sign in at contoso/, 'her provider asks for her name again');
  assert.ok(town.backend.seen.slice(seen).every(({ user }) => user === null));
});

test('a single-page client learns who is signed in, and nothing once nobody is', async () => {
  await signIn(alice, 'contoso', 'alice');
  const session = () => alice.page.evaluate(async () => {
    const answer = await fetch('/.partywall/session');
    return [answer.status, await answer.json()];
  });
  const [status, told] = await session();
  assert.equal(status, 200);
  assert.equal(told.member.name, 'Alice Adams');
  assert.equal(told.tenant.slug, 'contoso');
});

test('a page of Fabrikam cannot make Alice\'s browser write at Contoso', async () => {
  await signIn(alice, 'contoso', 'alice');
  const frank = await alice.anotherWindow();
  await signIn(frank, 'fabrikam', 'frank');
  const before = town.backend.seen.length;
  const answered = frank.page.waitForResponse((response) => response.url().includes('/surveys/delete'));
  await frank.page.evaluate((address) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: address });
    document.body.append(form);
    form.submit();
  }, town.at('contoso', '/surveys/delete'));
  assert.equal((await answered).status(), 403);
  assert.equal(town.backend.seen.length, before, 'the application heard nothing of it');
});

test('whoever knows only the organisation\'s name finds the way in by the central page', async () => {
  await alice.open(town.node.origin('id'));
  await alice.fill({ 'Your organisation': 'contoso' });
  await alice.press('Continue');
  await alice.follow('Contoso');
  await alice.signInAs('alice');
  assert.equal(await who(alice), 'Alice Adams');
  await alice.open(town.node.origin('id'));
  assert.match(await alice.text(), /Your organisations/);
});
