// What an oidc-provider keeps, in memory: clients, sessions, codes. It outlives a change of keys.

/** The memory of one provider; `adapter` is the class that oidc-provider wants. */
export class Shelf {
  constructor() {
    const kept = new Map();
    this.adapter = class {
      constructor(kind) {
        this.kind = kind;
      }

      #key(id) {
        return `${this.kind}:${id}`;
      }

      async upsert(id, payload) {
        kept.set(this.#key(id), payload);
      }

      async find(id) {
        return kept.get(this.#key(id));
      }

      async findByUid(uid) {
        return [...kept].find(([key, payload]) => key.startsWith(`${this.kind}:`) && payload.uid === uid)?.[1];
      }

      async consume(id) {
        kept.get(this.#key(id)).consumed = Math.floor(Date.now() / 1000);
      }

      async destroy(id) {
        kept.delete(this.#key(id));
      }

      async revokeByGrantId(grantId) {
        for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
      }
    };
  }
}
