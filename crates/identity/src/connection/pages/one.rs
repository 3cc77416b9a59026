//! The page of one connection, and what is done there.

use super::{authentications, done, is_about_the_form, owner_in_words, path_of, roles, tone_of};
use crate::{
    Identity,
    connection::{
        ConnectionError, Owner, Stage, activate, change, form::Fields, http::return_address, loss_in, read,
        remove, switch_off, switch_on,
    },
    provider::{Kind, ReadsConnections},
    saml,
    sign_in::trial_link,
};
use access::{ManageConnection, Permit, ReadConnection, TestConnection};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{ConnectionId, Right, TenantId};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Choice, Wrong},
    sign_in::see_other,
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
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

#[derive(Template)]
#[template(path = "connection/show.html")]
struct ConnectionPage {
    frame: Frame,
    path: String,
    id: String,
    name: String,
    redirect: String,
    /// Our entity id and metadata, for SAML.
    entity_id: String,
    metadata_address: String,
    is_saml: bool,
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
    /// How many claim rules there are.
    rules: usize,
    rules_path: String,
    roles: Vec<Choice>,
    authentications: Vec<Choice>,
    /// How the secret is shown, in words.
    authentication: &'static str,
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
        redirect: return_address(&room.web.hosts, connection.kind, id),
        entity_id: saml::entity_id(&room.web.hosts, id),
        metadata_address: saml::metadata_address(&room.web.hosts, id),
        is_saml: connection.kind == Kind::Saml,
        provider: format!("/t/{}/providers/{}", permit.tenant_id(), connection.provider),
        owner: owner_in_words(owner),
        is_withdrawn: owner == Owner::Withdrawn,
        stage: connection.stage,
        tone: tone_of(connection.stage),
        tested: connection.stage.tested().map(At::from),
        created: connection.created_at.into(),
        changed: connection.changed_at.into(),
        has_secret: connection.has_secret,
        rules_path: format!("{list}/{id}/rules"),
        rules: connection.settings.claim_rules.len(),
        roles: roles(room, &fields.default_roles),
        authentications: authentications(&fields.client_authentication),
        authentication: connection.settings.client_authentication.words(),
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
            page.authentications = authentications(&fields.client_authentication);
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
pub(super) struct Remove {
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
