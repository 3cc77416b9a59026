// Access tokens that a certified provider issues to a program, in each algorithm that is taken, at our door.

import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../support/http.mjs';
import { FEATURES, Provider } from '../support/provider.mjs';
import { BASE_DOMAIN } from '../support/partywall.mjs';
import { Town } from '../support/town.mjs';

const AUDIENCE = 'https://api.surveys.test';
const HOST = `calls.${BASE_DOMAIN}`;
let town;
let provider;
let issuer;

before(async () => {
  town = await Town.standing();
  const resourceIndicators = {
    enabled: true,
    defaultResource: () => AUDIENCE,
    getResourceServerInfo: (_, __, client) => ({
      scope: 'surveys.read surveys.write',
      audience: AUDIENCE,
      accessTokenFormat: 'jwt',
      accessTokenTTL: 600,
      jwt: { sign: { alg: client.clientName.split(' ')[1] } },
    }),
  };
  provider = await Provider.start('machines', {}, {
    features: { ...FEATURES, clientCredentials: { enabled: true }, resourceIndicators },
    scopes: ['openid', 'surveys.read', 'surveys.write'],
    extraTokenClaims: (_, token) => ({ org: token.clientId ? 'contoso' : undefined }),
  });
  const routes = [{
    name: 'calls', host: HOST, map_by: ['header', 'token'], audience: 'api', credentials: ['token'], scopes: ['surveys.read'],
  }];
  const file = join(tmpdir(), `partywall-routes-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(routes));
  await town.node.tell('route', 'put', file);
  issuer = await town.node.tell('issuer', 'add', provider.issuer, '--audience', AUDIENCE, '--tenant-claim', 'org',
    '--tenant', 'contoso', '--typ', 'at+jwt');
  for (let tries = 0; (await town.node.tell('issuer', 'show', issuer.id)).keys !== 4; tries += 1) {
    assert.ok(tries < 100, 'its keys are fetched');
    await pause(100);
  }
});
after(async () => {
  await provider?.stop();
  await town?.clearAway();
});

/** A program that got a token by its own credentials. */
async function token(algorithm, scope = 'surveys.read') {
  const client = await provider.register('https://unused.test/', {
    client_name: `Robot ${algorithm}`, grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
  });
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope, resource: AUDIENCE }).toString();
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${basic}` };
  const answer = await ask(`${provider.issuer}/token`, { method: 'POST', headers, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json().access_token;
}

function call(bearer, headers = {}) {
  return ask(`http://${HOST}:${town.node.port}/api/me`, { headers: { authorization: `Bearer ${bearer}`, accept: 'application/json', ...headers } });
}

for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
  test(`a program's access token signed with ${algorithm} is believed`, async () => {
    const answer = await call(await token(algorithm));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json().tenant.slug, 'contoso');
  });
}

test('a token without the scope and one at another tenant are refused', async () => {
  const missing = await call(await token('ES256', 'surveys.write'));
  assert.equal(missing.status, 403);
  assert.equal(missing.json().code, 'scope.missing');
  const elsewhere = await call(await token('ES256'), { 'tenant-id': 'fabrikam' });
  assert.equal(elsewhere.status, 403);
  assert.equal(elsewhere.json().code, 'tenant.unknown');
});

test('after the provider has changed all its keys, the first call succeeds', async () => {
  assert.equal((await call(await token('ES256'))).status, 200);
  provider.rollKeys();
  const answer = await call(await token('ES256'));
  assert.equal(answer.status, 200, answer.text);
});
