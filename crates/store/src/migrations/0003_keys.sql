-- API keys: a tenant's subscribers, and the keys that they call with. The first page says what the tokens mean.

CREATE TABLE subscriber (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    contact {text} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
) {strict};
--tenant: subscriber
--directory: subscriber select

-- Of a key only the hash is kept. `signed_until` is the end that a signed key says itself, 0 for a random one;
-- `ends_at` is when it really ends, perhaps earlier, and `ended_because` why. `warn_at` is when its owner is to be
-- warned, 0 if that was done. `idle` is how long it may go unused, 0 for ever; `idle_ends` when that is over.
CREATE TABLE api_key (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    subscriber_id {text} NOT NULL,
    kind {text} NOT NULL,
    name {text} NOT NULL,
    digest {text} NOT NULL,
    scopes {text} NOT NULL,
    networks {text} NOT NULL,
    created_by {text} NOT NULL,
    created_at {int} NOT NULL,
    signed_until {int} NOT NULL,
    ends_at {int} NOT NULL,
    ended_because {text} NOT NULL,
    warn_at {int} NOT NULL,
    used_at {int} NOT NULL,
    idle {int} NOT NULL,
    idle_ends {int} NOT NULL,
    replaces {text} NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscriber_id) REFERENCES subscriber (tenant_id, id)
) {strict};
-- A key belongs to one tenant in the world, and is found by nothing but its hash.
CREATE UNIQUE INDEX api_key_by_digest ON api_key (digest);
CREATE INDEX api_key_of_subscriber ON api_key (tenant_id, subscriber_id, id);
CREATE INDEX api_key_cut_short ON api_key (tenant_id, id) WHERE ends_at < signed_until;
CREATE INDEX api_key_to_warn ON api_key (warn_at, tenant_id) WHERE warn_at > 0;
CREATE INDEX api_key_unused ON api_key (idle_ends, tenant_id) WHERE idle > 0 AND ended_because = '';
--tenant: api_key
--directory: api_key select

-- How long a tenant lets its keys live, and go unused, in days; 0 leaves it to the plan.
ALTER TABLE tenant_setting ADD COLUMN key_days {int} NOT NULL DEFAULT 0;
ALTER TABLE tenant_setting ADD COLUMN key_unused_days {int} NOT NULL DEFAULT 0;
