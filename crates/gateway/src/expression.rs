//! What the expressions of routes are worked out over, and what becomes of an expression that has no value.
//!
//! Nothing that a caller is believed by can be asked for: no cookie, no key, no token, and nothing that only we say.
//! A token's claims can, once the token was believed.

use crate::{
    headers::{is, is_withheld},
    look::{Look, Said},
    onlook::Onlooker,
    peer::Peer,
    problem,
    refuse::No,
    resolve::parameters,
    target::unescaped,
};
use access::{Caller, TenantRecord};
use http::{HeaderMap, Method, request::Parts};
use protocol::{
    expression::{Expression, Facts, Kind, Names, Stopped, Value, Word},
    jose::Bearer,
};
use serde_json::Value as Json;
use std::{borrow::Cow, net::IpAddr};

const fn value(name: &'static str) -> Word {
    Word { name, kind: Kind::Value }
}

const METHOD: Word = value("method");
const SCHEME: Word = value("scheme");
const HOST: Word = value("host");
const PATH: Word = value("path");
const ADDRESS: Word = value("address");
const QUERY: Word = Word { name: "query", kind: Kind::Table };
const HEADERS: Word = Word { name: "headers", kind: Kind::Table };
const BODY: Word = value("body");
const FORM: Word = Word { name: "form", kind: Kind::Table };
const CLAIMS: Word = value("claims");
const REST: Word = value("rest");
const TENANT: Word = Word {
    name: "tenant",
    kind: Kind::Record { fields: &["id", "slug", "standing", "entitlements"], identity: &["id", "slug"] },
};
const CALLER: Word = Word {
    name: "caller",
    kind: Kind::Record { fields: &["kind", "user", "subscriber", "roles", "scopes"], identity: &[] },
};

/// What is known when a request comes in.
pub(crate) const ASKED: &[Word] = &[METHOD, SCHEME, HOST, PATH, ADDRESS, QUERY, HEADERS, BODY, FORM];
/// What is known when the tenant is asked for.
pub(crate) const PRESENTED: &[Word] =
    &[METHOD, SCHEME, HOST, PATH, ADDRESS, QUERY, HEADERS, BODY, FORM, CLAIMS];
/// What is known when the caller is.
pub(crate) const KNOWN: &[Word] =
    &[METHOD, SCHEME, HOST, PATH, ADDRESS, QUERY, HEADERS, BODY, FORM, CLAIMS, REST, TENANT, CALLER];

/// Whether an expression speaks of the body of a request.
pub(crate) fn looks(expression: &Expression) -> bool {
    expression.speaks_of(BODY.name) || expression.speaks_of(FORM.name)
}

/// Reads an expression; what is wrong with it is said.
pub(crate) fn read(source: &str, words: &[Word], say: impl FnOnce(String)) -> Option<Expression> {
    Expression::read(source, words).map_err(|bad| say(bad.to_string())).ok()
}

/// A request as it came in.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'r> {
    method: &'r Method,
    scheme: &'static str,
    host: &'r str,
    path: &'r str,
    query: &'r str,
    headers: &'r HeaderMap,
    address: IpAddr,
    body: Option<&'r Said>,
}

impl<'r> Asked<'r> {
    pub(crate) fn of(parts: &'r Parts, host: &'r str, peer: &Peer) -> Self {
        Asked {
            method: &parts.method,
            scheme: peer.scheme(),
            host,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            address: peer.ip,
            body: None,
        }
    }

    /// The same, and what was read of its body by now.
    pub(crate) fn with<'s>(&self, look: &'s Look<'_>) -> Asked<'s>
    where
        'r: 's,
    {
        Asked { body: look.said(), ..*self }
    }

    pub(crate) fn path(&self) -> &'r str {
        self.path
    }
}

/// Fields that hold what a caller is believed by.
const CREDENTIALS: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "x-api-key"];

/// Several of one name are one text, as several fields of a header are (RFC 9110 section 5.3): no slug, and nothing
/// that could be taken for only one of them.
fn joined<'r>(mut values: impl Iterator<Item = Option<Cow<'r, str>>>) -> Option<Value<'r>> {
    let first = values.next()??;
    let Some(second) = values.next() else { return Some(Value::Text(first)) };
    let mut text = first.into_owned();
    for value in std::iter::once(second).chain(values) {
        text.push_str(", ");
        text.push_str(&value?);
    }
    Some(Value::Text(text.into()))
}

impl Facts for Asked<'_> {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "method" => Some(Value::text(self.method.as_str())),
            "scheme" => Some(Value::text(self.scheme)),
            "host" => Some(Value::text(self.host)),
            "path" => Some(Value::text(self.path)),
            "address" => Some(Value::Text(self.address.to_string().into())),
            "body" => self.body?.document(),
            _ => None,
        }
    }

    fn field(&self, table: &str, name: &str) -> Result<Option<Value<'_>>, Stopped> {
        Ok(match table {
            "query" => joined(parameters(self.query, name).map(unescaped)),
            "headers" => {
                let name = name.to_ascii_lowercase();
                if is_withheld(&name) || CREDENTIALS.iter().any(|own| is(&name, own)) {
                    return Ok(None);
                }
                let values = self.headers.get_all(name.as_str()).iter();
                joined(values.map(|value| value.to_str().ok().map(Cow::Borrowed)))
            }
            "form" => self.body.map_or(Ok(None), |body| body.field(name))?,
            _ => None,
        })
    }
}

/// The same, and what was presented with it and believed.
#[derive(Clone, Copy)]
pub(crate) struct Brought<'r> {
    pub(crate) asked: Asked<'r>,
    pub(crate) claims: Option<&'r Json>,
}

