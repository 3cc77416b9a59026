// An organisation's SAML provider: npm's `samlify`, which we did not write. It signs anybody in who comes with a request,
// as somebody who is signed in there already, and says what a test has it say.

import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import samlify from 'samlify';
import { ask } from './http.mjs';

// The documents' schema is not what is tested here.
samlify.setSchemaValidator({ validate: async () => 'not looked at' });

const GCM = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
const OAEP = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
const SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';

/** What an assertion says; names in braces are put in by `#answer`. */
const TEMPLATE = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{ID}" Version="2.0" IssueInstant="{Now}" Destination="{Consumer}" InResponseTo="{InResponseTo}"><saml:Issuer>{Issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="{AssertionID}" Version="2.0" IssueInstant="{Now}"><saml:Issuer>{Issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{NameID}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{Until}" Recipient="{Consumer}" InResponseTo="{InResponseTo}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{From}" NotOnOrAfter="{Until}"><saml:AudienceRestriction><saml:Audience>{Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{Now}" SessionIndex="{ID}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="displayName"><saml:AttributeValue>{Name}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="mail"><saml:AttributeValue>{Mail}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`;

export class SamlProvider {
  #server;
  #port = 0;
  #keys = [];
  /** Who is signed in there. */
  person = { NameID: 'ada-1', Name: 'Ada Able', Mail: 'ada@saml.test' };
  /** What differs from a sound answer: values for the template. */
  says = {};
  /** Changes the signed document before it is sent. */
  change = (xml) => xml;
  isEncrypting = false;
  /** How often the metadata was fetched. */
  fetched = 0;

  static async start(slug) {
    const provider = new SamlProvider();
    provider.slug = slug;
    provider.#keys = [key(slug)];
    provider.#server = createServer((request, response) => provider.#serve(request, response).catch((error) => response.writeHead(500).end(`${error.stack ?? error}`)));
    await new Promise((done) => provider.#server.listen(0, '127.0.0.1', done));
    provider.#port = provider.#server.address().port;
    return provider;
  }

  get origin() {
    return `http://saml.${this.slug}.localhost:${this.#port}`;
  }

  get metadataUrl() {
    return `${this.origin}/metadata`;
  }

  /** A new key stands beside the old one in the metadata, and signs from now on. */
  rollKey() {
    this.#keys.unshift(key(this.slug));
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname === '/metadata') {
      this.fetched += 1;
      return response.writeHead(200, { 'content-type': 'application/samlmetadata+xml' }).end(this.#idp(this.#keys).getMetadata());
    }
    if (url.pathname !== '/sso') return response.writeHead(404).end();
    const { consumer, document } = await this.#answer(url);
    const field = Buffer.from(this.change(document)).toString('base64');
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><form method="post" action="${consumer}"><input type="hidden" name="SAMLResponse" value="${field}"><input type="hidden" name="RelayState" value="https://elsewhere.test/"><button>Go on</button></form>`);
  }

  /** The provider with these keys in its metadata; the first of them signs. */
  #idp(keys) {
    const [current] = keys;
    return samlify.IdentityProvider({
      entityID: `${this.origin}/metadata`,
      signingCert: keys.length > 1 ? keys.map(({ certificate }) => certificate) : current.certificate,
      privateKey: current.privateKey,
      requestSignatureAlgorithm: SHA256,
      isAssertionEncrypted: this.isEncrypting,
      dataEncryptionAlgorithm: GCM,
      keyEncryptionAlgorithm: OAEP,
      singleSignOnService: [{ Binding: REDIRECT, Location: `${this.origin}/sso` }],
      loginResponseTemplate: { context: TEMPLATE, attributes: [] },
    });
  }

  async #answer(url) {
    const idp = this.#idp(this.#keys.slice(0, 1));
    const request = samlify.Utility.inflateString(url.searchParams.get('SAMLRequest'));
    const entity = />([^<]+)<\/saml:Issuer>/.exec(request)[1];
    const { text: metadata } = await ask(`${entity}/metadata`, {});
    const sp = samlify.ServiceProvider({ metadata });
    const { extract } = await idp.parseLoginRequest(sp, 'redirect', { query: { SAMLRequest: url.searchParams.get('SAMLRequest') } });
    const consumer = sp.entityMeta.getAssertionConsumerService('post');
    const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
    const ids = () => `_${randomBytes(16).toString('hex')}`;
    const values = {
      ID: ids(), AssertionID: ids(), Now: at(0), From: at(-1), Until: at(5), Consumer: consumer, Audience: entity,
      InResponseTo: extract.request.id, Issuer: `${this.origin}/metadata`, ...this.person, ...this.says,
    };
    const fill = (template) => ({ id: values.ID, context: template.replace(/\{(\w+)\}/g, (_, name) => values[name]) });
    const { context } = await idp.createLoginResponse(sp, { extract }, 'post', { email: this.person.Mail }, fill);
    return { consumer, document: Buffer.from(context, 'base64').toString() };
  }
}

/** A key with a certificate of its own making: what metadata wants, and no more. */
function key(name) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const bytes = (hex) => Buffer.from(hex, 'hex');
  const byRsa = der(0x30, bytes('06092a864886f70d01010b'), bytes('0500'));
  const named = der(0x30, der(0x31, der(0x30, bytes('0603550403'), der(0x0c, Buffer.from(name)))));
  const times = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const body = der(0x30, der(0xa0, bytes('020102')), serial, byRsa, named, times, named, publicKey.export({ type: 'spki', format: 'der' }));
  const signature = der(0x03, Buffer.from([0]), createSign('RSA-SHA256').update(body).sign(privateKey));
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificate: der(0x30, body, byRsa, signature).toString('base64'),
  };
}
