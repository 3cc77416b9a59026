// A person with a plain client instead of a browser: cookies by host and path, redirects, links and forms.
// For what is about providers rather than about pages.

import { ask } from './http.mjs';

const MOST_REDIRECTS = 15;
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const plain = (html) => html.replace(/&(#x?[\da-f]+|\w+);/gi, (whole, name) => {
  if (name[0] !== '#') return ENTITIES[name] ?? whole;
  return String.fromCodePoint(name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
});

const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag);
  return found ? plain(found[1] ?? found[2]) : null;
};

export class Person {
  #jar = new Map();
  /** Where somebody else's application is, which nobody asks here. */
  #end = null;
  /** The page that the person looks at. */
  page = null;

  /** The cookies at `host`, by name. */
  cookies(host) {
    const here = [...this.#jar.values()].filter((cookie) => cookie.host === host);
    return Object.fromEntries(here.map((cookie) => [cookie.name, cookie.value]));
  }

  /** Opens an address and follows where it leads. */
  open(address) {
    return this.#go(address, {});
  }

  /** Opens an address and goes on, by `meets` where there is a page, until the way leads to `end`; gives that address. */
  async goUntil(address, end, meets) {
    this.#end = end;
    try {
      await this.open(address);
      if (this.page.status !== 303) await meets();
      const to = this.page.headers.location;
      if (!to?.startsWith(end)) throw new Error(`the way ends at ${this.page.url}:\n${this.page.text}`);
      return to;
    } finally {
      this.#end = null;
    }
  }

  /** Opens the first link whose words or address hold `words`. */
  follow(words) {
    for (const [tag, inner] of this.page.text.matchAll(/<a\s[^>]*>(.*?)<\/a>/gs)) {
      const address = attribute(tag, 'href');
      if (inner.includes(words) || address.includes(words)) return this.open(new URL(address, this.page.url).href);
    }
    throw new Error(`no link "${words}" at ${this.page.url}:\n${this.page.text}`);
  }

  /** Sends the form whose address holds `action`, with its own values and these. */
  submit(action, values) {
    for (const [whole, tag, inner] of this.page.text.matchAll(/(<form\s[^>]*>)(.*?)<\/form>/gs)) {
      if (!(attribute(tag, 'action') ?? '').includes(action)) continue;
      const fields = new URLSearchParams(own(inner));
      for (const [name, value] of Object.entries(values)) fields.set(name, value);
      const address = new URL(attribute(whole, 'action'), this.page.url).href;
      return this.#go(address, { method: 'POST', body: fields.toString() });
    }
    throw new Error(`no form "${action}" at ${this.page.url}:\n${this.page.text}`);
  }

  async #go(address, { method = 'GET', body }) {
    for (let hops = 0; hops < MOST_REDIRECTS; hops += 1) {
      const url = new URL(address);
      const headers = { accept: 'text/html', cookie: this.#cookie(url) };
      if (body !== undefined) {
        headers['content-type'] = 'application/x-www-form-urlencoded';
        headers.origin = this.page?.url.origin ?? url.origin;
        headers['content-length'] = Buffer.byteLength(body);
      }
      const answer = await ask(address, { method, headers, body });
      this.#keep(url, answer.headers['set-cookie'] ?? []);
      this.page = answer;
      if (![301, 302, 303, 307].includes(answer.status)) return answer;
      address = new URL(answer.headers.location, url).href;
      if (this.#end !== null && address.startsWith(this.#end)) return answer;
      if (answer.status !== 307) [method, body] = ['GET', undefined];
    }
    throw new Error(`going in circles at ${address}`);
  }

  #cookie(url) {
    const fits = ({ host, path }) => host === url.hostname && url.pathname.startsWith(path);
    return [...this.#jar.values()].filter(fits).map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  #keep({ hostname: host }, lines) {
    for (const line of lines) {
      const [pair, ...rest] = line.split(';').map((part) => part.trim());
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const says = Object.fromEntries(rest.map((part) => part.split('=')).map(([key, word]) => [key.toLowerCase(), word]));
      const [path, key] = [says.path ?? '/', `${host} ${says.path ?? '/'} ${name}`];
      const isGone = says['max-age'] === '0' || (says.expires && new Date(says.expires) < new Date());
      if (isGone) this.#jar.delete(key);
      else this.#jar.set(key, { host, path, name, value });
    }
  }
}

/** The values that a form brings along: hidden fields, texts as they stand, what is ticked. */
function* own(inner) {
  for (const [tag] of inner.matchAll(/<input\s[^>]*>/g)) {
    const name = attribute(tag, 'name');
    const isChoice = ['checkbox', 'radio'].includes(attribute(tag, 'type'));
    if (name !== null && (!isChoice || /\schecked/.test(tag))) yield [name, attribute(tag, 'value') ?? 'on'];
  }
}
