//! A tenant takes a certificate back.

use super::{CertificateError, rows};
use access::{ManageDomains, Permit};
use domain::{Change, Event, Hostname, event::names};
use serde_json::{Value, json};
use store::Store;

/// Forgets the certificate and its key. One that the tenant laid down makes room for one that is ordered, where this
/// installation orders any; one that was ordered is not ordered again before its time.
///
/// # Errors
/// [`CertificateError::Unknown`].
pub async fn remove(
    store: &Store,
    permit: &Permit<ManageDomains>,
    host: &Hostname,
) -> Result<(), CertificateError> {
    store
        .write(permit, async |tx| {
            if !rows::remove(tx, host).await? {
                return Err(CertificateError::Unknown);
            }
            tx.changed(Change::new(host, json!({ "certificate": "there" }), Value::Null));
            tx.emit(Event::new(names::CERTIFICATE_CHANGED, host)).await?;
            Ok(())
        })
        .await
}
