//! The scopes are put, all of them or one.

use super::{MOST, Scope, ScopeError, rows};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, ScopeName, event::names};
use serde_json::json;
use store::Store;

/// Puts the scopes in place of those before.
///
/// # Errors
/// [`ScopeError`].
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    scopes: Vec<Scope>,
) -> Result<Vec<Scope>, ScopeError> {
    change(store, permit, |_| scopes).await
}

/// Declares one, or says anew what it opens.
///
/// # Errors
/// [`ScopeError::TooMuch`].
pub async fn add(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    scope: Scope,
) -> Result<Vec<Scope>, ScopeError> {
    change(store, permit, |mut scopes| {
        scopes.retain(|other| other.name != scope.name);
        scopes.push(scope);
        scopes
    })
    .await
}

/// Takes one out. Keys that have it keep it.
///
/// # Errors
/// [`ScopeError`].
pub async fn remove(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    name: &ScopeName,
) -> Result<Vec<Scope>, ScopeError> {
    change(store, permit, |mut scopes| {
        scopes.retain(|other| other.name != *name);
        scopes
    })
    .await
}

async fn change(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    next: impl FnOnce(Vec<Scope>) -> Vec<Scope> + Send,
) -> Result<Vec<Scope>, ScopeError> {
    store
        .operate(permit, async |tx| {
            let before = rows::find(tx).await?;
            let mut scopes = next(before.clone());
            check(&mut scopes)?;
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
