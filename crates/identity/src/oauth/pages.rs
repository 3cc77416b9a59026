//! The pages between an application and a person: which organisation, and the way back where that is a form.

use super::request::Request;
use crate::person::Own;
use access::Tenant;
use askama::Template;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use url::Url;
use web::{Page, Plain, brand, headers::FormsGoTo, letters};

struct Choice {
    path: String,
    name: String,
    letters: String,
    brand: &'static str,
}

#[derive(Template)]
#[template(path = "oauth/organisation.html")]
struct Organisation {
    plain: Plain,
    own: Vec<Choice>,
    found: Option<Choice>,
    sought: String,
    carried: Vec<(String, String)>,
}

/// Asks in which organisation's name somebody goes on.
pub(crate) fn organisation(
    plain: Plain,
    request: &Request,
    own: &[Own],
    found: Option<Arc<Tenant>>,
) -> Response {
    let name = &request.application.metadata.client_name;
    let choice = |tenant: &Tenant| {
        let mut params = request.params.clone();
        params.set("tenant", tenant.record.id.to_string());
        Choice {
            path: format!("/oauth/authorize?{}", params.query()),
            name: tenant.record.name.to_string(),
            letters: letters(tenant.record.name.as_str()),
            brand: brand(tenant.record.id),
        }
    };
    let page = Organisation {
        plain: plain
            .title(format!("Continue to {name}"))
            .describe("Choose the organisation in whose name you use it."),
        own: own.iter().map(|own| choice(&own.tenant)).collect(),
        found: found.as_deref().map(choice),
        sought: request.sought.clone().unwrap_or_default(),
        carried: request.params.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    Page::new(page).into_response()
}

#[derive(Template)]
#[template(path = "oauth/back.html")]
struct Back {
    plain: Plain,
    action: String,
    fields: Vec<(String, String)>,
}

/// The answer as a form that goes to the application, by itself where there is script.
pub(crate) fn back(plain: Plain, request: &Request, fields: Vec<(String, String)>) -> Response {
    let name = &request.application.metadata.client_name;
    let action = request.redirect_uri.clone();
    let origin = Url::parse(&action).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let plain = plain.title(format!("Back to {name}")).describe("This goes on by itself where it can.");
    let mut response = Page::new(Back { plain, action, fields }).into_response();
    response.extensions_mut().insert(FormsGoTo(origin));
    response
}
