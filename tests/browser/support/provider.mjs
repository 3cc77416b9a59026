// An organisation's identity provider: npm's `oidc-provider`, a certified OpenID Provider that we did not
// write, with the people of one organisation and a sign-in page of its own. Clients register as RFC 7591
// says, as an admin would by hand in a provider's console.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import OpenIdProvider from 'oidc-provider';
import { ask } from './http.mjs';
import { Shelf } from './shelf.mjs';

const DAY = 86_400;
const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'];
const TTL = Object.fromEntries(['AccessToken', 'AuthorizationCode', 'Grant', 'IdToken', 'Interaction', 'Session'].map((kind) => [kind, DAY]));

export class Provider {
  #server;
  #port = 0;
  #provider = null;
  #shelf = new Shelf();
  #settings;
  /** Set by a test to answer in the provider's place: `(request, response) => true` if it did. */
  inItsPlace = () => false;
  /** What was asked of it, as "METHOD /path". */
  asked = [];

  /**
   * A provider of the organisation `slug` with `people`: `{ alice: { name, email } }`, by user name.
   * `settings` are oidc-provider's own and win over the ones here.
   */
  static async start(slug, people, settings = {}) {
    const provider = new Provider();
    provider.slug = slug;
    provider.people = people;
    provider.#settings = settings;
    await provider.#listen();
    provider.rollKeys();
    return provider;
  }

  get issuer() {
    return `http://login.${this.slug}.localhost:${this.#port}`;
  }

  /** Registers Partywall; gives `client_id` and, unless it is public, `client_secret`. */
  async register(redirectUri, metadata = {}) {
    const body = JSON.stringify({
      redirect_uris: [redirectUri],
      client_name: 'Partywall',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      ...metadata,
    });
    const answer = await ask(`${this.issuer}/reg`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (answer.status !== 201) throw new Error(`the provider did not register us: ${answer.text}`);
    return answer.json();
  }

  /** Takes new keys into use; the old ones are gone at once, as after a loss. */
  rollKeys() {
    const stamp = Math.random().toString(36).slice(2, 8);
    const key = (alg, type, options) => {
      const { privateKey } = generateKeyPairSync(type, options);
      return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${stamp}` };
    };
    this.#provider = this.#made([
      key('RS256', 'rsa', { modulusLength: 2048 }),
      key('PS256', 'rsa', { modulusLength: 2048 }),
      key('ES256', 'ec', { namedCurve: 'P-256' }),
      key('EdDSA', 'ed25519'),
    ]);
  }

  /** Goes away: connections are refused until `comeBack`. */
  async goAway() {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  comeBack() {
    return this.#listen();
  }

  stop() {
    return this.#server.listening ? this.goAway() : Promise.resolve();
  }

  async #listen() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise((done, failed) => this.#server.once('error', failed).listen(this.#port, '127.0.0.1', done));
    this.#port = this.#server.address().port;
  }

  async #answer(request, response) {
    const path = request.url.split('?')[0];
    this.asked.push(`${request.method} ${path}`);
    if (await this.inItsPlace(request, response)) return;
    if (path.startsWith('/interaction/')) {
      await this.#interact(request, response).catch((error) => response.writeHead(400).end(error.message));
    } else {
      this.#provider.callback()(request, response);
    }
  }

  /** The sign-in page. Nobody is asked for consent: an organisation has agreed for its people. */
  async #interact(request, response) {
    const { uid } = await this.#provider.interactionDetails(request, response);
    if (request.method !== 'POST') return signInPage(response, this.slug, uid);
    const login = (await form(request)).get('login');
    if (login === 'cancel') {
      const result = { error: 'access_denied', error_description: 'The person went away.' };
      return this.#provider.interactionFinished(request, response, result);
    }
    if (!Object.hasOwn(this.people, login)) return signInPage(response, this.slug, uid, 'Nobody has that name here.');
    await this.#provider.interactionFinished(request, response, { login: { accountId: login } });
  }

  #made(keys) {
    const people = this.people;
    const provider = new OpenIdProvider(this.issuer, {
      adapter: this.#shelf.adapter,
      jwks: { keys },
      cookies: { keys: [this.slug] },
      features: FEATURES,
      pkce: { methods: ['S256'], required: () => true },
      scopes: ['openid', 'profile', 'email'],
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
      // As most products do: what the scopes ask for stands in the ID token too.
      conformIdTokenClaims: false,
      enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
      ttl: TTL,
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_, id) => (people[id] ? { accountId: id, claims: () => ({ sub: id, ...people[id] }) } : undefined),
      loadExistingGrant: agreed,
      renderError: (context, { error, error_description: words }) => { context.body = `${error}: ${words}`; },
      ...this.#settings,
    });
    provider.on('server_error', (_, error) => { throw error; });
    return provider;
  }
}

async function agreed({ oidc }) {
  const { Grant } = oidc.provider;
  const known = oidc.session.grantIdFor(oidc.client.clientId);
  if (known) return Grant.find(known);
  const grant = new Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid profile email');
  await grant.save();
  return grant;
}

const askToSignOut = (context, form) => {
  context.body = `<!doctype html><html lang="en"><title>Sign out</title><main><h1>Sign out?</h1>${form}
    <button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button></main></html>`;
};

const signedOut = (context) => {
  context.body = '<!doctype html><html lang="en"><title>Signed out</title><main><h1>Signed out</h1></main></html>';
};

/** What every provider here can do; a test that wants more adds to it. */
export const FEATURES = {
  devInteractions: { enabled: false },
  registration: { enabled: true },
  rpInitiatedLogout: { logoutSource: askToSignOut, postLogoutSuccessSource: signedOut },
};

async function form(request) {
  let text = '';
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

function signInPage(response, slug, uid, wrong = '') {
  response.writeHead(wrong ? 422 : 200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><html lang="en"><title>Sign in at ${slug}</title><main><h1>Sign in at ${slug}</h1>
    <p>${wrong}</p><form method="post" action="/interaction/${uid}">
    <label>User name <input name="login" autofocus></label><button>Sign in</button></form></main></html>`);
}
