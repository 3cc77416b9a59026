//! The operator's page of tokens.

use super::{Made, Rights, Token, create, end, list, rows};
use crate::{
    Control,
    form::{self, Reading, address},
    landing::{Landing, land},
    words::abbreviated,
};
use access::{ManageTokens, ReadPlatformSettings};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Cursor, DisplayName, Moment, TokenId, event::names};
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Choice, Column, Wrong},
};

const PATH: &str = "/platform/tokens";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("Operator tokens.")
        .post(PATH, post)
        .says("Makes an operator token, and shows it.")
        .post("/platform/tokens/end", post_end)
        .says("Ends an operator token.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    rights: String,
    days: String,
}

impl Default for Sent {
    fn default() -> Self {
        Sent { name: String::new(), rights: Rights::Read.name().into(), days: "30".into() }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    id: String,
}

struct Line {
    id: String,
    name: String,
    rights: &'static str,
    created_by: String,
    maker: String,
    created: At,
    ends: At,
    is_live: bool,
}

impl Line {
    fn of(token: Token, now: Moment) -> Self {
        Line {
            id: token.id.to_string(),
            name: token.name.to_string(),
            rights: token.rights.name(),
            maker: abbreviated(&token.created_by),
            created_by: token.created_by,
            created: token.created_at.into(),
            ends: token.ends_at.into(),
            is_live: now < token.ends_at,
        }
    }
}

#[derive(Template)]
#[template(path = "token/list.html")]
struct TokensPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    shown: String,
    first: String,
    next: String,
    sent: Sent,
    rights: Vec<Choice>,
    days_hint: String,
    wrong: Wrong,
}

fn page(room: &Control, frame: Frame, after: &str, found: domain::Page<Token>, sent: Sent) -> TokensPage {
    let now = room.web.clock.now();
    let choice = |rights: Rights, label, hint| {
        Choice::new(rights.name(), label, sent.rights == rights.name()).hint(hint)
    };
    TokensPage {
        frame: frame
            .title("Tokens")
            .describe("For scripts that work for you: whoever has one may do what it may."),
        columns: vec![
            Column::new("Token"),
            Column::new("May"),
            Column::new("Made by"),
            Column::new("Made").of("time"),
            Column::new("Ends").of("time"),
            Column::new("What to do").of("acts"),
        ],
        shown: format!("{} shown", found.items.len()),
        lines: found.items.into_iter().map(|token| Line::of(token, now)).collect(),
        first: if after.is_empty() { String::new() } else { PATH.to_owned() },
        next: found.next.map(|after| address(PATH, &[("after", &after)])).unwrap_or_default(),
        rights: vec![
            choice(
                Rights::Read,
                "Read",
                "Look at tenants, deployments, plans and the operators' audit trail.",
            ),
            choice(Rights::Manage, "Manage", "Change them too."),
        ],
        days_hint: format!("1 to {}.", room.terms.token.as_secs() / (24 * 60 * 60)),
        wrong: Wrong::nothing(),
        sent,
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<TokensPage>, Problem> {
    let found = list(&room.store, &permit, &Cursor::new(landing.after.clone(), None)).await?;
    Ok(Page::new(page(&room, landing.tell(frame), &landing.after, found, Sent::default())))
}

#[derive(Template)]
#[template(path = "token/made.html")]
struct MadePage {
    frame: Frame,
    name: String,
    note: String,
    secret: String,
}

fn made_page(frame: Frame, made: &Made) -> Response {
    let page = MadePage {
        frame: frame.title("New token").under("Tokens", PATH),
        name: made.token.name.to_string(),
        note: format!("It may {}, until {}.", made.token.rights, made.token.ends_at.words()),
        secret: made.secret.reveal().clone(),
    };
    (StatusCode::CREATED, Page::new(page)).into_response()
}

async fn post(
    AllowOperator(permit): AllowOperator<ManageTokens>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let mut form = Reading::new();
    let name = form.read::<DisplayName>("name", &sent.name);
    let rights = form.read::<Rights>("rights", &sent.rights);
    let days = sent.days.trim().parse::<u64>();
    if days.is_err() {
        form.say("days", "give a whole number");
    }
    let made = match (name, rights, days, form.finish()) {
        (Some(name), Some(rights), Ok(days), Ok(())) => {
            create(&room.store, &permit, name, rights, days, &room.terms).await.map_err(Problem::from)
        }
        (.., Err(problem)) => Err(problem),
        _ => Err(Problem::internal("a form without a mistake has all its values")),
    };
    match made {
        Ok(made) => Ok(made_page(frame, &made)),
        Err(problem) => {
            let wrong = form::again(problem)?;
            let cursor = Cursor::default();
            let rows = room.store.survey(&permit, async |tx| rows::list(tx, &cursor).await).await?;
            let found = domain::Page::cut(rows, &cursor, |token| token.id.to_string());
            Ok(Page::again(TokensPage { wrong, ..page(&room, frame, "", found, sent) }).into_response())
        }
    }
}

async fn post_end(
    AllowOperator(permit): AllowOperator<ManageTokens>,
    State(room): State<Control>,
    Form(Ended { id }): Form<Ended>,
) -> Result<Response, Problem> {
    let id: TokenId = id.parse().map_err(|_| Problem::new("item.unknown"))?;
    end(&room.store, &permit, id).await?;
    room.hear_platform(names::TOKENS_CHANGED).await;
    Ok(land(PATH, "token-ended"))
}
