//! The scopes are put, all of them.

use super::{MOST, Scope, ScopeError, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, event::names};
use serde_json::json;
use store::Store;

/// Puts the scopes in place of those before.
///
/// # Errors
/// [`ScopeError`].
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    mut scopes: Vec<Scope>,
) -> Result<Vec<Scope>, ScopeError> {
    store
        .operate(permit, async |tx| {
            check(&mut scopes)?;
            let before = rows::find(tx).await?;
            rows::put(tx, &scopes).await?;
            tx.changed(Change::new("scopes", json!(before), json!(scopes)));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, "scopes")).await?;
            Ok(scopes)
        })
        .await
}

fn check(scopes: &mut [Scope]) -> Result<(), ScopeError> {
    if scopes.len() > MOST || scopes.iter().any(|scope| scope.about.chars().count() > 500) {
        return Err(ScopeError::TooMuch);
    }
    scopes.sort_by(|one, other| one.name.cmp(&other.name));
    match scopes.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(ScopeError::Twice(pair[0].name.clone())),
        None => Ok(()),
    }
}
