//! How much was used. Billable facts are counted with what they count (`TenantWrite::count`); traffic comes
//! from the gateway's memory as cumulative values of one node's life, so that storing one twice, late or
//! out of order counts it once, and what was lost on the way comes with the next.

use crate::{FromRow, Row, Store, StoreError, Value, engine::Scope, sql, tenant::bind, values};
use access::{Permit, ReadSettings, StoreMeters, TenantAction};
use domain::{Moment, NodeId, SubscriberId};
use std::iter;

/// What a meter read in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The meter's name.
    pub meter: String,
    /// The hour, counted from the beginning of Unix time.
    pub hour: i64,
    /// How much, over all nodes.
    pub value: i64,
}

/// What a meter counted over a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// The meter's name.
    pub meter: String,
    /// How much.
    pub value: i64,
}

/// What a node counted for one tenant: meter, hour, and how much so far in that hour.
pub type Counted<'c> = (&'c Permit<StoreMeters>, &'c [(&'c str, i64, i64)]);

/// What a node counted for one of a tenant's subscribers, likewise.
pub type CountedOfOne<'c> = (&'c Permit<StoreMeters>, SubscriberId, &'c [(&'c str, i64, i64)]);

/// What a meter counted of one subscriber's over a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberTotal {
    /// Whose.
    pub subscriber: SubscriberId,
    /// The meter's name.
    pub meter: String,
    /// How much, over all nodes.
    pub value: i64,
}

/// Readings that one statement stores: as many as the gateway has meters. A statement for each would cost a
/// busy node more than serving the requests did, most of it in going to and from the database's thread.
const AT_ONCE: usize = 5;

