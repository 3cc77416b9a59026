-- API products, and who has subscribed to them. The first page says what the tokens mean.

CREATE TABLE product (
    name {text} NOT NULL PRIMARY KEY,
    title {text} NOT NULL,
    standing {text} NOT NULL,
    public {int} NOT NULL,
    entitlement {text} NOT NULL,
    changed_at {int} NOT NULL
) {strict};
--platform: product

-- One that is for everybody in the tenant names no subscriber.
CREATE TABLE subscription (
    tenant_id {text} NOT NULL,
    product {text} NOT NULL,
    subscriber_id {text} NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (tenant_id, product, subscriber_id)
) {strict};
--tenant: subscription
--directory: subscription select
