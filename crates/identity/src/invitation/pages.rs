//! The pages of one-time links.

use crate::{
    Identity,
    connection::pages::authentications,
    invitation::{http::Sent, rows::Invitation},
    sign_in::{Connection, connection::redirect_uri},
};
use access::Tenant;
use askama::Template;
use axum::response::{IntoResponse, Response};
use domain::PlatformRole;
use web::{Page, Plain, parts::Choice};

struct Way {
    path: String,
    name: String,
}

#[derive(Template)]
#[template(path = "invitation/join.html")]
struct Join {
    plain: Plain,
    ways: Vec<Way>,
}

/// The organisation can be signed in to already: its holder does so.
pub(crate) fn join(
    plain: Plain,
    tenant: &Tenant,
    invitation: &Invitation,
    ways: &[Connection],
    sign_in: &str,
) -> Response {
    let way = |connection: &Connection| Way {
        path: format!("{sign_in}&connection={}", connection.id),
        name: connection.name.clone(),
    };
    let plain = welcome(plain, tenant, invitation);
    Page::new(Join { plain, ways: ways.iter().map(way).collect() }).into_response()
}

/// What is wrong in the form, at which field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrong {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) client_authentication: String,
}

impl Wrong {
    /// Whether nothing is.
    pub(crate) fn is_nothing(&self) -> bool {
        let all =
            [&self.name, &self.issuer, &self.client_id, &self.client_secret, &self.client_authentication];
        all.iter().all(|words| words.is_empty())
    }
}

#[derive(Template)]
#[template(path = "invitation/set_up.html")]
struct SetUpPage {
    plain: Plain,
    redirect_uri: String,
    action: String,
    token: String,
    // Not `name`: the macros have an argument of that name, which would hide it.
    display_name: String,
    issuer: String,
    client_id: String,
    authentications: Vec<Choice>,
    wrong: Wrong,
    /// How the first step stands.
    first: &'static str,
    /// Where to sign in; empty until there is a draft.
    sign_in: String,
    provider: String,
}

/// The page on which the first connection is set up.
pub(crate) struct SetUp<'a> {
    pub(crate) room: &'a Identity,
    pub(crate) tenant: &'a Tenant,
    pub(crate) invitation: &'a Invitation,
    pub(crate) action: String,
    pub(crate) sign_in: String,
    pub(crate) token: String,
}

impl SetUp<'_> {
    /// The form, or with a draft the step after it.
    pub(crate) fn show(self, plain: Plain, draft: Option<&Connection>) -> Response {
        let mut page = self.page(plain);
        match draft {
            Some(draft) => {
                page.display_name = draft.name.clone();
                page.issuer = draft.issuer.clone();
                page.client_id = draft.client_id.clone();
                page.authentications = authentications(draft.settings.client_authentication.name());
                page.provider = draft.name.clone();
                page.first = "done";
            }
            None => page.sign_in.clear(),
        }
        Page::new(page).into_response()
    }

    /// The form as it was sent, without the secret, and what is wrong in it.
    pub(crate) fn again(self, plain: Plain, sent: &Sent, wrong: Wrong) -> Response {
        let mut page = self.page(plain);
        page.display_name = sent.name.clone();
        page.issuer = sent.issuer.clone();
        page.client_id = sent.client_id.clone();
        page.authentications = authentications(&sent.client_authentication);
        page.wrong = wrong;
        page.sign_in.clear();
        Page::again(page).into_response()
    }

    fn page(self, plain: Plain) -> SetUpPage {
        SetUpPage {
            plain: welcome(plain, self.tenant, self.invitation),
            redirect_uri: redirect_uri(&self.room.web.hosts, self.invitation.connection),
            action: self.action,
            token: self.token,
            display_name: String::new(),
            issuer: String::new(),
            client_id: String::new(),
            authentications: authentications(""),
            wrong: Wrong::default(),
            first: "current",
            sign_in: self.sign_in,
            provider: String::new(),
        }
    }
}

fn welcome(plain: Plain, tenant: &Tenant, invitation: &Invitation) -> Plain {
    let operator = PlatformRole::Operator.name();
    let is_operator = invitation.roles.iter().any(|role| role.as_str() == operator);
    let words = match is_operator {
        true => {
            "This link makes you the first operator of this installation. You sign in with a provider of your own; there is no password here."
        }
        false => {
            "This link makes you an admin of your organisation here. You sign in with your organisation's own provider; there is no password here."
        }
    };
    plain.of(tenant).title("Welcome").describe(words)
}
