//! Applications on the wire: the operator's registrations, and what a tenant has put into use.

use super::{Application, Consent, Metadata, add, bind, change, consent, in_use, remove, renew, withdraw};
use crate::Identity;
use access::{ChangePlatformSettings, ConsentApplication, ReadApplications, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode};
use domain::{ApplicationId, ScopeName, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;
use web::{Allow, AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/platform/applications", list_all)
        .says("Lists the applications that receive our tokens.")
        .answers::<Listing<Registered>>(200)
        .post("/v1/platform/applications", post)
        .says("Registers an application. Its secret, if it has one, is in this answer only.")
        .takes::<Metadata>()
        .answers::<Registered>(201)
        .post("/v1/platform/applications/bind", post_bind)
        .says("Registers an application by the metadata that it publishes, or puts that in place of what was registered.")
        .takes::<Binding>()
        .answers::<Registered>(200)
        .get("/v1/platform/applications/{application}", show)
        .says("Shows an application.")
        .answers::<Registered>(200)
        .patch("/v1/platform/applications/{application}", patch)
        .says("Changes what is registered of an application: its return addresses, say.")
        .takes::<Metadata>()
        .answers::<Registered>(200)
        .delete("/v1/platform/applications/{application}", delete)
        .says("Removes an application. Whatever it holds is good for nothing any more.")
        .answers_empty(204)
        .post("/v1/platform/applications/{application}/secret", post_secret)
        .says("Gives an application a new secret, while the one before goes on for a while.")
        .takes::<Overlap>()
        .answers::<Registered>(200)
        .get("/v1/tenants/{tenant}/applications", list_here)
        .says("Lists the applications with what the organisation has agreed to.")
        .answers::<Listing<Here>>(200)
        .put("/v1/tenants/{tenant}/applications/{application}/consent", put_consent)
        .says("Puts an application into use for everybody in the organisation, with these scopes.")
        .takes::<Agreed>()
        .answers::<Here>(200)
        .delete("/v1/tenants/{tenant}/applications/{application}/consent", delete_consent)
        .says("Takes an application out of use. Its tokens are good for nothing here any more.")
        .answers_empty(204)
}

/// A registered application.
#[derive(Serialize, ToSchema)]
#[schema(as = Application)]
pub(crate) struct Registered {
    /// Its id.
    client_id: String,
    /// Its secret; only in the answer to which it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// What to configure as the issuer.
    issuer: String,
    /// What was registered.
    #[serde(flatten)]
    metadata: Metadata,
    /// How many secrets are good.
    secrets: usize,
    /// Since when it is registered.
    created_at: String,
    /// When it last changed.
    changed_at: String,
}

impl Registered {
    fn of(room: &Identity, application: &Application, secret: Option<String>) -> Self {
        Registered {
            client_id: application.id.to_string(),
            client_secret: secret,
            issuer: room.web.hosts.id.origin().to_owned(),
            secrets: application.live_secrets(room.now()),
            metadata: application.metadata.clone(),
            created_at: application.created_at.to_string(),
            changed_at: application.changed_at.to_string(),
        }
    }

    fn added(room: &Identity, added: super::Added) -> Self {
        let secret = added.secret.map(|secret| secret.reveal().clone());
        Self::of(room, &added.application, secret)
    }
}

/// Where an application's metadata comes from: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApplicationBinding)]
pub(crate) struct Binding {
    /// The metadata itself.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Where it lies.
    metadata_url: Option<String>,
    /// The application that it is about, if that is registered already.
    client_id: Option<String>,
}

/// For how long an old secret goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretOverlap)]
pub(crate) struct Overlap {
    /// Seconds; a day where nothing is said, 0 for not at all.
    #[serde(default = "day")]
    overlap_seconds: u64,
}

fn day() -> u64 {
    24 * 3_600
}

/// What an organisation agrees to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApplicationConsent)]
pub(crate) struct Agreed {
    /// The scopes, of those that the application asks for.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<ScopeName>,
}

/// An application as an organisation sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = ApplicationHere)]
pub(crate) struct Here {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The product family that it belongs to.
    family: Option<String>,
    /// What it asks for.
    asks: Vec<String>,
    /// Whether it is in use here.
    in_use: bool,
    /// Whether the operator has put it into use for everybody.
    for_everybody: bool,
    /// What it may do of what it asks for.
    scopes: Vec<String>,
    /// Who agreed, and when.
    given_by: Option<String>,
    /// When that was.
    given_at: Option<String>,
}

impl Here {
    fn of(application: &Application, consent: Option<Consent>) -> Self {
        let asks: Vec<String> = application.scopes().map(|scope| scope.to_string()).collect();
        let for_everybody = application.is_everybodys();
        let scopes = match (&consent, for_everybody) {
            (_, true) => asks.clone(),
            (Some(consent), _) => consent.scopes.iter().map(ToString::to_string).collect(),
            (None, _) => Vec::new(),
        };
        Here {
            id: application.id.to_string(),
            name: application.metadata.client_name.to_string(),
            family: application.metadata.family.clone(),
            asks,
            in_use: for_everybody || consent.is_some(),
            for_everybody,
            scopes,
            given_by: consent.as_ref().map(|consent| consent.given_by.clone()),
            given_at: consent.map(|consent| consent.given_at.to_string()),
        }
    }
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Identity>,
) -> Result<Json<Listing<Registered>>, Problem> {
    let all = super::load(&room.store, &permit).await?;
    let items = all.values().map(|application| Registered::of(&room, application, None)).collect();
    Ok(Json(Listing { items, next: None }))
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    Json(metadata): Json<Metadata>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let added = add(&room, &permit, metadata).await?;
    Ok((StatusCode::CREATED, Json(Registered::added(&room, added))))
}

async fn post_bind(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    Json(asked): Json<Binding>,
) -> Result<Json<Registered>, Problem> {
    let from = match (asked.metadata, asked.metadata_url) {
        (Some(given), None) => super::bind::From::Given(given),
        (None, Some(address)) => super::bind::From::Address(address),
        _ => {
            let why = "give the metadata or where it lies";
            return Err(Problem::new("input.invalid").at("/metadata", why));
        }
    };
    let known = asked.client_id.map(|id| id.parse::<ApplicationId>()).transpose();
    let known = known.map_err(|_| Problem::new("item.unknown"))?;
    Ok(Json(Registered::added(&room, bind(&room, &permit, from, known).await?)))
}

async fn found<A: access::OperatorAction>(
    room: &Identity,
    permit: &access::OperatorPermit<A>,
    id: ApplicationId,
) -> Result<Arc<Application>, Problem> {
    let all = super::load(&room.store, permit).await?;
    all.get(&id).cloned().ok_or_else(|| Problem::new("item.unknown"))
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Identity>,
    Path(id): Path<ApplicationId>,
) -> Result<Json<Registered>, Problem> {
    Ok(Json(Registered::of(&room, &*found(&room, &permit, id).await?, None)))
}

async fn patch(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    Path(id): Path<ApplicationId>,
    Json(changes): Json<Value>,
) -> Result<Json<Registered>, Problem> {
    let before = found(&room, &permit, id).await?;
    let metadata = super::bind::merged(&before.metadata, changes)?;
    Ok(Json(Registered::added(&room, change(&room, &permit, id, metadata).await?)))
}

async fn delete(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    Path(id): Path<ApplicationId>,
) -> Result<StatusCode, Problem> {
    remove(&room, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn post_secret(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    Path(id): Path<ApplicationId>,
    Json(Overlap { overlap_seconds }): Json<Overlap>,
) -> Result<Json<Registered>, Problem> {
    let renewed = renew(&room, &permit, id, Duration::from_secs(overlap_seconds)).await?;
    Ok(Json(Registered::added(&room, renewed)))
}

async fn list_here(
    Allow(permit): Allow<ReadApplications>,
    State(room): State<Identity>,
) -> Result<Json<Listing<Here>>, Problem> {
    let all = in_use(&room, &permit).await?;
    let items = all.into_iter().map(|(application, consent)| Here::of(&application, consent)).collect();
    Ok(Json(Listing { items, next: None }))
}

async fn put_consent(
    Allow(permit): Allow<ConsentApplication>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApplicationId)>,
    Json(Agreed { scopes }): Json<Agreed>,
) -> Result<Json<Here>, Problem> {
    let given = consent(&room, &permit, id, scopes).await?;
    let application = room.application(&id.to_string()).ok_or_else(|| Problem::new("item.unknown"))?;
    Ok(Json(Here::of(&application, Some(given))))
}

async fn delete_consent(
    Allow(permit): Allow<ConsentApplication>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApplicationId)>,
) -> Result<StatusCode, Problem> {
    withdraw(&room, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
