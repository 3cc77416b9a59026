//! The pages of connections: the list, the guided setup, and one connection with everything that can be
//! done to it.

use super::{
    Connection, ConnectionError, Owner, Stage, activate, change, create, form::Fields, list, loss_in, read,
    remove, reserve, reserve::redeem, switch_off, switch_on,
};
use crate::{
    Identity,
    provider::{self, Provider, ReadsConnections},
    sign_in::{connection::redirect_uri, trial_link},
};
use access::{ManageConnection, Permit, ReadConnection, TestConnection};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{ConnectionId, Right, RoleName, TenantId};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column, Wrong},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/connections", show_all)
        .says("The tenant's connections and providers.")
        .get("/t/{tenant}/connections/new", show_new)
        .says("The guided setup of a connection.")
        .post("/t/{tenant}/connections", post_new)
        .says("Creates a connection as a draft.")
        .get("/t/{tenant}/connections/{connection}", show)
        .says("One connection.")
        .post("/t/{tenant}/connections/{connection}", post_changes)
        .says("Changes a connection.")
        .post("/t/{tenant}/connections/{connection}/test", post_test)
        .says("Leads to a test sign-in.")
        .post("/t/{tenant}/connections/{connection}/activate", post_activate)
        .says("Takes a draft into use.")
        .post("/t/{tenant}/connections/{connection}/switch-off", post_switch_off)
        .says("Takes a connection out of use.")
        .post("/t/{tenant}/connections/{connection}/switch-on", post_switch_on)
        .says("Takes a connection into use again.")
        .post("/t/{tenant}/connections/{connection}/remove", post_remove)
        .says("Removes a connection.")
}

fn path_of(tenant: TenantId) -> String {
    format!("/t/{tenant}/connections")
}

fn tone_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Draft { .. } => "info",
        Stage::Active { .. } => "good",
        Stage::Off { .. } => "mute",
    }
}

fn owner_in_words(owner: Owner) -> &'static str {
    match owner {
        Owner::Us => "This organisation",
        Owner::Another => "Another organisation, which shares it",
        Owner::Withdrawn => "Another organisation, which has withdrawn it",
    }
}

// --- the list

#[derive(Template)]
#[template(path = "connection/list.html")]
struct ConnectionsPage {
    frame: Frame,
    new: String,
    columns: Vec<Column>,
    connections: Vec<Line>,
    provider_columns: Vec<Column>,
    providers: Vec<ProviderLine>,
    may_manage: bool,
}

struct Line {
    path: String,
    name: String,
    issuer: String,
    tone: &'static str,
    standing: &'static str,
    is_withdrawn: bool,
    tested: Option<At>,
}

struct ProviderLine {
    path: String,
    name: String,
    issuer: String,
    owner: &'static str,
    shares: String,
}

impl ProviderLine {
    fn of(provider: Provider, tenant: TenantId) -> Self {
        let (owner, shares) = match provider.ownership {
            provider::Ownership::Own { shares: 0, .. } => (Owner::Us, "Nobody".to_owned()),
            provider::Ownership::Own { shares: 1, .. } => (Owner::Us, "1 organisation".to_owned()),
            provider::Ownership::Own { shares, .. } => (Owner::Us, format!("{shares} organisations")),
            provider::Ownership::Shared => (Owner::Another, String::new()),
        };
        ProviderLine {
            path: format!("/t/{tenant}/providers/{}", provider.id),
            name: provider.name.to_string(),
            issuer: provider.issuer,
            owner: owner_in_words(owner),
            shares,
        }
    }
}

async fn show_all(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    frame: Frame,
) -> Result<Page<ConnectionsPage>, Problem> {
    let tenant = permit.tenant_id();
    let path = path_of(tenant);
    let line = |(connection, owner): (Connection, Owner)| Line {
        path: format!("{path}/{}", connection.id),
        name: connection.name.to_string(),
        tone: tone_of(connection.stage),
        standing: connection.stage.standing().name(),
        is_withdrawn: owner == Owner::Withdrawn,
        tested: connection.stage.tested().map(At::from),
        issuer: connection.issuer,
    };
    let connections = list(&room.store, &permit).await?.into_iter().map(line).collect();
    let providers = provider::list(&room.store, &permit).await?;
    let may_manage = permit.caller().rights().has(Right::ManageConnections);
    let new = format!("{path}/new");
    let frame = frame.title("Connections").describe("How people of this organisation sign in.");
    let frame = if may_manage { frame.link("New connection", new.clone(), "primary") } else { frame };
    Ok(Page::new(ConnectionsPage {
        frame,
        new,
        columns: vec![
            Column::new("Connection"),
            Column::new("Standing"),
            Column::new("Last test").of("time"),
        ],
        connections,
        provider_columns: vec![Column::new("Provider"), Column::new("Owner"), Column::new("Shared with")],
        providers: providers.into_iter().map(|provider| ProviderLine::of(provider, tenant)).collect(),
        may_manage,
    }))
}

