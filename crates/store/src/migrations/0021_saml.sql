-- SAML: what a provider publishes of itself, our keys at providers, and answers on their way from the assertion consumer
-- to the browser that asked. The first page says what the tokens mean.

-- `metadata` is what was read, as JSON, '' for providers that are asked anew each time; `metadata_url` where it is
-- fetched from, '' where somebody pasted it. `metadata_due_at` is when it is fetched next, 0 where it is not;
-- `metadata_fault` why it could not be, and `metadata_failures` how often in a row.
ALTER TABLE provider ADD COLUMN metadata {text} NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN metadata_url {text} NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN metadata_at {int} NOT NULL DEFAULT 0;
ALTER TABLE provider ADD COLUMN metadata_due_at {int} NOT NULL DEFAULT 0;
ALTER TABLE provider ADD COLUMN metadata_failures {int} NOT NULL DEFAULT 0;
ALTER TABLE provider ADD COLUMN metadata_fault {text} NOT NULL DEFAULT '';
CREATE INDEX provider_due ON provider (metadata_due_at, tenant_id) WHERE metadata_due_at > 0;

-- What the provider speaks, as `provider.kind` says.
ALTER TABLE connection ADD COLUMN kind {text} NOT NULL DEFAULT 'oidc';
-- Not unique, although ids are: SQLite would otherwise look a tenant's own connection up by it.
CREATE INDEX connection_by_id ON connection (id);

CREATE TABLE connection_key (
    tenant_id {text} NOT NULL,
    connection_id {text} NOT NULL,
    certificate {text} NOT NULL,
    sealed {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, created_at)
) {strict};
--tenant: connection_key
--directory: connection_key select

CREATE TABLE brought_answer (
    tenant_id {text} NOT NULL,
    digest {text} NOT NULL,
    connection_id {text} NOT NULL,
    sealed {text} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (tenant_id, digest)
) {strict};
CREATE INDEX brought_answer_ending ON brought_answer (tenant_id, ends);
--tenant: brought_answer
--directory: brought_answer select
