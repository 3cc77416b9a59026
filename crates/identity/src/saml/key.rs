//! Our keys at providers: one pair for each connection, so that what one provider has encrypted means nothing at another.

use crate::{Identity, sign_in::SignInError};
use domain::{ConnectionId, Sealed, Secret};
use protocol::saml::{OwnKey, SamlError};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// What a private key is sealed for.
fn purpose(id: ConnectionId) -> String {
    format!("key of connection {id}")
}

/// A fresh pair for a connection that is to be. Making one takes a while, so that it is done before any write.
pub(crate) async fn make(room: &Identity, id: ConnectionId) -> Result<OwnKey, SamlError> {
    let name = format!("{id} at {}", room.web.hosts.id);
    let name: String = name.chars().take(64).collect();
    let made = tokio::task::spawn_blocking(move || OwnKey::generate(&name)).await;
    made.unwrap_or(Err(SamlError::Encrypted("no key could be made")))
}

/// Keeps a connection's pair.
pub(crate) async fn put(tx: &mut TenantWrite, id: ConnectionId, key: &OwnKey) -> Result<(), StoreError> {
    let sealed = tx.seal(&purpose(id), key.private().reveal().as_bytes());
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO connection_key (tenant_id, connection_id, certificate, sealed, created_at)
         VALUES ($1, $2, $3, $4, $5)"
    );
    tx.run(sql, values![id, key.certificate().as_str(), sealed.as_str(), now]).await.map(drop)
}

/// Forgets a connection's keys and what was brought to it.
pub(crate) async fn forget(tx: &mut TenantWrite, id: ConnectionId) -> Result<(), StoreError> {
    tx.run(sql!("DELETE FROM connection_key WHERE tenant_id = $1 AND connection_id = $2"), values![id])
        .await?;
    let brought = sql!("DELETE FROM brought_answer WHERE tenant_id = $1 AND connection_id = $2");
    tx.run(brought, values![id]).await.map(drop)
}

struct Kept(String, Sealed);

impl FromRow for Kept {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Kept(row.text("certificate")?, row.sealed("sealed")?))
    }
}

/// A connection's keys, the newest first.
pub(super) async fn all(tx: &mut TenantRead, id: ConnectionId) -> Result<Vec<OwnKey>, SignInError> {
    let sql = sql!(
        "SELECT certificate, sealed FROM connection_key WHERE tenant_id = $1 AND connection_id = $2
         ORDER BY created_at DESC LIMIT 4"
    );
    let kept: Vec<Kept> = tx.rows(sql, values![id]).await?;
    let open = |Kept(certificate, sealed): Kept| {
        let plain = tx.master().open(&purpose(id), &sealed).map_err(StoreError::from)?;
        let text = String::from_utf8(plain)
            .map_err(|why| StoreError::Unreadable { column: "sealed".into(), why: why.to_string() })?;
        Ok(OwnKey::kept(&certificate, Secret::new(text))?)
    };
    kept.into_iter().map(open).collect()
}
