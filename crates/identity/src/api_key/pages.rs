//! The tenant's page of API keys and of those who call with them.

use super::{ApiKey, NewKey, ReadsKeys, Rotated, create, list, revoke, rotate};
use crate::{
    Identity,
    asked::Told,
    subscriber::{self, Subscriber, Usage, http::MOST_HOURS},
};
use access::{ManageKeys, Permit, ReadKeys, TenantAction};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{ApiKeyId, ApiKeyKind, Cursor, Moment, Right, TenantId};
use serde::Deserialize;
use std::{fmt::Display, str::FromStr, time::Duration};
use web::{
    Allow, Form, Frame, Page, Path, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column, Wrong},
    sign_in::see_other,
};

const DAY: u64 = 24 * 60 * 60;
/// For how long an old key works on that is rotated with one click.
const OVERLAP: Duration = Duration::from_secs(DAY);

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/keys", show)
        .says("API keys, and who calls with them.")
        .post("/t/{tenant}/keys", post)
        .says("Makes an API key, and shows it.")
        .post("/t/{tenant}/subscribers", post_subscriber)
        .says("Adds a subscriber.")
        .post("/t/{tenant}/keys/{key}/rotate", post_rotate)
        .says("Makes a new key in place of an old one, and shows it.")
        .post("/t/{tenant}/keys/{key}/revoke", post_revoke)
        .says("Revokes an API key.")
}

/// The form of a new key, as it was sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    subscriber: String,
    name: String,
    kind: String,
    scopes: String,
    networks: String,
    days: String,
}

impl Default for Sent {
    fn default() -> Self {
        let nothing = String::new;
        Sent {
            subscriber: nothing(),
            name: nothing(),
            kind: ApiKeyKind::Random.name().into(),
            scopes: nothing(),
            networks: nothing(),
            days: "90".into(),
        }
    }
}

impl Sent {
    fn read(&self) -> Result<NewKey, Problem> {
        let mut wrong = None;
        let key = (
            read(&mut wrong, "subscriber", &self.subscriber),
            read(&mut wrong, "kind", &self.kind),
            read(&mut wrong, "name", self.name.trim()),
            read_all(&mut wrong, "scopes", &self.scopes),
            read_all(&mut wrong, "networks", &self.networks),
            read::<u64>(&mut wrong, "life_seconds", self.days.trim()),
        );
        match key {
            (Some(subscriber), Some(kind), Some(name), Some(scopes), Some(networks), Some(days)) => {
                let life = Some(Duration::from_secs(days.saturating_mul(DAY)));
                Ok(NewKey { subscriber, kind, name, scopes, networks, life })
            }
            _ => Err(wrong.unwrap_or_else(|| Problem::new("input.invalid"))),
        }
    }
}

fn read<T: FromStr<Err: Display>>(wrong: &mut Option<Problem>, field: &str, text: &str) -> Option<T> {
    let read = text.parse();
    read.map_err(|why: T::Err| {
        let problem = wrong.take().unwrap_or_else(|| Problem::new("input.invalid"));
        *wrong = Some(problem.at(format!("/{field}"), why.to_string()));
    })
    .ok()
}

fn read_all<T: FromStr<Err: Display>>(
    wrong: &mut Option<Problem>,
    field: &str,
    text: &str,
) -> Option<Vec<T>> {
    let words = text.split([' ', ',', '\n', '\r', '\t']).filter(|word| !word.is_empty());
    words.map(|word| read(wrong, field, word)).collect()
}

/// What has just been done, in words.
fn words(done: &str) -> Option<&'static str> {
    match done {
        "revoked" => Some("The key is revoked. Within seconds nobody takes it any more."),
        "subscriber-added" => Some("The subscriber is added and can be given keys."),
        _ => None,
    }
}

struct Line {
    id: String,
    name: String,
    subscriber: String,
    good_for: String,
    standing: &'static str,
    tone: &'static str,
    used: Option<At>,
    ends: At,
    rotate: String,
    revoke: String,
}

#[derive(Template)]
#[template(path = "api_key/list.html")]
struct KeysPage {
    frame: Frame,
    path: String,
    subscribers_path: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
    users: Vec<Used>,
    users_columns: Vec<Column>,
    shown: String,
    first: String,
    next: String,
    may_manage: bool,
    subscribers: Vec<Choice>,
    kinds: Vec<Choice>,
    scopes_hint: String,
    sent: Sent,
    called: String,
    written: String,
    wrong: Wrong,
    wrong_subscriber: Wrong,
}

