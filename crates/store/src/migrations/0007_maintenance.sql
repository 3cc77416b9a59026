-- When a tenant's application is being worked on, 0 where it is not. The first page says what the tokens mean.

ALTER TABLE tenant_setting ADD COLUMN maintenance_from {int} NOT NULL DEFAULT 0;
ALTER TABLE tenant_setting ADD COLUMN maintenance_until {int} NOT NULL DEFAULT 0;
