-- Certificates that a certificate authority is asked for. The first page says what the tokens mean.

-- `token` and `answer` are what the authority asks to be shown now, '' while it asks nothing. `job` is the one that
-- will act on the order next; any other finds that it is no longer wanted. `ordered_at` is the last time the authority
-- was asked, which outlives the name, so that nobody orders without end.
CREATE TABLE certificate_order (
    tenant_id {text} NOT NULL,
    host {text} NOT NULL,
    standing {text} NOT NULL,
    fault {text} NOT NULL,
    tries {int} NOT NULL,
    token {text} NOT NULL,
    answer {text} NOT NULL,
    job {text} NOT NULL,
    ordered_at {int} NOT NULL,
    due_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, host)
) {strict};
--tenant: certificate_order
--directory: certificate_order select

-- Who laid it down: the tenant, or an authority that was asked.
ALTER TABLE domain_certificate ADD COLUMN source {text} NOT NULL DEFAULT 'uploaded';

-- The installation's account at an authority, sealed, and how many orders it has made in the hour that began at
-- `window_from`.
CREATE TABLE authority_account (
    directory {text} NOT NULL PRIMARY KEY,
    sealed {text} NOT NULL,
    window_from {int} NOT NULL,
    ordered {int} NOT NULL,
    rest_until {int} NOT NULL,
    created_at {int} NOT NULL
) {strict};
--platform: authority_account
