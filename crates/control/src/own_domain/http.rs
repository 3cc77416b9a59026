//! A tenant's own domains on the wire.

use super::{OwnDomain, Proof, Serves, check, claim, find, list, remove, secured};
use crate::Control;
use access::{ManageDomains, Permit, ReadDomains, TenantAction};
use axum::{extract::State, http::StatusCode};
use domain::{Hostname, Moment, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{
    Allow, Json, Listing, Path, Problem, Routes,
    limit::{Counted, Limited},
};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/domains", list_all)
        .says("Lists the tenant's own domains and how their proof stands.")
        .answers::<Listing<Domain>>(200)
        .post("/v1/tenants/{tenant}/domains", post)
        .says("Claims a domain. It maps nothing until it is proved, as the answer says how.")
        .takes::<Claim>()
        .answers::<Domain>(201)
        .get("/v1/tenants/{tenant}/domains/{host}", show)
        .says("Shows one of the tenant's domains.")
        .answers::<Domain>(200)
        .post("/v1/tenants/{tenant}/domains/{host}/check", post_check)
        .says("Looks for the proof of a domain now, and maps it if it is there.")
        .answers::<Domain>(200)
        .delete("/v1/tenants/{tenant}/domains/{host}", delete)
        .says("Gives a domain back: it maps nothing any more, and rests before others may have it.")
        .answers_empty(204)
}

/// What is claimed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DomainClaim)]
pub(crate) struct Claim {
    /// The name; letters beyond ASCII may be written as they are.
    host: String,
    /// What it is for: `requests` to it, or the addresses of its `people` alone.
    #[serde(default, rename = "for")]
    #[schema(value_type = Option<String>)]
    serves: Serves,
}

/// One of a tenant's own domains.
#[derive(Serialize, ToSchema)]
pub(crate) struct Domain {
    /// The name.
    host: String,
    /// What it is for: `requests` to it, or the addresses of its `people` alone.
    #[serde(rename = "for")]
    serves: &'static str,
    /// `pending`, `active`, `warned` or `inactive`.
    standing: &'static str,
    /// `dns` or `http`, once it was proved.
    proof: Option<&'static str>,
    /// The name of the TXT record that proves it.
    record: String,
    /// What the record says, and all that the file holds.
    value: String,
    /// The address of a file that proves it instead.
    file: String,
    /// What the last look missed.
    missing: Option<String>,
    /// When it was claimed.
    created_at: String,
    /// When its proof was looked for last.
    checked_at: Option<String>,
    /// When it was found last.
    proved_at: Option<String>,
    /// When something happens by itself: the next look, or the end of a claim that was never proved.
    due_at: String,
    /// How its certificate stands; none where it has none of its own and none is ordered.
    certificate: Option<Secured>,
}

/// How the certificate of a domain stands.
#[derive(Serialize, ToSchema)]
#[schema(as = DomainCertificate)]
pub(crate) struct Secured {
    /// `uploaded` by the tenant, `ordered` from an authority, `waiting` for its first, or `failed`: the last order was
    /// refused.
    standing: &'static str,
    /// Until when the one is good that is shown.
    ends_at: Option<String>,
    /// Why the last order failed, or what it waits for.
    why: Option<String>,
    /// When the authority is asked next.
    next_at: Option<String>,
}

impl From<secured::Secured> for Secured {
    fn from(one: secured::Secured) -> Self {
        Secured {
            standing: one.standing,
            ends_at: one.ends_at.map(|at| at.to_string()),
            why: (!one.why.is_empty()).then_some(one.why),
            next_at: one.next_at.map(|at| at.to_string()),
        }
    }
}

impl Domain {
    fn of(own: OwnDomain, certificates: &secured::All) -> Self {
        let certificate = certificates.of(&own.host).map(Secured::from);
        let at = |moment: Moment| (moment != Moment::NEVER).then(|| moment.to_string());
        Domain {
            record: own.record(),
            value: own.value(),
            file: own.file(),
            host: own.host.to_string(),
            serves: own.serves.name(),
            standing: own.standing.name(),
            proof: own.proof.map(Proof::name),
            missing: (!own.fault.is_empty()).then_some(own.fault),
            created_at: own.created_at.to_string(),
            checked_at: at(own.checked_at),
            proved_at: at(own.proved_at),
            due_at: own.due_at.to_string(),
            certificate,
        }
    }
}

async fn told<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    own: OwnDomain,
) -> Result<Domain, Problem> {
    Ok(Domain::of(own, &secured::all(&room.store, permit).await?))
}

async fn list_all(
    Allow(permit): Allow<ReadDomains>,
    State(room): State<Control>,
) -> Result<Json<Listing<Domain>>, Problem> {
    let items = list(&room.store, &permit).await?;
    let certificates = secured::all(&room.store, &permit).await?;
    let items = items.into_iter().map(|own| Domain::of(own, &certificates)).collect();
    Ok(Json(Listing { items, next: None }))
}

async fn post(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    Json(body): Json<Claim>,
) -> Result<(StatusCode, Json<Domain>), Problem> {
    let claimed = claim(&room.store, &permit, &body.host, body.serves, &room.reserved, &room.terms).await?;
    Ok((StatusCode::CREATED, Json(told(&room, &permit, claimed).await?)))
}

async fn show(
    Allow(permit): Allow<ReadDomains>,
    State(room): State<Control>,
    Path((_, host)): Path<(TenantId, Hostname)>,
) -> Result<Json<Domain>, Problem> {
    let found = find(&room.store, &permit, &host).await?;
    Ok(Json(told(&room, &permit, found).await?))
}

async fn post_check(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    Path((_, host)): Path<(TenantId, Hostname)>,
) -> Result<Json<Domain>, Problem> {
    may_look(&room, &permit)?;
    let checked = check(&room, &permit, &host).await?;
    Ok(Json(told(&room, &permit, checked).await?))
}

/// A look makes us call whom the tenant names: no more often than other trials.
pub(super) fn may_look(room: &Control, permit: &Permit<ManageDomains>) -> Result<(), Problem> {
    room.web.throttle.check(Limited::Outgoing, Counted::Tenant(permit.tenant_id()))
}

async fn delete(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    Path((_, host)): Path<(TenantId, Hostname)>,
) -> Result<StatusCode, Problem> {
    remove(&room, &permit, &host).await?;
    Ok(StatusCode::NO_CONTENT)
}