/// What a subscriber used in the last days.
struct Used {
    name: String,
    id: String,
    requests: i64,
    errors: i64,
    kilobytes: i64,
}

impl Used {
    fn of((subscriber, usage): (Subscriber, Usage)) -> Self {
        Used {
            name: subscriber.name.to_string(),
            id: subscriber.id.to_string(),
            requests: usage.requests,
            errors: usage.errors,
            kilobytes: (usage.bytes_in.saturating_add(usage.bytes_out)).div_euclid(1_000),
        }
    }
}

fn line(key: ApiKey, path: &str, now: Moment) -> Line {
    let standing = key.standing(now);
    let scopes: Vec<_> = key.scopes.iter().map(ToString::to_string).collect();
    let networks: Vec<_> = key.networks.iter().map(ToString::to_string).collect();
    let from = if networks.is_empty() { String::new() } else { format!(" from {}", networks.join(", ")) };
    let scopes = if scopes.is_empty() { "No scope".to_owned() } else { scopes.join(", ") };
    let is_soon = standing == "active" && key.ends_at < now + Duration::from_secs(7 * DAY);
    let (live, replaced) = (key.is_live(now), key.end.is_some());
    Line {
        rotate: if live && !replaced { format!("{path}/{}/rotate", key.id) } else { String::new() },
        revoke: if live { format!("{path}/{}/revoke", key.id) } else { String::new() },
        id: key.id.to_string(),
        name: key.name.to_string(),
        subscriber: key.subscriber_name.to_string(),
        good_for: format!("{scopes}{from}"),
        tone: match standing {
            "active" if is_soon => "warn",
            "active" => "good",
            "ending" => "warn",
            _ => "mute",
        },
        standing: if is_soon { "ends soon" } else { standing },
        used: key.used_at.map(At::from),
        ends: key.ends_at.into(),
    }
}

async fn page<A: ReadsKeys>(
    room: &Identity,
    permit: &Permit<A>,
    frame: Frame,
    after: String,
) -> Result<KeysPage, Problem> {
    let found = list(&room.store, permit, None, &Cursor::new(after.clone(), None)).await?;
    let subscribers = subscriber::list(&room.store, permit, &Cursor::new(String::new(), Some(200))).await?;
    let used = subscriber::usage(room, permit, subscribers.items.clone(), MOST_HOURS).await?;
    let (now, path) = (room.now(), format!("/t/{}/keys", permit.tenant_id()));
    let known = room.known_scopes.load();
    let scopes: Vec<_> = known.iter().map(ToString::to_string).collect();
    Ok(KeysPage {
        frame: frame
            .title("API keys")
            .describe("What programs and partners call the application with, in this organisation's name."),
        subscribers_path: format!("/t/{}/subscribers", permit.tenant_id()),
        columns: vec![
            Column::new("Key"),
            Column::new("Whose"),
            Column::new("Good for"),
            Column::new("Standing"),
            Column::new("Last used").of("time"),
            Column::new("Ends").of("time"),
            Column::new("What to do").of("acts"),
        ],
        users: used.into_iter().map(Used::of).collect(),
        users_columns: vec![
            Column::new("Subscriber"),
            Column::new("Requests").of("number"),
            Column::new("Failed").of("number"),
            Column::new("Kilobytes").of("number"),
        ],
        shown: format!("{} shown", found.items.len()),
        lines: found.items.into_iter().map(|key| line(key, &path, now)).collect(),
        first: if after.is_empty() { String::new() } else { path.clone() },
        next: found.next.map(|after| format!("{path}?after={after}")).unwrap_or_default(),
        may_manage: permit.caller().rights().has(Right::ManageKeys),
        subscribers: subscribers
            .items
            .into_iter()
            .map(|one| Choice::new(one.id.to_string(), one.name.to_string(), false))
            .collect(),
        kinds: vec![
            Choice::new("random", "Random", true).hint("Only its hash is kept. Right for nearly everything."),
            Choice::new("signed", "Signed", false)
                .hint("Says itself whose it is, and is believed even while the database is away."),
        ],
        scopes_hint: match scopes.is_empty() {
            true => "The operator has declared none yet.".to_owned(),
            false => format!("Of these: {}.", scopes.join(", ")),
        },
        sent: Sent::default(),
        called: String::new(),
        written: String::new(),
        wrong: Wrong::nothing(),
        wrong_subscriber: Wrong::nothing(),
        path,
    })
}

