// npm's openid-client, a certified OpenID client that we did not write, signs people in at the real product and gets
// tokens for them: whatever their organisation's own provider is, it sees one issuer.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import * as oidc from 'openid-client';
import { ask } from '../support/http.mjs';
import { Person } from '../support/person.mjs';
import { Town } from '../support/town.mjs';

const BACK = 'http://127.0.0.1:9/cb';
const GONE = 'http://127.0.0.1:9/gone';

let town;
let issuer;

before(async () => {
  town = await Town.standing();
  issuer = new URL(town.node.origin('id'));
  await town.node.tell('key', 'scope', 'add', 'surveys.read');
  await town.node.tell('key', 'scope', 'add', 'surveys.write');
});
after(() => town?.clearAway());

/** Names under localhost are this machine, wherever the resolver stands on that. */
async function overLocalhost(address, { method, headers, body } = {}) {
  const sent = body === undefined || body === null ? undefined : String(body);
  const all = { ...headers, ...(sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) }) };
  const answer = await ask(address, { method, headers: all, body: sent });
  const fields = Object.entries(answer.headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const isBare = [204, 304].includes(answer.status);
  return new Response(isBare ? null : answer.text, { status: answer.status, headers: fields });
}

/** An application that is bound by its metadata, and the client's idea of us, by discovery alone. */
async function bound(metadata, authentication) {
  const words = Object.entries({ redirect: BACK, ...metadata }).flatMap(([name, value]) => (
    [value].flat().flatMap((one) => (one === true ? [`--${name}`] : [`--${name}`, one]))));
  const made = await town.node.tell('application', 'add', 'Planner', ...words);
  const options = { execute: [oidc.allowInsecureRequests], [oidc.customFetch]: overLocalhost };
  const proof = authentication ? authentication(made) : oidc.ClientSecretBasic(made.client_secret);
  const settings = made.client_secret ? made.client_secret : undefined;
  const config = await oidc.discovery(issuer, made.client_id, settings, proof, options);
  return { made, config };
}

const EVERYBODYS = { 'all-tenants': true, scope: ['surveys.read', 'surveys.write'] };
const BOTH = { ...EVERYBODYS, grant: ['authorization_code', 'refresh_token', 'client_credentials'] };

/** A person's way from the application, through their organisation's provider, and back; gives the address of the end. */
async function signIn(config, parameters, login, { person = new Person(), address } = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const all = {
    redirect_uri: BACK,
    scope: 'openid profile email roles surveys.read',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    tenant: 'contoso',
    state,
    nonce,
    ...parameters,
  };
  const to = address ? await address(all) : oidc.buildAuthorizationUrl(config, all);
  const back = await person.goUntil(to.href, BACK, async () => person.submit('/interaction/', { login }));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return { back: new URL(back), checks, person };
}

test('somebody signs in by discovery, code and PKCE, and the ID token says who and at which organisation', async () => {
  const { made, config } = await bound(EVERYBODYS);
  assert.equal(config.serverMetadata().issuer, issuer.origin);
  const { back, checks } = await signIn(config, {}, 'alice');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const claims = tokens.claims();
  assert.equal(claims.aud, made.client_id);
  assert.match(claims.sub, /^usr_/);
  assert.equal(claims.tenant, town.contoso.id);
  assert.deepEqual([claims.name, claims.email], ['Alice Adams', 'alice@contoso.test']);
  const told = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.deepEqual([told.sub, told.name, told.tenant], [claims.sub, 'Alice Adams', town.contoso.id]);

  // Fabrikam's people come by another provider, and their claims have the same names.
  const other = await signIn(config, { tenant: town.fabrikam.id }, 'frank');
  const theirs = (await oidc.authorizationCodeGrant(config, other.back, other.checks)).claims();
  assert.deepEqual(Object.keys(theirs).sort(), Object.keys(claims).sort());
  assert.equal(theirs.tenant, town.fabrikam.id);
});

test('a code is good once, and a refresh token rotates', async () => {
  const { config } = await bound(EVERYBODYS);
  const { back, checks } = await signIn(config, {}, 'alice');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(fresh.refresh_token, tokens.refresh_token);
  assert.equal(fresh.claims().sub, tokens.claims().sub);
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), (error) => error.error === 'invalid_grant');
  await assert.rejects(oidc.refreshTokenGrant(config, fresh.refresh_token), (error) => error.error === 'invalid_grant');
});

test('a second application of the family asks nobody anything', async () => {
  const [first, second] = [await bound(EVERYBODYS), await bound({ ...EVERYBODYS, realm: 'https://api.second.test' })];
  const { person } = await signIn(first.config, {}, 'alice');
  const other = await signIn(second.config, {}, null, { person });
  const tokens = await oidc.authorizationCodeGrant(second.config, other.back, other.checks);
  assert.equal(tokens.claims().aud, second.made.client_id);
  const [, claims] = tokens.access_token.split('.');
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url')).aud, 'https://api.second.test');
});

test('an application acts in its own name, by a secret in the header or in the body', async () => {
  for (const authentication of [undefined, (made) => oidc.ClientSecretPost(made.client_secret)]) {
    const { config } = await bound(BOTH, authentication);
    const tokens = await oidc.clientCredentialsGrant(config, { tenant: 'contoso', scope: 'surveys.read' });
    assert.deepEqual([tokens.token_type, tokens.scope], ['bearer', 'surveys.read']);
    await assert.rejects(oidc.clientCredentialsGrant(config, { tenant: 'nosuch' }), (error) => error.error === 'invalid_grant');
  }
});

test('an application is refused that shows a wrong secret, and a person is not sent to an unregistered address', async () => {
  const { config } = await bound(BOTH, () => oidc.ClientSecretBasic('pwa_wrong'));
  await assert.rejects(oidc.clientCredentialsGrant(config, { tenant: 'contoso' }), (error) => /invalid_client/.test(JSON.stringify([error.error, error.cause, error.message])));
  const to = oidc.buildAuthorizationUrl(config, { redirect_uri: `${BACK}x`, scope: 'openid', tenant: 'contoso' });
  const person = new Person();
  await person.open(to.href);
  assert.equal(person.page.status, 400);
  assert.match(person.page.text, /\/problems\/authorize\.return/);
});
