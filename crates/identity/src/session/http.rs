//! One's own session at a tenant's host.

use crate::{
    Identity,
    asked::Asked,
    parting::{Slip, go_on},
    person,
    routes::with_cookies,
    session::{end, ended, pages},
    sign_in::{gate::Gate, leave::Whither},
    state::tenant_of,
};
use access::{EndSession, ReadSession, Refusal};
use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
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
        .says("Ends the session, and leads to id. to end this browser's there.")
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
    let host = asked.shared.as_ref().map(|shared| &shared.host);
    let ask = pages::Ask {
        cancel: Gate::of(&room, tenant, Whither::Tenant, host).front().to_string(),
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
    room.store.write(&permit, async |tx| end(tx, person.session).await).await?;
    room.web.warden.hear_at_once(tenant.record.id, ended(person.session)).await;
    if form.everywhere.is_some()
        && let Some(parting) = room.web.warden.parting(&permit)
    {
        person::end_everywhere(&room, &parting).await?;
    }
    let place = (Whither::Tenant, asked.shared.as_ref().map(|shared| shared.host.clone()));
    let to = Slip::address(&room, tenant.record.id, place, person.user, person.provider);
    let page = go_on(plain.of(tenant), &asked, &to);
    Ok(with_cookies(page, [room.web.jar().remove(&asked.cookie_name(cookie::SESSION))]))
}

/// Where the form goes: on a shared host, the address says which tenant is meant.
fn own_address(asked: &Asked) -> String {
    match &asked.shared {
        Some(shared) => format!("/.partywall/sign-out?tenant={}", shared.tenant),
        None => "/.partywall/sign-out".to_owned(),
    }
}
