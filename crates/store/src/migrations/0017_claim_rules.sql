-- What the last trial of a connection brought, sealed and for a while, so that claim rules can be tried on it. The rules
-- themselves stand in the connection's settings. The first page says what the tokens mean.

CREATE TABLE connection_trial (
    tenant_id {text} NOT NULL,
    connection_id {text} NOT NULL,
    sealed {text} NOT NULL,
    ends {int} NOT NULL,
    PRIMARY KEY (tenant_id, connection_id)
) {strict};
CREATE INDEX connection_trial_ending ON connection_trial (tenant_id, ends);
--tenant: connection_trial
--directory: connection_trial select

-- Who gave a role is asked when a connection goes.
CREATE INDEX member_role_by_giver ON member_role (tenant_id, granted_by);
