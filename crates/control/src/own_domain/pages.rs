//! The tenant's page of its own domains.

use super::{OwnDomain, Serves, check, claim, http::may_look, list, remove, secured};
use crate::{Control, landing::Landing, pages};
use access::{ManageDomains, Permit, ReadDomains, TenantAction};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Hostname, Moment, Right};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Column, Wrong},
};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/domains", show)
        .says("The tenant's own domains.")
        .post("/t/{tenant}/domains", post)
        .says("Claims a domain.")
        .post("/t/{tenant}/domains/check", post_check)
        .says("Looks for the proof of a domain now.")
        .post("/t/{tenant}/domains/remove", post_remove)
        .says("Gives a domain back.")
}

/// A name, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    host: String,
    /// Whether it is for people's addresses alone.
    people: String,
}

struct Line {
    host: String,
    standing: &'static str,
    tone: &'static str,
    record: String,
    value: String,
    file: String,
    missing: String,
    checked: Option<At>,
    ends: Option<At>,
    maps: bool,
    serves: &'static str,
    certificate: Option<Certificate>,
}

/// What is said of a domain's certificate.
struct Certificate {
    standing: &'static str,
    tone: &'static str,
    until: Option<At>,
    why: String,
    next: Option<At>,
}

impl From<secured::Secured> for Certificate {
    fn from(one: secured::Secured) -> Self {
        let tone = match one.standing {
            _ if one.is_ending => "bad",
            "failed" => "warn",
            "waiting" => "info",
            _ => "good",
        };
        let next = one.next_at.filter(|_| one.standing != "ordered").map(At::from);
        Certificate { standing: one.standing, tone, until: one.ends_at.map(At::from), why: one.why, next }
    }
}

impl Line {
    fn of(own: &OwnDomain, certificates: &secured::All) -> Self {
        let tone = match own.standing.name() {
            "active" => "good",
            "pending" => "info",
            "warned" => "warn",
            _ => "bad",
        };
        let fine = own.standing.name() == "active";
        Line {
            host: own.host.to_string(),
            standing: own.standing.name(),
            tone,
            record: own.record(),
            value: own.value(),
            file: own.file(),
            missing: own.fault.clone(),
            checked: (own.checked_at != Moment::NEVER).then(|| own.checked_at.into()),
            ends: (!fine).then(|| own.due_at.into()),
            maps: own.standing.maps(),
            serves: match own.serves {
                Serves::Requests => "requests and people",
                Serves::People => "people's addresses",
            },
            certificate: certificates.of(&own.host).map(Certificate::from),
        }
    }
}

#[derive(Template)]
#[template(path = "own_domain/list.html")]
struct DomainsPage {
    frame: Frame,
    path: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
    may_manage: bool,
    sent: Sent,
    wrong: Wrong,
}

async fn page<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    frame: Frame,
    sent: Sent,
    wrong: Wrong,
) -> Result<DomainsPage, Problem> {
    let claims = list(&room.store, permit).await?;
    let certificates = secured::all(&room.store, permit).await?;
    Ok(DomainsPage {
        frame: frame
            .title("Domains")
            .describe("Names that are this organisation's own: where the application answers, and where its people have addresses."),
        path: format!("/t/{}/domains", permit.tenant_id()),
        columns: vec![
            Column::new("Domain"),
            Column::new("Standing"),
            Column::new("Proof"),
            Column::new("Certificate"),
            Column::new("What to do").of("acts"),
        ],
        lines: claims.iter().map(|own| Line::of(own, &certificates)).collect(),
        may_manage: permit.caller().rights().has(Right::ManageDomains),
        sent,
        wrong,
    })
}

async fn show(
    Allow(permit): Allow<ReadDomains>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<DomainsPage>, Problem> {
    let frame = landing.tell(frame);
    page(&room, &permit, frame, Sent::default(), Wrong::nothing()).await.map(Page::new)
}

/// The page again with what is wrong, or on to where it says what happened.
async fn answer(
    room: &Control,
    permit: &Permit<ManageDomains>,
    frame: Frame,
    sent: Sent,
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    let path = format!("/t/{}/domains", permit.tenant_id());
    pages::answer(&path, done, |wrong| page(room, permit, frame, sent, wrong)).await
}

async fn post(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let serves = if sent.people.is_empty() { Serves::Requests } else { Serves::People };
    let claimed = claim(&room.store, &permit, &sent.host, serves, &room.reserved, &room.terms).await;
    let done = claimed.map(|_| "domain-claimed").map_err(Problem::from);
    answer(&room, &permit, frame, sent, done).await
}

fn named(sent: &Sent) -> Result<Hostname, Problem> {
    sent.host.trim().parse().map_err(|_| Problem::new("item.unknown"))
}

async fn post_check(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let host = named(&sent)?;
    may_look(&room, &permit)?;
    let looked = check(&room, &permit, &host).await;
    let said = looked.map(|own| if own.fault.is_empty() { "domain-proved" } else { "domain-looked" });
    answer(&room, &permit, frame, Sent::default(), said.map_err(Problem::from)).await
}

async fn post_remove(
    Allow(permit): Allow<ManageDomains>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let host = named(&sent)?;
    let done = remove(&room, &permit, &host).await.map(|()| "domain-removed").map_err(Problem::from);
    answer(&room, &permit, frame, Sent::default(), done).await
}
