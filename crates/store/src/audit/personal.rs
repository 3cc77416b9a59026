//! What is personal about a member, sealed under that member's own key.

use crate::{FromRow, OperatorRead, Row, StoreError, TenantRead, TenantWrite, operator_sql, sql, values};
use domain::{MasterKey, MemberId, Sealed, TenantId, seal::SealError, seal::SealingKey};

struct MemberKey(Sealed);

impl FromRow for MemberKey {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.sealed("sealed").map(MemberKey)
    }
}

/// Where a member's key is sealed for.
pub(crate) fn key_purpose(tenant: TenantId, member: MemberId) -> String {
    format!("member key {tenant} {member}")
}

/// What a member's values are sealed for.
pub(crate) fn value_purpose(tenant: TenantId, member: MemberId) -> String {
    format!("personal {tenant} {member}")
}

/// Opens a member's key.
pub(crate) fn open_key(
    master: &MasterKey,
    tenant: TenantId,
    member: MemberId,
    sealed: &Sealed,
) -> Result<SealingKey, SealError> {
    let bytes = master.open(&key_purpose(tenant, member), sealed)?;
    bytes.try_into().map(SealingKey::new).map_err(|_| SealError::Broken)
}

/// Seals `plain` under the member's key, which is made if there is none.
pub(crate) async fn seal(tx: &mut TenantWrite, member: MemberId, plain: &[u8]) -> Result<Sealed, StoreError> {
    let tenant = tx.tenant();
    let key = match find(tx, member).await? {
        Some(key) => key,
        None => make(tx, member).await?,
    };
    Ok(tx.seal_under(&key, &value_purpose(tenant, member), plain))
}

async fn find(tx: &mut TenantRead, member: MemberId) -> Result<Option<SealingKey>, StoreError> {
    let sql = sql!("SELECT sealed FROM member_key WHERE tenant_id = $1 AND member_id = $2");
    let Some(MemberKey(sealed)) = tx.row(sql, values![member]).await? else { return Ok(None) };
    Ok(Some(open_key(tx.master(), tx.tenant(), member, &sealed)?))
}

async fn make(tx: &mut TenantWrite, member: MemberId) -> Result<SealingKey, StoreError> {
    let key = tx.new_sealing_key();
    let sealed = tx.seal(&key_purpose(tx.tenant(), member), key.bytes());
    tx.run(
        sql!("INSERT INTO member_key (tenant_id, member_id, sealed) VALUES ($1, $2, $3)"),
        values![member, &sealed],
    )
    .await?;
    Ok(key)
}

impl TenantRead {
    /// Opens what was sealed for a member; none once the member's key has been erased.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_for_member(
        &mut self,
        member: MemberId,
        sealed: &Sealed,
    ) -> Result<Option<String>, StoreError> {
        let Some(key) = find(self, member).await? else { return Ok(None) };
        open(&key, self.tenant(), member, sealed)
    }

    /// The same where the member's sealed key was fetched beside the value, so that a page of members
    /// takes one statement.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_beside_key(
        &self,
        member: MemberId,
        key: &Sealed,
        sealed: &Sealed,
    ) -> Result<Option<String>, StoreError> {
        open(&open_key(self.master(), self.tenant(), member, key)?, self.tenant(), member, sealed)
    }
}

/// The same for an operator's own transaction, about the house.
pub(crate) async fn open_as_operator(
    tx: &mut OperatorRead,
    tenant: TenantId,
    member: MemberId,
    sealed: &Sealed,
) -> Result<Option<String>, StoreError> {
    let find = operator_sql!("SELECT sealed FROM member_key WHERE tenant_id = $1 AND member_id = $2");
    let Some(MemberKey(key)) = tx.row(find, values![tenant, member]).await? else { return Ok(None) };
    open(&open_key(tx.master(), tenant, member, &key)?, tenant, member, sealed)
}

fn open(
    key: &SealingKey,
    tenant: TenantId,
    member: MemberId,
    sealed: &Sealed,
) -> Result<Option<String>, StoreError> {
    match key.open(&value_purpose(tenant, member), sealed) {
        Ok(plain) => Ok(String::from_utf8(plain).ok()),
        // Sealed under a key that was erased before this one was made.
        Err(SealError::UnknownKey) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
