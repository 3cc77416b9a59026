// Everything that matters works in a browser that runs no script: forms are forms and links are links.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { setStage } from '../support/stage.mjs';

let town;
let chromium;
let clear;

before(async () => {
  ({ town, chromium, clear } = await setStage());
});
after(() => clear?.());

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

test('the operator creates a tenant without script', async () => {
  const olga = await plain();
  await olga.open(`${town.node.origin('console')}/t/${await town.house()}`);
  await olga.signInAs('olga');
  await olga.follow('Tenants');
  await olga.follow('New tenant');
  await olga.fill({ Name: 'Litware', Slug: 'litware' });
  await olga.page.getByLabel('Deployment').selectOption({ label: 'Surveys' });
  await olga.press('Create tenant');
  assert.match(await olga.page.getByRole('textbox', { name: 'One-time link' }).inputValue(), /\/invitation\?code=/);
});

test('signing out without script leads on to the sign-in page by itself, and the next visit asks the provider', async () => {
  const alice = await plain();
  await alice.open(town.at('contoso', '/surveys/3'));
  await alice.signInAs('alice');
  await alice.open(town.at('contoso', '/.partywall/sign-out'));
  await alice.press('Sign out');
  await alice.page.waitForURL((address) => address.href.startsWith(town.node.origin('id')));
  assert.match(await alice.heading(), /You are signed out/);
  const asked = () => town.providers.contoso.asked.filter((what) => what === 'GET /auth').length;
  const before = asked();
  await alice.follow('Sign in again');
  assert.equal(asked(), before + 1, 'the provider is asked, though it may know her still');
});

test('a form that was filled in wrongly comes back as it was sent, saying what is wrong where', async () => {
  const olga = await plain();
  await olga.open(`${town.node.origin('console')}/t/${await town.house()}`);
  await olga.signInAs('olga');
  await olga.open(`${town.node.origin('console')}/platform/tenants/new`);
  await olga.fill({ Name: 'Northwind Traders', Slug: 'North Wind!' });
  await olga.press('Create tenant');
  const slug = olga.page.getByLabel('Slug');
  assert.equal(await slug.getAttribute('aria-invalid'), 'true');
  assert.equal(await slug.inputValue(), 'North Wind!');
  assert.equal(await olga.page.getByLabel('Name').first().inputValue(), 'Northwind Traders');
});
