//! The rows of one-time links, and what using one up changes.

use crate::sign_in::SignInError;
use domain::{Change, ConnectionId, Digest, Event, Moment, PlatformRole, RoleName, UserId, event::names};
use serde_json::json;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// A link that can still be used.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    /// The roles that it gives.
    pub(crate) roles: Vec<RoleName>,
    /// The connection that its holder may set up.
    pub(crate) connection: ConnectionId,
}

struct Found {
    invitation: Invitation,
    ends: Moment,
    is_used: bool,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Found {
            invitation: Invitation { roles: row.json("roles")?, connection: row.parse("connection_id")? },
            ends: row.moment("ends")?,
            is_used: row.flag("used_at")?,
        })
    }
}

/// The link with this hash; none if it was used or is over.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn find(tx: &mut TenantRead, digest: Digest) -> Result<Option<Invitation>, StoreError> {
    let sql = sql!(
        "SELECT roles, connection_id, ends, used_at FROM invitation WHERE tenant_id = $1 AND digest = $2"
    );
    let found: Option<Found> = tx.row(sql, values![digest]).await?;
    Ok(found.filter(|found| !found.is_used && tx.now() < found.ends).map(|found| found.invitation))
}

/// Uses a link up for `user`; gives the roles that its holder gets. Who runs the platform is decided in the
/// operator's own tenant only.
///
/// # Errors
/// [`SignInError::Invitation`] if it was used meanwhile or is over.
pub(crate) async fn use_up(
    tx: &mut TenantWrite,
    digest: Digest,
    user: UserId,
    is_house: bool,
) -> Result<Vec<RoleName>, SignInError> {
    let invitation = find(tx, digest).await?.ok_or(SignInError::Invitation)?;
    let now = tx.now();
    let sql = sql!(
        "UPDATE invitation SET used_at = $3, used_by = $4
         WHERE tenant_id = $1 AND digest = $2 AND used_at = 0 AND ends > $3"
    );
    if tx.run(sql, values![digest, now, user]).await? != 1 {
        return Err(SignInError::Invitation);
    }
    let operator = PlatformRole::Operator.name();
    let fits = |role: &RoleName| is_house || role.as_str() != operator;
    Ok(invitation.roles.into_iter().filter(fits).collect())
}

/// Takes the connection that the link's holder has set up, and just signed in by, into use.
///
/// # Errors
/// [`SignInError::Invitation`] if it is not the link's connection.
pub(crate) async fn take_into_use(
    tx: &mut TenantWrite,
    connection: ConnectionId,
    digest: Digest,
) -> Result<(), SignInError> {
    let invitation = find(tx, digest).await?.ok_or(SignInError::Invitation)?;
    if invitation.connection != connection {
        return Err(SignInError::Invitation);
    }
    let now = tx.now();
    let sql = sql!(
        "UPDATE connection SET standing = 'active', tested_at = $3, changed_at = $3
         WHERE tenant_id = $1 AND id = $2 AND standing = 'draft'"
    );
    if tx.run(sql, values![connection, now]).await? != 1 {
        return Err(SignInError::Invitation);
    }
    let (before, after) = (json!({ "standing": "draft" }), json!({ "standing": "active" }));
    tx.changed(Change::new(connection, before, after));
    tx.emit(Event::new(names::CONNECTION_CHANGED, connection)).await?;
    Ok(())
}
