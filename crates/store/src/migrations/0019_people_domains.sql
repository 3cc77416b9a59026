-- Domains of people's addresses: what a tenant has proved without asking for requests to it, whose each is, and by which
-- connection its people come. The first page says what the tokens mean.

-- Whether requests to the name are to be the tenant's. If not, it is proved for its people's addresses alone.
ALTER TABLE domain_claim ADD COLUMN serves_requests {int} NOT NULL DEFAULT 1;

-- Proved domains, whether requests to them are mapped or not: no two tenants have one.
CREATE TABLE people_domain (
    domain {text} NOT NULL PRIMARY KEY,
    tenant {text} NOT NULL REFERENCES tenant (id),
    created_at {int} NOT NULL
) {strict};
CREATE INDEX people_domain_of_tenant ON people_domain (tenant, domain);
--platform: people_domain
--directory: people_domain select

-- By which connection the people of a proved domain come; `only_way` is whether they may come by no other.
CREATE TABLE sign_in_domain (
    tenant_id {text} NOT NULL,
    domain {text} NOT NULL,
    connection_id {text} NOT NULL,
    only_way {int} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, domain)
) {strict};
CREATE INDEX sign_in_domain_by_connection ON sign_in_domain (tenant_id, connection_id);
--tenant: sign_in_domain
--directory: sign_in_domain select
