//! The page of sign-in domains.

use super::{SignInDomain, SignInDomainError, bind, list, unbind};
use crate::{Identity, connection, provider::ReadsConnections};
use access::{ManageConnection, Permit, ReadConnection};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Right, TenantId};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{Choice, Column, Wrong},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/sign-in-domains", show)
        .says("By which connection the people of proved domains come.")
        .post("/t/{tenant}/sign-in-domains", post)
        .says("Leads the people of a proved domain to a connection, or to any.")
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    done: String,
}

/// A form, as it was sent.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    domain: String,
    /// A connection's id, or empty for any.
    connection: String,
    only: String,
    confirm: String,
}

#[derive(Template)]
#[template(path = "sign_in_domain/list.html")]
struct DomainsPage {
    frame: Frame,
    path: String,
    domains: String,
    columns: Vec<Column>,
    lines: Vec<SignInDomain>,
    names: Vec<Choice>,
    connections: Vec<Choice>,
    fields: Fields,
    may_manage: bool,
    wrong: Wrong,
}

async fn page<A: ReadsConnections>(
    room: &Identity,
    permit: &Permit<A>,
    frame: Frame,
    fields: Fields,
) -> Result<DomainsPage, Problem> {
    let tenant = permit.tenant_id();
    let lines = list(&room.store, permit).await?;
    let active = room.store.read(permit, async |tx| connection::rows::all(tx).await).await?;
    let active = active.iter().filter(|one| one.stage.is_active());
    let choice = |id: String, name: &str| Choice::new(id.clone(), name, id == fields.connection);
    let mut connections = vec![choice(String::new(), "Any connection")];
    connections.extend(active.map(|one| choice(one.id.to_string(), one.name.as_str())));
    let name = |one: &SignInDomain| {
        let name = one.domain.to_string();
        Choice::new(name.clone(), name.clone(), name == fields.domain)
    };
    Ok(DomainsPage {
        frame: frame.title("Sign-in domains").describe(
            "By which connection people come who have an address at a domain of this organisation.",
        ),
        path: format!("/t/{tenant}/sign-in-domains"),
        domains: format!("/t/{tenant}/domains"),
        columns: vec![Column::new("Domain"), Column::new("Connection"), Column::new("Others")],
        names: lines.iter().map(name).collect(),
        lines,
        connections,
        fields,
        may_manage: permit.caller().rights().has(Right::ManageConnections),
        wrong: Wrong::nothing(),
    })
}

async fn show(
    Allow(permit): Allow<ReadConnection>,
    State(room): State<Identity>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<DomainsPage>, Problem> {
    let frame = match told.done.as_str() {
        "bound" => frame.flash("good", "From now on its people come so."),
        _ => frame,
    };
    Ok(Page::new(page(&room, &permit, frame, Fields::default()).await?))
}

async fn post(
    Allow(permit): Allow<ManageConnection>,
    State(room): State<Identity>,
    Path(tenant): Path<TenantId>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    match put(&room, &permit, &fields).await.map_err(Problem::from) {
        Ok(()) => Ok(see_other(&format!("/t/{tenant}/sign-in-domains?done=bound"))),
        Err(problem) if matches!(problem.status().as_u16(), 409 | 422) => {
            let mut shown = page(&room, &permit, frame, fields).await?;
            shown.wrong = problem.into();
            Ok(Page::again(shown).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn put(
    room: &Identity,
    permit: &Permit<ManageConnection>,
    fields: &Fields,
) -> Result<(), SignInDomainError> {
    let domain = fields.domain.parse().map_err(|_| SignInDomainError::Unknown)?;
    if fields.connection.is_empty() {
        return unbind(room, permit, &domain).await;
    }
    let connection = fields.connection.parse().map_err(|_| SignInDomainError::UnknownConnection)?;
    let (only, confirmed) = (!fields.only.is_empty(), !fields.confirm.is_empty());
    bind(room, permit, &domain, connection, only, confirmed).await.map(drop)
}
