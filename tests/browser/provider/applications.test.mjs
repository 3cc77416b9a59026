// npm's openid-client, a certified OpenID client that we did not write, signs people in at the real product and gets
// tokens for them: whatever their organisation's own provider is, it sees one issuer.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
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
  await town.node.tell('key', 'scopes', 'surveys.read', 'surveys.write');
  // A node hears of declared scopes by its feed.
  await heard(() => town.node.tell('application', 'add', 'Probe', '--redirect', BACK, '--scope', 'surveys.write'));
});
after(() => town?.clearAway());

/** Asks again until it is heard of, for a few seconds. */
async function heard(ask, tries = 50) {
  try {
    return await ask();
  } catch (error) {
    if (tries === 0) throw error;
    await pause(100);
    return heard(ask, tries - 1);
  }
}

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
  await assert.rejects(oidc.clientCredentialsGrant(config, { tenant: 'contoso' }), (error) => error.cause[0].scheme === 'basic');
  const to = oidc.buildAuthorizationUrl(config, { redirect_uri: `${BACK}x`, scope: 'openid', tenant: 'contoso' });
  const person = new Person();
  await person.open(to.href);
  assert.equal(person.page.status, 400);
  assert.match(person.page.text, /\/problems\/authorize\.return/);
});

test('an application proves itself by its key, and no assertion is taken from another', async () => {
  const { mkdtempSync, writeFileSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { tmpdir } = await import('node:os');
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const published = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), kid: 'mine', use: 'sig', alg: 'ES256' };
  const file = join(mkdtempSync(join(tmpdir(), 'partywall-keys-')), 'jwks.json');
  writeFileSync(file, JSON.stringify({ keys: [{ ...published, key_ops: undefined, ext: undefined }] }));
  const metadata = { ...BOTH, auth: 'private_key_jwt', jwks: file };
  const { made, config } = await bound(metadata, () => oidc.PrivateKeyJwt({ key: keys.privateKey, kid: 'mine' }));
  assert.equal(made.client_secret, undefined);
  assert.equal((await oidc.clientCredentialsGrant(config, { tenant: 'contoso' })).token_type, 'bearer');
  const { back, checks } = await signIn(config, {}, 'alice');
  assert.equal((await oidc.authorizationCodeGrant(config, back, checks)).claims().aud, made.client_id);
  const other = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const forged = new oidc.Configuration(config.serverMetadata(), made.client_id, undefined, oidc.PrivateKeyJwt({ key: other.privateKey, kid: 'mine' }));
  oidc.allowInsecureRequests(forged);
  forged[oidc.customFetch] = overLocalhost;
  await assert.rejects(oidc.clientCredentialsGrant(forged, { tenant: 'contoso' }), /.*/);
});

test('a request is pushed, and nothing of it is in the address', async () => {
  const { made, config } = await bound(EVERYBODYS);
  const pushed = async (parameters) => {
    const to = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
    assert.deepEqual([...to.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    return to;
  };
  const { back, checks } = await signIn(config, {}, 'alice', { address: pushed });
  assert.equal((await oidc.authorizationCodeGrant(config, back, checks)).claims().aud, made.client_id);
});

test('tokens that are bound to a key are got, used and refreshed by whoever has it', async () => {
  const { config } = await bound(EVERYBODYS);
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const { back, checks } = await signIn(config, {}, 'alice');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  const told = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
  assert.equal(told.name, 'Alice Adams');
  const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: thief }));
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  assert.equal(fresh.token_type, 'dpop');
});

test('what a token is good for is told, until it is given back', async () => {
  const { made, config } = await bound(EVERYBODYS);
  const { back, checks } = await signIn(config, {}, 'alice');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const told = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.deepEqual([told.active, told.client_id, told.tenant], [true, made.client_id, town.contoso.id]);
  const stranger = await bound(EVERYBODYS);
  assert.deepEqual(await oidc.tokenIntrospection(stranger.config, tokens.access_token), { active: false });
  await oidc.tokenRevocation(config, tokens.refresh_token);
  assert.deepEqual(await oidc.tokenIntrospection(config, tokens.access_token), { active: false });
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), (error) => error.error === 'invalid_grant');
});

test('somebody signs out by the application, and is sent back to it', async () => {
  const { config } = await bound({ ...EVERYBODYS, 'after-logout': GONE });
  const { back, checks, person } = await signIn(config, {}, 'alice');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const to = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: GONE, state: 'over' });
  assert.equal(await person.goUntil(to.href, GONE, () => assert.fail('nobody is asked')), `${GONE}?state=over`);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), (error) => error.error === 'invalid_grant');
});

test('an API exchanges the token that it was called with, and says who acts', async () => {
  const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const api = await bound({ ...EVERYBODYS, realm: 'https://middle.test', grant: ['authorization_code', EXCHANGE] });
  const { config } = await bound(EVERYBODYS);
  const { back, checks } = await signIn(config, { resource: 'https://middle.test' }, 'alice');
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const exchanged = await oidc.genericGrantRequest(api.config, EXCHANGE, {
    subject_token: tokens.access_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  const told = await oidc.tokenIntrospection(api.config, exchanged.access_token);
  assert.deepEqual([told.active, told.sub, told.act], [true, tokens.claims().sub, { sub: api.made.client_id }]);
});
