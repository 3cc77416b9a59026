import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, test } from 'node:test';

import { KeyFile, KeyTrouble } from './partywall-key.mjs';

const OLD = `pwk_${'a'.repeat(49)}`;
const NEW = `pwk_${'b'.repeat(49)}`;
let folder, path, file;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-'));
  path = join(folder, 'key');
  file = new KeyFile(path);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a key is kept for its user alone', () => {
  file.store(OLD);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(file.headers(), { authorization: `Bearer ${OLD}` });
  assert.deepEqual(readdirSync(folder), ['key']);
});

test('a file that others may read is refused', () => {
  file.store(OLD);
  chmodSync(path, 0o644);
  assert.throws(() => file.headers(), (error) => error instanceof KeyTrouble && !error.message.includes(OLD));
});

test('what is no key is not kept', () => {
  for (const text of ['', 'pwk_short', `${OLD}x`, `Bearer ${OLD}`, `${OLD}\nx`]) {
    assert.throws(() => file.store(text), KeyTrouble);
  }
  assert.equal(existsSync(path), false);
});

test('a rotation needs no restart', () => {
  file.store(OLD);
  file.headers();
  assert.equal(file.shouldRetry(401, 'key.refused'), false, 'there is no other yet');
  new KeyFile(path).store(NEW);
  assert.equal(file.shouldRetry(401, 'key.expired'), true);
  assert.deepEqual(file.headers(), { authorization: `Bearer ${NEW}` });
  assert.equal(file.shouldRetry(403, 'scope.missing'), false);
});

test('a key is not in what is printed', () => {
  file.store(OLD);
  file.headers();
  assert.equal(`${inspect(file, { showHidden: true })}${JSON.stringify(file)}`.includes('aaaa'), false);
});
