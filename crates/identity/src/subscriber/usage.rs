//! What subscribers used, over the last days.

use super::Subscriber;
use crate::{Identity, api_key::ReadsKeys};
use access::Permit;
use domain::SubscriberId;
use std::collections::BTreeMap;
use store::StoreError;

const SECONDS: i64 = 60 * 60;

/// What one subscriber's keys, and the tokens that they were exchanged for, were used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests that were forwarded.
    pub requests: i64,
    /// Requests whose backend failed or answered with 5xx.
    pub errors: i64,
    /// Bytes from the subscriber.
    pub bytes_in: i64,
    /// Bytes to the subscriber.
    pub bytes_out: i64,
    /// Milliseconds until backends began to answer, added up.
    pub upstream_ms: i64,
}

impl Usage {
    fn add(&mut self, meter: &str, value: i64) {
        let sum = match meter {
            "requests" => &mut self.requests,
            "errors" => &mut self.errors,
            "bytes_in" => &mut self.bytes_in,
            "bytes_out" => &mut self.bytes_out,
            "upstream_ms" => &mut self.upstream_ms,
            // What a newer node counts, this one does not know.
            _ => return,
        };
        *sum = sum.saturating_add(value);
    }
}

/// What these subscribers used in the last `hours` hours, the present one included; those who used nothing too.
///
/// # Errors
/// [`StoreError`].
pub async fn usage<A: ReadsKeys>(
    room: &Identity,
    permit: &Permit<A>,
    subscribers: Vec<Subscriber>,
    hours: i64,
) -> Result<Vec<(Subscriber, Usage)>, StoreError> {
    let until = room.now().seconds().div_euclid(SECONDS) + 1;
    let mut used: BTreeMap<SubscriberId, Usage> = BTreeMap::new();
    for total in room.store.subscribers_traffic(permit, until - hours, until).await? {
        used.entry(total.subscriber).or_default().add(&total.meter, total.value);
    }
    let of = |subscriber: Subscriber| {
        let usage = used.get(&subscriber.id).copied().unwrap_or_default();
        (subscriber, usage)
    };
    Ok(subscribers.into_iter().map(of).collect())
}