// --- the guided setup

#[derive(Template)]
#[template(path = "connection/new.html")]
struct NewPage {
    frame: Frame,
    path: String,
    redirect: String,
    fields: Fields,
    providers: Vec<Choice>,
    roles: Vec<Choice>,
    wrong: Wrong,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    #[serde(default)]
    reservation: String,
}

async fn show_new(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Query(Begun { reservation }): Query<Begun>,
    frame: Frame,
) -> Result<Response, Problem> {
    if !permit.caller().rights().has(Right::ManageConnections) {
        return Err(Problem::new("action.forbidden"));
    }
    // The redirect URI must not change while somebody carries it to the provider, so it is in the address.
    if reservation.is_empty() {
        let proof = reserve(&room, &permit).proof;
        return Ok(see_other(&format!("{}/new?reservation={proof}", path_of(permit.tenant_id()))));
    }
    let fields = Fields { reservation, scopes: "profile email".into(), ..Fields::default() };
    let page = new_page(&room, &permit, frame, fields, Wrong::nothing()).await?;
    Ok(Page::new(page).into_response())
}

async fn new_page<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    frame: Frame,
    fields: Fields,
    wrong: Wrong,
) -> Result<NewPage, Problem> {
    let path = path_of(permit.tenant_id());
    let id = redeem(room, permit, &fields.reservation)?;
    let known = provider::list(&room.store, permit).await?;
    let choice = |provider: &Provider| {
        let id = provider.id.to_string();
        Choice::new(id.clone(), format!("{} ({})", provider.name, provider.issuer), fields.provider == id)
    };
    let new = Choice::new("", "A new one, by its issuer", fields.provider.is_empty());
    Ok(NewPage {
        frame: frame.title("New connection").under("Connections", path.clone()),
        redirect: redirect_uri(&room.web.hosts, id),
        providers: std::iter::once(new).chain(known.iter().map(choice)).collect(),
        roles: roles(room, &fields.default_roles),
        path,
        fields: Fields { client_secret: String::new(), ..fields },
        wrong,
    })
}

fn roles(room: &Identity, chosen: &[String]) -> Vec<Choice> {
    let known = room.known_roles.load();
    let choice = |role: &RoleName| {
        let name = role.to_string();
        Choice::new(name.clone(), name.clone(), chosen.contains(&name))
    };
    known.iter().map(choice).collect()
}

