-- What a tenant's subscribers used: like the tenant's own traffic, cumulative values of one node's life. The first page
-- says what the tokens mean.

CREATE TABLE subscriber_traffic (
    tenant_id {text} NOT NULL,
    hour {int} NOT NULL,
    subscriber_id {text} NOT NULL,
    meter {text} NOT NULL,
    node {text} NOT NULL,
    value {int} NOT NULL,
    PRIMARY KEY (tenant_id, hour, subscriber_id, meter, node)
) {strict};
--tenant: subscriber_traffic
