//! The operator's pages of deployments.

use super::{
    BackendStanding, Changes, Deployment, DeploymentError, NewDeployment, Upstream, WithSecret, change,
    create, list, look_for_exposure, prepare, read, rows, take_over,
};
use crate::{
    Control,
    form::{self, Reading},
    landing::{Landing, land},
};
use access::{ChangePlatformSettings, OperatorPermit, ReadPlatformSettings};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Balancing, DeploymentId, DisplayName, Region};
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Column, Wrong},
};

const PATH: &str = "/platform/deployments";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show_all)
        .says("All deployments.")
        .get("/platform/deployments/new", show_new)
        .says("The form for a new deployment.")
        .post("/platform/deployments/new", post_new)
        .says("Makes a deployment, and shows its proof secret.")
        .get("/platform/deployments/{id}", show)
        .says("One deployment.")
        .post("/platform/deployments/{id}", post_change)
        .says("Changes a deployment.")
        .post("/platform/deployments/{id}/exposure", post_exposure)
        .says("Asks a deployment's backends without a context.")
        .post("/platform/deployments/{id}/secret", post_secret)
        .says("Makes the next proof secret, and shows it.")
        .post("/platform/deployments/{id}/secret/take-over", post_take_over)
        .says("Lets the next proof secret take over.")
}

fn path_of(id: DeploymentId) -> String {
    format!("{PATH}/{id}")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    upstreams: String,
    balancing: String,
    region: String,
}

struct Meant {
    name: DisplayName,
    upstreams: Vec<Upstream>,
    balancing: Balancing,
    region: Option<Region>,
}

impl Sent {
    fn of(deployment: &Deployment) -> Self {
        let upstreams: Vec<&str> = deployment.upstreams.iter().map(Upstream::as_str).collect();
        let balancing = match deployment.balancing.is_default() {
            true => String::new(),
            false => serde_json::to_string_pretty(&deployment.balancing).unwrap_or_default(),
        };
        Sent {
            name: deployment.name.to_string(),
            upstreams: upstreams.join("\n"),
            balancing,
            region: deployment.region().to_owned(),
        }
    }

    fn read(&self) -> Result<Meant, Problem> {
        let mut form = Reading::new();
        let name = form.read("name", &self.name);
        let lines = self.upstreams.lines().map(str::trim).filter(|line| !line.is_empty());
        let parsed: Result<Vec<Upstream>, _> = lines.map(str::parse).collect();
        let upstreams = parsed.map_err(|why| form.say("upstreams", why)).unwrap_or_default();
        let document = if self.balancing.trim().is_empty() { "{}" } else { &self.balancing };
        let balancing = serde_json::from_str(document);
        let balancing = balancing.map_err(|why| form.say("balancing", why)).unwrap_or_default();
        let region = match self.region.trim() {
            "" => None,
            text => form.read("region", text),
        };
        form.finish()?;
        let name = name.ok_or_else(|| Problem::internal("a form without a mistake has all its values"))?;
        Ok(Meant { name, upstreams, balancing, region })
    }
}

// --- the list

struct Line {
    path: String,
    id: String,
    name: String,
    upstreams: Vec<String>,
    changed: At,
}

#[derive(Template)]
#[template(path = "deployment/list.html")]
struct DeploymentsPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

async fn show_all(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
) -> Result<Page<DeploymentsPage>, Problem> {
    let line = |deployment: Deployment| Line {
        path: path_of(deployment.id),
        id: deployment.id.to_string(),
        name: deployment.name.to_string(),
        upstreams: deployment.upstreams.into_iter().map(String::from).collect(),
        changed: deployment.changed_at.into(),
    };
    Ok(Page::new(DeploymentsPage {
        frame: frame
            .title("Deployments")
            .describe("Where the application runs. Each tenant is hosted by one of them.")
            .link("New deployment", "/platform/deployments/new", "primary"),
        columns: vec![Column::new("Deployment"), Column::new("Backends"), Column::new("Changed").of("time")],
        lines: list(&room.store, &permit).await?.into_iter().map(line).collect(),
    }))
}

// --- a new one

#[derive(Template)]
#[template(path = "deployment/new.html")]
struct NewPage {
    frame: Frame,
    sent: Sent,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "deployment/secret.html")]
struct SecretPage {
    frame: Frame,
    path: String,
    audience: String,
    secret: String,
    note: &'static str,
}

fn new_page(frame: Frame, sent: Sent, wrong: Wrong) -> NewPage {
    NewPage { frame: frame.title("New deployment").under("Deployments", PATH), sent, wrong }
}

/// The page that shows a secret, this once.
fn secret_page(frame: Frame, made: &WithSecret, note: &'static str) -> Response {
    let path = path_of(made.deployment.id);
    let name = made.deployment.name.to_string();
    let page = SecretPage {
        frame: frame.title("Proof secret").under("Deployments", PATH).under(name, path.clone()),
        audience: made.deployment.id.to_string(),
        secret: made.secret.reveal().clone(),
        note,
        path,
    };
    (StatusCode::CREATED, Page::new(page)).into_response()
}

