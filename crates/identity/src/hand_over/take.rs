//! Taking: the code is burnt whoever shows it; only the browser that left gets what it stands for.

use crate::hand_over::code_digest;
use domain::{Change, ConnectionId, Digest, Fault, MemberId, Moment, ProviderId, ReturnPath, UserId};
use serde_json::json;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// What was handed over.
pub(crate) struct HandOver {
    pub(crate) host: String,
    pub(crate) member: MemberId,
    pub(crate) user: UserId,
    pub(crate) provider: ProviderId,
    pub(crate) connection: ConnectionId,
    pub(crate) bind: Digest,
    pub(crate) back: ReturnPath,
    ends: Moment,
}

impl FromRow for HandOver {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(HandOver {
            host: row.text("host")?,
            member: row.parse("member_id")?,
            user: row.parse("user_id")?,
            provider: row.parse("provider_id")?,
            connection: row.parse("connection_id")?,
            bind: row.digest("bind")?,
            back: row.parse("return_path")?,
            ends: row.moment("ends")?,
        })
    }
}

/// Why nothing was handed over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandOverError {
    /// There is no such code here, or there was.
    #[error("there is no such hand-over")]
    Unknown,
    /// It came too late.
    #[error("the hand-over came too late")]
    Late,
    /// Another browser than the one that left brought it.
    #[error("another browser brought the hand-over")]
    OtherBrowser,
    /// It is for another host.
    #[error("the hand-over is for another host")]
    OtherHost,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for HandOverError {
    fn code(&self) -> &'static str {
        match self {
            HandOverError::Store(error) => error.code(),
            _ => "hand-over.refused",
        }
    }
}

/// Whether there is such a hand-over. Asked before the write, so that guessing writes nothing.
///
/// # Errors
/// [`HandOverError::Unknown`].
pub(crate) async fn look(tx: &mut TenantRead, code: &str) -> Result<HandOver, HandOverError> {
    let sql = sql!(
        "SELECT host, member_id, user_id, provider_id, connection_id, bind, return_path, ends FROM hand_over
         WHERE tenant_id = $1 AND digest = $2"
    );
    tx.row(sql, values![code_digest(code)]).await?.ok_or(HandOverError::Unknown)
}

/// Burns the code and gives what it stands for. A refusal is a result and no error, so that the write
/// lands and the code stays burnt.
///
/// # Errors
/// [`HandOverError::Unknown`] if somebody else took it, and the database's own trouble.
pub(crate) async fn take(
    tx: &mut TenantWrite,
    code: &str,
    gate: &str,
    holds: impl FnOnce(&Digest) -> bool,
) -> Result<Result<HandOver, HandOverError>, HandOverError> {
    let found = look(tx, code).await?;
    let sql = sql!("DELETE FROM hand_over WHERE tenant_id = $1 AND digest = $2");
    if tx.run(sql, values![code_digest(code)]).await? != 1 {
        return Err(HandOverError::Unknown);
    }
    let refusal = if tx.now() >= found.ends {
        Some(HandOverError::Late)
    } else if found.host != gate {
        Some(HandOverError::OtherHost)
    } else if !holds(&found.bind) {
        Some(HandOverError::OtherBrowser)
    } else {
        None
    };
    match refusal {
        None => Ok(Ok(found)),
        Some(refusal) => {
            let after = json!({ "hand_over": "refused", "why": refusal.to_string() });
            tx.changed(Change::new(found.member, json!(null), after));
            Ok(Err(refusal))
        }
    }
}
