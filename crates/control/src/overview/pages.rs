//! The operator's front page.

use super::{Overview, read};
use crate::{Control, tenant::pages::Line};
use access::ReadTenants;
use askama::Template;
use axum::extract::State;
use domain::Standing;
use web::{AllowOperator, Frame, Page, Problem, Routes, Surface, parts::Column};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/platform", show)
        .says("The platform at a glance, and what to do next.")
}

#[derive(Template)]
#[template(path = "overview/show.html")]
struct OverviewPage {
    frame: Frame,
    overview: Overview,
    customers: i64,
    standings: String,
    is_hosting: bool,
    has_roles: bool,
    has_customers: bool,
    columns: Vec<Column>,
    newest: Vec<Line>,
}

impl OverviewPage {
    /// Done, or the first that is not, or later.
    fn state(&self, done: bool, before: bool) -> &'static str {
        match (done, before) {
            (true, _) => "done",
            (false, true) => "current",
            (false, false) => "later",
        }
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadTenants>,
    State(room): State<Control>,
    frame: Frame,
) -> Result<Page<OverviewPage>, Problem> {
    let overview = read(&room.store, &permit).await?;
    Ok(Page::new(OverviewPage {
        frame: frame.title("Overview").describe("What this installation serves.").link(
            "New tenant",
            "/platform/tenants/new",
            "primary",
        ),
        customers: overview.customers(),
        standings: standings(&overview),
        is_hosting: overview.hosting > 0,
        has_roles: overview.roles > 0,
        has_customers: overview.customers() > 0,
        columns: Line::columns(),
        newest: overview.newest.iter().filter(|tenant| !tenant.is_house()).take(5).map(Line::of).collect(),
        overview,
    }))
}

/// "3 active, 1 suspended".
fn standings(overview: &Overview) -> String {
    let mine = |standing: Standing| i64::from(standing == Standing::Active);
    let counts = overview.tenants.iter().map(|count| (count.standing, count.tenants - mine(count.standing)));
    let words = counts.filter(|(_, tenants)| *tenants > 0);
    let words: Vec<String> = words.map(|(standing, tenants)| format!("{tenants} {standing}")).collect();
    if words.is_empty() { "None yet".to_owned() } else { words.join(", ") }
}
