//! The pages of signing in.

use crate::{
    asked::Asked,
    claim_rule::Ruled,
    sign_in::{
        Connection, SignInError,
        complete::Told,
        error::in_words,
        recognise::{How, Recognised},
    },
};
use access::Tenant;
use askama::Template;
use axum::response::{IntoResponse, Response};
use domain::RoleName;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use web::{Json, Page, Plain, Problem};

struct Choice {
    path: String,
    name: String,
}

#[derive(Template)]
#[template(path = "sign_in/choose.html")]
struct Choose {
    plain: Plain,
    /// Where an address is sent that is to choose.
    here: String,
    choices: Vec<Choice>,
}

#[derive(Serialize)]
struct ChoiceView<'a> {
    connection: String,
    name: &'a str,
    path: String,
}

/// The connections to choose from; said to somebody new in other words.
pub(crate) fn choose(
    plain: Plain,
    tenant: &Tenant,
    open: &[Connection],
    asked: &Asked,
    is_new: bool,
) -> Response {
    let path = |connection: &Connection| {
        let here = asked.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{here}&connection={}", connection.id)
    };
    if !asked.reads_pages {
        let views = open.iter().map(|open| ChoiceView {
            connection: open.id.to_string(),
            name: &open.name,
            path: path(open),
        });
        return Json(views.collect::<Vec<_>>()).into_response();
    }
    let plain = match is_new {
        true => plain.of(tenant).title(format!("Join {}", tenant.record.name)).describe(
            "Sign in with the account that your organisation gave you. There is nothing to fill in.",
        ),
        false => plain.of(tenant).title("Sign in").describe("Choose how you sign in."),
    };
    let choices = open.iter().map(|open| Choice { path: path(open), name: open.name.clone() }).collect();
    let here = asked.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    Page::new(Choose { plain, here, choices }).into_response()
}

#[derive(Serialize)]
struct LinkView<'a> {
    connection: String,
    name: &'a str,
    /// Where a sign-in by it begins.
    sign_in: String,
}

/// Connections with the addresses at which sign-ins by them begin, for programs.
pub(crate) fn links<'a>(links: impl Iterator<Item = (&'a Connection, String)>) -> Response {
    let view = |(open, sign_in): (&'a Connection, String)| LinkView {
        connection: open.id.to_string(),
        name: &open.name,
        sign_in,
    };
    Json(links.map(view).collect::<Vec<_>>()).into_response()
}

#[derive(Template)]
#[template(path = "sign_in/failed.html")]
struct Failed {
    plain: Plain,
    advice: &'static str,
    code: &'static str,
    /// Where to begin anew; empty for nowhere.
    again: String,
    /// Whether the one-time link can be opened again.
    link_is_good: bool,
}

/// How to begin anew.
pub(crate) enum Again {
    /// At this address.
    At(String),
    /// By opening the one-time link again, whose secret we do not keep.
    ByLink,
}

/// A sign-in that did not work out, with the way to begin anew. Whoever reads no pages gets the problem.
pub(crate) fn failed(
    plain: Plain,
    tenant: &Tenant,
    asked: &Asked,
    error: SignInError,
    again: Again,
) -> Response {
    let is_link_over = matches!(error, SignInError::Invitation);
    let log = error.to_string();
    let problem = Problem::from(error);
    if !asked.reads_pages {
        return problem.into_response();
    }
    tracing::warn!(code = problem.code(), tenant = %tenant.record.id, cause = log, "a sign-in failed: {}", problem.code());
    let page = Failed {
        plain: plain.of(tenant).title(problem.title()),
        advice: problem.advice(),
        code: problem.code(),
        link_is_good: matches!(again, Again::ByLink) && !is_link_over,
        again: match again {
            Again::At(address) => address,
            Again::ByLink => String::new(),
        },
    };
    let mut response = Page::new(page).into_response();
    *response.status_mut() = problem.status();
    response
}

struct Check {
    state: &'static str,
    text: String,
    detail: String,
}

struct Claim {
    name: String,
    value: String,
}

