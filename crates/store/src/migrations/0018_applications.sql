-- Applications that receive our tokens, and what they may do at tenants. The first page says what the tokens mean.

-- `secrets` holds hashes and ends of an application's client secrets.
CREATE TABLE application (
    id {text} NOT NULL PRIMARY KEY,
    body {text} NOT NULL,
    secrets {text} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: application

-- Assertions and proofs that an application has shown; none is taken twice.
CREATE TABLE used_assertion (
    application_id {text} NOT NULL,
    digest {text} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (application_id, digest)
) {strict};
CREATE INDEX used_assertion_ending ON used_assertion (ends);
--platform: used_assertion

-- Which applications a tenant has put into use, and for what. Whose operator wants it so needs no line here.
CREATE TABLE application_consent (
    tenant_id {text} NOT NULL,
    application_id {text} NOT NULL,
    scopes {text} NOT NULL,
    given_by {text} NOT NULL,
    given_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, application_id)
) {strict};
--tenant: application_consent
--directory: application_consent select

-- What an application may do. One in its own name has no member. `ended_at` is 0 while it stands; `session` is the hash
-- of the person's session that it ends with, or empty. `generation` says how often its code and refresh tokens were
-- used, and `rotated_at` when that was last: no token of it is kept.
CREATE TABLE application_grant (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    application_id {text} NOT NULL,
    member_id {text} NOT NULL,
    provider_id {text} NOT NULL,
    session {text} NOT NULL,
    body {text} NOT NULL,
    generation {int} NOT NULL,
    created_at {int} NOT NULL,
    rotated_at {int} NOT NULL,
    ends {int} NOT NULL,
    ended_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id)
) {strict};
CREATE INDEX application_grant_of ON application_grant (tenant_id, application_id, member_id);
CREATE INDEX application_grant_of_member ON application_grant (tenant_id, member_id);
CREATE INDEX application_grant_ending ON application_grant (tenant_id, ends);
--tenant: application_grant
--directory: application_grant select

-- How a person proved themselves, in their provider's words.
ALTER TABLE person_session ADD COLUMN proof {text} NOT NULL DEFAULT '{}';
