-- Issuers of bearer tokens that the operator registered, and the tenants of those users whom an issuer only names.
-- The first page says what the tokens mean.

CREATE TABLE token_issuer (
    id {text} NOT NULL PRIMARY KEY,
    issuer {text} NOT NULL UNIQUE,
    body {text} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: token_issuer

-- Of a user's name only the keyed hash is kept.
CREATE TABLE token_user (
    issuer_id {text} NOT NULL REFERENCES token_issuer (id),
    digest {text} NOT NULL,
    at_tenant {text} NOT NULL REFERENCES tenant (id),
    created_at {int} NOT NULL,
    PRIMARY KEY (issuer_id, digest, at_tenant)
) {strict};
--platform: token_user
