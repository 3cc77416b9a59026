// What a provider answers: as little as the standard lets it say, a refusal, somebody else's answer, an
// answer that was used already, and nothing at all.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { Person } from '../support/person.mjs';
import { FEATURES } from '../support/provider.mjs';
import { Town } from '../support/town.mjs';

let town;

before(async () => { town = await Town.standing(); });
after(() => town?.clearAway());

/** Somebody new begins to sign in at contoso and stands before its provider. */
async function stranger(slug = 'contoso') {
  const person = new Person();
  await person.open(town.at(slug, '/.partywall/sign-in?return=%2Fapi%2Fme'));
  assert.match(person.page.text, /User name/);
  return person;
}

test('a provider that tells nothing but a subject is enough to come in', async () => {
  await town.customer('discreet', { people: { x7: {} } });
  const someone = await town.signIn('discreet', 'x7');
  assert.equal(someone.page.status, 200, someone.page.text);
  const { user } = someone.page.json();
  assert.match(user.id, /^usr_/);
  assert.deepEqual([user.name, user.email], [null, null]);
});

const DISCREET = { conformIdTokenClaims: true };

test('what a provider tells only at its userinfo endpoint is known of a person', async () => {
  await town.customer('conforming', { settings: DISCREET });
  const ada = await town.signIn('conforming', 'ada');
  assert.equal(ada.page.status, 200, ada.page.text);
  assert.deepEqual([ada.page.json().user.name, ada.page.json().user.email], ['Ada Able', 'ada@conforming.test']);
  assert.ok(town.providers.conforming.asked.includes('GET /me'));
});

test('a provider whose ID token says enough is not asked for more', async () => {
  await town.signIn('contoso', 'ben');
  assert.ok(!town.providers.contoso.asked.includes('GET /me'));
});

/** Somebody signs in while the provider's userinfo endpoint answers so. */
async function whileItTells(slug, answer) {
  const provider = town.providers[slug];
  provider.inItsPlace = (request, response) => request.url.startsWith('/me') && (answer(response), true);
  try {
    return await town.signIn(slug, 'ada');
  } finally {
    provider.inItsPlace = () => false;
  }
}

const saying = (status, type, body) => (response) => response.writeHead(status, { 'content-type': type }).end(body);

test('a userinfo endpoint that speaks of somebody else lets nobody in', async () => {
  const other = JSON.stringify({ sub: 'mallory', name: 'Mallory' });
  const ada = await whileItTells('conforming', saying(200, 'application/json', other));
  assert.equal(ada.page.status, 401, ada.page.text);
  assert.match(ada.page.text, /\/problems\/userinfo\.subject/);
  assert.match(ada.page.text, /Begin again/);
});

test('a userinfo endpoint that fails, hangs or answers nonsense costs the name and nothing else', async () => {
  const open = [];
  for (const answer of [
    saying(503, 'text/plain', 'away'),
    saying(200, 'text/html', '<html>not json</html>'),
    saying(200, 'application/json', JSON.stringify({ sub: 'ada', name: 'x'.repeat(200_000) })),
    (response) => open.push(response),
  ]) {
    const ada = await whileItTells('conforming', answer);
    assert.equal(ada.page.status, 200, ada.page.text);
    assert.deepEqual([ada.page.json().user.name, ada.page.json().user.email], [null, null], 'and nothing is made up');
  }
  open.forEach((response) => response.destroy());
});

test('a signed userinfo answer is not used, and does not keep anybody out', async () => {
  const settings = { ...DISCREET, features: { ...FEATURES, jwtUserinfo: { enabled: true } } };
  await town.customer('sealing', { settings, client: { userinfo_signed_response_alg: 'RS256' } });
  const ada = await town.signIn('sealing', 'ada');
  assert.equal(ada.page.status, 200, ada.page.text);
  assert.equal(ada.page.json().user.name, null);
  assert.ok(town.providers.sealing.asked.includes('GET /me'));
});

test('who turns back at the provider is told so, and may begin again', async () => {
  const ben = await stranger();
  await ben.submit('/interaction/', { login: 'cancel' });
  assert.equal(ben.page.status, 403, ben.page.text);
  assert.match(ben.page.text, /\/problems\/provider\.refused/);
  await ben.follow('Begin again');
  await ben.submit('/interaction/', { login: 'ben' });
  assert.equal(ben.page.json().user.name, 'Ben Baker');
});

