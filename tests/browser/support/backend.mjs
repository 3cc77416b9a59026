// The application behind the gateway: it believes nothing but the context, by the reader library that
// backends in Node use, and shows on its page who and which tenant a request is for.

import { createServer } from 'node:http';
import { Reader } from '../../../readers/node/partywall-reader.mjs';
import { ask } from './http.mjs';

const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export class Backend {
  #server = createServer((request, response) => this.#answer(request, response));
  #reader = null;
  /** Every request that was believed: tenant, user, roles, path. */
  seen = [];

  static async start() {
    const backend = new Backend();
    await new Promise((done) => backend.#server.listen(0, '127.0.0.1', done));
    return backend;
  }

  get address() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** From now on it serves this deployment. */
  serve({ deployment, proofSecret, issuer }) {
    const keys = async () => (await ask(`${issuer}/.well-known/jwks.json`)).json();
    this.#reader = new Reader({ audience: deployment, issuer, keys, proofSecret });
  }

  async #answer(request, response) {
    if (request.url === '/favicon.ico') return void response.writeHead(404).end(); // browsers ask when they like
    try {
      if (this.#reader === null) throw Object.assign(new Error('no deployment yet'), { status: 503 });
      const context = await this.#reader.readRequest(request);
      this.seen.push({ tenant: context.tenant, user: context.user, roles: context.roles, path: request.url });
      if (request.url.startsWith('/api/')) return json(response, { ...context, headers: request.headers, path: request.url });
      page(response, request, context);
    } catch (refusal) {
      response.writeHead(refusal.status ?? 500, { 'content-type': 'text/plain' });
      response.end(`This address answers only through its gateway (${refusal.code ?? refusal.message}).\n`);
    }
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }
}

function json(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function page(response, request, { tenant, user, roles }) {
  const who = user === null ? 'nobody' : user.name ?? user.email ?? user.id;
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><html lang="en"><title>Surveys</title><main>
    <h1>Surveys of ${escape(tenant.name)}</h1>
    <p id="who">${escape(who)}</p><p id="roles">${escape(roles.join(', '))}</p><p id="path">${escape(request.url)}</p>
    <p><a href="/.partywall/sign-in?return=${escape(encodeURIComponent(request.url))}">Sign in</a>
       <a href="/.partywall/sign-out">Sign out</a></p></main></html>`);
}
