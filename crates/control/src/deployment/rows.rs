//! Deployments' rows.

use super::{Deployment, ProofSecrets};
use domain::{Balancing, DeploymentId, Sealed};
use serde_json::json;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Deployment {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Deployment {
            id: row.parse("id")?,
            name: row.parse("name")?,
            upstreams: row.json("upstreams")?,
            balancing: match row.text("balancing")?.is_empty() {
                true => Balancing::default(),
                false => row.json("balancing")?,
            },
            region: match row.text("region")?.as_str() {
                "" => None,
                _ => Some(row.parse("region")?),
            },
            changed_at: row.moment("changed_at")?,
        })
    }
}

/// A deployment with its sealed secrets.
pub(crate) struct SealedRow {
    pub(crate) deployment: Deployment,
    pub(crate) sealed: Sealed,
}

impl FromRow for SealedRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(SealedRow { deployment: Deployment::from_row(row)?, sealed: row.sealed("proof_secret")? })
    }
}

struct IdRow(DeploymentId);

impl FromRow for IdRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("id").map(IdRow)
    }
}

pub(crate) async fn find(tx: &mut OperatorRead, id: DeploymentId) -> Result<Option<Deployment>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, name, upstreams, balancing, region, changed_at FROM deployment WHERE id = $1"
    );
    tx.row(sql, values![id]).await
}

pub(crate) async fn find_sealed(
    tx: &mut OperatorRead,
    id: DeploymentId,
) -> Result<Option<SealedRow>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, name, upstreams, balancing, region, proof_secret, changed_at FROM deployment WHERE id = $1"
    );
    tx.row(sql, values![id]).await
}

/// Where tenants are hosted of whom nobody said so.
pub(crate) async fn oldest(tx: &mut OperatorRead) -> Result<Option<DeploymentId>, StoreError> {
    let sql = operator_sql!("SELECT id FROM deployment ORDER BY id LIMIT 1");
    Ok(tx.row::<IdRow>(sql, values![]).await?.map(|row| row.0))
}

/// Installations have few deployments; all of them are one page.
pub(crate) async fn all(tx: &mut OperatorRead) -> Result<Vec<Deployment>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, name, upstreams, balancing, region, changed_at FROM deployment ORDER BY name"
    );
    tx.rows(sql, values![]).await
}

pub(crate) async fn all_sealed(tx: &mut OperatorRead) -> Result<Vec<SealedRow>, StoreError> {
    let sql = operator_sql!(
        "SELECT id, name, upstreams, balancing, region, proof_secret, changed_at FROM deployment ORDER BY id"
    );
    tx.rows(sql, values![]).await
}

pub(crate) async fn may_be_called(
    tx: &mut OperatorRead,
    id: DeploymentId,
    name: &domain::DisplayName,
) -> Result<bool, StoreError> {
    let sql = operator_sql!("SELECT COUNT(*) AS n FROM deployment WHERE name = $1 AND id <> $2");
    Ok(tx.number(sql, values![name, id]).await? == 0)
}

pub(crate) async fn add(
    tx: &mut OperatorWrite,
    deployment: &Deployment,
    secrets: &ProofSecrets,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sealed = secrets.seal(tx, deployment.id);
    let sql = operator_sql!(
        "INSERT INTO deployment (id, name, upstreams, balancing, region, proof_secret, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    let (upstreams, balancing) = (json!(deployment.upstreams), json!(deployment.balancing));
    tx.run(
        sql,
        values![deployment.id, &deployment.name, &upstreams, &balancing, deployment.region(), &sealed, now],
    )
    .await
    .map(drop)
}

pub(crate) async fn put(tx: &mut OperatorWrite, deployment: &Deployment) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "UPDATE deployment SET name = $2, upstreams = $3, balancing = $4, region = $5, changed_at = $6 WHERE id = $1"
    );
    let (upstreams, balancing) = (json!(deployment.upstreams), json!(deployment.balancing));
    tx.run(sql, values![deployment.id, &deployment.name, &upstreams, &balancing, deployment.region(), now])
        .await
        .map(drop)
}

pub(crate) async fn put_secrets(
    tx: &mut OperatorWrite,
    id: DeploymentId,
    secrets: &ProofSecrets,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sealed = secrets.seal(tx, id);
    let sql = operator_sql!("UPDATE deployment SET proof_secret = $2, changed_at = $3 WHERE id = $1");
    tx.run(sql, values![id, &sealed, now]).await.map(drop)
}
