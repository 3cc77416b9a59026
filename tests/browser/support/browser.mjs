// People in front of a real Chromium, each with a browser profile of their own, and somebody who looks over
// their shoulder: what the console complains about, what the content policy stops, and what fails to load
// are faults of ours wherever they happen.

import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { BASE_DOMAIN } from './partywall.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const PATIENCE = 15_000;
const WIDE = { width: 1280, height: 860 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where pictures of pages are kept. */
export const ARTIFACTS = process.env.ARTIFACTS || mkdtempSync(join(tmpdir(), 'partywall-pictures-'));

export class Chromium {
  #browser;

  static async start() {
    const chrome = new Chromium();
    const executablePath = process.env.CHROMIUM_BIN || '/usr/bin/chromium';
    chrome.#browser = await chromium.launch({ executablePath, args: FLAGS, timeout: 60_000 });
    return chrome;
  }

  /** Somebody with a fresh profile. `options` are Playwright's for a context: `javaScriptEnabled`, `colorScheme`, … */
  async visitor(options = {}) {
    const context = await this.#browser.newContext({ viewport: WIDE, locale: 'en-GB', ...options });
    context.setDefaultTimeout(PATIENCE);
    return new Visitor(context, await context.newPage());
  }

  stop() {
    return this.#browser.close();
  }
}

export class Visitor {
  /** What was wrong on any page so far. */
  faults = [];

  constructor(context, page) {
    this.context = context;
    this.#turnTo(page);
  }

  #turnTo(page) {
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // A refusal is said so too; whether it was due is for the story to tell.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.faults.push(`${page.url()}: ${message.text()}`);
      }
    });
    page.on('response', (response) => {
      const { hostname, pathname } = new URL(response.url());
      const isOurs = hostname === BASE_DOMAIN || hostname.endsWith(`.${BASE_DOMAIN}`);
      const isPart = response.request().resourceType() !== 'document' && pathname !== '/favicon.ico';
      if (isOurs && isPart && response.status() >= 400) this.faults.push(`${response.url()}: ${response.status()}`);
      if (isOurs && response.status() === 500) this.faults.push(`${response.url()}: 500`);
    });
  }

  /** Types an address. */
  async open(address) {
    return this.page.goto(address);
  }

  get address() {
    return this.page.url();
  }

  get path() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  /** The heading of the page. */
  heading() {
    return this.page.locator('h1').first().innerText();
  }

  /** Everything that can be read on the page. */
  text() {
    return this.page.locator('body').innerText();
  }

  /** Fills fields by their labels. */
  async fill(values) {
    for (const [label, value] of Object.entries(values)) await this.page.getByLabel(label).first().fill(value);
  }

  /** Presses the button with these words and waits for what comes of it. */
  async press(name, within = this.page) {
    await this.#leave(within.getByRole('button', { name }).first());
  }

  /** Follows the link with these words. */
  async follow(name, within = this.page) {
    await this.#leave(within.getByRole('link', { name }).first());
  }

  async #leave(control) {
    await Promise.all([this.page.waitForEvent('load'), control.click()]);
  }

  /** Signs in at the provider's page that is shown. */
  async signInAs(login) {
    await this.fill({ 'User name': login });
    await this.press('Sign in');
  }

  /** A second window of the same browser. */
  async anotherWindow() {
    const other = new Visitor(this.context, await this.context.newPage());
    other.faults = this.faults;
    return other;
  }

  /** What axe-core finds serious or critical, as "rule: where". The page's policy does not stop a debugger. */
  async barriers() {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const grave = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return grave.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} (${failureSummary})`));
  }

  /** By how many pixels the page is wider than the window, and what sticks out. */
  overflow() {
    return this.page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      const beyond = document.documentElement.scrollWidth - room;
      const wide = [...document.body.querySelectorAll('*')].filter((part) => part.getBoundingClientRect().right > room + 1);
      return { beyond, wide: beyond > 0 ? wide.slice(0, 5).map((part) => part.outerHTML.slice(0, 120)) : [] };
    });
  }

  /** Keeps a picture of the page. */
  async picture(name) {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true });
  }

  leave() {
    return this.context.close();
  }
}
