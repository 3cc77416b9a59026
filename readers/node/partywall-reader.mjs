// The context reader for Node: tells a backend which tenant and which user a request is for.
//
// It checks the two headers that Partywall puts on every request, as docs/wire.md describes them, and
// refuses what did not come through the gateway within the last seconds. It never decides what a user may
// do. No dependencies; Node 18 or newer.

import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

const TYPE = 'partywall-context+jwt';
const TOLERANCE = 10; // seconds by which clocks may differ, and that a proof is good for
const GENERATION = 2 * TOLERANCE + 1; // a proof from ten seconds ahead is good for twenty more
const FRESH_FOR = 300; // keys older than this are fetched again, so that a withdrawn one stops working
const SINGLE = ['Partywall-Context', 'Partywall-Proof', 'Partywall-Tenant', 'Partywall-User', 'Partywall-Roles', 'Partywall-Request-Id'];

/** Why a request was refused. `code` and `message` are for your log; `status` is what the client should get. */
export class ContextError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'ContextError';
    this.code = code;
    this.status = code === 'keys_away' || code === 'overwhelmed' ? 503 : 403;
  }
}

const refuse = (code, message) => { throw new ContextError(code, message); };
const systemSeconds = () => Math.floor(Date.now() / 1000);

/** Reads contexts. Make one at start and share it: it remembers which proofs it has seen. */
export class Reader {
  #audience; #issuer; #secret; #keys; #replays; #clock;

  /**
   * @param audience     the deployment's id, dep_…
   * @param issuer       the public URL of the id. host
   * @param keys         the key set's address, a key set, or a function that fetches one
   * @param proofSecret  the deployment's proof secret, exactly the text shown
   */
  constructor({ audience, issuer, keys, proofSecret, pause = 10, capacity = 1_000_000, clock = systemSeconds }) {
    if (!audience || !issuer || !keys) throw new TypeError('a reader needs audience, issuer and keys');
    if (typeof proofSecret !== 'string' || Buffer.byteLength(proofSecret) < 16) {
      throw new TypeError('the proof secret is shorter than 16 bytes');
    }
    this.#audience = audience;
    this.#issuer = issuer;
    this.#secret = proofSecret;
    this.#keys = new KeyRing(keys, pause);
    this.#replays = new Replays(capacity);
    this.#clock = clock;
  }

