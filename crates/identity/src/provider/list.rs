//! The providers that a tenant can connect to, and whom it shares its own with.

use super::{Provider, ProviderError, Share, published, rows};
use crate::Identity;
use access::{ManageConnection, Permit, ReadConnection, ShareProvider, TenantAction, TestConnection, Writes};
use domain::{Cursor, Page, ProviderId};
use protocol::saml::ProviderMetadata;
use store::{Store, StoreError};

/// The actions in which providers and connections are looked at: seeing them, and whatever shows them
/// afterwards.
pub trait ReadsConnections: TenantAction {}
impl ReadsConnections for ReadConnection {}
impl ReadsConnections for ManageConnection {}
impl ReadsConnections for ShareProvider {}
impl ReadsConnections for TestConnection {}

/// This tenant's own providers, then those that others share with it.
///
/// # Errors
/// [`StoreError`].
pub async fn list<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
) -> Result<Vec<Provider>, StoreError> {
    let mut all = store.read(permit, async |tx| rows::own(tx).await).await?;
    let shared = store.directory().shared_providers(permit).await?;
    for provider in shared {
        all.push(Provider::of_another(provider)?);
    }
    Ok(all)
}

/// A provider that this tenant can connect to: its own, or one that is shared with it now.
///
/// # Errors
/// [`ProviderError::Unknown`] for any other, whether it is there or not.
pub async fn read<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
    id: ProviderId,
) -> Result<Provider, ProviderError> {
    if let Some(own) = store.read(permit, async |tx| rows::find(tx, id).await).await? {
        return Ok(own);
    }
    match store.directory().shared_provider(permit, id).await? {
        Some(shared) => Ok(Provider::of_another(shared)?),
        None => Err(ProviderError::Unknown),
    }
}

/// Whether this tenant can use a provider now: its own, or one that is shared with it. Asked whenever
/// somebody signs in.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn is_open<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
    id: ProviderId,
) -> Result<bool, StoreError> {
    let own = store.read::<_, _, StoreError>(permit, async |tx| rows::is_own(tx, id).await).await?;
    Ok(own || store.directory().shared_provider(permit, id).await?.is_some())
}

/// What a provider that this tenant can use has published, where that is kept. Asked whenever somebody signs in.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn metadata<A: TenantAction>(
    store: &Store,
    permit: &Permit<A>,
    id: ProviderId,
) -> Result<Option<ProviderMetadata>, StoreError> {
    let own = store.read::<_, _, StoreError>(permit, async |tx| rows::find(tx, id).await).await?;
    match own {
        Some(own) => Ok(own.published.map(|published| published.metadata)),
        None => match store.directory().shared_provider(permit, id).await? {
            Some(shared) => published::read(&shared.metadata),
            None => Ok(None),
        },
    }
}

/// Lets the metadata of one of the tenant's own providers be fetched soon, if it was not fetched just now.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn hurry<A: TenantAction + Writes>(
    room: &Identity,
    permit: &Permit<A>,
    id: ProviderId,
) -> Result<(), StoreError> {
    let retry = room.settings.provider_retry;
    room.store
        .write(permit, async |tx| {
            let now = tx.now();
            rows::hurry(tx, id, now - retry, now).await
        })
        .await
}

/// Whom one of the tenant's own providers is shared with.
///
/// # Errors
/// [`ProviderError::Unknown`].
pub async fn shares<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
    id: ProviderId,
    cursor: &Cursor,
) -> Result<Page<Share>, ProviderError> {
    store
        .read(permit, async |tx| {
            rows::find(tx, id).await?.ok_or(ProviderError::Unknown)?;
            let found = rows::shares(tx, id, cursor).await?;
            Ok(Page::cut(found, cursor, |share| share.with.to_string()))
        })
        .await
}
