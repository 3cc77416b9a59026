-- Which roles open a product to people, parted by spaces; empty for any member's. The first page says what the tokens
-- mean.

ALTER TABLE product ADD COLUMN roles {text} NOT NULL DEFAULT '';