impl Facts for Brought<'_> {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "claims" => self.claims.map(|claims| Value::json(claims, Names::Exact)),
            _ => self.asked.value(name),
        }
    }

    fn field(&self, table: &str, name: &str) -> Result<Option<Value<'_>>, Stopped> {
        self.asked.field(table, name)
    }
}

/// What a token says that was believed before. It is read again only where an expression speaks of it.
pub(crate) fn claims_of(believed: Option<&str>) -> Option<Json> {
    Some(Json::Object(Bearer::read(believed?).ok()?.into_claims().into_members()))
}

/// A request of which everything is known.
#[derive(Clone, Copy)]
pub(crate) struct Known<'r> {
    pub(crate) brought: Brought<'r>,
    /// The path after the route's own and the tenant.
    pub(crate) rest: &'r str,
    pub(crate) tenant: &'r TenantRecord,
    pub(crate) caller: &'r Caller,
}

fn texts<'r>(all: impl Iterator<Item = &'r str>) -> Option<Value<'r>> {
    Some(Value::List(all.map(Value::text).collect()))
}

impl Known<'_> {
    fn of_caller(&self, name: &str) -> Option<Value<'_>> {
        let (person, key, token) = (self.caller.person(), self.caller.key(), self.caller.token());
        let certificate = self.caller.certificate();
        let application = self.caller.application();
        match name {
            "kind" if person.is_none() && application.is_some() => Some(Value::text("application")),
            "kind" => Some(Value::text(match (person, key, token) {
                (Some(_), _, _) => "user",
                (_, Some(_), _) => "subscriber",
                (_, _, Some(holder)) if holder.person => "user",
                (_, _, Some(_)) => "workload",
                _ => certificate.map_or("anonymous", |holder| holder.machine.name()),
            })),
            "user" => person.map(|person| Value::Text(person.user.to_string().into())),
            "subscriber" => key.map(|holder| Value::Text(holder.subscriber.to_string().into())),
            "roles" => texts(person.iter().flat_map(|person| person.roles.iter()).map(AsRef::as_ref)),
            "scopes" => {
                let of_key = key.iter().flat_map(|holder| holder.scopes.iter());
                let of_token = token.iter().flat_map(|holder| holder.scopes.iter());
                let of_certificate = certificate.iter().flat_map(|holder| holder.scopes.iter());
                let of_application = application.iter().flat_map(|holder| holder.token.scopes.iter());
                let all = of_key.chain(of_token).chain(of_certificate).chain(of_application);
                texts(all.map(AsRef::as_ref))
            }
            _ => None,
        }
    }
}

impl Facts for Known<'_> {
    fn value(&self, name: &str) -> Option<Value<'_>> {
        if name == "rest" { Some(Value::text(self.rest)) } else { self.brought.value(name) }
    }

    fn field(&self, table: &str, name: &str) -> Result<Option<Value<'_>>, Stopped> {
        Ok(match (table, name) {
            ("tenant", "id") => Some(Value::Text(self.tenant.id.to_string().into())),
            ("tenant", "slug") => Some(Value::text(self.tenant.slug.as_str())),
            ("tenant", "standing") => Some(Value::Text(self.tenant.standing.to_string().into())),
            ("tenant", "entitlements") => texts(self.tenant.limits.entitlements.iter().map(String::as_str)),
            ("caller", name) => self.of_caller(name),
            _ => self.brought.field(table, name)?,
        })
    }
}

/// Works an expression out. What it asks for and is not there makes it none; anything else that stops it stops the
/// request, because nobody may get around a policy by making it fail.
pub(crate) fn work_out<'v>(
    key: &'static str,
    expression: &'v Expression,
    facts: &'v impl Facts,
    onlooker: &mut impl Onlooker,
) -> Result<Option<Value<'v>>, No> {
    let worked = expression.work_out(facts);
    onlooker.passed("expression", || {
        let value =
            worked.value.as_ref().map_or_else(|stopped| format!("nothing: {stopped}"), ToString::to_string);
        format!("`{key}` is {value}, in {} steps: {}", worked.steps, expression.source())
    });
    match worked.value {
        Ok(Value::Null) | Err(Stopped::Absent(_)) => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(stopped) => Err(failed(key, &stopped)),
    }
}

fn failed(key: &str, why: &impl std::fmt::Display) -> No {
    No::with(problem::EXPRESSION, format!("The expression `{key}` of this route has no value for it: {why}."))
}

/// Whether a condition holds. One that asks for what is not there does not.
pub(crate) fn holds(
    key: &'static str,
    condition: Option<&Expression>,
    facts: &impl Facts,
    onlooker: &mut impl Onlooker,
) -> Result<bool, No> {
    let Some(condition) = condition else { return Ok(true) };
    match work_out(key, condition, facts, onlooker)? {
        Some(Value::Bool(is)) => Ok(is),
        None => Ok(false),
        Some(_) => Err(failed(key, &"it is neither true nor false")),
    }
}

/// The text that an expression says; none where it says nothing.
pub(crate) fn text(
    key: &'static str,
    expression: &Expression,
    facts: &impl Facts,
    onlooker: &mut impl Onlooker,
) -> Result<Option<String>, No> {
    match work_out(key, expression, facts, onlooker)? {
        Some(Value::Text(text)) => Ok(Some(text.into_owned())),
        Some(value @ (Value::Int(_) | Value::Bool(_) | Value::Double(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(failed(key, &"it is no text")),
        None => Ok(None),
    }
}
