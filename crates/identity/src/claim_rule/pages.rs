//! The page of a connection's rules: they are written, tried on a sample, and saved.

use super::{Held, RulesError, Sample, TriedOut, read, set, try_out};
use crate::{Identity, provider::ReadsConnections};
use access::{ManageConnection, Permit, ReadConnection};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{ConnectionId, Right, TenantId};
use protocol::claims::{Difference, Rule, parse, sample};
use serde::Deserialize;
use serde_json::Value;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Column, Wrong},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/connections/{connection}/rules", show)
        .says("The rules of a connection.")
        .post("/t/{tenant}/connections/{connection}/rules", post)
        .says("Tries or saves the rules of a connection.")
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    done: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    rules: String,
    #[serde(default)]
    claims: String,
    /// `try` or `save`.
    #[serde(rename = "do")]
    act: String,
}

#[derive(Template)]
#[template(path = "claim_rule/show.html")]
struct RulesPage {
    frame: Frame,
    path: String,
    fields: Fields,
    scopes: String,
    trial: Option<At>,
    may_manage: bool,
    tried: Option<Shown>,
    wrong: Wrong,
}

/// What came of trying, as it is shown.
struct Shown {
    columns: Vec<Column>,
    steps: Vec<Line>,
    changed_columns: Vec<Column>,
    changed: Vec<Changed>,
    profile: Vec<(String, String)>,
    roles: Vec<String>,
    left_out: Vec<String>,
    has_subject: bool,
}

struct Line {
    number: usize,
    rule: &'static str,
    tone: &'static str,
    worked: &'static str,
    said: String,
}

struct Changed {
    claim: String,
    before: String,
    after: String,
}

impl From<Difference> for Changed {
    fn from(one: Difference) -> Self {
        Changed { claim: one.claim, before: written(one.before.as_ref()), after: written(one.after.as_ref()) }
    }
}

fn written(value: Option<&Value>) -> String {
    match value {
        None => "—".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

impl From<TriedOut> for Shown {
    fn from(tried: TriedOut) -> Self {
        let line = |step: protocol::claims::Step| Line {
            number: step.rule,
            rule: step.name,
            tone: if step.worked { "good" } else { "warn" },
            worked: if step.worked { "Done" } else { "In vain" },
            said: step.said,
        };
        Shown {
            columns: vec![Column::new("Rule"), Column::new("Outcome"), Column::new("What it did")],
            steps: tried.steps.into_iter().map(line).collect(),
            changed_columns: vec![Column::new("Claim"), Column::new("Before"), Column::new("After")],
            changed: tried.changed.into_iter().map(Changed::from).collect(),
            profile: tried.profile.iter().map(|(name, value)| (name.clone(), written(Some(value)))).collect(),
            roles: tried.outcome.roles.iter().map(ToString::to_string).collect(),
            left_out: tried.outcome.left_out,
            has_subject: tried.has_subject,
        }
    }
}

/// One rule a line, so that a line is a rule.
fn as_text(rules: &[Rule]) -> String {
    let lines: Vec<String> =
        rules.iter().map(|rule| serde_json::to_string(rule).expect("a rule is plain data")).collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("[\n  {}\n]", lines.join(",\n  ")),
    }
}

async fn page<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    id: ConnectionId,
    frame: Frame,
) -> Result<RulesPage, Problem> {
    let Held { name, rules, scopes, trial } = read(&room.store, permit, id).await?;
    let list = format!("/t/{}/connections", permit.tenant_id());
    let here = format!("{list}/{id}");
    Ok(RulesPage {
        frame: frame.title("Claim rules").under("Connections", list).under(name, here.clone()),
        path: format!("{here}/rules"),
        fields: Fields { rules: as_text(&rules), ..Fields::default() },
        scopes,
        trial: trial.map(At::from),
        may_manage: permit.caller().rights().has(Right::ManageConnections),
        tried: None,
        wrong: Wrong::nothing(),
    })
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<RulesPage>, Problem> {
    let frame = match told.done.as_str() {
        "saved" => frame.flash("good", "The rules are saved. They hold from the next sign-in on."),
        _ => frame,
    };
    Ok(Page::new(page(&room, &permit, id, frame).await?))
}

async fn post(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let mut shown = page(&room, &permit, id, frame).await?;
    shown.fields = fields.clone();
    let outcome = match fields.act.as_str() {
        "save" => save(&room, &permit, id, &fields).await.map(|()| None),
        _ => tried(&room, &permit, id, &fields).await.map(Some),
    };
    match outcome.map_err(Problem::from) {
        Ok(None) => Ok(see_other(&format!("/t/{tenant}/connections/{id}/rules?done=saved"))),
        Ok(Some(tried)) => {
            shown.tried = Some(tried.into());
            Ok(Page::new(shown).into_response())
        }
        Err(problem) if matches!(problem.status().as_u16(), 409 | 422) => {
            shown.wrong = problem.into();
            Ok(Page::again(shown).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn save(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    fields: &Fields,
) -> Result<(), RulesError> {
    set(room, permit, id, parse(&fields.rules)?).await.map(drop)
}

async fn tried(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    fields: &Fields,
) -> Result<TriedOut, RulesError> {
    let rules = parse(&fields.rules)?;
    let sample = match fields.claims.trim() {
        "" => Sample::LastTrial,
        text => Sample::Claims(sample(text).map_err(RulesError::Sample)?),
    };
    try_out(room, permit, id, Some(rules), sample).await
}