async fn post_new(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let outcome = match fields.read_new() {
        Ok(new) => create(&room, &permit, new).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(connection) => Ok(done(permit.tenant_id(), connection.id, "created")),
        Err(problem) if is_about_the_form(&problem) && !fields.reservation.is_empty() => {
            let page = new_page(&room, &permit, frame, fields, problem.into()).await?;
            Ok(Page::again(page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

// --- one connection

#[derive(Template)]
#[template(path = "connection/show.html")]
struct ConnectionPage {
    frame: Frame,
    path: String,
    id: String,
    name: String,
    redirect: String,
    provider: String,
    owner: &'static str,
    is_withdrawn: bool,
    stage: Stage,
    tone: &'static str,
    tested: Option<At>,
    created: At,
    changed: At,
    has_secret: bool,
    fields: Fields,
    roles: Vec<Choice>,
    may_manage: bool,
    /// What people would lose if it were switched off, in words; empty for nothing.
    loss: String,
    wrong: Wrong,
    switch_off_error: String,
    remove_error: String,
}

/// What has just been done.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    done: String,
}

impl Told {
    fn words(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "created" => Some("The connection is set up. Test it before it goes into use."),
            "changed" => Some("The changes are saved."),
            "activated" => Some("People can sign in by this connection now."),
            "off" => Some("The connection is off. Sessions by it have ended."),
            "on" => Some("People can sign in by this connection again."),
            _ => None,
        }
    }
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ConnectionId)>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<ConnectionPage>, Problem> {
    let frame = match told.words() {
        Some(words) => frame.flash("good", words),
        None => frame,
    };
    Ok(Page::new(page(&room, &permit, id, frame).await?))
}

/// The page of a connection as it is now.
async fn page<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    id: ConnectionId,
    frame: Frame,
) -> Result<ConnectionPage, Problem> {
    let (connection, owner) = read(&room.store, permit, id).await?;
    let loss = loss_in(&room.store, permit, &connection).await?;
    let list = path_of(permit.tenant_id());
    let fields = Fields::of(&connection);
    Ok(ConnectionPage {
        frame: frame.title(connection.name.to_string()).under("Connections", list.clone()),
        path: format!("{list}/{id}"),
        id: id.to_string(),
        name: connection.name.to_string(),
        redirect: redirect_uri(&room.web.hosts, id),
        provider: format!("/t/{}/providers/{}", permit.tenant_id(), connection.provider),
        owner: owner_in_words(owner),
        is_withdrawn: owner == Owner::Withdrawn,
        stage: connection.stage,
        tone: tone_of(connection.stage),
        tested: connection.stage.tested().map(At::from),
        created: connection.created_at.into(),
        changed: connection.changed_at.into(),
        has_secret: connection.has_secret,
        roles: roles(room, &fields.default_roles),
        fields,
        may_manage: permit.caller().rights().has(Right::ManageConnections),
        loss: loss.map(|loss| loss.to_string()).unwrap_or_default(),
        wrong: Wrong::nothing(),
        switch_off_error: String::new(),
        remove_error: String::new(),
    })
}

async fn post_changes(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let outcome = match fields.read_changes() {
        Ok(changes) => change(&room, &permit, id, &changes).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(_) => Ok(done(tenant, id, "changed")),
        Err(problem) if is_about_the_form(&problem) => {
            let mut page = page(&room, &permit, id, frame).await?;
            page.roles = roles(&room, &fields.default_roles);
            page.fields = Fields { issuer: page.fields.issuer, client_secret: String::new(), ..fields };
            page.wrong = problem.into();
            Ok(Page::again(page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "connection/test.html")]
struct TestPage {
    frame: Frame,
    connection: String,
    issuer: String,
    leave: String,
}

/// To leave for a provider takes a link: what a form is answered with may not redirect to another origin.
async fn post_test(
    Allow(permit): Allow<TestConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Page<TestPage>, Problem> {
    let (connection, _) = read(&room.store, &permit, id).await?;
    let link = trial_link(&room, &permit, id).ok_or_else(|| Problem::new("action.forbidden"))?;
    let list = path_of(tenant);
    let here = format!("{list}/{id}");
    Ok(Page::new(TestPage {
        frame: frame
            .title("Test sign-in")
            .under("Connections", list)
            .under(connection.name.to_string(), here),
        connection: connection.name.to_string(),
        issuer: connection.issuer,
        leave: link,
    }))
}

/// A form with a button and nothing to fill in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn post_activate(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match activate(&room, &permit, id).await {
        Ok(_) => Ok(done(tenant, id, "activated")),
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

async fn post_switch_on(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match switch_on(&room, &permit, id).await {
        Ok(_) => Ok(done(tenant, id, "on")),
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchOff {
    /// The connection's name, typed where people would be locked out.
    #[serde(default)]
    name: String,
}

async fn post_switch_off(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(SwitchOff { name }): Form<SwitchOff>,
) -> Result<Response, Problem> {
    let mut shown = page(&room, &permit, id, frame.clone()).await?;
    match switch_off(&room, &permit, id, name.trim() == shown.name).await {
        Ok(_) => Ok(done(tenant, id, "off")),
        Err(ConnectionError::Unconfirmed(_)) => {
            shown.switch_off_error = exactly(&shown.name);
            Ok(Page::again(shown).into_response())
        }
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    remove_name: String,
}

async fn post_remove(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path((tenant, id)): Path<(TenantId, ConnectionId)>,
    frame: Frame,
    Form(Remove { remove_name }): Form<Remove>,
) -> Result<Response, Problem> {
    let mut shown = page(&room, &permit, id, frame.clone()).await?;
    if remove_name.trim() != shown.name {
        shown.remove_error = exactly(&shown.name);
        return Ok(Page::again(shown).into_response());
    }
    match remove(&room, &permit, id).await {
        Ok(()) => Ok(see_other(&path_of(tenant))),
        Err(error) => again(&room, &permit, id, frame, error).await,
    }
}

fn exactly(name: &str) -> String {
    format!("Type {name} exactly as it stands here.")
}

/// Back to the page, so that loading it anew repeats nothing.
fn done(tenant: TenantId, id: ConnectionId, what: &str) -> Response {
    see_other(&format!("{}/{id}?done={what}", path_of(tenant)))
}

/// The page once more, with what was wrong.
async fn again(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    id: ConnectionId,
    frame: Frame,
    error: ConnectionError,
) -> Result<Response, Problem> {
    let problem = Problem::from(error);
    if !is_about_the_form(&problem) {
        return Err(problem);
    }
    let mut page = page(room, permit, id, frame).await?;
    page.wrong = problem.into();
    Ok(Page::again(page).into_response())
}

/// Whether whoever sent the form can put it right there. A provider that is away is among it.
fn is_about_the_form(problem: &Problem) -> bool {
    let about_issuer = problem.errors().iter().any(|error| error.pointer == "/issuer");
    (problem.status().is_client_error() || about_issuer) && problem.code() != "item.unknown"
}
