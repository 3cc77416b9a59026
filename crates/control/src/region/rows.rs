//! Regions among the platform's documents, and the old places of tenants.

use super::Gateways;
use domain::{Moment, Region, TenantId};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

struct Document(Gateways);

impl FromRow for Document {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.json("body").map(Document)
    }
}

struct Needed {
    region: String,
    until: Moment,
}

impl FromRow for Needed {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Needed { region: row.text("region")?, until: row.moment("until")? })
    }
}

struct Hosted {
    region: String,
    many: u64,
}

impl FromRow for Hosted {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Hosted { region: row.text("region")?, many: u64::try_from(row.int("many")?).unwrap_or(0) })
    }
}

struct Host(String);

impl FromRow for Host {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.text("host").map(Host)
    }
}

pub(super) async fn find(tx: &mut OperatorRead) -> Result<Gateways, StoreError> {
    let sql = operator_sql!("SELECT body FROM platform_document WHERE name = 'regions'");
    let found: Option<Document> = tx.row(sql, values![]).await?;
    Ok(found.map(|document| document.0).unwrap_or_default())
}

pub(super) async fn put(tx: &mut OperatorWrite, regions: &Gateways) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "INSERT INTO platform_document (name, body, changed_at) VALUES ('regions', $1, $2)
         ON CONFLICT (name) DO UPDATE SET body = excluded.body, changed_at = excluded.changed_at"
    );
    tx.run(sql, values![&json!(regions), now]).await.map(drop)
}

/// Until when regions are needed by tenants that moved away.
pub(super) async fn needed(tx: &mut OperatorRead) -> Result<HashMap<String, Moment>, StoreError> {
    let now = tx.now();
    let sql = operator_sql!("SELECT region, until FROM old_place WHERE until > $1 ORDER BY until");
    let needed: Vec<Needed> = tx.rows(sql, values![now]).await?;
    // The latest of each comes last and stays.
    Ok(needed.into_iter().map(|needed| (needed.region, needed.until)).collect())
}

/// How many tenants the deployments of each region host.
pub(super) async fn tenants(tx: &mut OperatorRead) -> Result<HashMap<String, u64>, StoreError> {
    let sql = operator_sql!(
        "SELECT d.region, COUNT(*) AS many FROM tenant t JOIN deployment d ON d.id = t.deployment_id
         GROUP BY d.region"
    );
    let all: Vec<Hosted> = tx.rows(sql, values![]).await?;
    Ok(all.into_iter().map(|hosted| (hosted.region, hosted.many)).collect())
}

/// A tenant has left a region, and its names may lead there for this much longer.
pub(super) async fn leave(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    region: &Region,
    lifetime: Duration,
) -> Result<Moment, StoreError> {
    let (now, seconds) = (tx.now(), i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
    let until = now + lifetime;
    let sql = operator_sql!(
        "INSERT INTO old_place (tenant, region, lifetime, until, moved_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, region) DO UPDATE
         SET lifetime = excluded.lifetime, until = excluded.until, moved_at = excluded.moved_at"
    );
    tx.run(sql, values![tenant, region.as_str(), seconds, until, now]).await?;
    Ok(until)
}

/// It is back, and the region is no old place of its any more.
pub(super) async fn come_back(
    tx: &mut OperatorWrite,
    tenant: TenantId,
    region: &Region,
) -> Result<(), StoreError> {
    let sql = operator_sql!("DELETE FROM old_place WHERE tenant = $1 AND region = $2");
    tx.run(sql, values![tenant, region.as_str()]).await.map(drop)
}

/// The names that a tenant has beside its slug.
pub(super) async fn hosts(tx: &mut OperatorRead, tenant: TenantId) -> Result<Vec<String>, StoreError> {
    let sql = operator_sql!("SELECT host FROM hostname WHERE tenant = $1 ORDER BY host LIMIT 32");
    let hosts: Vec<Host> = tx.rows(sql, values![tenant]).await?;
    Ok(hosts.into_iter().map(|host| host.0).collect())
}
