//! Where switching begins.

use crate::{
    Identity,
    asked::Asked,
    routes::query,
    sign_in::{choose, gate::Gate, leave::Whither},
    state::{is_public, tenant_of},
};
use access::{ReadSession, Refusal, SwitchTenant};
use axum::{extract::State, response::Response};
use domain::{Hostname, TenantId};
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
    let at = asked.shared.map(|shared| format!("?host={}", shared.host)).unwrap_or_default();
    Ok(see_other(&format!("{}/t/{to}/switch{at}", room.web.hosts.id)))
}

#[derive(Deserialize)]
struct Arrive {
    host: Option<Hostname>,
    /// The domain of the address by which somebody found the tenant.
    domain: Option<String>,
}

/// At `id.`, where the person is known. The way leads through the tenant's host, or the shared one that was
/// left, which binds it to this browser.
async fn arrive(
    Allow(permit): Allow<SwitchTenant>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&permit)?;
    let person = permit.caller().person();
    if person.is_none() && !is_public(tenant) {
        return Err(Refusal::NoSuchTenant.into());
    }
    let Arrive { host, domain } = query(&asked.uri)?;
    let connection = match person {
        Some(person) => {
            let open = choose::all(&room, &permit).await?;
            open.into_iter().find(|open| open.provider == person.provider).map(|open| open.id)
        }
        None => choose::of_domain(&room, &permit, domain.as_deref()).await?.map(|open| open.id),
    };
    let gate = Gate::of(&room, tenant, Whither::Tenant, host.as_ref());
    Ok(see_other(&gate.begin(&gate.front(), connection)))
}
