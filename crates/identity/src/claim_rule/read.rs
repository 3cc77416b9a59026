//! The rules of one connection.

use super::{RulesError, rows};
use crate::{
    connection::{self, ConnectionError},
    provider::ReadsConnections,
};
use access::Permit;
use domain::{ConnectionId, Moment};
use protocol::claims::Rule;
use store::Store;

/// A connection's rules, with what they can be tried on.
#[derive(Clone, Debug)]
pub struct Held {
    /// The connection's name for people.
    pub name: String,
    /// The rules, in their order.
    pub rules: Vec<Rule>,
    /// The scopes that are asked for: without those whose claims the rules drop.
    pub scopes: String,
    /// Until when the claims of the last trial are kept; none if there are none.
    pub trial: Option<Moment>,
}

/// Reads them.
///
/// # Errors
/// [`ConnectionError::Unknown`].
pub async fn read<A: ReadsConnections>(
    store: &Store,
    permit: &Permit<A>,
    id: ConnectionId,
) -> Result<Held, RulesError> {
    store
        .read(permit, async |tx| {
            let found = connection::rows::find(tx, id).await?.ok_or(ConnectionError::Unknown)?;
            let trial = rows::trial(tx, id).await?;
            Ok(Held {
                name: found.name.to_string(),
                scopes: found.settings.asked_scopes(),
                rules: found.settings.claim_rules,
                trial: trial.map(|trial| trial.ends),
            })
        })
        .await
}
