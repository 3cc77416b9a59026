//! Where a browser goes by at `id.` after its person has signed out.

use crate::{
    Identity,
    asked::Asked,
    oauth::ended,
    parting::{Slip, pages},
    person,
    routes::{query, with_cookies},
    sign_in::{choose, gate::Gate, leave::Whither},
    state::tenant_of,
    ticket::Ticket,
};
use access::{EndPersonSession, LeaveTenant, Permit, Refusal};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::TenantId;
use http::{Method, request::Parts};
use protocol::oidc::Logout;
use serde::{Deserialize, Serialize};
use store::StoreError;
use web::{AllowBy, Json, NamesTenant, Plain, Problem, Routes, Surface, cookie};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/signed-out", arrive)
        .says("Ends the session of this browser after its person has signed out elsewhere.")
}

/// How a script goes on after signing out.
#[derive(Serialize)]
struct GoOn<'a> {
    #[serde(rename = "continue")]
    to: &'a str,
}

/// What is answered where somebody signed out: the way to `id.`, which a browser takes by itself.
pub(crate) fn go_on(plain: Plain, asked: &Asked, to: &str) -> Response {
    if asked.reads_pages { pages::going(plain, to) } else { Json(GoOn { to }).into_response() }
}

impl NamesTenant<Identity> for Slip {
    const WHERE: &'static str = "ticket of a sign-out";

    async fn read(parts: &mut Parts, room: &Identity) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Arrive {
            ticket: String,
        }
        let over = || Problem::new("sign-out.over");
        let Arrive { ticket } = query(&parts.uri).map_err(|_| over())?;
        Slip::open(&ticket, &room.keyring.load().pending, room.now()).ok_or_else(over)
    }

    fn tenant(&self) -> TenantId {
        self.tenant
    }
}

async fn arrive(
    AllowBy(permit, slip): AllowBy<LeaveTenant, Slip>,
    State(room): State<Identity>,
    method: Method,
    plain: Plain,
    asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    // Whoever only looks, as programs that check links do, ends nothing.
    let looks = method == Method::HEAD;
    let outcome = if looks { Outcome::Over } else { end_here(&room, &asked, &slip).await? };
    let ends = outcome == Outcome::Over && !looks;
    let ended = ends.then(|| room.web.jar().remove(cookie::PERSON));
    let again = match slip.left {
        Whither::Console => room.web.hosts.console.to_string(),
        Whither::Tenant => {
            let gate = Gate::of(&room, tenant, Whither::Tenant, slip.host.as_ref());
            gate.begin(&gate.front(), None)
        }
    };
    let page = match slip.left {
        _ if outcome == Outcome::GoesOn => pages::still_here(plain, again),
        Whither::Console => pages::gone(plain, again, None),
        Whither::Tenant => {
            pages::gone(plain.of(tenant), again, provider_logout(&room, &permit, &slip).await?)
        }
    };
    Ok(with_cookies(page, ended))
}

/// What became of the session that this browser has here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// There is none, or none any more.
    Over,
    /// It is somebody else's, or began after the sign-out.
    GoesOn,
}

/// Ends this browser's session here if it is that person's and they had it when they signed out. So the ticket need
/// not be used up: loading the page again ends nothing that has begun since, and whoever opened it before, in whatever
/// browser, took nothing away from the one it was for. Somebody else's session stays: they did not sign out.
async fn end_here(room: &Identity, asked: &Asked, slip: &Slip) -> Result<Outcome, Problem> {
    let credential = &asked.presented.credential;
    let permit = match room.web.warden.person::<EndPersonSession>(credential, asked.origin).await {
        Ok(permit) => permit,
        Err(Refusal::SignInNeeded) => return Ok(Outcome::Over),
        Err(refusal) => return Err(refusal.into()),
    };
    match permit.session() {
        Some(session) if slip.is_for(permit.user(), session.since) => {
            person::end(room, &permit, session.digest).await?;
            ended::with_sessions(room, &permit).await?;
            Ok(Outcome::Over)
        }
        Some(_) => Ok(Outcome::GoesOn),
        None => Ok(Outcome::Over),
    }
}

/// Where to sign out at the provider too, if it has such a page and we have heard of it. One leaves by
/// link, and of one's own will: the provider may be where the person's whole day is signed in.
async fn provider_logout(
    room: &Identity,
    permit: &Permit<LeaveTenant>,
    slip: &Slip,
) -> Result<Option<pages::ProviderLogout>, StoreError> {
    let connections = choose::all(room, permit).await?;
    let Some(connection) = connections.into_iter().find(|found| found.provider == slip.provider) else {
        return Ok(None);
    };
    let documents = room.providers.remembered(connection.provider);
    let endpoint = documents.as_ref().and_then(|documents| documents.metadata.end_session_endpoint.as_ref());
    Ok(endpoint.map(|endpoint| pages::ProviderLogout {
        name: connection.name.clone(),
        address: Logout {
            endpoint,
            client_id: &connection.client_id,
            id_token_hint: None,
            post_logout_redirect_uri: None,
            state: None,
        }
        .address()
        .to_string(),
    }))
}
