//! A key is replaced by another like it, and for a while both work.

use super::{ApiKey, EarlyEnd, KeyError, Made, NewKey, create, rows};
use crate::{Identity, state::tenant_of, turn};
use access::{ManageKeys, Permit};
use domain::{ApiKeyId, Change};
use std::time::Duration;
use store::key_changed;

/// The longest that an old key and a new one may both work.
pub const MOST_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A key that was just replaced.
#[derive(Debug)]
pub struct Rotated {
    /// The new one.
    pub made: Made,
    /// The old one, which works until it ends.
    pub old: ApiKey,
}

/// Makes a key like this one, which itself works for `overlap` longer and not beyond its own end.
///
/// # Errors
/// [`KeyError::Unknown`], [`KeyError::Ended`] for one that is being replaced already, too; [`KeyError::Overlap`].
pub async fn rotate(
    room: &Identity,
    permit: &Permit<ManageKeys>,
    id: ApiKeyId,
    overlap: Duration,
) -> Result<Rotated, KeyError> {
    if overlap > MOST_OVERLAP {
        return Err(KeyError::Overlap);
    }
    let tenant = tenant_of(permit).map_err(|_| KeyError::Unknown)?.clone();
    let (rotated, event) = room
        .store
        .write(permit, async |tx| {
            turn::take(tx).await?;
            let now = tx.now();
            let old = rows::find(tx, id).await?.ok_or(KeyError::Unknown)?;
            if !old.is_live(now) || old.end.is_some() {
                return Err(KeyError::Ended);
            }
            let ending = ApiKey {
                ends_at: old.ends_at.min(now + overlap),
                end: Some(EarlyEnd::Rotated),
                ..old.clone()
            };
            // Before the new one is made: the plan counts what will go on working.
            rows::end(tx, &ending).await?;
            let new = like(&old);
            let by = permit.caller().actor().to_string();
            let made = create::add(room, tx, &tenant, new, Some(id), by).await?;
            let event = key_changed(id, old.digest, old.said, ending.ends_at, EarlyEnd::Rotated.name());
            tx.emit(event.clone()).await?;
            tx.changed(Change::new(id, old.facts(), ending.facts()));
            Ok((Rotated { made, old: ending }, event))
        })
        .await?;
    room.web.warden.hear_at_once(permit.tenant_id(), event).await;
    Ok(rotated)
}

/// A key that is good for the same, and for as long.
fn like(old: &ApiKey) -> NewKey {
    NewKey {
        subscriber: old.subscriber,
        kind: old.kind,
        name: old.name.clone(),
        scopes: old.scopes.clone(),
        networks: old.networks.clone(),
        life: Some(Duration::from_secs(
            (old.ends_at.seconds() - old.created_at.seconds()).max(60).unsigned_abs(),
        )),
    }
}
