//! One's own session at a tenant's host.

use crate::{
    Identity,
    asked::Asked,
    person,
    routes::with_cookies,
    session::{end, ended, pages},
    sign_in::{choose, gate::Gate, leave::Whither},
    state::tenant_of,
};
use access::{EndSession, Permit, ReadSession, Refusal, Tenant};
use axum::{extract::State, response::Response};
use protocol::oidc::Logout;
use serde::{Deserialize, Serialize};
use store::StoreError;
use utoipa::ToSchema;
use web::{Allow, FormToken, Json, Plain, Problem, Routes, Surface, cookie};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Tenant)
        .get("/.partywall/session", read)
        .says("Says who is signed in.")
        .answers::<SessionView>(200)
        .get("/.partywall/sign-out", ask)
        .says("Asks whether to sign out.")
        .post("/.partywall/sign-out", leave)
        .says("Ends the session.")
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// The person's id.
    user: String,
    /// Where.
    tenant: TenantView,
    /// The person there.
    member: MemberView,
    /// When the session ends at the latest, in RFC 3339.
    ends: String,
}

/// The tenant of a session.
#[derive(Serialize, ToSchema)]
struct TenantView {
    id: String,
    slug: String,
    name: String,
}

/// The person in that tenant. What the provider did not say is absent.
#[derive(Serialize, ToSchema)]
struct MemberView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    roles: Vec<String>,
}

async fn read(Allow(permit): Allow<ReadSession>) -> Result<Json<SessionView>, Problem> {
    let tenant = &tenant_of(&permit)?.record;
    let person = permit.caller().person().ok_or(Refusal::SignInNeeded)?;
    Ok(Json(SessionView {
        user: person.user.to_string(),
        tenant: TenantView {
            id: tenant.id.to_string(),
            slug: tenant.slug.to_string(),
            name: tenant.name.to_string(),
        },
        member: MemberView {
            id: person.member.to_string(),
            name: person.name.as_deref().map(str::to_owned),
            email: person.email.as_deref().map(str::to_owned),
            roles: person.roles.iter().map(|role| role.to_string()).collect(),
        },
        ends: person.ends.to_string(),
    }))
}

async fn ask(
    Allow(permit): Allow<ReadSession>,
    State(room): State<Identity>,
    plain: Plain,
    FormToken(token): FormToken,
    asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    let ask = pages::Ask {
        cancel: gate(&room, tenant, &asked).front().to_string(),
        to: own_address(&asked),
        token,
    };
    Ok(ask.page(plain, tenant, permit.caller().person()))
}

/// Read without a form's hidden value: the application's own button has none to send, and that the request
/// comes from a page of this very host was seen before the permit was given.
#[derive(Deserialize)]
struct SignOut {
    everywhere: Option<String>,
}

async fn leave(
    Allow(permit): Allow<EndSession>,
    State(room): State<Identity>,
    plain: Plain,
    asked: Asked,
    axum::Form(form): axum::Form<SignOut>,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    let person = permit.caller().person().ok_or(Refusal::SignInNeeded)?;
    let provider = provider_logout(&room, &permit).await?;
    room.store.write(&permit, async |tx| end(tx, person.session).await).await?;
    room.web.warden.hear_at_once(tenant.record.id, ended(person.session)).await;
    if form.everywhere.is_some()
        && let Some(parting) = room.web.warden.parting(&permit)
    {
        person::end_all(&room, &parting).await?;
    }
    let gate = gate(&room, tenant, &asked);
    let page = pages::gone(plain.of(tenant), gate.begin(&gate.front(), None), provider);
    Ok(with_cookies(page, [room.web.jar().remove(&asked.cookie_name(cookie::SESSION))]))
}

/// Where one signs in again. A tenant's own hostname leads to the host of its slug, which never fails to answer.
fn gate<'a>(room: &'a Identity, tenant: &'a Tenant, asked: &'a Asked) -> Gate<'a> {
    let host = asked.shared.as_ref().map(|shared| &shared.host);
    Gate::of(room, tenant, Whither::Tenant, host)
}

/// Where the form goes: on a shared host, the address says which tenant is meant.
fn own_address(asked: &Asked) -> String {
    match &asked.shared {
        Some(shared) => format!("/.partywall/sign-out?tenant={}", shared.tenant),
        None => "/.partywall/sign-out".to_owned(),
    }
}

/// Where to sign out at the provider too, if it has such a page and we have heard of it. One leaves by
/// link, and of one's own will: the provider may be where the person's whole day is signed in.
async fn provider_logout(
    room: &Identity,
    permit: &Permit<EndSession>,
) -> Result<Option<pages::ProviderLogout>, StoreError> {
    let Some(person) = permit.caller().person() else { return Ok(None) };
    let connections = choose::all(room, permit).await?;
    let Some(connection) = connections.into_iter().find(|found| found.provider == person.provider) else {
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
