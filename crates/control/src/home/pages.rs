//! A tenant's front page.

use super::{Health, read};
use crate::Control;
use access::ReadTenantHome;
use askama::Template;
use axum::extract::State;
use domain::{Right, Slug};
use web::{Allow, Frame, Page, Problem, Routes, Surface};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new().on(Surface::Console).get("/t/{tenant}", show).says("The tenant's front page.")
}

struct Check {
    state: &'static str,
    text: String,
    detail: &'static str,
}

#[derive(Template)]
#[template(path = "home/show.html")]
struct HomePage {
    frame: Frame,
    path: String,
    id: String,
    organisation: String,
    origin: String,
    hostnames: Vec<String>,
    roles: Vec<String>,
    runs_it: bool,
    checks: Vec<Check>,
    health: Health,
}

async fn show(
    Allow(permit): Allow<ReadTenantHome>,
    State(room): State<Control>,
    frame: Frame,
) -> Result<Page<HomePage>, Problem> {
    let health = read(&room.store, &permit).await?;
    let caller = permit.caller();
    let tenant = caller.tenant();
    let tenant = tenant.ok_or_else(|| Problem::internal("a permit of a request came without its tenant"))?;
    let record = &tenant.record;
    let roles = caller.person().map(|person| person.roles.iter().map(ToString::to_string).collect());
    let is_house = record.slug == Slug::house();
    Ok(Page::new(HomePage {
        frame: frame.title(record.name.as_str()).standing(record.standing),
        path: format!("/t/{}", record.id),
        id: record.id.to_string(),
        organisation: record.name.to_string(),
        origin: room.web.hosts.tenant_origin(&record.slug),
        hostnames: record.hostnames.iter().map(ToString::to_string).collect(),
        roles: roles.unwrap_or_default(),
        runs_it: caller.rights().has(Right::ReadMembers),
        checks: checks(&health, record.published, is_house),
        health,
    }))
}

fn checks(health: &Health, published: bool, is_house: bool) -> Vec<Check> {
    let several = |count: i64, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let check = |state, text, detail| Check { state, text, detail };
    let mut all = vec![
        match health.connections {
            0 => check(
                "bad",
                "Nobody can sign in".to_owned(),
                "Connect your identity provider, test it and switch it on.",
            ),
            count => check(
                "good",
                format!("People sign in by {}", several(count, "connection", "connections")),
                "",
            ),
        },
        match health.admins {
            0 => check("bad", "Nobody runs this organisation".to_owned(), "The operator has to help."),
            1 => check(
                "warn",
                "There is one admin".to_owned(),
                "Make a second: if the first leaves, only the operator can help.",
            ),
            count => check("good", format!("There are {count} admins"), ""),
        },
        match published {
            true => check("good", "The sign-in page is published".to_owned(), ""),
            false => check(
                "mute",
                "The sign-in page is not published".to_owned(),
                "People sign in by a link of their own. To strangers this organisation does not exist.",
            ),
        },
    ];
    if health.alerts > 0 {
        all.insert(
            0,
            check(
                "bad",
                format!("{} since yesterday", several(health.alerts, "security alert", "security alerts")),
                "Somebody who does not belong here tries to get in, and is refused. The audit trail has each attempt under security.cross-tenant.",
            ),
        );
    }
    if !is_house {
        all.push(match health.equipped {
            0 => check(
                "warn",
                "No member holds a role of the application".to_owned(),
                "Give members the roles that the application asks for.",
            ),
            count => check(
                "good",
                format!("{} a role of the application", several(count, "member holds", "members hold")),
                "",
            ),
        });
    }
    all
}
