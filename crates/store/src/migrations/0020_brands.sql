-- How an organisation's pages look to those who sign in there. What pages need stands with its settings, which every node
-- knows by heart; the logo is read when a browser asks for it. The first page says what the tokens mean.

ALTER TABLE tenant_setting ADD COLUMN brand_mark {text} NOT NULL DEFAULT '';
ALTER TABLE tenant_setting ADD COLUMN brand_colour {text} NOT NULL DEFAULT '';
ALTER TABLE tenant_setting ADD COLUMN brand_greeting {text} NOT NULL DEFAULT '';
ALTER TABLE tenant_setting ADD COLUMN brand_help {text} NOT NULL DEFAULT '';
ALTER TABLE tenant_setting ADD COLUMN brand_logo {text} NOT NULL DEFAULT '';
ALTER TABLE tenant_setting ADD COLUMN brand_shown {int} NOT NULL DEFAULT 0;

CREATE TABLE tenant_logo (
    tenant_id {text} NOT NULL,
    bytes {text} NOT NULL,
    PRIMARY KEY (tenant_id)
) {strict};
--tenant: tenant_logo
