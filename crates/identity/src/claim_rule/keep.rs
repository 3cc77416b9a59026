//! What a trial brought is kept for an hour, sealed: so long an admin works on the rules.

use super::{apply::said, rows};
use domain::ConnectionId;
use protocol::IdentityClaims;
use std::time::Duration;
use store::{StoreError, TenantWrite};

/// How long it is kept.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// The most bytes that are kept.
const MOST_BYTES: usize = 32 * 1024;

/// What it is sealed for.
pub(super) fn purpose(id: ConnectionId) -> String {
    format!("trial of connection {id}")
}

/// Keeps the claims of a trial; longer ones are not kept.
pub(crate) async fn keep(
    tx: &mut TenantWrite,
    id: ConnectionId,
    claims: &IdentityClaims,
) -> Result<(), StoreError> {
    let text = serde_json::to_vec(&said(claims)).expect("claims are plain data");
    if text.len() > MOST_BYTES {
        return rows::forget_trial(tx, id).await;
    }
    let sealed = tx.seal(&purpose(id), &text);
    let ends = tx.now() + LIFE;
    rows::put_trial(tx, id, sealed.as_str(), ends).await
}
