-- In which region a deployment is, '' where every node asks it; and where tenants' names may still lead to that have
-- moved to another region. The first page says what the tokens mean.

ALTER TABLE deployment ADD COLUMN region {text} NOT NULL DEFAULT '';

CREATE TABLE old_place (
    tenant {text} NOT NULL REFERENCES tenant (id),
    region {text} NOT NULL,
    lifetime {int} NOT NULL,
    until {int} NOT NULL,
    moved_at {int} NOT NULL,
    PRIMARY KEY (tenant, region)
) {strict};
--platform: old_place
