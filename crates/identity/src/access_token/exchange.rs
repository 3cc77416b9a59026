//! A key is exchanged.

use super::ExchangeError;
use crate::Identity;
use access::{ExchangeKey, Permit};
use domain::{Moment, ScopeName};
use protocol::{Signer, access_token::AccessToken};
use std::time::Duration;

/// A token that was just issued.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub text: String,
    /// How long it lives.
    pub life: Duration,
    /// What it is good for, sorted.
    pub scopes: Vec<ScopeName>,
}

/// Exchanges the key behind the permit for a token that is good for `asked`, or for everything that the key is good
/// for. `asked` is a list of scopes with spaces between them.
///
/// # Errors
/// [`ExchangeError`].
pub fn exchange(room: &Identity, permit: &Permit<ExchangeKey>, asked: &str) -> Result<Issued, ExchangeError> {
    let caller = permit.caller();
    let holder = caller.key().filter(|holder| !holder.by_token()).ok_or(ExchangeError::NoKey)?;
    let asked: Vec<ScopeName> = asked
        .split_ascii_whitespace()
        .map(|word| word.parse().map_err(|_| ExchangeError::Malformed))
        .collect::<Result<_, _>>()?;
    if let Some(more) = asked.iter().find(|scope| !holder.has(scope)) {
        return Err(ExchangeError::Scope(more.clone()));
    }
    let mut scopes = if asked.is_empty() { holder.scopes.to_vec() } else { asked };
    scopes.sort_unstable();
    scopes.dedup();
    // Whole seconds are what a token can say.
    let now = Moment::from_seconds(room.now().seconds());
    let life = room.settings.token_life;
    let token = AccessToken {
        id: caller.request(),
        tenant: permit.tenant_id(),
        subscriber: holder.subscriber,
        key: holder.key,
        key_hash: holder.digest,
        scopes,
        issued: now,
        ends: now + life,
    };
    let keyring = room.keyring.load();
    let (id, key) = keyring.context.first().ok_or(ExchangeError::NoSigner)?;
    let text = token.sign(&Signer::new(id.to_string(), key.clone()), room.web.hosts.id.origin());
    Ok(Issued { text, life, scopes: token.scopes })
}
