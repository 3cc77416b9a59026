//! Roles that rules gave, and what trials brought, in the database.

use domain::{ConnectionId, MemberId, Moment, RoleName};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

struct Role(RoleName);

impl FromRow for Role {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("role").map(Role)
    }
}

/// The roles of a member that are this source's gift.
pub(crate) async fn roles_given_by(
    tx: &mut TenantRead,
    member: MemberId,
    source: &str,
) -> Result<Vec<RoleName>, StoreError> {
    let sql = sql!(
        "SELECT role FROM member_role WHERE tenant_id = $1 AND member_id = $2 AND granted_by = $3 ORDER BY role"
    );
    let roles: Vec<Role> = tx.rows(sql, values![member, source]).await?;
    Ok(roles.into_iter().map(|role| role.0).collect())
}

/// Takes every role that this source gave, from everybody; gives how many those were.
pub(crate) async fn take_all(tx: &mut TenantWrite, source: &str) -> Result<u64, StoreError> {
    let sql = sql!("DELETE FROM member_role WHERE tenant_id = $1 AND granted_by = $2");
    tx.run(sql, values![source]).await
}

/// What a trial brought, sealed.
pub(super) struct Trial {
    pub(super) sealed: domain::Sealed,
    pub(super) ends: Moment,
}

impl FromRow for Trial {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Trial { sealed: row.sealed("sealed")?, ends: row.moment("ends")? })
    }
}

pub(super) async fn trial(tx: &mut TenantRead, id: ConnectionId) -> Result<Option<Trial>, StoreError> {
    let now = tx.now();
    let sql = sql!(
        "SELECT sealed, ends FROM connection_trial WHERE tenant_id = $1 AND connection_id = $2 AND ends > $3"
    );
    tx.row(sql, values![id, now]).await
}

pub(super) async fn put_trial(
    tx: &mut TenantWrite,
    id: ConnectionId,
    sealed: &str,
    ends: Moment,
) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO connection_trial (tenant_id, connection_id, sealed, ends) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, connection_id) DO UPDATE SET sealed = excluded.sealed, ends = excluded.ends"
    );
    tx.run(sql, values![id, sealed, ends]).await.map(drop)
}

/// Forgets what a trial of this connection brought.
pub(crate) async fn forget_trial(tx: &mut TenantWrite, id: ConnectionId) -> Result<(), StoreError> {
    let sql = sql!("DELETE FROM connection_trial WHERE tenant_id = $1 AND connection_id = $2");
    tx.run(sql, values![id]).await.map(drop)
}
