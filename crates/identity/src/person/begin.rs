//! Beginning, right after a provider has proven somebody.

use crate::Identity;
use access::{BeginPersonSession, Introduces, Permit, Proof, credential::session_digest};
use domain::{ProviderId, UserId};
use http::HeaderValue;
use serde_json::json;
use store::{StoreError, person_sql, values};
use web::cookie;

/// At which of the platform's hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// `id.`
    Id,
    /// `console.`
    Console,
}

impl Host {
    /// Its name in cookies and columns.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Host::Id => "id",
            Host::Console => "console",
        }
    }

    /// The cookie that holds the session there.
    pub(crate) fn cookie(self) -> &'static str {
        match self {
            Host::Id => cookie::PERSON,
            Host::Console => cookie::CONSOLE,
        }
    }
}

/// Begins a session of `user`, whom `provider` has proven within the write of `by`; gives its `Set-Cookie`.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn begin<I: Introduces>(
    room: &Identity,
    by: &Permit<I>,
    user: UserId,
    provider: ProviderId,
    host: Host,
    proof: &Proof,
) -> Result<HeaderValue, StoreError> {
    let permit = room.web.warden.introduced::<BeginPersonSession, _>(by, user);
    let (idle, life) = (room.settings.person_idle, room.settings.person_life);
    let at = proof.at.map(|at| at.seconds());
    let said = json!({ "at": at, "acr": proof.acr, "amr": proof.amr });
    let (id, ends) = room
        .store
        .write_person(&permit, async |tx| {
            let id = tx.new_token();
            let digest = session_digest(&id).expect("a fresh token is a session id");
            let (now, ends) = (tx.now(), tx.now() + life);
            let sql = person_sql!(
                "INSERT INTO person_session (user_id, digest, host, provider, since, idle, idle_ends, ends, proof)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            );
            tx.run(sql, values![digest, host.name(), provider, now, idle, now + idle, ends, &said]).await?;
            Ok::<_, StoreError>((id, ends))
        })
        .await?;
    let value = room.web.cookies.person_cookie(host.name(), &id, user, ends);
    Ok(room.web.jar().set(host.cookie(), &value, Some(life)))
}