  /** The context of a request of node:http and of frameworks built on it. */
  async readRequest(request) {
    for (const name of SINGLE) {
      if (request.headersDistinct?.[name.toLowerCase()]?.length > 1) refuse('malformed', `two ${name} headers`);
    }
    // Frameworks that route by prefix shorten `url`; the proof is over the one that was forwarded.
    const target = request.originalUrl ?? request.url;
    return this.read(request.method, target, (name) => request.headers[name.toLowerCase()], this.#clock());
  }

  /** The same from parts: method, path with query as received, a way to look up a header, and unix seconds. */
  async read(method, target, header, now) {
    const token = header('Partywall-Context') ?? refuse('missing', 'no Partywall-Context header');
    const proof = header('Partywall-Proof') ?? refuse('missing', 'no Partywall-Proof header');
    // The proof comes first: only what bears our secret can make us verify a signature or fetch keys.
    const nonce = checkProof(this.#secret, method, target, token, proof, now);
    const claims = await this.#claims(token, now);
    const context = contextOf(claims, header('Partywall-Request-Id'));
    checkAgreement(context, header);
    this.#replays.remember(nonce, now);
    return context;
  }

  async #claims(token, now) {
    const parts = token.split('.');
    const head = decode(parts[0]);
    if (head.alg !== 'ES256' || head.typ !== TYPE) refuse('forged', 'not a context token of the gateway');
    if (typeof head.kid !== 'string' || parts.length !== 3) refuse('malformed', 'the context token cannot be read');
    const key = await this.#keys.find(head.kid, now);
    const signature = Buffer.from(parts[2], 'base64url');
    const isSigned = verify('sha256', Buffer.from(`${parts[0]}.${parts[1]}`), { key, dsaEncoding: 'ieee-p1363' }, signature);
    if (!isSigned) refuse('forged', 'the context token was not signed by the gateway');
    const claims = checkShape(decode(parts[1]));
    if (claims.iss !== this.#issuer) refuse('wrong_issuer', 'the context token was issued by someone else');
    if (claims.aud !== this.#audience) refuse('wrong_audience', 'the context token is meant for another deployment');
    if (now >= claims.exp + TOLERANCE) refuse('expired', 'the context token has expired');
    if (now < claims.nbf - TOLERANCE) refuse('not_yet_valid', 'the context token is not valid yet');
    return claims;
  }
}

function checkProof(secret, method, target, token, header, now) {
  const parts = /^t=(\d{1,12}),n=([\w-]{1,64}),v=([\w-]{43})$/.exec(header) ?? refuse('malformed', 'the proof cannot be read');
  const [, seconds, nonce, code] = parts;
  const hash = createHash('sha256').update(token).digest('base64url');
  const signed = ['partywall-proof-1', seconds, nonce, method, target, hash].join('\n');
  const expected = createHmac('sha256', secret).update(signed).digest();
  if (!timingSafeEqual(expected, Buffer.from(code, 'base64url'))) refuse('proof_wrong', 'the proof does not belong to this request');
  if (Math.abs(now - Number(seconds)) > TOLERANCE) refuse('proof_stale', 'the proof is too old or too new');
  return nonce;
}

function decode(part) {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (value !== null && typeof value === 'object') return value;
  } catch { /* refused below */ }
  return refuse('malformed', 'the context token cannot be read');
}

function checkShape(claims) {
  const { tenant, sub, roles, subscriber, workload, device } = claims;
  const isText = (value) => typeof value === 'string';
  const fits = isText(claims.iss) && isText(claims.aud) && Number.isInteger(claims.nbf) && Number.isInteger(claims.exp)
    && isText(tenant?.id) && isText(tenant?.slug) && isText(tenant?.name)
    && (sub === undefined || isText(sub)) && (roles === undefined || (Array.isArray(roles) && roles.every(isText)))
    && (subscriber === undefined || (isText(subscriber?.id) && isText(subscriber.key)
      && Array.isArray(subscriber.scopes) && subscriber.scopes.every(isText)))
    && (workload === undefined || (isText(workload?.issuer) && isText(workload.subject)
      && typeof workload.person === 'boolean' && Array.isArray(workload.scopes) && workload.scopes.every(isText)))
    && (device === undefined || (isText(device?.anchor) && isText(device.subject) && isText(device.fingerprint)
      && typeof device.workload === 'boolean' && Array.isArray(device.scopes) && device.scopes.every(isText)));
  return fits ? claims : refuse('malformed', 'the context token lacks a claim');
}

function contextOf({ tenant, sub, member = {}, roles = [], sid = null, subscriber: caller, workload: bearer, device: machine }, requestId = null) {
  const user = sub === undefined ? null
    : { id: sub, member: member.id ?? null, name: member.name ?? null, email: member.email ?? null };
  const subscriber = caller === undefined ? null
    : { id: caller.id, key: caller.key, scopes: [...caller.scopes].sort() };
  const workload = bearer === undefined ? null
    : { issuer: bearer.issuer, subject: bearer.subject, person: bearer.person, scopes: [...bearer.scopes].sort() };
  const device = machine === undefined ? null : { anchor: machine.anchor, subject: machine.subject,
    workload: machine.workload, fingerprint: machine.fingerprint, scopes: [...machine.scopes].sort() };
  const { id, slug, name } = tenant;
  return { tenant: { id, slug, name }, user, subscriber, workload, device, roles: [...roles].sort(), session: sid, request_id: requestId };
}

// Some part of a backend may be reading the plain headers, so one that says something else than the token is
// refused. The slug is for display only and may change within the token's minute.
function checkAgreement(context, header) {
  const saysAll = (name, words) => {
    const said = new Set((header(name) ?? '').split(',').filter((word) => word !== ''));
    return said.size === new Set(words).size && words.every((word) => said.has(word));
  };
  const agrees = header('Partywall-Tenant') === context.tenant.id && header('Partywall-User') === context.user?.id
    && header('Partywall-Subscriber') === context.subscriber?.id
    && saysAll('Partywall-Roles', context.roles) && saysAll('Partywall-Scopes', (context.subscriber ?? context.workload ?? context.device)?.scopes ?? []);
  if (!agrees) refuse('disagrees', 'a header does not say what the context token says');
}

/** Two generations of nonces: the one that collects and the one before. Forgetting drops the older one whole. */
class Replays {
  #capacity; #since = -Infinity; #current = new Set(); #previous = new Set();

  constructor(capacity) {
    this.#capacity = capacity;
  }

  remember(nonce, now) {
    const age = now - this.#since;
    if (Math.abs(age) >= GENERATION) {
      this.#previous = age >= 2 * GENERATION ? new Set() : this.#current;
      this.#current = new Set();
      this.#since = now;
    }
    if (this.#current.has(nonce) || this.#previous.has(nonce)) refuse('replayed', 'the proof has been used before');
    // Without room it refuses rather than forgets, because forgetting would let a replay through.
    if (this.#current.size + this.#previous.size >= this.#capacity) refuse('overwhelmed', 'too many requests to remember');
    this.#current.add(nonce);
  }
}

/** The keys known now. Asked for again when one is unknown or they have aged, but not within the pause. */
class KeyRing {
  #fetch; #pause; #keys = new Map(); #fetchedAt = -Infinity; #attempt = null;

  constructor(source, pause) {
    this.#pause = pause;
    if (typeof source === 'function') this.#fetch = source;
    else if (typeof source === 'string') this.#fetch = () => fetchJson(source);
    else this.#keys = usable(source);
  }

  async find(id, now) {
    const isFresh = !this.#fetch || Math.abs(now - this.#fetchedAt) < FRESH_FOR;
    if (!this.#keys.has(id) || !isFresh) {
      if (!this.#fetch) refuse('unknown_key', 'the key set does not hold this key');
      const isPaused = this.#attempt !== null && Math.abs(now - this.#attempt.at) < this.#pause;
      // A crowd of requests shares one attempt.
      if (!isPaused) this.#attempt = { at: now, done: this.#refresh(now) };
      const reached = await this.#attempt.done;
      if (!this.#keys.has(id)) {
        if (reached) refuse('unknown_key', 'the key set does not hold this key');
        refuse('keys_away', 'the key set could not be fetched');
      }
    }
    return this.#keys.get(id);
  }

  async #refresh(now) {
    try {
      this.#keys = usable(await this.#fetch());
      this.#fetchedAt = now;
      return true;
    } catch {
      return false;
    }
  }
}

async function fetchJson(address) {
  const response = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`the key set's address answered ${response.status}`);
  return response.json();
}

// Keys of other kinds are passed over: a set may hold more than ours.
function usable(set) {
  const ours = set.keys.filter(({ kty, crv, kid }) => kty === 'EC' && crv === 'P-256' && typeof kid === 'string');
  return new Map(ours.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));
}
