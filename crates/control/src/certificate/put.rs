//! A tenant lays down the certificate of a name of its own.

use super::{CertificateError, Source, rows};
use crate::{Control, hostname, order};
use access::{ManageDomains, Origin, Permit, Upkeep};
use domain::{Change, Event, Hostname, Moment, Secret, event::names};
use serde_json::{Value, json};

/// Takes a chain and its key, both in PEM, in place of those before; gives until when they are good. Only for a name
/// that is mapped to the permit's tenant.
///
/// # Errors
/// [`CertificateError`].
pub async fn put(
    room: &Control,
    permit: &Permit<ManageDomains>,
    host: &Hostname,
    chain: &str,
    key: &Secret<String>,
) -> Result<Moment, CertificateError> {
    let store = &room.store;
    let origin = Origin { request: permit.caller().request() };
    let upkeep = room.web.warden.platform::<Upkeep>(origin).map_err(|_| CertificateError::Unknown)?;
    // Memory may not have heard yet of a name that was mapped a moment ago, perhaps through another node.
    let owner = store.survey(&upkeep, async |tx| hostname::rows::owner(tx, host).await).await?;
    if owner != Some(permit.tenant_id()) {
        return Err(CertificateError::Unknown);
    }
    let now = store.clock().now();
    let ends_at = (room.check_pair)(host, chain, key.reveal(), now).map_err(CertificateError::Pair)?;
    store
        .write(permit, async |tx| {
            rows::keep(tx, host, chain, key, ends_at, Source::Uploaded).await?;
            // Whoever lays down their own looks after it.
            order::forget(tx, host).await?;
            let after = json!({ "certificate": "changed", "ends_at": ends_at.to_string() });
            tx.changed(Change::new(host, Value::Null, after));
            tx.emit(Event::new(names::CERTIFICATE_CHANGED, host)).await?;
            Ok(ends_at)
        })
        .await
}
