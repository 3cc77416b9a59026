-- How much of a rate all nodes have taken together in one window. `budget` is a hash that says nothing about whom.
-- `drained_at` is since when nothing is left, 0 while something is. The first page says what the tokens mean.

CREATE TABLE rate_share (
    budget {text} NOT NULL,
    ends {int} NOT NULL,
    taken {int} NOT NULL,
    drained_at {int} NOT NULL,
    PRIMARY KEY (budget, ends)
) {strict};
CREATE INDEX rate_share_ends ON rate_share (ends);
CREATE INDEX rate_share_drained ON rate_share (drained_at) WHERE drained_at > 0;
--platform: rate_share

-- The networks that a tenant lets its people and programs ask from, parted by spaces; empty for all.
ALTER TABLE tenant_setting ADD COLUMN networks {text} NOT NULL DEFAULT '';
