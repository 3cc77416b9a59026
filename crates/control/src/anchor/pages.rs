//! The page of trust anchors: whose certificates are believed, whom they are for, and what was taken back. A rule for
//! one thing that stands in a certificate is made here; longer ones are made by API and command line.

use super::{
    Anchor, NewAnchor, Verdict, add,
    check::is_house,
    explain,
    http::{Lists, Rule, rules},
    list, remove, revoke,
};
use crate::{
    Control,
    form::{self, Reading},
    landing::{Landing, land},
};
use access::{ManageAnchors, Permit, ReadAnchors, TenantAction};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{AnchorId, Attribute, Right};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column, Wrong},
};

const HOUR: u64 = 3_600;

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/anchors", show)
        .says("Trust anchors, and whom their certificates are for.")
        .post("/t/{tenant}/anchors", post)
        .says("Lays down a trust anchor.")
        .post("/t/{tenant}/anchors/test", post_test)
        .says("Says what each anchor makes of a certificate.")
        .post("/t/{tenant}/anchors/revoke", post_revoke)
        .says("Takes a certificate back.")
        .post("/t/{tenant}/anchors/remove", post_remove)
        .says("Takes an anchor away.")
}

/// The form of a new anchor, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    certificate: String,
    proof: String,
    attribute: String,
    text: String,
    identity: String,
    machine: String,
    scopes: String,
    tenant: String,
    url: String,
    hours: String,
    when_stale: String,
}

