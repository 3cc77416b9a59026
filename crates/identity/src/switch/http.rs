//! Where switching begins.

use crate::{
    Identity,
    asked::Asked,
    routes::query,
    sign_in::{choose, http::begin_address, leave::Whither},
    state::{is_public, tenant_of},
};
use access::{ReadSession, Refusal, SwitchTenant};
use axum::{extract::State, response::Response};
use domain::{ReturnPath, TenantId};
use serde::Deserialize;
use web::{Allow, Problem, Routes, Surface, sign_in::see_other};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Tenant)
        .get("/.partywall/switch", leave)
        .says("Goes to another tenant of the same person.")
        .on(Surface::Id)
        .get("/t/{tenant}/switch", arrive)
        .says("Goes on to this tenant, by the session at id. where that opens it.")
}

#[derive(Deserialize)]
struct Switch {
    to: TenantId,
}

/// At the host of the tenant that is left. Whether there is such another tenant is not asked here.
async fn leave(
    Allow(_): Allow<ReadSession>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    let Switch { to } = query(&asked.uri)?;
    Ok(see_other(&format!("{}/t/{to}/switch", room.web.hosts.id)))
}

/// At `id.`, where the person is known. The way leads through the tenant's own host, which binds it to this
/// browser.
async fn arrive(
    Allow(permit): Allow<SwitchTenant>,
    State(room): State<Identity>,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    let person = permit.caller().person();
    if person.is_none() && !is_public(tenant) {
        return Err(Refusal::NoSuchTenant.into());
    }
    let connection = match person {
        Some(person) => {
            let open = choose::all(&room, &permit).await?;
            open.into_iter().find(|open| open.provider == person.provider).map(|open| open.id)
        }
        None => None,
    };
    let to = begin_address(&room, tenant, Whither::Tenant, None, &ReturnPath::root(), connection);
    Ok(see_other(&to))
}
