// Everything that stands before a story begins: the product, an application behind it, and organisations
// with a provider each. What a story is not about is done by the command line and a plain client, in a second
// or two; every story has a town of its own.

import { strict as assert } from 'node:assert';
import { Backend } from './backend.mjs';
import { Partywall } from './partywall.mjs';
import { Person } from './person.mjs';
import { Provider } from './provider.mjs';

/** The organisations: who runs the platform, and two customers. */
export const ORGANISATIONS = {
  tailspin: { name: 'Tailspin', people: { olga: { name: 'Olga Operator', email: 'olga@tailspin.test' } } },
  contoso: {
    name: 'Contoso',
    people: {
      alice: { name: 'Alice Adams', email: 'alice@contoso.test' },
      ben: { name: 'Ben Baker', email: 'ben@contoso.test' },
    },
  },
  fabrikam: { name: 'Fabrikam', people: { frank: { name: 'Frank Fisher', email: 'frank@fabrikam.test' } } },
};

/** The application's roles. */
export const ROLES = { reader: 'Reads surveys', creator: 'Makes surveys', editor: 'Changes any survey' };

export class Town {
  providers = {};
  #cleared = false;

  /** The product, the application and the providers, and nothing set up yet. */
  static async empty(settings = {}) {
    const town = new Town();
    try {
      town.node = await Partywall.start(settings);
      town.backend = await Backend.start();
      for (const [slug, { people }] of Object.entries(ORGANISATIONS)) {
        town.providers[slug] = await Provider.start(slug, people);
      }
    } catch (error) {
      await town.clearAway();
      throw error;
    }
    return town;
  }

  /** A town with an operator, a deployment, the application's roles, and both customers with an admin. */
  static async standing(settings = {}) {
    const town = await Town.empty(settings);
    try {
      town.operator = await town.join(await town.node.bootstrapLink(), 'tailspin', 'olga');
      await town.deploy();
      town.contoso = await town.settle('contoso', 'alice');
      town.fabrikam = await town.settle('fabrikam', 'frank');
    } catch (error) {
      await town.clearAway();
      throw error;
    }
    return town;
  }

  /** A deployment with the application behind it, and the application's roles. */
  async deploy() {
    const { id, proof_secret: proofSecret } = await this.node.tell('deployment', 'create', 'Surveys', '--upstream', this.backend.address);
    this.deployment = id;
    this.backend.serve({ deployment: id, proofSecret, issuer: this.node.origin('id') });
    for (const [role, about] of Object.entries(ROLES)) {
      await this.node.tell('role', 'put', role, '--title', role[0].toUpperCase() + role.slice(1), '--about', about);
    }
  }

  /** A tenant, and the link for its first admin. */
  async invite(slug, name = ORGANISATIONS[slug]?.name ?? slug) {
    const answer = await this.node.tell('tenant', 'create', slug, '--name', name, '--deployment', this.deployment);
    return { id: answer.id, link: link(answer) };
  }

  /** A tenant whose first admin has come in by its own provider. */
  async settle(slug, login) {
    const { id, link: invitation } = await this.invite(slug);
    return { id, admin: await this.join(invitation, slug, login) };
  }

  /** A further customer, whose provider is set up in its own way, with its first admin. */
  async customer(slug, { people, settings, ...joining } = {}) {
    this.providers[slug] = await Provider.start(slug, people ?? { ada: { name: 'Ada Able', email: `ada@${slug}.test` } }, settings);
    const { id, link: invitation } = await this.invite(slug);
    return { id, admin: await this.join(invitation, slug, Object.keys(this.providers[slug].people)[0], joining) };
  }

  /** Somebody opens a one-time link, connects the organisation's provider, and comes in by it. */
  async join(invitation, slug, login, { provider = this.providers[slug], client = {}, correct = {} } = {}) {
    const person = new Person();
    await person.open(invitation);
    const redirectUri = /id="redirect-uri"\s+value="([^"]+)"/.exec(person.page.text)?.[1];
    assert.ok(redirectUri, `a one-time link shows the redirect URI:\n${person.page.text}`);
    const registered = await provider.register(redirectUri, client);
    await person.submit('/invitation', {
      name: ORGANISATIONS[slug]?.name ?? slug,
      issuer: provider.issuer,
      client_id: registered.client_id,
      client_secret: registered.client_secret ?? '',
      ...correct,
    });
    assert.equal(person.page.status, 200, person.page.text);
    await person.follow('Sign in with');
    if (login !== null) await person.submit('/interaction/', { login });
    return person;
  }

  /** The id of the operator's own organisation. */
  async house() {
    const { items } = await this.node.tell('tenant', 'list');
    return items.find(({ slug }) => slug === 'house').id;
  }

  /** The address of a path at a tenant's host. */
  at(slug, path = '/') {
    return this.node.origin(slug) + path;
  }

  /** Somebody with a fresh client signs in at a tenant's host and asks for `path` there. */
  async signIn(slug, login, { path = '/api/me', provider = slug } = {}) {
    const person = new Person();
    await person.open(this.at(slug, `/.partywall/sign-in?return=${encodeURIComponent(path)}`));
    assert.ok(person.page.url.href.startsWith(this.providers[provider].issuer), `${person.page.url}\n${person.page.text}`);
    await person.submit('/interaction/', { login });
    return person;
  }

  async clearAway() {
    if (this.#cleared) return;
    this.#cleared = true;
    const parts = [this.backend?.stop(), ...Object.values(this.providers).map((provider) => provider.stop())];
    await Promise.allSettled([...parts, this.node?.clearAway()]);
  }
}

function link(answer) {
  const text = JSON.stringify(answer);
  return /https?:\/\/[^"]+\/invitation\?code=[^"]+/.exec(text)?.[0] ?? assert.fail(`no invitation in ${text}`);
}
