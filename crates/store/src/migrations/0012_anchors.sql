-- Trust anchors: authorities whose client certificates a tenant believes. The first page says what the tokens mean.

-- `list_due_at` is when the authority's list is fetched again, 0 if it is not; `list_fault` why it could not be.
CREATE TABLE trust_anchor (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    authority {text} NOT NULL,
    certificate {text} NOT NULL,
    rules {text} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    list_due_at {int} NOT NULL,
    list_fault {text} NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, authority)
) {strict};
CREATE INDEX trust_anchor_due ON trust_anchor (list_due_at, tenant_id) WHERE list_due_at > 0;
--tenant: trust_anchor
--directory: trust_anchor select

-- What was taken back by hand: serial numbers and fingerprints, in hexadecimal.
CREATE TABLE anchor_revocation (
    tenant_id {text} NOT NULL,
    anchor_id {text} NOT NULL,
    mark {text} NOT NULL,
    note {text} NOT NULL,
    revoked_by {text} NOT NULL,
    revoked_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, anchor_id, mark),
    FOREIGN KEY (tenant_id, anchor_id) REFERENCES trust_anchor (tenant_id, id)
) {strict};
--tenant: anchor_revocation
--directory: anchor_revocation select

-- Authorities' own lists of what they took back, the last of each.
CREATE TABLE anchor_list (
    tenant_id {text} NOT NULL,
    anchor_id {text} NOT NULL,
    issuer {text} NOT NULL,
    list {text} NOT NULL,
    made_at {int} NOT NULL,
    ends_at {int} NOT NULL,
    entries {int} NOT NULL,
    fetched_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, anchor_id, issuer),
    FOREIGN KEY (tenant_id, anchor_id) REFERENCES trust_anchor (tenant_id, id)
) {strict};
--tenant: anchor_list
--directory: anchor_list select
