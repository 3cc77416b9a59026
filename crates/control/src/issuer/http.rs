//! Issuers on the wire.

use super::{IssuerError, add, assign, change, list, read, remove, unassign};
use crate::Control;
use access::{ChangePlatformSettings, ReadPlatformSettings};
use axum::{extract::State, http::StatusCode};
use domain::{BoundTo, IssuerId, IssuerRules, TenantFrom, TenantId, TokenAlgorithm, TokenCaller};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use web::{AllowOperator, Json, Listing, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/platform/issuers", list_all)
        .says("Lists the issuers whose bearer tokens are believed.")
        .answers::<Listing<Issuer>>(200)
        .post("/v1/platform/issuers", post)
        .says("Registers an issuer of bearer tokens.")
        .takes::<Rules>()
        .answers::<Issuer>(201)
        .get("/v1/platform/issuers/{id}", show)
        .says("Shows an issuer, with how its keys stand on this node.")
        .answers::<Issuer>(200)
        .put("/v1/platform/issuers/{id}", put)
        .says("Puts an issuer's rules in place of those before.")
        .takes::<Rules>()
        .answers::<Issuer>(200)
        .delete("/v1/platform/issuers/{id}", delete)
        .says("Removes an issuer and its table of users. Its tokens are believed no more.")
        .answers_empty(204)
        .post("/v1/platform/issuers/{id}/users", post_user)
        .says("Assigns a user whom the issuer only names to a tenant.")
        .takes::<User>()
        .answers_empty(204)
        .post("/v1/platform/issuers/{id}/users/remove", remove_user)
        .says("Takes a user off a tenant.")
        .takes::<User>()
        .answers_empty(204)
        .post("/v1/platform/token-test", test)
        .says("Says step by step what becomes of a bearer token. Nothing is kept of it.")
        .takes::<Sample>()
        .answers::<Explained>(200)
}

/// What is asked of an issuer's tokens.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IssuerRules)]
pub(crate) struct Rules {
    /// Its name, letter for letter as `iss` has it.
    pub(super) issuer: String,
    /// One of these must be in `aud`.
    pub(super) audiences: Vec<String>,
    /// What its tokens may be signed with: RS256, PS256, ES256, EdDSA.
    #[serde(default = "algorithms")]
    pub(super) algorithms: Vec<String>,
    /// What the header's `typ` must be, such as at+jwt.
    #[serde(default)]
    pub(super) typ: Option<String>,
    /// Where its keys lie, if it publishes no metadata.
    #[serde(default)]
    pub(super) jwks_uri: Option<String>,
    /// The claim that names the tenant. Either this or `user_claim`.
    #[serde(default)]
    pub(super) tenant_claim: Option<String>,
    /// The claim that names the user, who is looked up in the issuer's table of users.
    #[serde(default)]
    pub(super) user_claim: Option<String>,
    /// Names that it has for tenants, each with the tenant's id or slug.
    #[serde(default)]
    pub(super) aliases: BTreeMap<String, String>,
    /// The tenants that it may speak for, by id or slug.
    #[serde(default)]
    pub(super) tenants: Vec<String>,
    /// Whether it may speak for every tenant.
    #[serde(default)]
    pub(super) all_tenants: bool,
    /// The claim that holds the scopes.
    #[serde(default = "scope")]
    pub(super) scope_claim: String,
    /// Whom its tokens are about: `workload` or `user`.
    #[serde(default = "workload")]
    pub(super) caller: String,
}

fn algorithms() -> Vec<String> {
    TokenAlgorithm::ALL.map(|algorithm| algorithm.name().to_owned()).into()
}

fn scope() -> String {
    "scope".to_owned()
}

fn workload() -> String {
    TokenCaller::Workload.name().to_owned()
}

/// An issuer whose bearer tokens are believed.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenIssuer)]
pub(crate) struct Issuer {
    /// Its id.
    id: String,
    /// What is asked of its tokens.
    #[serde(flatten)]
    rules: Rules,
    /// How many entries its table of users has.
    users: i64,
    /// How many of its keys this node can use.
    keys: usize,
    /// When this node fetched them.
    keys_fetched_at: Option<String>,
    /// Until when they are believed if nothing newer is heard.
    keys_until: Option<String>,
    /// Why they could not be fetched the last time, if they could not.
    keys_failure: Option<String>,
    /// When it last changed.
    changed_at: String,
}

/// A user whom an issuer names, and a tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IssuerUser)]
pub(crate) struct User {
    /// As the issuer's claim has it.
    user: String,
    /// The tenant's id or slug.
    tenant: String,
}

/// A token to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenSample)]
pub(crate) struct Sample {
    /// The token.
    token: String,
}

/// What becomes of a token.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenExplained)]
pub(crate) struct Explained {
    /// Whether it is believed.
    believed: bool,
    /// The steps that it took.
    steps: Vec<Step>,
}

/// One step.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenStep)]
pub(crate) struct Step {
    /// What was asked.
    step: String,
    /// Whether it was passed.
    passed: bool,
    /// How, or why not.
    how: String,
}

