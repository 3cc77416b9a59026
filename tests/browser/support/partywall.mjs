// The product as an operator has it: the binary, a fresh folder, settings, and commands.
//
// The binary is named by PARTYWALL_BIN. It runs on the embedded database in a folder of its own, with the
// development setting, because everything here is plain HTTP on this machine.

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from './ports.mjs';

export const BASE_DOMAIN = 'partywall.localhost';

const READY_WITHIN = 60_000; // the first start makes keys and tables
const PRINTED_WITHIN = 5_000; // what is printed may reach us after the node says that it is ready
const ANSWER_WITHIN = 30_000;
const STOP_WITHIN = 15_000;
const LOG_KEPT = 1_000_000;

export class Partywall {
  #binary = binary();
  #folder = mkdtempSync(join(tmpdir(), 'partywall-town-'));
  #settings;
  #child = null;
  #printed = '';
  #log = '';

  /** A running node. `settings` win over the ones that every story has. */
  static async start(settings = {}) {
    const [publicPort, privatePort] = await freePorts(2);
    const node = new Partywall(publicPort, privatePort, settings);
    await node.start();
    return node;
  }

  constructor(publicPort, privatePort, settings) {
    this.port = publicPort;
    this.health = `http://127.0.0.1:${privatePort}`;
    this.#settings = {
      data: this.#folder,
      development: 'true',
      base_domain: BASE_DOMAIN,
      'listen.public': `127.0.0.1:${publicPort}`,
      'listen.private': `127.0.0.1:${privatePort}`,
      'listen.drain': '2s',
      // Every story comes from the same address, within seconds.
      'limits.sign_ins_per_address': '100000',
      'limits.sign_ins_per_tenant': '100000',
      'limits.trials_per_address': '100000',
      'limits.trials_per_tenant': '100000',
      ...settings,
    };
  }

  /** The public address of a host below the base domain: a tenant's slug, or `id`, `console`, `api`. */
  origin(label) {
    return `http://${label}.${BASE_DOMAIN}:${this.port}`;
  }

  /** What the node has logged so far. The one-time link is printed, and never in the log. */
  get log() {
    return this.#log;
  }

  async start() {
    this.#child = spawn(this.#binary, [...this.#flags(), 'serve'], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => { this.#printed += text; });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => { this.#log = (this.#log + text).slice(-LOG_KEPT); });
    const until = Date.now() + READY_WITHIN;
    while (!(await this.#isReady())) {
      if (this.#child.exitCode !== null) throw new Error(`partywall ended with ${this.#child.exitCode}:\n${this.#log}`);
      if (Date.now() > until) throw new Error(`partywall did not become ready:\n${this.#log}`);
      await pause(50);
    }
  }

  async #isReady() {
    try {
      return (await fetch(`${this.health}/readyz`, { signal: AbortSignal.timeout(1000) })).ok;
    } catch {
      return false;
    }
  }

  /** The one-time link for the first operator that the start prints. */
  async bootstrapLink() {
    const until = Date.now() + PRINTED_WITHIN;
    for (;;) {
      const link = /https?:\/\/\S+\/bootstrap\?code=\S+/.exec(this.#printed)?.[0];
      if (link) return link;
      if (Date.now() > until) throw new Error(`no bootstrap link was printed:\n${this.#printed}\n${this.#log}`);
      await pause(20);
    }
  }

  /** What a command of the command line answers, from JSON. */
  async tell(...words) {
    const output = await this.run('--json', ...words);
    return output.trim() === '' ? null : JSON.parse(output);
  }

  /** What a command prints. */
  run(...words) {
    return new Promise((told, failed) => {
      execFile(this.#binary, [...this.#flags(), ...words], { timeout: ANSWER_WITHIN }, (error, stdout, stderr) => {
        if (error) failed(new Error(`partywall ${words.slice(0, 3).join(' ')}: ${stderr || error.message}`));
        else told(stdout);
      });
    });
  }

  /** Asks the node to stop and waits until it has. */
  async stop() {
    if (this.#child === null || this.#child.exitCode !== null) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN);
    await ended;
    clearTimeout(late);
  }

  /** Stops the node and removes its folder. */
  async clearAway() {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #flags() {
    return Object.entries(this.#settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  }
}

function binary() {
  const path = process.env.PARTYWALL_BIN;
  if (!path) throw new Error('PARTYWALL_BIN must name the partywall binary: cargo build --release --bin partywall');
  if (!existsSync(path)) throw new Error(`PARTYWALL_BIN names ${path}, which is not there`);
  return path;
}
