-- Certificates of tenants' own domains. The key is sealed and never shown. The first page says what the tokens mean.

CREATE TABLE domain_certificate (
    tenant_id {text} NOT NULL,
    host {text} NOT NULL,
    chain {text} NOT NULL,
    sealed {text} NOT NULL,
    ends_at {int} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, host)
) {strict};
--tenant: domain_certificate
--directory: domain_certificate select