impl Store {
    /// Stores what `node` counted for this tenant: meter, hour, and how much so far in that hour; a reading of
    /// zero is none. A node's id is fresh every time it starts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_traffic(
        &self,
        permit: &Permit<StoreMeters>,
        node: NodeId,
        readings: &[(&str, i64, i64)],
    ) -> Result<(), StoreError> {
        self.record_all_traffic(node, &[(permit, readings)]).await
    }

    /// The same for many tenants in one transaction: a busy node counts for thousands of them, and a
    /// transaction for each would cost it more than serving their requests did.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of it is stored then.
    pub async fn record_all_traffic(&self, node: NodeId, counted: &[Counted<'_>]) -> Result<(), StoreError> {
        let reading = sql!(
            "INSERT INTO traffic (tenant_id, hour, meter, node, value)
             SELECT $1, column1, column2, $2, column3 FROM (VALUES
               (CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT)),
               (CAST($6 AS BIGINT), CAST($7 AS TEXT), CAST($8 AS BIGINT)),
               (CAST($9 AS BIGINT), CAST($10 AS TEXT), CAST($11 AS BIGINT)),
               (CAST($12 AS BIGINT), CAST($13 AS TEXT), CAST($14 AS BIGINT)),
               (CAST($15 AS BIGINT), CAST($16 AS TEXT), CAST($17 AS BIGINT))) AS counted
             WHERE column3 > 0
             ON CONFLICT (tenant_id, hour, meter, node) DO UPDATE SET value = excluded.value
             WHERE traffic.value < excluded.value"
        );
        let Some((first, _)) = counted.first() else { return Ok(()) };
        let mut tx = self.engine.begin_write(Scope::Tenant(first.scope().tenant())).await?;
        for (permit, readings) in counted {
            let tenant = permit.scope().tenant();
            tx.admit_tenant(tenant).await?;
            for some in readings.chunks(AT_ONCE) {
                let nothing = iter::repeat_n(&("", 0, 0), AT_ONCE - some.len());
                let rows = some.iter().chain(nothing);
                let mut values = vec![Value::from(node)];
                values.extend(
                    rows.flat_map(|(meter, hour, value)| [(*hour).into(), (*meter).into(), (*value).into()]),
                );
                let bound = bind(reading.text(), reading.wants(), Some(Value::from(tenant)), &values)?;
                tx.execute(reading.text(), bound).await?;
            }
        }
        tx.commit().await
    }

    /// The same for subscribers, likewise in one transaction.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of it is stored then.
    pub async fn record_subscribers_traffic(
        &self,
        node: NodeId,
        counted: &[CountedOfOne<'_>],
    ) -> Result<(), StoreError> {
        let reading = sql!(
            "INSERT INTO subscriber_traffic (tenant_id, hour, subscriber_id, meter, node, value)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant_id, hour, subscriber_id, meter, node) DO UPDATE SET value = excluded.value
             WHERE subscriber_traffic.value < excluded.value"
        );
        let Some((first, ..)) = counted.first() else { return Ok(()) };
        let mut tx = self.engine.begin_write(Scope::Tenant(first.scope().tenant())).await?;
        for (permit, subscriber, readings) in counted {
            let tenant = permit.scope().tenant();
            tx.admit_tenant(tenant).await?;
            for (meter, hour, value) in readings.iter().filter(|(.., value)| *value > 0) {
                let values = values![*hour, *subscriber, *meter, node, *value];
                let bound = bind(reading.text(), reading.wants(), Some(Value::from(tenant)), values)?;
                tx.execute(reading.text(), bound).await?;
            }
        }
        tx.commit().await
    }

    /// The traffic of this tenant's subscribers by meter, from the hour `from` to the one before `until`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn subscribers_traffic<A: TenantAction>(
        &self,
        permit: &Permit<A>,
        from: i64,
        until: i64,
    ) -> Result<Vec<SubscriberTotal>, StoreError> {
        let totals = sql!(
            "SELECT subscriber_id, meter, CAST(SUM(value) AS BIGINT) AS value FROM subscriber_traffic
             WHERE tenant_id = $1 AND hour >= $2 AND hour < $3
             GROUP BY subscriber_id, meter ORDER BY subscriber_id, meter"
        );
        self.read(permit, async |tx| tx.rows(totals, values![from, until]).await).await
    }

    /// This tenant's traffic by hour and meter, from the hour `from` to the one before `until`, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn traffic(
        &self,
        permit: &Permit<ReadSettings>,
        from: i64,
        until: i64,
    ) -> Result<Vec<Usage>, StoreError> {
        let by_hour = sql!(
            "SELECT meter, hour, CAST(SUM(value) AS BIGINT) AS value FROM traffic
             WHERE tenant_id = $1 AND hour >= $2 AND hour < $3 GROUP BY hour, meter ORDER BY hour, meter"
        );
        self.read(permit, async |tx| tx.rows(by_hour, values![from, until]).await).await
    }

    /// This tenant's traffic by meter over the same hours.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn traffic_totals(
        &self,
        permit: &Permit<ReadSettings>,
        from: i64,
        until: i64,
    ) -> Result<Vec<Total>, StoreError> {
        let totals = sql!(
            "SELECT meter, CAST(SUM(value) AS BIGINT) AS value FROM traffic
             WHERE tenant_id = $1 AND hour >= $2 AND hour < $3 GROUP BY meter ORDER BY meter"
        );
        self.read(permit, async |tx| tx.rows(totals, values![from, until]).await).await
    }

    /// This tenant's billable facts by meter, from `from` to before `until`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn billable_totals(
        &self,
        permit: &Permit<ReadSettings>,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<Total>, StoreError> {
        let totals = sql!(
            "SELECT meter, CAST(SUM(amount) AS BIGINT) AS value FROM usage_fact
             WHERE tenant_id = $1 AND at >= $2 AND at < $3 GROUP BY meter ORDER BY meter"
        );
        self.read(permit, async |tx| tx.rows(totals, values![from, until]).await).await
    }
}

impl FromRow for Usage {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Usage { meter: row.text("meter")?, hour: row.int("hour")?, value: row.int("value")? })
    }
}

impl FromRow for SubscriberTotal {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(SubscriberTotal {
            subscriber: row.parse("subscriber_id")?,
            meter: row.text("meter")?,
            value: row.int("value")?,
        })
    }
}

impl FromRow for Total {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Total { meter: row.text("meter")?, value: row.int("value")? })
    }
}
