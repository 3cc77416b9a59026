// People sign in by a SAML provider that we did not write, and whatever is not exactly its word for this sign-in is
// refused, one by one.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { Person } from '../support/person.mjs';
import { SamlProvider } from '../support/saml.mjs';
import { Town } from '../support/town.mjs';

let town;
let provider;
let connection;

before(async () => {
  town = await Town.standing({ 'providers.retry': '5s' });
  provider = await SamlProvider.start('contoso');
  const { admin } = town.contoso;
  await admin.open(town.node.origin('console') + `/t/${town.contoso.id}/connections/new`);
  await admin.follow('Use SAML 2.0 instead');
  await admin.submit('/connections', { metadata_url: provider.metadataUrl, name: 'By SAML' });
  assert.match(admin.page.text, /is set up/, admin.page.text);
  connection = /con_[0-9a-z]+/.exec(admin.page.url.pathname)[0];
});
after(async () => {
  await provider?.stop();
  await town?.clearAway();
});

/** An admin tests the connection; gives what the page says. */
async function tried() {
  const { admin } = town.contoso;
  await admin.open(`${town.node.origin('console')}/t/${town.contoso.id}/connections/${connection}`);
  await admin.submit('/test', {});
  await admin.follow('/trial?ticket=');
  await admin.submit('/acs', {});
  return admin.page.text;
}

/** Somebody new stands before the provider, whose answer is in a form. */
async function stranger() {
  const person = new Person();
  await person.open(town.at('contoso', `/.partywall/sign-in?return=%2Fapi%2Fme&connection=${connection}`));
  assert.ok(person.page.url.href.startsWith(provider.origin), `${person.page.url}\n${person.page.text}`);
  return person;
}

async function signIn() {
  const person = await stranger();
  await person.submit('/acs', {});
  return person;
}

/** What comes of a provider that says something else. */
async function refused(change) {
  const before = { says: provider.says, change: provider.change };
  Object.assign(provider, change);
  try {
    const person = await signIn();
    assert.ok(person.page.status >= 400, person.page.text);
    return /\/problems\/([\w.-]+)/.exec(person.page.text)?.[1];
  } finally {
    Object.assign(provider, before);
  }
}

test('a connection that was not tested is not activated, and a test shows what came', async () => {
  const { admin } = town.contoso;
  const page = `${town.node.origin('console')}/t/${town.contoso.id}/connections/${connection}`;
  await admin.open(page);
  assert.doesNotMatch(admin.page.text, /action="[^"]*\/activate"/);
  const text = await tried();
  assert.match(text, /answer is believed/, text);
  assert.match(text, /ada@saml\.test/);
  await admin.open(page);
  await admin.submit('/activate', {});
  assert.match(admin.page.text, /can sign in by this connection now/);
});

test('people sign in, and are known again', async () => {
  const [once, again] = [await signIn(), await signIn()];
  assert.equal(once.page.status, 200, once.page.text);
  const { user } = once.page.json();
  assert.deepEqual([user.name, user.email], ['Ada Able', 'ada@saml.test']);
  assert.equal(again.page.json().user.id, user.id);
});

test('an encrypted assertion opens', async () => {
  provider.isEncrypting = true;
  try {
    const person = await signIn();
    assert.equal(person.page.status, 200, person.page.text);
  } finally {
    provider.isEncrypting = false;
  }
});

test('an answer that is not signed, or not for us, or not for now is refused', async () => {
  const without = (xml) => xml.replace(/<ds:Signature.*?<\/ds:Signature>/s, '');
  assert.equal(await refused({ change: without }), 'saml.signature');
  assert.equal(await refused({ change: (xml) => xml.replace('ada-1', 'root') }), 'saml.signature');
  assert.equal(await refused({ says: { Audience: 'https://other.test' } }), 'saml.addressee');
  assert.equal(await refused({ says: { Issuer: 'https://other.test' } }), 'saml.addressee');
  const past = new Date(Date.now() - 600_000).toISOString();
  assert.equal(await refused({ says: { Until: past } }), 'saml.time');
  const wrap = (xml) => xml.replace(/(<saml:Assertion.*<\/saml:Assertion>)/s, (one) => without(one).replace('ada-1', 'root').replace(/ID="[^"]+"/, 'ID="_evil"') + one);
  assert.equal(await refused({ change: wrap }), 'saml.malformed');
});

test('an answer is good once, and only in the browser that asked', async () => {
  const ada = await stranger();
  const mallory = new Person();
  mallory.page = ada.page;
  await mallory.submit('/acs', {});
  assert.match(mallory.page.text, /\/problems\/callback\.state/);
  await ada.submit('/acs', {});
  assert.ok(ada.page.status >= 400, 'it is used up');
});

test('a provider rolls its certificate, and people go on signing in', async () => {
  const seen = provider.fetched;
  provider.rollKey();
  assert.equal((await signIn()).page.status, 401, 'nobody knows the new key yet');
  const until = Date.now() + 30_000;
  let page;
  do {
    await new Promise((done) => { setTimeout(done, 1_000); });
    ({ page } = await signIn());
  } while (page.status !== 200 && Date.now() < until);
  assert.equal(page.status, 200, page.text);
  assert.ok(provider.fetched > seen, 'its metadata was fetched again by itself');
});
