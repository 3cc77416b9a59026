// However Partywall is registered at a provider, its people get in; and where the registration is wrong, the
// page says so.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { Town } from '../support/town.mjs';

let town;

before(async () => {
  town = await Town.empty();
  await town.join(await town.node.bootstrapLink(), 'tailspin', 'olga');
  await town.deploy();
});
after(() => town?.clearAway());

const ways = {
  'a client that shows its secret in the header': ['northwind', {}, 'client_secret_basic'],
  'a client that shows its secret in the body': ['wingtip', { clientAuthMethods: ['client_secret_post'] }, 'client_secret_post'],
  'a public client without a secret': ['woodgrove', {}, 'none'],
};

for (const [name, [slug, settings, method]] of Object.entries(ways)) {
  test(`people sign in by ${name}, at a provider that insists on PKCE`, async () => {
    await town.customer(slug, { settings, client: { token_endpoint_auth_method: method } });
    const ada = await town.signIn(slug, 'ada');
    assert.equal(ada.page.status, 200, ada.page.text);
    assert.equal(ada.page.json().tenant.slug, slug);
    assert.equal(ada.page.json().user.name, 'Ada Able');
  });
}

// oidc-provider offers both ways and takes each client by the one that it is registered for. Its metadata lists
// both, so what is chosen automatically is the header.
test('a client that is registered for the body is refused where the header is chosen automatically, and the page says why', async () => {
  const { admin } = await town.customer('adatum', { client: { token_endpoint_auth_method: 'client_secret_post' } });
  assert.equal(admin.page.status, 403, admin.page.text);
  assert.match(admin.page.text, /\/problems\/provider\.refused/);
});

for (const [slug, method] of [['alpine', 'client_secret_basic'], ['bellows', 'client_secret_post']]) {
  test(`a connection that says ${method} is right for a client that is registered so`, async () => {
    await town.customer(slug, { client: { token_endpoint_auth_method: method }, correct: { client_authentication: method } });
    const ada = await town.signIn(slug, 'ada');
    assert.equal(ada.page.status, 200, ada.page.text);
    assert.equal(ada.page.json().user.name, 'Ada Able');
  });
}

test('a wrong client secret lets nobody in, and the page names what the provider objects to', async () => {
  const { admin } = await town.customer('litware', { correct: { client_secret: 'not-the-one-we-were-given' } });
  assert.ok(admin.page.status >= 400, admin.page.text);
  assert.match(admin.page.text, /<h1>/);
  assert.match(admin.page.text, /\/problems\/provider\./);
  assert.doesNotMatch(admin.page.text, /not-the-one-we-were-given/);
});

test('an issuer that is a letter off is refused on the form, at its field, and nothing is lost', async () => {
  const { link } = await town.invite('proseware');
  const provider = town.providers.contoso;
  const admin = await town.join(link, 'proseware', null, {
    provider,
    correct: { issuer: provider.issuer.replace('login.', 'logon.') },
  }).catch((error) => error);
  assert.match(admin.message, /aria-invalid="true"/);
  assert.match(admin.message, /logon\.contoso/, 'what was typed still stands in the form');
});
