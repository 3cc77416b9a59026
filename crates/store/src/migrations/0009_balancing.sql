-- How requests are shared among the backends of a deployment, as JSON; '' for the defaults. The first page says what the tokens mean.

ALTER TABLE deployment ADD COLUMN balancing {text} NOT NULL DEFAULT '';
