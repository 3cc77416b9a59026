//! The tenant's page of applications: what they are and ask for, which are in use, and the buttons for both.

pub(crate) mod console;

use super::{Application, ApplicationError, Consent, consent, consent::ReadsApplications, in_use, withdraw};
use crate::{Identity, asked::Told};
use access::{ConsentApplication, Permit, ReadApplications};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{ApplicationId, Right, TenantId};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Column},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/applications", show)
        .says("Applications, and what the organisation has agreed to.")
        .post("/t/{tenant}/applications/{application}/consent", post_consent)
        .says("Puts an application into use with what it asks for.")
        .post("/t/{tenant}/applications/{application}/withdraw", post_withdraw)
        .says("Takes an application out of use.")
}

struct Line {
    name: String,
    id: String,
    family: String,
    asks: Vec<Asked>,
    standing: &'static str,
    tone: &'static str,
    since: Option<At>,
    /// Where to agree, if that can be done here.
    agree: String,
    /// Where to withdraw.
    withdraw: String,
}

/// One scope that it asks for.
struct Asked {
    name: String,
    allowed: bool,
}

impl Line {
    fn of(application: &Application, consent: Option<Consent>, path: &str) -> Self {
        let (everybody, at) = (application.is_everybodys(), format!("{path}/{}", application.id));
        let allowed = |name: &domain::ScopeName| {
            everybody || consent.as_ref().is_none_or(|consent| consent.scopes.contains(name))
        };
        let asks = application.scopes().map(|name| Asked { allowed: allowed(&name), name: name.to_string() });
        let (standing, tone) = match (everybody, &consent) {
            (true, _) => ("In use everywhere", "info"),
            (false, Some(_)) => ("In use", "good"),
            (false, None) => ("Not in use", "mute"),
        };
        Line {
            name: application.metadata.client_name.to_string(),
            id: application.id.to_string(),
            family: application.metadata.family.clone().unwrap_or_default(),
            asks: asks.collect(),
            standing,
            tone,
            since: consent.as_ref().map(|consent| consent.given_at.into()),
            agree: if everybody { String::new() } else { format!("{at}/consent") },
            withdraw: if consent.is_some() && !everybody { format!("{at}/withdraw") } else { String::new() },
        }
    }
}

#[derive(Template)]
#[template(path = "application/list.html")]
struct ApplicationsPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    may_manage: bool,
}

/// What has just been done, in words.
fn words(done: &str) -> Option<&'static str> {
    match done {
        "agreed" => Some("The application is in use. Everybody here can sign in to it."),
        "withdrawn" => {
            Some("The application is out of use. Its tokens are good for nothing here within seconds.")
        }
        _ => None,
    }
}

async fn show(
    Allow(permit): Allow<ReadApplications>,
    State(room): State<Identity>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<ApplicationsPage>, Problem> {
    let frame = match words(&told.done) {
        Some(words) => frame.flash("good", words),
        None => frame,
    };
    Ok(Page::new(page(&room, &permit, frame).await?))
}

async fn page<A: ReadsApplications>(
    room: &Identity,
    permit: &Permit<A>,
    frame: Frame,
) -> Result<ApplicationsPage, Problem> {
    let path = path(permit.tenant_id());
    let all = in_use(room, permit).await?;
    Ok(ApplicationsPage {
        frame: frame.title("Applications").describe(
            "What people here sign in to with this organisation's credentials, and what it may do.",
        ),
        columns: vec![
            Column::new("Application"),
            Column::new("What it may do"),
            Column::new("Standing"),
            Column::new("Since").of("time"),
            Column::new("What to do").of("acts"),
        ],
        lines: all.into_iter().map(|(one, consent)| Line::of(&one, consent, &path)).collect(),
        may_manage: permit.caller().rights().has(Right::ManageConnections),
    })
}

fn path(tenant: TenantId) -> String {
    format!("/t/{tenant}/applications")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agree {
    /// The scopes that were on the page when somebody agreed, with spaces between.
    scopes: String,
}

async fn post_consent(
    Allow(permit): Allow<ConsentApplication>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApplicationId)>,
    Form(Agree { scopes }): Form<Agree>,
) -> Result<Response, Problem> {
    let unread = |_| ApplicationError::Rule("scopes", "these are no scopes".to_owned());
    let scopes = scopes.split_ascii_whitespace().map(|word| word.parse().map_err(unread));
    consent(&room, &permit, id, scopes.collect::<Result<_, _>>()?).await?;
    Ok(see_other(&format!("{}?done=agreed", path(permit.tenant_id()))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn post_withdraw(
    Allow(permit): Allow<ConsentApplication>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApplicationId)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    withdraw(&room, &permit, id).await?;
    Ok(see_other(&format!("{}?done=withdrawn", path(permit.tenant_id()))))
}

impl Line {
    /// What is agreed to by the button: everything that it asks for.
    fn all(&self) -> String {
        self.asks.iter().map(|asked| asked.name.as_str()).collect::<Vec<_>>().join(" ")
    }
}
