-- What operators look after: jobs that are dead are listed over all tenants, revived and dropped, and a
-- tenant's shared providers are found from its own side. The first page says what the tokens mean.

CREATE INDEX job_dead ON job (tenant_id, id) WHERE standing = 'dead';
--pg: GRANT DELETE ON job TO partywall_directory;

CREATE INDEX provider_share_with ON provider_share (with_tenant, provider_id);
