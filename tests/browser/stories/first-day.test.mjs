// The first day of an installation, from the link that the start prints to the first person who uses the
// application: every step through the pages, as its people take it.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { setStage } from '../support/stage.mjs';
import { ROLES, Town } from '../support/town.mjs';

let town;
let chromium;
let clear;

before(async () => { ({ town, chromium, clear } = await setStage(() => Town.empty())); });
after(() => clear?.());

const value = (visitor, label) => visitor.page.getByLabel(label).first().inputValue();

/** Somebody opens a one-time link with a fresh browser, connects their provider, and comes in by it. */
async function comeIn(link, slug, login, name) {
  const visitor = await chromium.visitor();
  await visitor.open(link);
  const client = await town.providers[slug].register(await value(visitor, 'Redirect URI'));
  await visitor.fill({
    'Name of the provider': name,
    Issuer: town.providers[slug].issuer,
    'Client id': client.client_id,
    'Client secret': client.client_secret,
  });
  await visitor.press('Check and save');
  await visitor.follow(`Sign in with ${name}`);
  await visitor.signInAs(login);
  assert.ok(visitor.address.startsWith(town.node.origin('console')), visitor.address);
  return visitor;
}

test('a fresh installation knows nobody and asks nobody for a password', async () => {
  const stranger = await chromium.visitor();
  for (const host of ['console', 'id']) {
    await stranger.open(town.node.origin(host));
    assert.equal(await stranger.page.locator('input[type=password]').count(), 0, host);
  }
  const answer = await stranger.open(`${town.node.origin('id')}/bootstrap?code=${'A'.repeat(43)}`);
  assert.equal(answer.status(), 403);
  assert.match(await stranger.heading(), /not valid any more/);
  assert.deepEqual(stranger.faults, []);
});

test('the console\'s front page leads on', async () => {
  const stranger = await chromium.visitor();
  const answer = await stranger.open(town.node.origin('console'));
  assert.equal(answer.status(), 200);
});

test('from the link that was printed to the first survey, in one go', async (story) => {
  const link = await town.node.bootstrapLink();
  let olga;
  let invitations;

  await story.test('the link makes its holder the first operator, by a provider of their own', async () => {
    const peek = await chromium.visitor();
    await peek.open(link);
    assert.match(await peek.text(), /first operator/);
    await peek.leave();
    olga = await comeIn(link, 'tailspin', 'olga', 'Tailspin');
    assert.match(await olga.text(), /Olga Operator/);
  });

  await story.test('the link works once', async () => {
    const late = await chromium.visitor();
    const answer = await late.open(link);
    assert.equal(answer.status(), 403);
    await late.leave();
  });

  await story.test('the operator puts the product in front of the application', async () => {
    await olga.follow('Deployments');
    await olga.follow('New deployment');
    await olga.fill({ Name: 'Surveys', Backends: town.backend.address });
    await olga.press('Create deployment');
    const [deployment, proofSecret] = [await value(olga, 'Deployment id'), await value(olga, 'Proof secret')];
    assert.match(deployment, /^dep_/);
    town.deployment = deployment;
    town.backend.serve({ deployment, proofSecret, issuer: town.node.origin('id') });
    await olga.follow('Roles');
    for (const [name, about] of Object.entries(ROLES)) {
      await olga.fill({ Name: name, Title: name, About: about });
      await olga.press('Save role');
      assert.match(await olga.text(), new RegExp(about));
    }
  });

  await story.test('the operator creates two tenants and gets a link for the first admin of each', async () => {
    invitations = {};
    for (const [slug, name] of [['contoso', 'Contoso'], ['fabrikam', 'Fabrikam']]) {
      await olga.follow('Tenants');
      await olga.follow('New tenant');
      await olga.fill({ Name: name, Slug: slug });
      await olga.page.getByLabel('Deployment').selectOption({ label: 'Surveys' });
      await olga.press('Create tenant');
      invitations[slug] = await value(olga, 'One-time link');
      assert.match(invitations[slug], /\/invitation\?code=/);
    }
    await olga.follow('Tenants');
    assert.match(await olga.text(), /Contoso[\s\S]*Fabrikam|Fabrikam[\s\S]*Contoso/);
  });

  await story.test('each holder connects their own provider and becomes the first admin of their own', async () => {
    for (const [slug, login, name] of [['contoso', 'alice', 'Contoso'], ['fabrikam', 'frank', 'Fabrikam']]) {
      const admin = await comeIn(invitations[slug], slug, login, name);
      await admin.follow('Members');
      const text = await admin.page.locator('main').innerText();
      assert.match(text, /partywall\.admin/);
      assert.equal(await admin.page.locator('tbody tr').count(), 1, text);
      assert.doesNotMatch(await admin.text(), /Deployments/, 'the platform is not theirs');
      assert.deepEqual(admin.faults, []);
      await admin.leave();
    }
  });

  await story.test('Ben comes to work and is in, without anybody having done anything for him', async () => {
    const ben = await chromium.visitor();
    await ben.open(town.at('contoso', '/surveys/1'));
    await ben.signInAs('ben');
    assert.equal(ben.address, town.at('contoso', '/surveys/1'));
    assert.match(await ben.text(), /Surveys of Contoso[\s\S]*Ben Baker/);
    assert.deepEqual(ben.faults, []);
    await ben.leave();
  });

  assert.deepEqual(olga.faults, []);
});
