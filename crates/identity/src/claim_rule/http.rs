//! Claim rules on the wire.

use super::{Held, RulesError, Sample, TriedOut, read, set, try_out};
use crate::Identity;
use access::{ManageConnection, ReadConnection};
use axum::extract::State;
use domain::{ConnectionId, Fault, TenantId};
use protocol::claims::{BadRule, Difference, Step, from_values, sample};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{Allow, Json, Path, Problem, Routes};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .get("/v1/tenants/{tenant}/connections/{connection}/claim-rules", show)
        .says("Shows the rules by which a connection's claims become what the tenant keeps.")
        .answers::<ClaimRules>(200)
        .put("/v1/tenants/{tenant}/connections/{connection}/claim-rules", put)
        .says("Sets a connection's rules, all at once; they hold from the next sign-in on.")
        .takes::<NewClaimRules>()
        .answers::<ClaimRules>(200)
        .post("/v1/tenants/{tenant}/connections/{connection}/claim-rules/try", post_try)
        .says("Tries rules on sample claims or on what the last trial brought: explains every step, and changes nothing.")
        .takes::<Trying>()
        .answers::<Tried>(200)
}

/// The rules of a connection.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimRules {
    /// The rules, in their order.
    #[schema(value_type = Vec<Object>)]
    rules: Vec<Value>,
    /// The scopes that are asked for: without those whose claims the rules drop.
    scopes: String,
    /// Until when the claims of the last trial are kept.
    trial_until: Option<String>,
}

/// Rules in place of all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewClaimRules {
    /// The rules, in their order.
    #[schema(value_type = Vec<Object>)]
    rules: Vec<Value>,
}

/// What is to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trying {
    /// The rules; left out for those that the connection has.
    #[schema(value_type = Option<Vec<Object>>)]
    rules: Option<Vec<Value>>,
    /// The claims; left out, with `token`, for those of the last trial.
    #[schema(value_type = Option<Object>)]
    claims: Option<Map<String, Value>>,
    /// A token (JWT) that holds the claims; nothing of it is checked.
    token: Option<String>,
}

/// What came of trying.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tried {
    /// What each rule did.
    steps: Vec<TriedStep>,
    /// What is different after all of them.
    changed: Vec<ChangedClaim>,
    /// What would be kept of the person: `name`, `email`, `attributes`.
    #[schema(value_type = Object)]
    profile: Map<String, Value>,
    /// The roles that the rules would give.
    roles: Vec<String>,
    /// Attributes that would be left out because they are too long.
    left_out: Vec<String>,
    /// Whether the claims say who it is: without it nobody is signed in.
    has_subject: bool,
}

/// What one rule did.
#[derive(Serialize, ToSchema)]
pub(crate) struct TriedStep {
    /// Which rule, counted from 1.
    number: usize,
    /// What it is called.
    rule: &'static str,
    /// Whether it could do its work.
    worked: bool,
    /// What came of it, in words.
    said: String,
    /// What is different since.
    changed: Vec<ChangedClaim>,
    /// The roles that it gives.
    roles: Vec<String>,
}

/// One claim, before and after; null for one that is not there.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangedClaim {
    /// Which.
    claim: String,
    /// What stood there.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// What stands there now.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

impl From<Held> for ClaimRules {
    fn from(held: Held) -> Self {
        let value = |rule| serde_json::to_value(rule).expect("a rule is plain data");
        ClaimRules {
            rules: held.rules.iter().map(value).collect(),
            scopes: held.scopes,
            trial_until: held.trial.map(|until| until.to_string()),
        }
    }
}

impl From<Difference> for ChangedClaim {
    fn from(Difference { claim, before, after }: Difference) -> Self {
        ChangedClaim { claim, before, after }
    }
}

impl From<Step> for TriedStep {
    fn from(step: Step) -> Self {
        TriedStep {
            number: step.rule,
            rule: step.name,
            worked: step.worked,
            said: step.said,
            changed: step.changed.into_iter().map(ChangedClaim::from).collect(),
            roles: step.roles.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<TriedOut> for Tried {
    fn from(tried: TriedOut) -> Self {
        Tried {
            steps: tried.steps.into_iter().map(TriedStep::from).collect(),
            changed: tried.changed.into_iter().map(ChangedClaim::from).collect(),
            profile: tried.profile,
            roles: tried.outcome.roles.iter().map(ToString::to_string).collect(),
            left_out: tried.outcome.left_out,
            has_subject: tried.has_subject,
        }
    }
}

/// The problem, which names the rule that is wrong.
fn located(error: RulesError) -> Problem {
    let rule = match &error {
        RulesError::Bad(BadRule { rule: Some(rule), .. }) | RulesError::UnknownRole { rule, .. } => {
            Some(*rule)
        }
        _ => None,
    };
    let words = error.detail();
    match (rule, words) {
        (Some(rule), Some(words)) => {
            Problem::new(error.code()).detail(words.clone()).at(format!("/rules/{}", rule - 1), words)
        }
        _ => error.into(),
    }
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
) -> Result<Json<ClaimRules>, Problem> {
    Ok(Json(read(&room.store, &permit, id).await?.into()))
}

async fn put(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
    Json(new): Json<NewClaimRules>,
) -> Result<Json<ClaimRules>, Problem> {
    let rules = from_values(new.rules).map_err(|bad| located(bad.into()))?;
    Ok(Json(set(&room, &permit, id, rules).await.map_err(located)?.into()))
}

async fn post_try(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
    Json(trying): Json<Trying>,
) -> Result<Json<Tried>, Problem> {
    let rules = trying.rules.map(from_values).transpose().map_err(|bad| located(bad.into()))?;
    let sample = match (trying.claims, trying.token) {
        (Some(claims), None) => Sample::Claims(claims),
        (None, Some(token)) => Sample::Claims(sample(&token).map_err(RulesError::Sample)?),
        (None, None) => Sample::LastTrial,
        (Some(_), Some(_)) => {
            return Err(Problem::new("input.invalid").at("/token", "Give either claims or a token."));
        }
    };
    Ok(Json(try_out(&room, &permit, id, rules, sample).await.map_err(located)?.into()))
}
