// Keeps an API key of Partywall's for a program that calls with it, in a file that only its user may read. It is
// never printed; a rotation is a new file, and a program that asks `headers()` for each call needs no restart.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';

const FORM = /^pw(?:k_[0-9A-Za-z]{49}|s_[0-9A-Za-z_-]{124,1024})$/;
const REFUSED = ['key.refused', 'key.expired'];

/** The key cannot be kept or read. Holds nothing of the key. */
export class KeyTrouble extends Error {}

/** An API key in a file. */
export class KeyFile {
  #path;
  #read = null;

  constructor(path) {
    this.#path = path;
  }

  /** Puts a key in place of the one before, whole or not at all. */
  store(key) {
    if (!FORM.test(key)) throw new KeyTrouble('this is no API key; was it copied whole?');
    const draft = `${this.#path}.${randomBytes(6).toString('hex')}`;
    try {
      const file = openSync(draft, 'wx', 0o600);
      try {
        writeSync(file, `${key}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(draft, this.#path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    this.#read = null;
  }

  /** What to send with a call. Reads the file anew when it was replaced. */
  headers() {
    return { authorization: `Bearer ${this.#key()}` };
  }

  /** Whether a call that was answered so should be sent once more: the key was replaced meanwhile. */
  shouldRetry(status, code) {
    if (status !== 401 || !REFUSED.includes(code) || this.#read === null) return false;
    const used = this.#read.key;
    this.#read = null;
    return this.#key() !== used;
  }

  #key() {
    const { mode, ino, mtimeMs } = statSync(this.#path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new KeyTrouble(`${this.#path}: others may read it; set its mode to 0600`);
    }
    const mark = `${ino} ${mtimeMs}`;
    if (this.#read?.mark !== mark) {
      const key = readFileSync(this.#path, 'ascii').trim();
      if (!FORM.test(key)) throw new KeyTrouble(`${this.#path}: this is no API key`);
      this.#read = { mark, key };
    }
    return this.#read.key;
  }
}