/** Meets the redirect to the callback before the browser does. */
async function callback(person, change) {
  const provider = town.providers.contoso;
  let seen = null;
  provider.inItsPlace = (_, response) => {
    const writeHead = response.writeHead.bind(response);
    response.writeHead = (status, ...rest) => {
      const location = response.getHeader('location');
      if (typeof location === 'string' && location.includes('/callback/')) {
        const address = new URL(location);
        change(address.searchParams);
        response.setHeader('location', address.href);
        seen = address.href;
      }
      return writeHead(status, ...rest);
    };
    return false;
  };
  try {
    await person.submit('/interaction/', { login: 'ben' });
  } finally {
    provider.inItsPlace = () => false;
  }
  return seen;
}

test('an answer that names another issuer, or none where the provider always does, is refused', async () => {
  for (const change of [(query) => query.set('iss', town.providers.fabrikam.issuer), (query) => query.delete('iss')]) {
    const ben = await stranger();
    await callback(ben, change);
    assert.ok(ben.page.status >= 400, ben.page.text);
    assert.match(ben.page.text, /\/problems\/callback\.issuer/);
  }
});

test('an answer is good once, and only in the browser that asked', async () => {
  const ben = await stranger();
  const address = await callback(ben, () => {});
  assert.equal(ben.page.json().user.name, 'Ben Baker');
  const again = await ben.open(address);
  assert.equal(again.status, 400);
  const elsewhere = await new Person().open(address);
  assert.equal(elsewhere.status, 400);
  assert.match(elsewhere.text, /\/problems\/callback\.state/);
});

test('a provider that hangs is given up within seconds, with a page that says so', async () => {
  const ben = await stranger();
  const provider = town.providers.contoso;
  const open = [];
  provider.inItsPlace = (request, response) => request.url.startsWith('/token') && open.push(response) > 0;
  const began = Date.now();
  await ben.submit('/interaction/', { login: 'ben' });
  const took = Date.now() - began;
  provider.inItsPlace = () => false;
  open.forEach((response) => response.destroy());
  assert.equal(ben.page.status, 502, ben.page.text);
  assert.match(ben.page.text, /\/problems\/sign-in\.provider-away/);
  assert.ok(took < 15_000, `${took} ms`);
});

test('a provider that answers nonsense is told apart from one that is away', async () => {
  const provider = town.providers.contoso;
  for (const nonsense of ['<html>not json</html>', '{"id_token": 7}', `{"access_token":"${'x'.repeat(200_000)}"}`]) {
    const ben = await stranger();
    provider.inItsPlace = (request, response) => {
      if (!request.url.startsWith('/token')) return false;
      response.writeHead(200, { 'content-type': 'application/json' }).end(nonsense);
      return true;
    };
    await ben.submit('/interaction/', { login: 'ben' });
    provider.inItsPlace = () => false;
    assert.ok([401, 502].includes(ben.page.status), `${ben.page.status} ${ben.page.text}`);
    assert.match(ben.page.text, /\/problems\//);
  }
});

test('while a provider is away nobody new comes in, and everybody who is in stays in', async () => {
  const alice = await town.signIn('contoso', 'alice');
  const provider = town.providers.contoso;
  const stays = async () => assert.equal((await alice.open(town.at('contoso', '/api/me'))).json().user.name, 'Alice Adams');
  await provider.goAway();
  try {
    await stays();
    const began = Date.now();
    await new Person().open(town.at('contoso', '/.partywall/sign-in?return=%2F')).catch(() => {});
    assert.ok(Date.now() - began < 15_000);
    await town.node.stop();
    await town.node.start();
    // Now nothing is remembered of the provider: the page says that it is away instead of sending people there.
    const ben = new Person();
    await ben.open(town.at('contoso', '/.partywall/sign-in?return=%2F'));
    assert.equal(ben.page.status, 502, ben.page.text);
    assert.match(ben.page.text, /identity provider cannot be reached/);
    await stays();
  } finally {
    await provider.comeBack();
  }
  const ben = await town.signIn('contoso', 'ben');
  assert.equal(ben.page.json().user.name, 'Ben Baker', 'once it is back, people sign in');
});

test('nothing that a sign-in goes by is ever in the log', async () => {
  const ben = await stranger();
  const address = await callback(ben, () => {});
  const secrets = Object.values(ben.cookies(new URL(town.at('contoso')).hostname)).map((cookie) => cookie.split('.')[0]);
  secrets.push(new URL(address).searchParams.get('code'), new URL(address).searchParams.get('state'));
  assert.ok(secrets.length >= 3 && secrets.every((secret) => secret.length > 20), secrets.join(' '));
  for (const secret of secrets) assert.ok(!town.node.log.includes(secret), `${secret} is in the log`);
  assert.doesNotMatch(town.node.log, /code=[\w-]{20}/);
});
