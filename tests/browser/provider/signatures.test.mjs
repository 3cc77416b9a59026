// ID tokens are believed by their signature, in each algorithm that providers use today, and through a change
// of the provider's keys.

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

for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
  test(`an ID token signed with ${algorithm} is believed`, async () => {
    const slug = `signed-${algorithm.toLowerCase()}`;
    await town.customer(slug, { client: { id_token_signed_response_alg: algorithm } });
    const ada = await town.signIn(slug, 'ada');
    assert.equal(ada.page.status, 200, ada.page.text);
    assert.equal(ada.page.json().user.email, `ada@${slug}.test`);
  });
}

test('after a provider has changed all its keys, the next sign-in succeeds at once', async () => {
  await town.customer('rolling');
  await town.signIn('rolling', 'ada');
  town.providers.rolling.rollKeys();
  const ada = await town.signIn('rolling', 'ada');
  assert.equal(ada.page.status, 200, ada.page.text);
  assert.equal(ada.page.json().user.name, 'Ada Able');
});

test('an ID token signed with a shared secret is not believed', async () => {
  const { admin } = await town.customer('symmetric', {
    settings: { enabledJWA: { idTokenSigningAlgValues: ['RS256', 'HS256'] } },
    client: { id_token_signed_response_alg: 'HS256' },
  });
  assert.ok(admin.page.status >= 400, admin.page.text);
  assert.match(admin.page.text, /\/problems\/token\.algorithm/);
});
