//! The routes are put, whole.

use super::{RouteCheck, RouteError, Routing, rows};
use crate::{product, role};
use access::{ChangePlatformSettings, OperatorPermit};
use domain::{Change, Event, RoleName, event::names};
use serde_json::Value;
use store::Store;

/// Puts the routes in place of those before.
///
/// # Errors
/// [`RouteError::Refused`] with everything that is wrong; then those before go on.
pub async fn put(
    store: &Store,
    permit: &OperatorPermit<ChangePlatformSettings>,
    document: Value,
    check: &RouteCheck,
) -> Result<Routing, RouteError> {
    store
        .operate(permit, async |tx| {
            check(&document).map_err(RouteError::Refused)?;
            let bundled = product::bundled(&document);
            let faults = product::faults(&product::all(tx).await?, &bundled);
            if !faults.is_empty() {
                return Err(RouteError::Refused(faults));
            }
            if let Some(unknown) = role::first_unknown(tx, &roles_in(&document)).await? {
                let why = format!("roles: there is no role `{unknown}`");
                return Err(RouteError::Refused(vec![why]));
            }
            let before = rows::find(tx).await?.map_or(Value::Null, |old| old.document);
            let routing = Routing { document, changed_at: tx.now() };
            rows::put(tx, &routing).await?;
            tx.changed(Change::new("routes", before, routing.document.clone()));
            tx.emit_platform(Event::new(names::DEPLOYMENT_CHANGED, "routes")).await?;
            Ok(routing)
        })
        .await
}

/// The roles that routes of a document ask for. The document was checked.
fn roles_in(document: &Value) -> Vec<RoleName> {
    let of_route = |route: &Value| route["roles"].as_array().cloned().unwrap_or_default();
    let named = document.as_array().into_iter().flatten().flat_map(of_route);
    named.filter_map(|role| role.as_str()?.parse().ok()).collect()
}
