//! The central entry page, and signing out.

use crate::{
    Identity,
    person::{FoundTenant, Own, http::FromConsole},
};
use access::Tenant;
use askama::Template;
use axum::response::{IntoResponse, Response};
use web::{Page, Plain, brand, letters};

/// An organisation that somebody asked for.
pub(crate) struct Sought {
    pub(crate) text: String,
    pub(crate) found: Option<FoundTenant>,
}

struct Choice {
    path: String,
    name: String,
    note: String,
    letters: String,
    brand: &'static str,
}

#[derive(Template)]
#[template(path = "person/home.html")]
struct Home {
    plain: Plain,
    is_known: bool,
    own: Vec<Choice>,
    sought: String,
    found: Option<Choice>,
    /// The hidden fields that keep the way back to the console, as they came.
    carried: Vec<(&'static str, String)>,
}

pub(crate) fn home(
    plain: Plain,
    room: &Identity,
    own: Option<Vec<Own>>,
    sought: Option<Sought>,
    from: Option<FromConsole>,
) -> Response {
    let is_known = own.is_some();
    let choice = |tenant: &Tenant, note: &str| Choice::of(room, tenant, note, from.as_ref());
    let note = |own: &Own| if own.is_open { "" } else { "Asks you to sign in there" };
    let own = own.unwrap_or_default();
    let plain = match is_known {
        true => plain.title("Your organisations").describe("Choose where you want to go."),
        false => plain.title("Sign in").describe("Enter the address of your organisation."),
    };
    let (text, found) = match sought {
        Some(Sought { text, found }) => (text, found),
        None => (String::new(), None),
    };
    let page = Home {
        plain,
        is_known,
        own: own.iter().map(|own| choice(&own.tenant, note(own))).collect(),
        found: found.map(|found| {
            let mut choice = choice(&found.tenant, "Continue to its sign-in");
            if let Some(domain) = found.domain {
                choice.path.push(if choice.path.contains('?') { '&' } else { '?' });
                choice.path.push_str(&format!("domain={domain}"));
            }
            choice
        }),
        sought: text,
        carried: from.as_ref().map(carried).unwrap_or_default(),
    };
    Page::new(page).into_response()
}

fn carried(from: &FromConsole) -> Vec<(&'static str, String)> {
    vec![("for", "console".into()), ("return", from.back.to_string()), ("bind", from.bind.to_string())]
}

impl Choice {
    fn of(room: &Identity, tenant: &Tenant, note: &str, from: Option<&FromConsole>) -> Self {
        let record = &tenant.record;
        Choice {
            path: match from {
                Some(from) => from.to(room, record.id),
                None => format!("/t/{}/switch", record.id),
            },
            name: record.name.to_string(),
            note: note.to_owned(),
            letters: letters(record.name.as_str()),
            brand: brand(record.id),
        }
    }
}

#[derive(Template)]
#[template(path = "person/ask.html")]
struct Ask {
    plain: Plain,
    token: String,
}

pub(crate) fn ask(plain: Plain, token: String) -> Response {
    let plain = plain.title("Sign out?");
    Page::new(Ask { plain, token }).into_response()
}
