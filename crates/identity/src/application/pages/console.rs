//! The operator's page of applications.

use crate::{
    Identity,
    application::{Application, ApplicationError, AuthMethod, BindFrom, Reach, bind, load, remove, renew},
    asked::Told,
};
use access::{ChangePlatformSettings, OperatorAction, OperatorPermit, ReadPlatformSettings};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::ApplicationId;
use serde::Deserialize;
use std::time::Duration;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{Column, Wrong},
    sign_in::see_other,
};

const PATH: &str = "/platform/applications";

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("The applications that receive our tokens.")
        .post("/platform/applications/bind", post_bind)
        .says("Registers an application by its metadata, and shows its secret.")
        .post("/platform/applications/secret", post_secret)
        .says("Gives an application a new secret, and shows it.")
        .post("/platform/applications/remove", post_remove)
        .says("Removes an application.")
}

struct Line {
    id: String,
    name: String,
    returns: String,
    realm: String,
    proves: &'static str,
    reach: &'static str,
    has_secret: bool,
}

impl Line {
    fn of(application: &Application) -> Self {
        let metadata = &application.metadata;
        Line {
            id: application.id.to_string(),
            name: metadata.client_name.to_string(),
            returns: metadata.redirect_uris.join(", "),
            realm: metadata.resource.clone().unwrap_or_default(),
            proves: match metadata.token_endpoint_auth_method {
                AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => "by a secret",
                AuthMethod::PrivateKeyJwt => "by its key",
                AuthMethod::SelfSignedTlsClientAuth => "by its certificate",
                AuthMethod::None => "by PKCE alone",
            },
            reach: match metadata.reach {
                Reach::All => "every organisation",
                Reach::Consent => "those that agreed",
            },
            has_secret: metadata.token_endpoint_auth_method.by_secret(),
        }
    }
}

#[derive(Template)]
#[template(path = "application/console.html")]
struct ApplicationsPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    issuer: String,
    /// The application that was just given a secret, and the secret.
    fresh: Option<(String, String)>,
    typed: String,
    wrong: Wrong,
}

async fn page<A: OperatorAction>(
    room: &Identity,
    permit: &OperatorPermit<A>,
    frame: Frame,
) -> Result<ApplicationsPage, Problem> {
    let all = load(&room.store, permit).await?;
    Ok(ApplicationsPage {
        frame: frame.title("Applications").describe(
            "Who receives our tokens, where people are sent back to, and which organisations have it.",
        ),
        columns: vec![
            Column::new("Application"),
            Column::new("Returns to"),
            Column::new("Proves itself"),
            Column::new("For"),
            Column::new("What to do").of("acts"),
        ],
        lines: all.values().map(|application| Line::of(application)).collect(),
        issuer: room.web.hosts.id.origin().to_owned(),
        fresh: None,
        typed: String::new(),
        wrong: Wrong::nothing(),
    })
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Identity>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<ApplicationsPage>, Problem> {
    let frame = match told.done.as_str() {
        "removed" => {
            frame.flash("good", "The application is removed. Its tokens are refused within seconds.")
        }
        "changed" => frame.flash("good", "The registration is changed."),
        _ => frame,
    };
    Ok(Page::new(page(&room, &permit, frame).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    /// Metadata as JSON, or its address.
    metadata: String,
}

async fn post_bind(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    frame: Frame,
    Form(Sent { metadata }): Form<Sent>,
) -> Result<Response, Problem> {
    let text = metadata.trim();
    let from = match serde_json::from_str(text) {
        Ok(given @ serde_json::Value::Object(_)) => BindFrom::Given(given),
        _ => BindFrom::Address(text.to_owned()),
    };
    match bind(&room, &permit, from, None).await {
        Ok(added) => {
            let secret = added.secret.map(|secret| secret.reveal().clone()).unwrap_or_default();
            let fresh = Some((added.application.id.to_string(), secret));
            let page = page(&room, &permit, frame).await?;
            Ok(Page::new(ApplicationsPage { fresh, ..page }).into_response())
        }
        Err(error @ ApplicationError::Store(_)) => Err(error.into()),
        Err(error) => {
            let page = page(&room, &permit, frame).await?;
            let wrong = Wrong::from(Problem::from(error));
            Ok(Page::again(ApplicationsPage { typed: metadata, wrong, ..page }).into_response())
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
}

impl Named {
    fn id(&self) -> Result<ApplicationId, Problem> {
        self.id.parse().map_err(|_| Problem::new("item.unknown"))
    }
}

/// For how long an old secret goes on that is renewed with one click.
const OVERLAP: Duration = Duration::from_secs(24 * 3_600);

async fn post_secret(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    frame: Frame,
    Form(named): Form<Named>,
) -> Result<Response, Problem> {
    let added = renew(&room, &permit, named.id()?, OVERLAP).await?;
    let secret = added.secret.map(|secret| secret.reveal().clone()).unwrap_or_default();
    let page = page(&room, &permit, frame).await?;
    let fresh = Some((added.application.id.to_string(), secret));
    Ok(Page::new(ApplicationsPage { fresh, ..page }).into_response())
}

async fn post_remove(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Identity>,
    Form(named): Form<Named>,
) -> Result<Response, Problem> {
    remove(&room, &permit, named.id()?).await?;
    Ok(see_other(&format!("{PATH}?done=removed")))
}
