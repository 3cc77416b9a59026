-- Tenants' own domains: what a tenant has claimed, and how its proof stands. Requests are mapped by `hostname`
-- alone, into which a name comes once it is proved. The first page says what the tokens mean.

-- `token` is what the proof must show, made for this tenant and this name. `lost_at` is since when a name that was
-- proved is proved no more, 0 while it is; `due_at` is when it is looked at next.
CREATE TABLE domain_claim (
    tenant_id {text} NOT NULL,
    host {text} NOT NULL,
    token {text} NOT NULL,
    standing {text} NOT NULL,
    proof {text} NOT NULL,
    fault {text} NOT NULL,
    created_at {int} NOT NULL,
    checked_at {int} NOT NULL,
    proved_at {int} NOT NULL,
    lost_at {int} NOT NULL,
    due_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, host)
) {strict};
CREATE INDEX domain_claim_due ON domain_claim (due_at, tenant_id);
--tenant: domain_claim
--directory: domain_claim select