async fn show(
    Allow(permit): Allow<ReadKeys>,
    State(room): State<Identity>,
    Query(told): Query<Told>,
    frame: Frame,
) -> Result<Page<KeysPage>, Problem> {
    let frame = match words(&told.done) {
        Some(words) => frame.flash("good", words),
        None => frame,
    };
    Ok(Page::new(page(&room, &permit, frame, told.after).await?))
}

#[derive(Template)]
#[template(path = "api_key/made.html")]
struct MadePage {
    frame: Frame,
    path: String,
    name: String,
    note: String,
    secret: String,
    old: String,
    subscriber: String,
    tokens_at: String,
}

fn made_page<A: TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    frame: Frame,
    key: &ApiKey,
    secret: &str,
    old: String,
) -> Response {
    let path = format!("/t/{}/keys", permit.tenant_id());
    let page = MadePage {
        frame: frame.title("New API key").under("API keys", path.clone()),
        path,
        name: key.name.to_string(),
        note: format!("For {}, until {}.", key.subscriber_name, key.ends_at.words()),
        secret: secret.to_owned(),
        old,
        subscriber: key.subscriber.to_string(),
        tokens_at: permit.caller().tenant().map_or_else(String::new, |tenant| {
            format!("{}/.partywall/token", room.web.hosts.tenant_origin(&tenant.record.slug))
        }),
    };
    (StatusCode::CREATED, Page::new(page)).into_response()
}

async fn post(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let made = match sent.read() {
        Ok(new) => create(&room, &permit, new).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(made_page(&room, &permit, frame, &made.key, made.secret.reveal(), String::new())),
        Err(problem) => {
            let wrong = again(problem)?;
            let page = page(&room, &permit, frame, String::new()).await?;
            let chosen = |choices: Vec<Choice>, value: &str| {
                let choose = |choice: Choice| Choice { chosen: choice.value == value, ..choice };
                choices.into_iter().map(choose).collect()
            };
            let (subscribers, kinds) =
                (chosen(page.subscribers, &sent.subscriber), chosen(page.kinds, &sent.kind));
            Ok(Page::again(KeysPage { subscribers, kinds, wrong, sent, ..page }).into_response())
        }
    }
}

/// The form of a new subscriber, as it was sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SentSubscriber {
    called: String,
    contact: String,
}

async fn post_subscriber(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    frame: Frame,
    Form(sent): Form<SentSubscriber>,
) -> Result<Response, Problem> {
    let mut wrong = None;
    let name = read(&mut wrong, "called", sent.called.trim());
    let contact = read(&mut wrong, "contact", sent.contact.trim());
    let added = match (name, contact) {
        (Some(name), Some(contact)) => {
            subscriber::create(&room, &permit, name, contact).await.map_err(Problem::from)
        }
        _ => Err(wrong.unwrap_or_else(|| Problem::new("input.invalid"))),
    };
    match added {
        Ok(_) => Ok(see_other(&format!("/t/{}/keys?done=subscriber-added", permit.tenant_id()))),
        Err(problem) => {
            let wrong_subscriber = again(problem)?;
            let page = page(&room, &permit, frame, String::new()).await?;
            let SentSubscriber { called, contact: written } = sent;
            Ok(Page::again(KeysPage { called, written, wrong_subscriber, ..page }).into_response())
        }
    }
}

/// What is wrong with a form that is to be shown again. Any other problem is answered by itself.
fn again(problem: Problem) -> Result<Wrong, Problem> {
    match problem.status().as_u16() {
        409 | 422 => Ok(problem.into()),
        _ => Err(problem),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn post_rotate(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApiKeyId)>,
    frame: Frame,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let Rotated { made, old } = rotate(&room, &permit, id, OVERLAP).await?;
    let used = match old.used_at {
        Some(at) => format!("It was last used {}.", at.words()),
        None => "It was never used.".to_owned(),
    };
    let old = format!("The old key works until {}. {used}", old.ends_at.words());
    Ok(made_page(&room, &permit, frame, &made.key, made.secret.reveal(), old))
}

async fn post_revoke(
    Allow(permit): Allow<ManageKeys>,
    State(room): State<Identity>,
    Path((_, id)): Path<(TenantId, ApiKeyId)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    revoke(&room, &permit, id).await?;
    Ok(see_other(&format!("/t/{}/keys?done=revoked", permit.tenant_id())))
}