async fn show_new(_: AllowOperator<ReadPlatformSettings>, frame: Frame) -> Page<NewPage> {
    Page::new(new_page(frame, Sent::default(), Wrong::nothing()))
}

async fn post_new(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let made = match sent.read() {
        Ok(Meant { name, upstreams, balancing, region }) => {
            let new = NewDeployment { name, upstreams, balancing, region };
            create(&room.store, &permit, new).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(secret_page(frame, &made, "Put it into the configuration of every backend.")),
        Err(problem) => {
            let wrong = form::again(problem)?;
            Ok(Page::again(new_page(frame, sent, wrong)).into_response())
        }
    }
}

// --- one

#[derive(Template)]
#[template(path = "deployment/show.html")]
struct DeploymentPage {
    frame: Frame,
    path: String,
    id: String,
    changed: At,
    columns: Vec<Column>,
    backends: Vec<Backend>,
    sent: Sent,
    wrong: Wrong,
}

/// How one backend stands, as it is shown.
struct Backend {
    address: String,
    tone: &'static str,
    state: &'static str,
    more: String,
    weight: u32,
    outstanding: u32,
    answered: u64,
    failed: u64,
    checked: String,
    exposed: Option<bool>,
}

impl From<BackendStanding> for Backend {
    fn from(standing: BackendStanding) -> Self {
        let (_, tone, state) = standing.state.words();
        let checked = standing.checked.map(|(ago, said)| format!("{said}, {} s ago", ago.as_secs()));
        Backend {
            tone,
            state,
            address: standing.address,
            more: standing.more,
            weight: standing.weight,
            outstanding: standing.outstanding,
            answered: standing.answered,
            failed: standing.failed,
            checked: checked.unwrap_or_default(),
            exposed: standing.exposed,
        }
    }
}

fn page(room: &Control, frame: Frame, deployment: &Deployment) -> DeploymentPage {
    let numbers = ["Weight", "Under way", "Answered", "Failed"].map(|name| Column::new(name).of("number"));
    let columns = [Column::new("Backend"), Column::new("State")].into_iter().chain(numbers);
    DeploymentPage {
        columns: columns.chain(["Last health check", "Without a context"].map(Column::new)).collect(),
        backends: (room.standing_of)(deployment.id).into_iter().map(Backend::from).collect(),
        frame: frame.title(deployment.name.as_str()).under("Deployments", PATH),
        path: path_of(deployment.id),
        id: deployment.id.to_string(),
        changed: deployment.changed_at.into(),
        sent: Sent::of(deployment),
        wrong: Wrong::nothing(),
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<DeploymentPage>, Problem> {
    Ok(Page::new(page(&room, landing.tell(frame), &read(&room.store, &permit, id).await?)))
}

/// The page once more, with what was wrong.
async fn again(
    room: &Control,
    permit: &OperatorPermit<ChangePlatformSettings>,
    id: DeploymentId,
    frame: Frame,
    problem: Problem,
    sent: Option<Sent>,
) -> Result<Response, Problem> {
    let wrong = form::again(problem)?;
    let found =
        room.store.survey(permit, async |tx| Ok::<_, DeploymentError>(rows::find(tx, id).await?)).await?;
    let mut page = page(room, frame, &found.ok_or(DeploymentError::Unknown)?);
    if let Some(sent) = sent {
        page.sent = sent;
    }
    Ok(Page::again(DeploymentPage { wrong, ..page }).into_response())
}

async fn post_change(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let changed = match sent.read() {
        Ok(Meant { name, upstreams, balancing, region }) => {
            let changes = Changes {
                name: Some(name),
                upstreams: Some(upstreams),
                balancing: Some(balancing),
                region: Some(region),
            };
            change(&room.store, &permit, id, changes).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => Ok(land(&path_of(id), "saved")),
        Err(problem) => again(&room, &permit, id, frame, problem, Some(sent)).await,
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn post_exposure(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let all = look_for_exposure(&room, &permit, id).await?;
    let open = all.iter().any(|backend| backend.exposed == Some(true));
    Ok(land(&path_of(id), if open { "backends-open" } else { "backends-asked" }))
}

async fn post_secret(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let made = prepare(&room.store, &permit, id).await?;
    Ok(secret_page(frame, &made, "Give it to every backend beside the one before, then let it take over."))
}

async fn post_take_over(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    State(room): State<Control>,
    Path(id): Path<DeploymentId>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match take_over(&room.store, &permit, id).await {
        Ok(_) => Ok(land(&path_of(id), "secret-in-use")),
        Err(error) => again(&room, &permit, id, frame, error.into(), None).await,
    }
}
