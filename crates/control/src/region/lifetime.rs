//! How long others remember where a tenant's names lead. Whoever asked for one just before the move goes on asking
//! the old place until then.

use super::rows;
use crate::{Control, tenant};
use access::{ChangeTenant, OperatorPermit};
use domain::{DeploymentId, Region, TenantId};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use outbound::TxtResolver;
use std::{sync::Arc, time::Duration};
use store::{OperatorWrite, StoreError};

/// Nobody remembers for longer, or says so in earnest (RFC 8767 section 4).
const MOST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// How long a name is remembered, if somebody says so.
pub type Remembered<'a> = BoxFuture<'a, Option<Duration>>;

/// Whoever knows: the network, or a story in a test.
pub trait Lifetimes: Send + Sync {
    /// How long others remember where this name leads.
    fn of<'a>(&'a self, host: &'a str) -> Remembered<'a>;
}

/// Nobody says.
struct NobodyKnows;

impl Lifetimes for NobodyKnows {
    fn of<'a>(&'a self, _: &'a str) -> Remembered<'a> {
        std::future::ready(None).boxed()
    }
}

/// Nobody, to be shared.
pub(crate) fn nobody_knows() -> Arc<dyn Lifetimes> {
    Arc::new(NobodyKnows)
}

/// Asks resolvers.
pub struct FromResolvers(pub TxtResolver);

impl Lifetimes for FromResolvers {
    fn of<'a>(&'a self, host: &'a str) -> Remembered<'a> {
        async move { self.0.lifetime(host).await.ok().flatten() }.boxed()
    }
}

/// The longest that any of a tenant's names is remembered, seen now and therefore before it moves; at least what the
/// operator says, for a resolver tells what is left of a lifetime and not how long it is. Nobody is asked where the
/// tenant stays at its deployment.
///
/// # Errors
/// [`StoreError`].
pub async fn lifetime_of(
    room: &Control,
    permit: &OperatorPermit<ChangeTenant>,
    id: TenantId,
    to: Option<DeploymentId>,
) -> Result<Duration, StoreError> {
    if to.is_none() {
        return Ok(Duration::ZERO);
    }
    let (mut hosts, found) = room
        .store
        .survey(permit, async |tx| {
            Ok::<_, StoreError>((rows::hosts(tx, id).await?, tenant::rows::find(tx, id).await?))
        })
        .await?;
    let base = &room.web.hosts.base_domain;
    let Some(found) = found.filter(|found| Some(found.deployment) != to) else { return Ok(Duration::ZERO) };
    hosts.push(format!("{}.{base}", found.slug));
    let seen = join_all(hosts.iter().map(|host| room.lifetimes.of(host))).await;
    let longest = seen.into_iter().flatten().max().unwrap_or_default().min(MOST);
    Ok(longest.max(room.terms.name_lifetime))
}

/// Notes that a tenant moved from one region to another.
pub(crate) async fn note_move(
    tx: &mut OperatorWrite,
    id: TenantId,
    (from, to): (Option<&Region>, Option<&Region>),
    lifetime: Duration,
) -> Result<(), StoreError> {
    if from == to {
        return Ok(());
    }
    if let Some(to) = to {
        rows::come_back(tx, id, to).await?;
    }
    if let Some(from) = from {
        let until = rows::leave(tx, id, from, lifetime).await?;
        tracing::info!(tenant = %id, region = %from, %until, "tenant {id} has left region {from}, which hands its requests on until {until} at least");
    }
    Ok(())
}
