//! Invitations' rows, as far as an operator needs them.

use super::{Invitation, digest};
use domain::{ConnectionId, Moment, PlatformRole, TenantId};
use serde_json::json;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

/// What is known of a tenant's invitations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether one was ever used: then the tenant has had an admin, and makes further ones itself.
    pub used: bool,
    /// When the one that can still be used ends.
    pub open_until: Option<Moment>,
    /// The connection that the latest one is for.
    pub connection: Option<ConnectionId>,
}

struct InvitationRow {
    connection: ConnectionId,
    ends: Moment,
    used: bool,
}

impl FromRow for InvitationRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(InvitationRow {
            connection: row.parse("connection_id")?,
            ends: row.moment("ends")?,
            used: row.flag("used_at")?,
        })
    }
}

pub(crate) async fn known(tx: &mut OperatorRead, tenant: TenantId) -> Result<Known, StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "SELECT connection_id, ends, used_at FROM invitation WHERE tenant_id = $1 ORDER BY created_at, digest"
    );
    let rows: Vec<InvitationRow> = tx.rows(sql, values![tenant]).await?;
    Ok(Known {
        used: rows.iter().any(|row| row.used),
        open_until: rows.iter().filter(|row| !row.used && row.ends > now).map(|row| row.ends).max(),
        connection: rows.last().map(|row| row.connection),
    })
}

pub(crate) async fn add(
    tx: &mut OperatorWrite,
    invitation: &Invitation,
    roles: &[PlatformRole],
) -> Result<(), StoreError> {
    let now = tx.now();
    let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let sql = operator_sql!(
        "INSERT INTO invitation (tenant_id, digest, roles, connection_id, created_at, ends, used_at, used_by)
         VALUES ($1, $2, $3, $4, $5, $6, 0, '')"
    );
    let values = values![
        invitation.tenant,
        digest(invitation.secret.reveal()),
        &json!(roles),
        invitation.connection,
        now,
        invitation.ends
    ];
    tx.run(sql, values).await.map(drop)
}

/// Ends every invitation that was not used; gives how many.
pub(crate) async fn end_open(tx: &mut OperatorWrite, tenant: TenantId) -> Result<u64, StoreError> {
    let now = tx.now();
    let sql =
        operator_sql!("UPDATE invitation SET ends = $2 WHERE tenant_id = $1 AND used_at = 0 AND ends > $2");
    tx.run(sql, values![tenant, now]).await
}
