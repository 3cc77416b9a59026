//! A tenant's sign-ins over the last days, hour by hour.

use super::rows;
use access::{Permit, ReadAuditTrail};
use domain::{Moment, ProviderId};
use std::time::Duration;
use store::{Store, StoreError};

/// A tenant's sign-ins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIns {
    /// Who came, by hour and provider, the oldest first; hours in which nobody did are left out.
    pub came: Vec<Came>,
    /// Who was turned away, by hour and reason.
    pub turned_away: Vec<TurnedAway>,
}

/// Those who came by one connection in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// When the hour began.
    pub begins: Moment,
    /// The provider that proved them.
    pub provider: ProviderId,
    /// The connection's name; empty if it is no more.
    pub connection: String,
    /// How many sign-ins.
    pub sign_ins: i64,
    /// Of how many people.
    pub people: i64,
}

/// Those who were turned away for one reason in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// When the hour began.
    pub begins: Moment,
    /// The problem's code.
    pub reason: String,
    /// How many times.
    pub times: i64,
}

/// The sign-ins at the permit's tenant in the last `hours` hours, the present one included.
///
/// # Errors
/// [`StoreError`].
pub async fn read(store: &Store, permit: &Permit<ReadAuditTrail>, hours: u64) -> Result<SignIns, StoreError> {
    let since =
        rows::hour(rows::hour_of(store.clock().now() - Duration::from_secs(hours.saturating_sub(1) * 3_600)));
    store
        .read(permit, async |tx| {
            Ok(SignIns {
                came: rows::came(tx, since).await?,
                turned_away: rows::turned_away(tx, since).await?,
            })
        })
        .await
}
