//! The pages of connections: the list here, the guided setup, and one connection with everything that can
//! be done to it.

mod new;
mod one;

use super::{Connection, Owner, Stage, list};
use crate::{
    Identity,
    provider::{self, Provider},
    sign_in::Authentication,
};
use access::ReadConnection;
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{ConnectionId, DisplayName, Right, RoleName, TenantId};
use web::{
    Allow, Frame, Page, Problem, Routes, Surface,
    parts::{At, Choice, Column},
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/connections", show_all)
        .says("The tenant's connections and providers.")
        .merge(new::routes())
        .merge(one::routes())
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

fn roles(room: &Identity, chosen: &[String]) -> Vec<Choice> {
    let known = room.known_roles.load();
    let choice = |(role, title): (&RoleName, &DisplayName)| {
        let name = role.to_string();
        Choice::new(name.clone(), title.as_str(), chosen.contains(&name)).hint(name)
    };
    known.iter().map(choice).collect()
}

/// The ways to show a client secret, with the one of this name chosen.
pub(crate) fn authentications(chosen: &str) -> Vec<Choice> {
    let choice = |way: Authentication| Choice::new(way.name(), way.words(), way.name() == chosen);
    Authentication::ALL.into_iter().map(choice).collect()
}

/// Back to the page, so that loading it anew repeats nothing.
fn done(tenant: TenantId, id: ConnectionId, what: &str) -> Response {
    see_other(&format!("{}/{id}?done={what}", path_of(tenant)))
}

/// Whether whoever sent the form can put it right there. A provider that is away is among it.
fn is_about_the_form(problem: &Problem) -> bool {
    let about = ["/issuer", "/metadata", "/metadata_url"];
    let about_issuer = problem.errors().iter().any(|error| about.contains(&error.pointer.as_str()));
    (problem.status().is_client_error() || about_issuer) && problem.code() != "item.unknown"
}
