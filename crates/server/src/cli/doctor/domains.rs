//! The certificates of tenants' own domains: whether one ends soon, and what authorities refuse.

use super::{database::upkeep, finding::Finding};
use crate::config::Config;
use control::{certificate, certificate::Held, order, order::Order};
use domain::Moment;
use std::time::Duration;
use store::Store;

/// One that ends within this time is said.
const SOON: Duration = Duration::from_secs(14 * 24 * 3_600);
/// So many are named.
const MOST: u32 = 5;

pub(super) async fn look(config: &Config, store: &Store) -> Vec<Finding> {
    let Some(upkeep) = upkeep(store).filter(|_| config.tls.is_some()) else { return vec![] };
    let now = store.clock().now();
    let found = async {
        let ending = certificate::ending(store, &upkeep, now + SOON, MOST).await?;
        Ok::<_, store::StoreError>((ending, order::refused(store, &upkeep, MOST).await?))
    };
    match found.await {
        Ok((ending, refused)) if ending.is_empty() && refused.is_empty() => {
            vec![Finding::good("domain certificates", "none ends soon, and none is refused")]
        }
        Ok((ending, refused)) => {
            let ending = ending.iter().map(|held| ends(held, now));
            ending.chain(refused.iter().map(is_refused)).collect()
        }
        Err(error) => {
            let words = format!("the database does not say how they stand: {error}");
            vec![Finding::wrong("domain certificates", words, "its log says more")]
        }
    }
}

fn ends(held: &Held, now: Moment) -> Finding {
    let remedy = match held.source {
        certificate::Source::Uploaded => "its tenant lays down the next one: `partywall domain certificate`",
        certificate::Source::Ordered => "`partywall domain list` says why it was not renewed",
    };
    let (host, end) = (&held.host, held.ends_at);
    if end <= now {
        return Finding::wrong("domain certificates", format!("that of {host} has ended"), remedy);
    }
    Finding::mind("domain certificates", format!("that of {host} ends at {end}"), remedy)
}

fn is_refused(order: &Order) -> Finding {
    let words = format!("none is given for {}: {}", order.host, order.fault);
    let remedy = format!("does the name lead here? It is ordered again at {}", order.due_at);
    Finding::mind("domain certificates", words, remedy)
}