impl Sent {
    fn read(&self, room: &Control) -> Result<NewAnchor, Problem> {
        let mut form = Reading::new();
        let name = form.optional("name", &self.name);
        let hours = form.optional::<u64>("hours", &self.hours);
        form.finish()?;
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let rule = Rule {
            when: [(self.attribute.clone(), self.text.trim().to_owned())].into(),
            identity: self.identity.clone(),
            machine: self.machine.clone(),
            scopes: self.scopes.split([' ', ',']).filter_map(given).collect(),
            tenant: given(&self.tenant),
            tenant_from: None,
        };
        let lists = given(&self.url).map(|url| Lists {
            url: Some(url),
            fresh_seconds: hours.unwrap_or(24).saturating_mul(HOUR),
            when_stale: self.when_stale.clone(),
        });
        let rules = rules(room, vec![rule], lists)?;
        Ok(NewAnchor { name, certificate: self.certificate.clone(), proof: given(&self.proof), rules })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tried {
    sample: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TakenBack {
    anchor: String,
    mark: String,
    note: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    anchor: String,
}

struct Line {
    id: String,
    name: String,
    authority: String,
    ends: Option<At>,
    over: bool,
    rules: Vec<String>,
    lists: Vec<String>,
    fault: String,
    revoked: i64,
}

impl Line {
    fn of(room: &Control, anchor: Anchor) -> Self {
        let authority = anchor.authority();
        let now = room.store.clock().now();
        let rule = |rule: Rule| {
            let when: Vec<_> = rule.when.iter().map(|(name, text)| format!("{name} {text}")).collect();
            let scopes = if rule.scopes.is_empty() { "no scope".into() } else { rule.scopes.join(", ") };
            let tenant =
                rule.tenant.or(rule.tenant_from).map(|name| format!(" of {name}")).unwrap_or_default();
            format!("{}: {}{tenant} by {}, {scopes}", when.join(" and "), rule.machine, rule.identity)
        };
        let held = |list: &super::HeldList| {
            let (made, count) = (list.made_at.words(), list.entries);
            format!("list of {made} with {count} taken back")
        };
        Line {
            id: anchor.id.to_string(),
            name: anchor.name.to_string(),
            authority: authority.as_ref().map(|authority| authority.title()).unwrap_or_default(),
            ends: authority.as_ref().map(|authority| authority.facts().ends.into()),
            over: authority.is_none_or(|authority| authority.is_over(now)),
            rules: anchor.rules.rules.iter().cloned().map(|one| rule(one.into())).collect(),
            lists: anchor.lists.iter().map(held).collect(),
            fault: anchor.list_fault,
            revoked: anchor.revoked,
        }
    }
}

#[derive(Template)]
#[template(path = "anchor/list.html")]
struct AnchorsPage {
    frame: Frame,
    path: String,
    revoke_path: String,
    test_path: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
    verdicts: Vec<Verdict>,
    may_manage: bool,
    house: bool,
    attributes: Vec<Choice>,
    identities: Vec<Choice>,
    machines: Vec<Choice>,
    stale: Vec<Choice>,
    anchors: Vec<Choice>,
    sent: Sent,
    wrong: Wrong,
    wrong_mark: Wrong,
    wrong_sample: Wrong,
}

fn attributes(chosen: &str, usual: Attribute) -> Vec<Choice> {
    let chosen = if chosen.is_empty() { usual.name() } else { chosen };
    let choice = |one: &Attribute| Choice::new(one.name(), one.name(), one.name() == chosen);
    Attribute::ALL.iter().map(choice).collect()
}

async fn page<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    frame: Frame,
    sent: Sent,
    wrong: Wrong,
) -> Result<AnchorsPage, Problem> {
    let (anchors, path) = (list(&room.store, permit).await?, format!("/t/{}/anchors", permit.tenant_id()));
    let one = |value: &str, words: &str, chosen: &str, usual: bool| {
        Choice::new(value, words, if chosen.is_empty() { usual } else { chosen == value })
    };
    Ok(AnchorsPage {
        frame: frame
            .title("Trust anchors")
            .describe("Authorities whose client certificates are believed here, and whom those are for."),
        revoke_path: format!("{path}/revoke"),
        test_path: format!("{path}/test"),
        path,
        columns: vec![
            Column::new("Authority"),
            Column::new("Whom its certificates are for"),
            Column::new("Taken back"),
            Column::new("Ends").of("time"),
            Column::new("What to do").of("acts"),
        ],
        anchors: anchors
            .iter()
            .map(|one| Choice::new(one.id.to_string(), one.name.to_string(), false))
            .collect(),
        lines: anchors.into_iter().map(|anchor| Line::of(room, anchor)).collect(),
        verdicts: Vec::new(),
        may_manage: permit.caller().rights().has(Right::ManageKeys),
        house: is_house(permit),
        attributes: attributes(&sent.attribute, Attribute::SubjectO),
        identities: attributes(&sent.identity, Attribute::SubjectCn),
        machines: vec![
            one("device", "A device", &sent.machine, true),
            one("workload", "A program", &sent.machine, false),
        ],
        stale: vec![
            one("refuse", "Certificates are refused", &sent.when_stale, true),
            one("allow", "Certificates are believed, save those on the last list", &sent.when_stale, false),
        ],
        sent,
        wrong,
        wrong_mark: Wrong::nothing(),
        wrong_sample: Wrong::nothing(),
    })
}

async fn show(
    Allow(permit): Allow<ReadAnchors>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<AnchorsPage>, Problem> {
    let frame = landing.tell(frame);
    page(&room, &permit, frame, Sent::default(), Wrong::nothing()).await.map(Page::new)
}

fn landed<A: TenantAction>(permit: &Permit<A>, happened: &'static str) -> Response {
    land(&format!("/t/{}/anchors", permit.tenant_id()), happened)
}

async fn post(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let added = match sent.read(&room) {
        Ok(new) => add(&room, &permit, new).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match added {
        Ok(_) => Ok(landed(&permit, "anchor-added")),
        Err(problem) => {
            let wrong = form::again(problem)?;
            Ok(Page::again(page(&room, &permit, frame, sent, wrong).await?).into_response())
        }
    }
}

async fn post_test(
    Allow(permit): Allow<ReadAnchors>,
    State(room): State<Control>,
    frame: Frame,
    Form(Tried { sample }): Form<Tried>,
) -> Result<Response, Problem> {
    let plain = page(&room, &permit, frame, Sent::default(), Wrong::nothing()).await?;
    match explain(&room, &permit, &sample).await {
        Ok(verdicts) => Ok(Page::new(AnchorsPage { verdicts, ..plain }).into_response()),
        Err(error) => {
            let wrong_sample = form::again(error.into())?;
            Ok(Page::again(AnchorsPage { wrong_sample, ..plain }).into_response())
        }
    }
}

fn named(text: &str) -> Result<AnchorId, Problem> {
    text.parse().map_err(|_| Problem::new("item.unknown"))
}

async fn post_revoke(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    frame: Frame,
    Form(TakenBack { anchor, mark, note }): Form<TakenBack>,
) -> Result<Response, Problem> {
    match revoke(&room, &permit, named(&anchor)?, &mark, &note).await {
        Ok(_) => Ok(landed(&permit, "certificate-revoked")),
        Err(error) => {
            let wrong_mark = form::again(error.into())?;
            let plain = page(&room, &permit, frame, Sent::default(), Wrong::nothing()).await?;
            Ok(Page::again(AnchorsPage { wrong_mark, ..plain }).into_response())
        }
    }
}

async fn post_remove(
    Allow(permit): Allow<ManageAnchors>,
    State(room): State<Control>,
    Form(Named { anchor }): Form<Named>,
) -> Result<Response, Problem> {
    remove(&room, &permit, named(&anchor)?).await?;
    Ok(landed(&permit, "anchor-removed"))
}
