-- Whether a tenant's API keys are good for nothing but being exchanged for tokens. The first page says what the tokens
-- here mean.

ALTER TABLE tenant_setting ADD COLUMN exchanges_keys {int} NOT NULL DEFAULT 0;
