//! Metadata is fetched again and again, so that a provider can change its certificates without anybody's doing. What
//! cannot be used is noted and changes nothing: a fetch never takes a provider's last key away.

use super::{ProviderError, Published, Source, published::learn, rows};
use crate::Identity;
use access::{LookAfterProviders, OperatorPermit, Permit, Upkeep};
use domain::{Change, Event, ProviderId, event::names};
use std::time::Duration;
use store::{ProviderDue, StoreError};

/// How many are looked at in one round.
const BATCH: u32 = 50;
/// Whoever takes a turn has so long before another node takes one.
const TURN: Duration = Duration::from_secs(60);
/// The longest pause while a provider's metadata cannot be had.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// The providers whose metadata is to be fetched.
///
/// # Errors
/// [`StoreError`].
pub async fn due(room: &Identity, permit: &OperatorPermit<Upkeep>) -> Result<Vec<ProviderDue>, StoreError> {
    room.store.providers_due(permit, BATCH).await
}

/// Fetches the metadata of one, unless another node does.
///
/// # Errors
/// [`ProviderError::Store`]. That metadata cannot be had is noted at the provider, and is none.
pub async fn look_after(
    room: &Identity,
    permit: &Permit<LookAfterProviders>,
    due: &ProviderDue,
) -> Result<(), ProviderError> {
    let id = due.provider;
    let known = room
        .store
        .write::<_, _, ProviderError>(permit, async |tx| {
            let next = tx.now() + TURN;
            if !rows::take_turn(tx, id, due.at, next).await? {
                return Ok(None);
            }
            Ok(rows::find(tx, id).await?)
        })
        .await?;
    let Some((issuer, old)) = known.and_then(|known| Some((known.issuer, known.published?))) else {
        return Ok(());
    };
    let source = Source::MetadataUrl(old.url.clone());
    let new = match learn(room, permit.tenant_id(), &source, Some(&issuer)).await {
        Ok(new) => new,
        Err(ProviderError::Store(error)) => return Err(error.into()),
        Err(error) => missed(room, old.clone(), &error, id),
    };
    room.store
        .write::<_, _, ProviderError>(permit, async |tx| {
            // Somebody has put other metadata there meanwhile.
            if rows::find(tx, id)
                .await?
                .and_then(|known| known.published)
                .is_none_or(|now| now.url != old.url)
            {
                return Ok(());
            }
            rows::put_published(tx, id, &new).await?;
            if new.facts() != old.facts() {
                tx.changed(Change::new(id, old.facts(), new.facts()));
                tx.emit(Event::new(names::CONNECTION_CHANGED, id)).await?;
            }
            Ok(())
        })
        .await
}

/// What was known stays known; the next look comes later each time.
fn missed(room: &Identity, old: Published, error: &ProviderError, id: ProviderId) -> Published {
    tracing::warn!(provider = %id, "the metadata of provider {id} cannot be renewed: {error}");
    let times = u32::try_from(old.failures).unwrap_or_default().min(16);
    let pause = room.settings.provider_retry.saturating_mul(1 << times).min(LONGEST);
    let fault = domain::Fault::detail(error).unwrap_or_else(|| error.to_string());
    Published { due_at: room.now() + pause, failures: old.failures + 1, fault, ..old }
}
