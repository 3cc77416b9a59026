//! Giving: within the write that recognised the person.

use domain::{ConnectionId, Digest, MemberId, ProviderId, ReturnPath, Secret, UserId};
use std::time::Duration;
use store::{StoreError, TenantWrite, sql, values};

/// What is handed over.
pub(crate) struct Gift<'a> {
    /// At which gate.
    pub(crate) gate: String,
    /// The member who enters there.
    pub(crate) member: MemberId,
    /// The person.
    pub(crate) user: UserId,
    /// Who proved them.
    pub(crate) provider: ProviderId,
    /// By which connection.
    pub(crate) connection: ConnectionId,
    /// The hash of what the browser that left holds.
    pub(crate) bind: Digest,
    /// Where they wanted to go.
    pub(crate) back: &'a ReturnPath,
    /// How long it is good.
    pub(crate) life: Duration,
}

/// Leaves a hand-over; gives its code.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn give(tx: &mut TenantWrite, gift: &Gift<'_>) -> Result<Secret<String>, StoreError> {
    let code = tx.new_token();
    let ends = tx.now() + gift.life;
    let sql = sql!(
        "INSERT INTO hand_over (tenant_id, digest, host, member_id, user_id, provider_id, connection_id, bind,
         return_path, ends) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let values = values![
        code_digest(&code),
        gift.gate.as_str(),
        gift.member,
        gift.user,
        gift.provider,
        gift.connection,
        gift.bind,
        gift.back,
        ends,
    ];
    tx.run(sql, values).await?;
    Ok(Secret::new(code))
}

/// The hash under which a hand-over is kept.
pub(crate) fn code_digest(code: &str) -> Digest {
    Digest::of_parts(&[b"partywall hand-over\n", code.as_bytes()])
}