impl Rules {
    /// The rules, with tenants by their ids.
    pub(super) fn read(self, room: &Control) -> Result<IssuerRules, IssuerError> {
        let rule = |place, what: &str| IssuerError::Rule(place, what.to_owned());
        let algorithm = |name: &String| {
            TokenAlgorithm::named(name)
                .ok_or_else(|| IssuerError::Rule("algorithms", format!("`{name}` is not taken")))
        };
        let tenant_from = match (self.tenant_claim, self.user_claim) {
            (Some(claim), None) => TenantFrom::Claim(claim),
            (None, Some(claim)) => TenantFrom::Users(claim),
            _ => return Err(rule("tenant_claim", "give either tenant_claim or user_claim")),
        };
        let tenants = match (self.all_tenants, &*self.tenants) {
            (true, []) => BoundTo::All,
            (true, _) => return Err(rule("tenants", "these are all; name none, or do not say so")),
            (false, some) => {
                BoundTo::These(some.iter().map(|name| tenant(room, name)).collect::<Result<_, _>>()?)
            }
        };
        let caller = [TokenCaller::Workload, TokenCaller::User].into_iter();
        let aliases = self.aliases.into_iter().map(|(alias, name)| Ok((alias, tenant(room, &name)?)));
        Ok(IssuerRules {
            algorithms: self.algorithms.iter().map(algorithm).collect::<Result<_, _>>()?,
            aliases: aliases.collect::<Result<_, IssuerError>>()?,
            caller: caller
                .into_iter()
                .find(|caller| caller.name() == self.caller)
                .ok_or_else(|| rule("caller", "it is workload or user"))?,
            issuer: self.issuer,
            audiences: self.audiences,
            typ: self.typ,
            jwks_uri: self.jwks_uri,
            tenant_from,
            tenants,
            scope_claim: self.scope_claim,
        })
    }
}

impl From<IssuerRules> for Rules {
    fn from(rules: IssuerRules) -> Self {
        let (tenant_claim, user_claim) = match rules.tenant_from {
            TenantFrom::Claim(claim) => (Some(claim), None),
            TenantFrom::Users(claim) => (None, Some(claim)),
        };
        let (all_tenants, tenants) = match rules.tenants {
            BoundTo::All => (true, Vec::new()),
            BoundTo::These(tenants) => (false, tenants.iter().map(ToString::to_string).collect()),
        };
        Rules {
            issuer: rules.issuer,
            audiences: rules.audiences,
            algorithms: rules.algorithms.iter().map(|algorithm| algorithm.name().to_owned()).collect(),
            typ: rules.typ,
            jwks_uri: rules.jwks_uri,
            tenant_claim,
            user_claim,
            aliases: rules.aliases.into_iter().map(|(alias, id)| (alias, id.to_string())).collect(),
            tenants,
            all_tenants,
            scope_claim: rules.scope_claim,
            caller: rules.caller.name().to_owned(),
        }
    }
}

/// The tenant of this id or slug.
fn tenant(room: &Control, name: &str) -> Result<TenantId, IssuerError> {
    let tenants = room.web.warden.tenants();
    let found = name.parse().map_or_else(|_| tenants.by_slug(name), |id| tenants.by_id(id));
    found.map(|tenant| tenant.record.id).ok_or_else(|| IssuerError::NoTenant(name.to_owned()))
}

fn shown(room: &Control, issuer: super::Issuer) -> Issuer {
    let keys = room.judge.standing(issuer.id);
    Issuer {
        id: issuer.id.to_string(),
        rules: issuer.rules.into(),
        users: issuer.users,
        keys: keys.usable,
        keys_fetched_at: keys.fetched.map(|at| at.to_string()),
        keys_until: keys.until.map(|at| at.to_string()),
        keys_failure: keys.failure,
        changed_at: issuer.changed_at.to_string(),
    }
}

async fn list_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
) -> Result<Json<Listing<Issuer>>, Problem> {
    let items = list(&room.store, &permit).await?;
    Ok(Json(Listing { items: items.into_iter().map(|issuer| shown(&room, issuer)).collect(), next: None }))
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Json(rules): Json<Rules>,
) -> Result<(StatusCode, Json<Issuer>), Problem> {
    let issuer = add(&room, &permit, rules.read(&room)?).await?;
    Ok((StatusCode::CREATED, Json(shown(&room, issuer))))
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<IssuerId>,
) -> Result<Json<Issuer>, Problem> {
    let issuer = read(&room.store, &permit, id).await?;
    Ok(Json(shown(&room, issuer)))
}

async fn put(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<IssuerId>,
    Json(rules): Json<Rules>,
) -> Result<Json<Issuer>, Problem> {
    let issuer = change(&room, &permit, id, rules.read(&room)?).await?;
    Ok(Json(shown(&room, issuer)))
}

async fn delete(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<IssuerId>,
) -> Result<StatusCode, Problem> {
    remove(&room, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn post_user(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<IssuerId>,
    Json(User { user, tenant: at }): Json<User>,
) -> Result<StatusCode, Problem> {
    assign(&room, &permit, id, &user, tenant(&room, &at)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_user(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<IssuerId>,
    Json(User { user, tenant: at }): Json<User>,
) -> Result<StatusCode, Problem> {
    unassign(&room, &permit, id, &user, tenant(&room, &at)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn test(
    AllowOperator(_permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Json(Sample { token }): Json<Sample>,
) -> Result<Json<Explained>, Problem> {
    let steps = room.judge.explain(&token);
    let believed = !steps.is_empty() && steps.iter().all(|step| step.passed);
    let steps = steps.into_iter().map(|super::TokenStep { step, passed, how }| Step { step, passed, how });
    Ok(Json(Explained { believed, steps: steps.collect() }))
}
