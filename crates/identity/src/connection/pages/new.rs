//! The guided setup of a connection.

use super::{authentications, done, is_about_the_form, path_of, roles};
use crate::{
    Identity,
    asked::Asked,
    connection::{create, form::Fields, http::return_address, reserve, reserve::redeem},
    preset::{PRESETS, Preset},
    provider::{self, Kind, Provider, ReadsConnections, http::MOST_WITH_METADATA},
    saml,
};
use access::{ManageConnection, Permit, ReadConnection};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::Right;
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Problem, Query, Routes, Surface,
    limit::Limited,
    parts::{Choice, Wrong},
    sign_in::see_other,
};

pub(super) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/connections/new", show)
        .says("The guided setup of a connection.")
        .post("/t/{tenant}/connections", post)
        .says("Creates a connection as a draft.")
}

#[derive(Template)]
#[template(path = "connection/new.html")]
struct NewPage {
    frame: Frame,
    path: String,
    redirect: String,
    /// Our entity id, for SAML.
    entity_id: String,
    /// Our metadata, for SAML.
    metadata_address: String,
    /// The same page for the other protocol.
    other: String,
    is_saml: bool,
    fields: Fields,
    providers: Vec<Choice>,
    roles: Vec<Choice>,
    authentications: Vec<Choice>,
    wrong: Wrong,
    /// The vendor whose manners are filled in.
    preset: Option<&'static Preset>,
    presets: &'static [Preset],
}

/// A vendor's name as it goes along in the address; nothing where it is none.
fn chosen(preset: &str) -> String {
    Preset::named(preset).map(|preset| format!("&preset={}", preset.name)).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    #[serde(default)]
    reservation: String,
    /// A vendor's name, whose manners are filled in.
    #[serde(default)]
    preset: String,
    /// What the provider speaks.
    #[serde(default)]
    kind: String,
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Query(Begun { reservation, preset, kind }): Query<Begun>,
    frame: Frame,
) -> Result<Response, Problem> {
    if !permit.caller().rights().has(Right::ManageConnections) {
        return Err(Problem::new("action.forbidden"));
    }
    // The redirect URI must not change while somebody carries it to the provider, so it is in the address.
    if reservation.is_empty() {
        let proof = reserve(&room, &permit).proof;
        let kind = if kind == Kind::Saml.name() { "kind=saml&" } else { "" };
        return Ok(see_other(&format!(
            "{}/new?{kind}reservation={proof}{}",
            path_of(permit.tenant_id()),
            chosen(&preset)
        )));
    }
    let known = Preset::named(&preset);
    let fields = Fields {
        reservation,
        kind,
        issuer: known.map(|preset| preset.issuer.to_owned()).unwrap_or_default(),
        name: known.map(|preset| preset.title.to_owned()).unwrap_or_default(),
        scopes: known.map_or("profile email", |preset| preset.scopes).to_owned(),
        parameters: known.map(Preset::parameter_lines).unwrap_or_default(),
        ..Fields::default()
    };
    let mut page = page(&room, &permit, frame, fields, Wrong::nothing()).await?;
    page.preset = known;
    Ok(Page::new(page).into_response())
}

async fn page<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    frame: Frame,
    fields: Fields,
    wrong: Wrong,
) -> Result<NewPage, Problem> {
    let path = path_of(permit.tenant_id());
    let id = redeem(room, permit, &fields.reservation)?;
    let mut known = provider::list(&room.store, permit).await?;
    let kind = if fields.is_saml() { Kind::Saml } else { Kind::Oidc };
    known.retain(|provider| (provider.kind == Kind::Saml) == (kind == Kind::Saml));
    let choice = |provider: &Provider| {
        let id = provider.id.to_string();
        Choice::new(id.clone(), format!("{} ({})", provider.name, provider.issuer), fields.provider == id)
    };
    let (by, other) = match kind {
        Kind::Oidc | Kind::OAuth2 => ("A new one, by its issuer", Kind::Saml),
        Kind::Saml => ("A new one, by its metadata", Kind::Oidc),
    };
    let new = Choice::new("", by, fields.provider.is_empty());
    let hosts = &room.web.hosts;
    Ok(NewPage {
        frame: frame.title("New connection").under("Connections", path.clone()),
        redirect: return_address(hosts, kind, id),
        entity_id: saml::entity_id(hosts, id),
        metadata_address: saml::metadata_address(hosts, id),
        other: format!("{path}/new?kind={}&reservation={}", other.name(), fields.reservation),
        is_saml: fields.is_saml(),
        providers: std::iter::once(new).chain(known.iter().map(choice)).collect(),
        roles: roles(room, &fields.default_roles),
        authentications: authentications(&fields.client_authentication),
        path,
        fields: Fields { client_secret: String::new(), ..fields },
        wrong,
        preset: None,
        presets: PRESETS,
    })
}

async fn post(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    asked: Asked,
    frame: Frame,
    Form(fields): Form<Fields, MOST_WITH_METADATA>,
) -> Result<Response, Problem> {
    asked.count(&room, Limited::Outgoing, Some(permit.tenant_id()))?;
    let outcome = match fields.read_new() {
        Ok(new) => create(&room, &permit, new).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(connection) => Ok(done(permit.tenant_id(), connection.id, "created")),
        Err(problem) if is_about_the_form(&problem) && !fields.reservation.is_empty() => {
            let page = page(&room, &permit, frame, fields, problem.into()).await?;
            Ok(Page::again(page).into_response())
        }
        Err(problem) => Err(problem),
    }
}
