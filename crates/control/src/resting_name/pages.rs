//! The operator's page of names at rest.

use super::{Name, RestingName, list, release};
use crate::{
    Control,
    form::address,
    landing::{Landing, land},
};
use access::{ChangeTenant, ReadTenants};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::Cursor;
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Column},
};

const PATH: &str = "/platform/names";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("Names at rest.")
        .post("/platform/names/release", post_release)
        .says("Releases a name before its time.")
}

struct Line {
    key: String,
    name: String,
    kind: &'static str,
    tenant: String,
    path: String,
    until: At,
}

impl Line {
    fn of(resting: &RestingName) -> Self {
        let (kind, name) = match &resting.name {
            Name::Slug(slug) => ("Slug", slug.to_string()),
            Name::Host(host) => ("Hostname", host.to_string()),
        };
        Line {
            key: resting.name.to_string(),
            name,
            kind,
            tenant: resting.tenant.to_string(),
            path: format!("/platform/tenants/{}", resting.tenant),
            until: resting.until.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "resting_name/list.html")]
struct NamesPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    shown: String,
    first: String,
    next: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    name: String,
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<NamesPage>, Problem> {
    let found = list(&room.store, &permit, &Cursor::new(landing.after.clone(), None)).await?;
    Ok(Page::new(NamesPage {
        frame: landing
            .tell(frame)
            .title("Names at rest")
            .describe("Slugs and hostnames that were given up. The tenant that had one may take it back.")
            .under("Tenants", "/platform/tenants"),
        columns: vec![
            Column::new("Name"),
            Column::new("Given up by"),
            Column::new("Rests until").of("time"),
            Column::new("What to do").of("acts"),
        ],
        shown: format!("{} shown", found.items.len()),
        lines: found.items.iter().map(Line::of).collect(),
        first: if landing.after.is_empty() { String::new() } else { PATH.to_owned() },
        next: found.next.map(|after| address(PATH, &[("after", &after)])).unwrap_or_default(),
    }))
}

async fn post_release(
    AllowOperator(permit): AllowOperator<ChangeTenant>,
    State(room): State<Control>,
    Form(sent): Form<Release>,
) -> Result<Response, Problem> {
    let name: Name = sent.name.parse().map_err(|_| Problem::new("item.unknown"))?;
    release(&room.store, &permit, &name).await?;
    Ok(land(PATH, "name-released"))
}