#[derive(Template)]
#[template(path = "sign_in/trial.html")]
struct Trial {
    plain: Plain,
    checks: Vec<Check>,
    claims: Vec<Claim>,
    /// What the rules keep beside name and address.
    kept: Vec<Claim>,
    roles: Vec<String>,
    passed: bool,
}

/// What a trial brought: who would have come in, as what, and everything that the provider said.
pub(crate) fn trial_passed(
    plain: Plain,
    tenant: &Tenant,
    connection: &Connection,
    Recognised { claims, how }: &Recognised,
    ruled: &Ruled,
) -> Response {
    let good = |text: &str, detail: String| Check { state: "good", text: text.into(), detail };
    let believed = "The provider's answer is believed";
    let mut checks = match how {
        How::Token { shown, .. } => vec![
            good(believed, "Issuer, audience, signature, time and nonce are right.".into()),
            good("The provider knows our client", format!("{}.", in_words(*shown))),
        ],
        How::Assertion => vec![good(
            believed,
            "Issuer, audience, recipient, signature, time and the request that it answers are right.".into(),
        )],
    };
    if let How::Token { told, .. } = how {
        checks.extend(userinfo_check(told));
    }
    let given: Vec<_> = ruled.shown().map(|(field, _)| field).collect();
    for (field, words) in [("name", "a name"), ("email", "an e-mail address")] {
        let is_given = given.contains(&field);
        checks.push(Check {
            state: if is_given { "good" } else { "warn" },
            text: if is_given {
                format!("It gives {words}")
            } else {
                format!("It gives no {}", &words[words.find(' ').map_or(0, |at| at + 1)..])
            },
            detail: if is_given {
                String::new()
            } else {
                "Signing in works all the same; the member is shown without.".into()
            },
        });
    }
    let mut all: Vec<Claim> =
        claims.raw.iter().map(|(name, value)| Claim { name: name.clone(), value: as_text(value) }).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    let roles: BTreeSet<&RoleName> = connection.settings.roles().chain(&ruled.roles).collect();
    let roles = roles.into_iter().map(RoleName::to_string).collect();
    let kept = ruled.attributes.iter();
    let kept = kept.map(|(name, value)| Claim { name: name.clone(), value: as_text(value) }).collect();
    let plain = titled(plain, tenant, connection);
    Page::new(Trial { plain, checks, claims: all, kept, roles, passed: true }).into_response()
}

/// What is worth saying of the userinfo endpoint; nothing where the ID token said enough.
fn userinfo_check(told: &Told) -> Option<Check> {
    let (state, text, detail) = match told {
        Told::NotAsked => return None,
        Told::Nowhere => (
            "info",
            "The ID token leaves something out",
            "The provider's metadata names no userinfo endpoint where more could be asked.".to_owned(),
        ),
        Told::Answered => (
            "good",
            "Its userinfo endpoint was asked for what the ID token leaves out",
            "Its answer is about the same person.".to_owned(),
        ),
        Told::InVain(why) => {
            ("warn", "Its userinfo endpoint gave no answer of use", format!("In detail: {why}."))
        }
    };
    Some(Check { state, text: text.to_owned(), detail })
}

/// What went wrong in a trial, in words for whoever set the connection up.
pub(crate) fn trial_failed(
    plain: Plain,
    tenant: &Tenant,
    connection: &Connection,
    error: &SignInError,
) -> Response {
    tracing::info!(tenant = %tenant.record.id, connection = %connection.id, cause = %error, "a trial failed");
    let problem_of = |code| Problem::new(code).title().to_owned();
    let text = problem_of(domain::Fault::code(error));
    let checks = vec![Check { state: "bad", text, detail: error.for_admins() }];
    let plain = titled(plain, tenant, connection);
    Page::new(Trial { plain, checks, claims: vec![], kept: vec![], roles: vec![], passed: false })
        .into_response()
}

fn titled(plain: Plain, tenant: &Tenant, connection: &Connection) -> Plain {
    plain
        .of(tenant)
        .title(format!("Trial of {}", connection.name))
        .describe("Nobody was let in, and nothing was changed.")
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
