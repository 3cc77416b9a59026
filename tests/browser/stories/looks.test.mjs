// Every page that links lead to, as people with and without good eyes meet it: in light and dark, wide and
// narrow. A picture of each is kept in ARTIFACTS.

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { setStage } from '../support/stage.mjs';

const NARROW = { width: 390, height: 844 };
const MOST_PAGES = 60;

let town;
let chromium;
let clear;

before(async () => {
  ({ town, chromium, clear } = await setStage());
  await town.signIn('contoso', 'ben');
});
after(() => clear?.());

/** The kind of page at an address: what is left of it without ids and without what only orders a list. */
function kind(address) {
  const { pathname } = new URL(address);
  return pathname.replaceAll(/\b[a-z]{3}_[0-9a-z]{26}\b/g, '*').replaceAll(/\/problems\/.+/g, '/problems/*');
}

/** Goes to every kind of page that is linked from the one shown, and does `look` at each. */
async function walk(visitor, look) {
  const { origin } = new URL(visitor.address);
  const seen = new Set();
  const ahead = [visitor.address];
  while (ahead.length > 0 && seen.size < MOST_PAGES) {
    const address = ahead.shift();
    if (seen.has(kind(address))) continue;
    seen.add(kind(address));
    const answer = await visitor.open(address);
    if (!visitor.address.startsWith(origin)) continue;
    await look(kind(address), answer.status());
    const links = await visitor.page.locator('a[href]').evaluateAll((all) => all.map((link) => link.href.split('#')[0]));
    // The console's front page has a story of its own, in first-day.
    const leadsAway = (link) => link === `${origin}/` || !link.startsWith(`${origin}/`) || /\/sign-(in|out)|\/switch|\/v1\/|\/assets\//.test(link);
    ahead.push(...links.filter((link) => !leadsAway(link)));
  }
  return [...seen];
}

/** What is wrong with the page that is shown, in each of the ways in which it may be looked at. */
async function inspect(visitor, name) {
  const wrong = [];
  const note = (where, found) => wrong.push(...found.map((one) => `${name}, ${where}: ${one}`));
  const picture = name.replaceAll(/[^a-z0-9]+/gi, '-').replaceAll(/^-|-$/g, '') || 'home';
  for (const colorScheme of ['light', 'dark']) {
    await visitor.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    note(colorScheme, await visitor.barriers());
    await visitor.picture(`${picture}-${colorScheme}`);
  }
  await visitor.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const { width, height } = visitor.page.viewportSize();
  await visitor.page.setViewportSize(NARROW);
  const { beyond, wide } = await visitor.overflow();
  if (beyond > 0) note('narrow', [`${beyond} pixels too wide: ${wide.join(' ')}`]);
  note('narrow', await visitor.barriers());
  await visitor.picture(`${picture}-narrow`);
  await visitor.page.setViewportSize({ width, height });
  return wrong;
}

/** Walks through all pages from where the visitor is, and expects nothing wrong with any. */
async function inspectAll(visitor, prefix, atLeast) {
  const wrong = [];
  const seen = await walk(visitor, async (name, status) => {
    if (status !== 200) wrong.push(`${name}: ${status}`);
    wrong.push(...(await inspect(visitor, `${prefix}${name}`)));
  });
  assert.deepEqual([...wrong, ...visitor.faults], []);
  assert.ok(seen.length >= atLeast, `only these pages were found: ${seen.join(' ')}`);
}

test('every page of an admin can be read by everybody, in light, in dark and on a telephone', async () => {
  const alice = await chromium.visitor();
  await alice.open(`${town.node.origin('console')}/t/${town.contoso.id}`);
  await alice.signInAs('alice');
  await inspectAll(alice, 'admin', 6);
  await alice.leave();
});

test('every page of the operator can be read by everybody, in light, in dark and on a telephone', async () => {
  const olga = await chromium.visitor();
  await olga.open(`${town.node.origin('console')}/t/${await town.house()}`);
  await olga.signInAs('olga');
  await inspectAll(olga, 'operator', 6);
  await olga.leave();
});

test('every page on the way in and out can be read by everybody, in light, in dark and on a telephone', async () => {
  const wrong = [];
  const someone = await chromium.visitor();
  const look = async (name) => wrong.push(...(await inspect(someone, name)));
  const { link } = await town.invite('wingtip');
  await someone.open(link);
  await look('one-time link');
  await someone.open(link.replace(/code=.{8}/, 'code=AAAAAAAA'));
  await look('one-time link that is no good');
  await someone.open(town.node.origin('id'));
  await look('central page');
  await someone.open(town.at('nobody-at-all'));
  await look('no such tenant');
  await someone.open(town.at('contoso'));
  await someone.signInAs('alice');
  await someone.open(town.at('contoso', '/.partywall/sign-out'));
  await look('signing out');
  await someone.open(town.node.origin('id'));
  await look('own organisations');
  await someone.open(town.at('contoso', '/.partywall/sign-out'));
  await someone.press('Sign out');
  await someone.page.waitForURL((address) => address.href.startsWith(town.node.origin('id')));
  await look('signed out');
  assert.deepEqual([...wrong, ...someone.faults], []);
  await someone.leave();
});
