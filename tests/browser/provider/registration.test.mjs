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

/** The provider takes a secret only in the way that its client is registered for, as many do; oidc-provider takes both. */
function insistOn(provider, method) {
  const sent = [];
  provider.inItsPlace = (request, response) => {
    if (!request.url.startsWith('/token')) return false;
    sent.push(request.headers.authorization?.startsWith('Basic ') ? 'client_secret_basic' : 'client_secret_post');
    if (sent.at(-1) === method) return false;
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}');
    return true;
  };
  return sent;
}

for (const [slug, method] of [['alpine', 'client_secret_basic'], ['bellows', 'client_secret_post']]) {
  test(`a connection that says ${method} is right for a client that is registered so`, async () => {
    await town.customer(slug, { client: { token_endpoint_auth_method: method }, correct: { client_authentication: method } });
    const sent = insistOn(town.providers[slug], method);
    const ada = await town.signIn(slug, 'ada');
    assert.equal(ada.page.status, 200, ada.page.text);
    assert.equal(ada.page.json().user.name, 'Ada Able');
    assert.deepEqual(sent, [method]);
  });
}

test('where both ways are offered the header is chosen, and a provider that insists on the body says no', async () => {
  await town.customer('adatum', { client: { token_endpoint_auth_method: 'client_secret_post' } });
  const sent = insistOn(town.providers.adatum, 'client_secret_post');
  const ada = await town.signIn('adatum', 'ada');
  assert.equal(ada.page.status, 403, ada.page.text);
  assert.match(ada.page.text, /\/problems\/provider\.refused/);
  assert.deepEqual(sent, ['client_secret_basic']);
});

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
