-- The first schema. Tokens in braces and lines that begin with --pg:, --lite: or a --<kind>: are rendered
-- per engine by migrate.rs, which also says what each means. A column `tenant_id` marks a tenant's table,
-- `user_id` as the first column of the primary key a person's; all others are the platform's.
-- Every column is NOT NULL: "never" is 0, "nothing" is ''.

-- ---- the platform's

CREATE TABLE plan (
    id {text} NOT NULL PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    body {text} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: plan

CREATE TABLE deployment (
    id {text} NOT NULL PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    upstreams {text} NOT NULL,
    proof_secret {text} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: deployment

CREATE TABLE tenant (
    id {text} NOT NULL PRIMARY KEY,
    slug {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    standing {text} NOT NULL,
    plan_id {text} NOT NULL REFERENCES plan (id),
    deployment_id {text} NOT NULL REFERENCES deployment (id),
    region {text} NOT NULL,
    generation {int} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: tenant

CREATE TABLE hostname (
    host {text} NOT NULL PRIMARY KEY,
    tenant {text} NOT NULL REFERENCES tenant (id),
    created_at {int} NOT NULL
) {strict};
CREATE INDEX hostname_of_tenant ON hostname (tenant, host);
--platform: hostname

-- Names that were given back and may not be taken by others before their time.
CREATE TABLE resting_name (
    name {text} NOT NULL PRIMARY KEY,
    tenant {text} NOT NULL,
    until {int} NOT NULL
) {strict};
--platform: resting_name

CREATE TABLE app_role (
    name {text} NOT NULL PRIMARY KEY,
    title {text} NOT NULL,
    about {text} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: app_role

-- Named documents of the platform's configuration, such as the gateway's routes.
CREATE TABLE platform_document (
    name {text} NOT NULL PRIMARY KEY,
    body {text} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: platform_document

-- Keys that outlive a master key: signing keys, the cookie key, the key of keyed hashes. Sealed.
CREATE TABLE platform_key (
    id {text} NOT NULL PRIMARY KEY,
    purpose {text} NOT NULL,
    standing {text} NOT NULL,
    public_half {text} NOT NULL,
    sealed {text} NOT NULL,
    created_at {int} NOT NULL,
    ends_at {int} NOT NULL
) {strict};
CREATE INDEX platform_key_by_purpose ON platform_key (purpose, created_at);
--platform: platform_key

CREATE TABLE operator_token (
    id {text} NOT NULL PRIMARY KEY,
    digest {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    rights {text} NOT NULL,
    created_by {text} NOT NULL,
    created_at {int} NOT NULL,
    ends_at {int} NOT NULL
) {strict};
--platform: operator_token

-- ---- a person's

CREATE TABLE person (
    user_id {text} NOT NULL PRIMARY KEY,
    home_region {text} NOT NULL,
    created_at {int} NOT NULL
) {strict};
--person: person
--directory: person select

-- An external identity: unique by provider and keyed hash of the subject, as a pair.
CREATE TABLE identity_link (
    user_id {text} NOT NULL,
    provider {text} NOT NULL,
    subject {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (user_id, provider, subject),
    UNIQUE (provider, subject)
) {strict};
--person: identity_link
--directory: identity_link select

CREATE TABLE person_session (
    user_id {text} NOT NULL,
    digest {text} NOT NULL,
    host {text} NOT NULL,
    provider {text} NOT NULL,
    since {int} NOT NULL,
    idle {int} NOT NULL,
    idle_ends {int} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (user_id, digest)
) {strict};
CREATE INDEX person_session_ending ON person_session (ends);
--person: person_session
--directory: person_session select,update,delete

-- ---- a tenant's

CREATE TABLE tenant_setting (
    tenant_id {text} NOT NULL PRIMARY KEY,
    published {int} NOT NULL,
    session_idle {int} NOT NULL,
    session_life {int} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--tenant: tenant_setting
--directory: tenant_setting select,insert

CREATE TABLE provider (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    kind {text} NOT NULL,
    issuer {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, issuer)
) {strict};
-- Not unique, although ids are: SQLite would otherwise look a tenant's own provider up by it.
CREATE INDEX provider_by_id ON provider (id);
--tenant: provider
--directory: provider select

CREATE TABLE provider_share (
    tenant_id {text} NOT NULL,
    provider_id {text} NOT NULL,
    with_tenant {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, with_tenant),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES provider (tenant_id, id)
) {strict};
--tenant: provider_share
--directory: provider_share select

CREATE TABLE connection (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    provider_id {text} NOT NULL,
    name {text} NOT NULL,
    standing {text} NOT NULL,
    issuer {text} NOT NULL,
    client_id {text} NOT NULL,
    client_secret {text} NOT NULL,
    settings {text} NOT NULL,
    tested_at {int} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id)
) {strict};
CREATE INDEX connection_by_provider ON connection (tenant_id, provider_id, standing);
--tenant: connection
--directory: connection select

CREATE TABLE member (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    user_id {text} NOT NULL,
    standing {text} NOT NULL,
    source {text} NOT NULL,
    created_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    seen_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id)
) {strict};
--tenant: member
--directory: member select

-- The key under which everything personal about a member is sealed in this tenant. Erasing it erases that.
CREATE TABLE member_key (
    tenant_id {text} NOT NULL,
    member_id {text} NOT NULL,
    sealed {text} NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
) {strict};
--tenant: member_key
--directory: member_key select

CREATE TABLE member_profile (
    tenant_id {text} NOT NULL,
    member_id {text} NOT NULL,
    sealed {text} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) {strict};
--tenant: member_profile
--directory: member_profile select

CREATE TABLE member_role (
    tenant_id {text} NOT NULL,
    member_id {text} NOT NULL,
    role {text} NOT NULL,
    granted_by {text} NOT NULL,
    granted_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, member_id, role),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) {strict};
CREATE INDEX member_role_by_role ON member_role (tenant_id, role);
--tenant: member_role
--directory: member_role select

CREATE TABLE session (
    tenant_id {text} NOT NULL,
    digest {text} NOT NULL,
    member_id {text} NOT NULL,
    provider_id {text} NOT NULL,
    connection_id {text} NOT NULL,
    since {int} NOT NULL,
    idle {int} NOT NULL,
    idle_ends {int} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) {strict};
CREATE INDEX session_of_member ON session (tenant_id, member_id);
CREATE INDEX session_ending ON session (tenant_id, ends);
--tenant: session
--directory: session select,update

CREATE TABLE hand_over (
    tenant_id {text} NOT NULL,
    digest {text} NOT NULL,
    host {text} NOT NULL,
    member_id {text} NOT NULL,
    user_id {text} NOT NULL,
    provider_id {text} NOT NULL,
    connection_id {text} NOT NULL,
    bind {text} NOT NULL,
    return_path {text} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) {strict};
CREATE INDEX hand_over_ending ON hand_over (tenant_id, ends);
--tenant: hand_over
--directory: hand_over select

-- States that a provider has answered once; none is answered twice.
CREATE TABLE used_state (
    tenant_id {text} NOT NULL,
    digest {text} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (tenant_id, digest)
) {strict};
CREATE INDEX used_state_ending ON used_state (tenant_id, ends);
--tenant: used_state
--directory: used_state select

-- One-time links that make their holder a member with these roles: first admins, first operators.
CREATE TABLE invitation (
    tenant_id {text} NOT NULL,
    digest {text} NOT NULL,
    roles {text} NOT NULL,
    connection_id {text} NOT NULL,
    created_at {int} NOT NULL,
    ends {int} NOT NULL,
    used_at {int} NOT NULL,
    used_by {text} NOT NULL,
    PRIMARY KEY (tenant_id, digest)
) {strict};
--tenant: invitation
--directory: invitation select,insert,update

CREATE TABLE sign_in (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    member_id {text} NOT NULL,
    connection_id {text} NOT NULL,
    provider_id {text} NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id)
) {strict};
CREATE INDEX sign_in_of_member ON sign_in (tenant_id, member_id, at);
--tenant: sign_in

-- ---- audit: lines are written with the change they tell of, then put in order by the sequencer

CREATE TABLE audit_line (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    seq {int} NOT NULL,
    leaf {text} NOT NULL,
    at {int} NOT NULL,
    actor {text} NOT NULL,
    action {text} NOT NULL,
    target {text} NOT NULL,
    outcome {text} NOT NULL,
    reason {text} NOT NULL,
    request {text} NOT NULL,
    before_values {text} NOT NULL,
    after_values {text} NOT NULL,
    personal {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
) {strict};
CREATE INDEX audit_waiting ON audit_line (tenant_id, id) WHERE seq = 0;
CREATE UNIQUE INDEX audit_in_order ON audit_line (tenant_id, seq) WHERE seq > 0;
CREATE INDEX audit_by_action ON audit_line (tenant_id, action, id);
--append: audit_line seq,leaf
--lite: CREATE TRIGGER audit_line_says BEFORE UPDATE OF tenant_id, id, at, actor, action, target, outcome, reason, request, before_values, after_values, personal ON audit_line BEGIN SELECT RAISE(ABORT, 'audit_line is only added to'); END;
--directory: audit_line select,insert

CREATE TABLE audit_checkpoint (
    tenant_id {text} NOT NULL,
    size {int} NOT NULL,
    root {text} NOT NULL,
    frontier {text} NOT NULL,
    at {int} NOT NULL,
    key_id {text} NOT NULL,
    signature {text} NOT NULL,
    PRIMARY KEY (tenant_id, size)
) {strict};
--append: audit_checkpoint
--directory: audit_checkpoint select

-- ---- outbox, jobs, meters. Their own order is the relay's; a tenant still writes only its own.

CREATE TABLE outbox (
    seq {serial},
    xid {int} NOT NULL {default_xid},
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    subject {text} NOT NULL,
    body {text} NOT NULL,
    at {int} NOT NULL
) {strict};
CREATE INDEX outbox_in_order ON outbox (xid, seq);
CREATE INDEX outbox_by_age ON outbox (at);
--tenant: outbox
--directory: outbox select,insert,delete
--pg: GRANT USAGE ON SEQUENCE outbox_seq_seq TO partywall_app, partywall_directory, partywall_keeper;

-- A lane holds one tenant's jobs of one class. `next_at` is when the earliest of them may run, and the
-- largest number there is while there is none; `turn` is when its last turn
-- ended: the lane that waited longest comes first. `credit` is what is left of a turn.
CREATE TABLE lane (
    tenant_id {text} NOT NULL,
    class {text} NOT NULL,
    next_at {int} NOT NULL,
    turn {int} NOT NULL,
    credit {int} NOT NULL,
    PRIMARY KEY (tenant_id, class)
) {strict};
CREATE INDEX lane_in_turn ON lane (class, turn, tenant_id) WHERE next_at < 9223372036854775807;
--tenant: lane
--directory: lane select,update

-- A job is waiting, leased or dead; one that is done is gone. `run_at` is when it may be taken next: of one
-- that is leased, when its lease ends.
CREATE TABLE job (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    class {text} NOT NULL,
    kind {text} NOT NULL,
    body {text} NOT NULL,
    standing {text} NOT NULL,
    run_at {int} NOT NULL,
    tries {int} NOT NULL,
    fence {int} NOT NULL,
    failure {text} NOT NULL,
    PRIMARY KEY (tenant_id, id)
) {strict};
CREATE INDEX job_to_run ON job (tenant_id, class, run_at, id) WHERE standing <> 'dead';
--tenant: job
--directory: job select,update

-- Billable facts: one row a fact, written with it.
CREATE TABLE usage_fact (
    tenant_id {text} NOT NULL,
    id {text} NOT NULL,
    meter {text} NOT NULL,
    amount {int} NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (tenant_id, id)
) {strict};
CREATE INDEX usage_fact_by_meter ON usage_fact (tenant_id, meter, at);
--tenant: usage_fact

-- Traffic: cumulative values of one node's life, so that sending one twice counts it once.
CREATE TABLE traffic (
    tenant_id {text} NOT NULL,
    hour {int} NOT NULL,
    meter {text} NOT NULL,
    node {text} NOT NULL,
    value {int} NOT NULL,
    PRIMARY KEY (tenant_id, hour, meter, node)
) {strict};
--tenant: traffic
