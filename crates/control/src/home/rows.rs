//! What a front page counts. Only numbers: who and which is told by the pages of members and connections.

use store::{StoreError, TenantRead, sql, values};

pub(super) async fn members(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM member WHERE tenant_id = $1 AND standing = 'active'");
    tx.number(sql, values![]).await
}

pub(super) async fn admins(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let sql = sql!(
        "SELECT COUNT(*) AS n FROM member_role r JOIN member m ON m.tenant_id = r.tenant_id AND m.id = r.member_id
         WHERE r.tenant_id = $1 AND r.role = 'partywall.admin' AND m.standing = 'active'"
    );
    tx.number(sql, values![]).await
}

/// Members who hold a role of the application.
pub(super) async fn equipped(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let sql = sql!(
        "SELECT COUNT(DISTINCT r.member_id) AS n FROM member_role r
         JOIN member m ON m.tenant_id = r.tenant_id AND m.id = r.member_id
         WHERE r.tenant_id = $1 AND r.role NOT LIKE 'partywall.%' AND m.standing = 'active'"
    );
    tx.number(sql, values![]).await
}

pub(super) async fn connections(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM connection WHERE tenant_id = $1 AND standing = 'active'");
    tx.number(sql, values![]).await
}
