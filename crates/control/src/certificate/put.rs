//! A tenant lays down the certificate of a name of its own.

use super::{CertificateError, CheckPair, Source, rows};
use crate::order;
use access::{ManageDomains, Permit};
use domain::{Change, Event, Hostname, Moment, Secret, event::names};
use serde_json::{Value, json};
use store::Store;

/// Takes a chain and its key, both in PEM, in place of those before; gives until when they are good. Only for a name
/// that is mapped to the permit's tenant.
///
/// # Errors
/// [`CertificateError`].
pub async fn put(
    store: &Store,
    permit: &Permit<ManageDomains>,
    host: &Hostname,
    chain: &str,
    key: &Secret<String>,
    check: &CheckPair,
) -> Result<Moment, CertificateError> {
    let tenant = permit.caller().tenant().ok_or(CertificateError::Unknown)?;
    if !tenant.record.hostnames.contains(host) {
        return Err(CertificateError::Unknown);
    }
    let now = store.clock().now();
    let ends_at = check(host, chain, key.reveal(), now).map_err(CertificateError::Pair)?;
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
