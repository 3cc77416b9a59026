//! The operator's pages of tenants.

mod new;
mod one;

use super::{Order, Tenant, http::TenantQuery, list};
use crate::{Control, form::address};
use access::ReadTenants;
use askama::Template;
use axum::extract::State;
use domain::{Standing, TenantId};
use web::{
    AllowOperator, Frame, Page, Problem, Query, Routes, Surface, brand, letters,
    parts::{At, Choice, Column},
};

const PATH: &str = "/platform/tenants";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show_all)
        .says("All tenants.")
        .merge(new::routes())
        .merge(one::routes())
}

fn path_of(tenant: TenantId) -> String {
    format!("{PATH}/{tenant}")
}

/// One tenant in a table.
pub(crate) struct Line {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) letters: String,
    pub(crate) brand: &'static str,
    pub(crate) standing: &'static str,
    pub(crate) plan: String,
    pub(crate) deployment: String,
    pub(crate) created: At,
}

impl Line {
    pub(crate) fn of(tenant: &Tenant) -> Self {
        Line {
            path: path_of(tenant.id),
            name: tenant.name.to_string(),
            slug: tenant.slug.to_string(),
            letters: letters(tenant.name.as_str()),
            brand: brand(tenant.id),
            standing: tenant.standing.name(),
            plan: tenant.plan_name.to_string(),
            deployment: tenant.deployment_name.to_string(),
            created: tenant.created_at.into(),
        }
    }

    /// The columns of a table that cannot be sorted.
    pub(crate) fn columns() -> Vec<Column> {
        let [name, standing, plan, deployment] =
            ["Tenant", "Standing", "Plan", "Deployment"].map(Column::new);
        vec![name, standing, plan, deployment, Column::new("Created").of("time")]
    }
}

#[derive(Template)]
#[template(path = "tenant/list.html")]
struct TenantsPage {
    frame: Frame,
    search: String,
    standings: Vec<Choice>,
    columns: Vec<Column>,
    lines: Vec<Line>,
    shown: String,
    first: String,
    next: String,
}

async fn show_all(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    Query(query): Query<TenantQuery>,
    frame: Frame,
) -> Result<Page<TenantsPage>, Problem> {
    let (filter, cursor) = query.read()?;
    let found = list(&room.store, &permit, &filter, &cursor).await?;
    let page = |order: &str, after: &str| {
        let pairs = [
            ("search", query.search.as_str()),
            ("standing", &query.standing),
            ("order", order),
            ("after", after),
        ];
        address(PATH, &pairs)
    };
    let shown = match found.items.len() {
        1 => "1 tenant shown".to_owned(),
        many => format!("{many} tenants shown"),
    };
    let mut columns = Line::columns();
    let by_slug = filter.order == Order::Slug;
    columns[0] =
        Column { path: page("", ""), order: if by_slug { "ascending" } else { "" }, ..columns[0].clone() };
    columns[4] = Column {
        path: page("newest", ""),
        order: if by_slug { "" } else { "descending" },
        ..columns[4].clone()
    };
    Ok(Page::new(TenantsPage {
        frame: frame
            .title("Tenants")
            .describe("Every organisation that subscribes, and your own.")
            .link("Names at rest", "/platform/names", "")
            .link("New tenant", "/platform/tenants/new", "primary"),
        standings: standings(filter.standing),
        columns,
        lines: found.items.iter().map(Line::of).collect(),
        shown,
        first: if query.after.is_empty() { String::new() } else { page(&query.order, "") },
        next: found.next.map(|after| page(&query.order, &after)).unwrap_or_default(),
        search: query.search.clone(),
    }))
}

fn standings(chosen: Option<Standing>) -> Vec<Choice> {
    let any = Choice::new("", "Any", chosen.is_none());
    let choice = |standing: Standing| labelled(standing, chosen == Some(standing));
    std::iter::once(any).chain(Standing::ALL.into_iter().map(choice)).collect()
}

/// A standing to choose, with a capital.
fn labelled(standing: Standing, chosen: bool) -> Choice {
    let name = standing.name();
    Choice::new(name, format!("{}{}", name[..1].to_uppercase(), &name[1..]), chosen)
}
