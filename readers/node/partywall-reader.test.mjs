import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { ContextError, Reader } from './partywall-reader.mjs';

const vectors = JSON.parse(readFileSync(new URL('../vectors/vectors.json', import.meta.url)));
const { audience, issuer, proof_secret: proofSecret } = vectors;

for (const { name, key_sets, fetches, requests } of vectors.cases) {
  test(name, async () => {
    let asked = 0;
    const keys = () => {
      const set = vectors.key_sets[key_sets[Math.min(asked++, key_sets.length - 1)]];
      return set ?? Promise.reject(new Error('away'));
    };
    const reader = new Reader({ audience, issuer, keys, proofSecret });
    for (const { now, method, target, headers, expect, context } of requests) {
      const read = reader.read(method, target, (header) => headers[header], now);
      if (expect === 'ok') assert.deepEqual(await read, context);
      else await assert.rejects(read, (refusal) => refusal instanceof ContextError && refusal.code === expect, expect);
    }
    assert.equal(asked, fetches, 'fetches');
  });
}

test('a crowd of first requests asks for the keys once', async () => {
  let asked = 0;
  const keys = async () => { asked += 1; return vectors.key_sets.first; };
  const reader = new Reader({ audience, issuer, keys, proofSecret });
  const [one, two] = vectors.cases.find(({ name }) => name.startsWith('two requests')).requests;
  await Promise.all([one, two].map((r) => reader.read(r.method, r.target, (header) => r.headers[header], r.now)));
  assert.equal(asked, 1);
});

test('without room to remember, requests are refused rather than forgotten', async () => {
  const reader = new Reader({ audience, issuer, keys: vectors.key_sets.first, proofSecret, capacity: 1 });
  const [one, two] = vectors.cases.find(({ name }) => name.startsWith('two requests')).requests;
  const read = (r) => reader.read(r.method, r.target, (header) => r.headers[header], r.now);
  await read(one);
  await assert.rejects(read(two), { code: 'overwhelmed', status: 503 });
});

test('the example backend keeps two tenants apart and refuses a direct call', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key_1' }] };
  const keyServer = createServer((_, response) => response.end(JSON.stringify(jwks)));
  t.after(() => keyServer.close());
  const keysPort = await listening(keyServer);
  const port = await freePort();
  const example = fileURLToPath(new URL('./example.mjs', import.meta.url));
  const env = { ...process.env, AUDIENCE: audience, ISSUER: issuer, PROOF_SECRET: proofSecret, PORT: String(port), KEYS_URL: `http://127.0.0.1:${keysPort}/` };
  const backend = spawn(process.execPath, [example], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => backend.kill());
  await new Promise((resolve) => { backend.stdout.once('data', resolve); });

  const through = (tenant, user, method) => answer(port, method, signed(privateKey, tenant, user, method));
  assert.deepEqual(JSON.parse((await through('contoso', 'alice', 'POST')).body).notes, ['a note by alice']);
  assert.deepEqual(JSON.parse((await through('fabrikam', 'bob', 'GET')).body), { tenant: 'fabrikam', user: 'bob', notes: [] });
  assert.equal((await answer(port, 'GET', {})).status, 403);
  const headers = signed(privateKey, 'contoso', 'alice', 'GET');
  assert.equal((await answer(port, 'GET', { ...headers, 'partywall-tenant': ['tnt_contoso', 'tnt_fabrikam'] })).status, 403);
});

function signed(key, tenant, user, method) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: issuer, aud: audience, iat: now, nbf: now, exp: now + 60, roles: [], sub: `usr_${user}`,
    tenant: { id: `tnt_${tenant}`, slug: tenant, name: tenant }, member: { id: `mbr_${user}`, name: user },
  };
  const message = `${part({ alg: 'ES256', typ: 'partywall-context+jwt', kid: 'key_1' })}.${part(claims)}`;
  const token = `${message}.${sign('sha256', Buffer.from(message), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  const nonce = part(String(Math.random())).slice(0, 20);
  const hash = createHash('sha256').update(token).digest('base64url');
  const code = createHmac('sha256', proofSecret).update(['partywall-proof-1', now, nonce, method, '/notes?x=1', hash].join('\n'));
  return {
    'partywall-context': token, 'partywall-proof': `t=${now},n=${nonce},v=${code.digest('base64url')}`,
    'partywall-tenant': `tnt_${tenant}`, 'partywall-user': `usr_${user}`, 'partywall-roles': '',
  };
}

const listening = (server) => new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(server.address().port)); });

async function freePort() {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

function answer(port, method, headers) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path: '/notes?x=1', headers }, async (response) => {
      let body = '';
      for await (const piece of response) body += piece;
      resolve({ status: response.statusCode, body });
    });
    sent.on('error', reject).end();
  });
}
