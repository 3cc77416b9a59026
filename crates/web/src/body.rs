//! What a request carries, parsed once at the edge: [`Json`], [`Form`], [`Query`] and [`Path`]. Bodies are
//! bounded in size and time, content types are strict, and what is wrong is pointed at.
//!
//! By convention every wire type says `#[serde(deny_unknown_fields)]`, so that a misspelt field is refused
//! rather than ignored.

use crate::{Problem, Refused, Web, credential::presented, csrf};
use axum::{
    body::Body,
    extract::{FromRef, FromRequest, FromRequestParts, Request, path::ErrorKind, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};
use serde_path_to_error::Segment;
use std::time::Duration;

/// The most bytes a body may have unless its extractor says otherwise.
pub const MOST: usize = 64 * 1024;

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// A JSON body of at most `LIMIT` bytes; and, as an answer, JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<T, const LIMIT: usize = MOST>(pub T);

/// A form of at most `LIMIT` bytes. Where the request came with a session, the form must carry the hidden
/// value that was made for that session; see [`crate::csrf`].
#[derive(Clone, Copy, Debug)]
pub struct Form<T, const LIMIT: usize = MOST>(pub T);

/// The query.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// What varies in the path. What cannot be parsed is answered like a thing that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S, T, const LIMIT: usize> FromRequest<S> for Json<T, LIMIT>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        is_of_type(request.headers(), "application/json")?;
        parse_json(&read(request.into_body(), LIMIT).await?).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], text).into_response()
            }
            Err(cause) => Problem::internal(format!("an answer does not serialise: {cause}")).into_response(),
        }
    }
}

impl<S, T, const LIMIT: usize> FromRequest<S> for Form<T, LIMIT>
where
    S: Send + Sync,
    T: DeserializeOwned,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let (parts, body) = request.into_parts();
        let session = presented(&parts, &web)?.session();
        is_of_type(&parts.headers, "application/x-www-form-urlencoded")?;
        let (token, fields) = take_token(&read(body, LIMIT).await?);
        let ours = session.is_none_or(|session| web.csrf.accepts(&session, &token));
        if !ours {
            return Err(Problem::new("csrf.refused").into());
        }
        Ok(parse_pairs(&fields).map(Form)?)
    }
}

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_pairs(parts.uri.query().unwrap_or_default().as_bytes()).map(Query)
    }
}

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(PathRejection::FailedToDeserializePathParams(wrong)) => Err(match wrong.kind() {
                ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. } => {
                    Problem::internal(format!("a handler's path does not fit its route: {wrong}"))
                }
                _ => Problem::new("item.unknown"),
            }),
            Err(other) => Err(Problem::internal(other.body_text())),
        }
    }
}

/// Whether the one `Content-Type` says this, perhaps with parameters.
pub(crate) fn is_of_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let mut types = headers.get_all(header::CONTENT_TYPE).into_iter();
    let essence = types
        .next()
        .filter(|_| types.next().is_none())
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case(wanted) => Ok(()),
        _ => Err(Problem::new("input.type").detail(format!("This address takes {wanted}."))),
    }
}

pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let whole = tokio::time::timeout(ARRIVAL, Limited::new(body, limit).collect()).await;
    match whole {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => {
            Err(Problem::new("input.too-large").detail(format!("At most {limit} bytes are taken here.")))
        }
        Ok(Err(cause)) => Err(Problem::new("input.malformed").because(cause.to_string())),
        Err(_) => Err(Problem::new("input.slow")),
    }
}

fn parse_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|wrong| {
        let words = wrong.inner().to_string();
        if wrong.inner().is_data() {
            let (words, _) = words.rsplit_once(" at line ").unwrap_or((&words, ""));
            Problem::new("input.invalid").at(pointer(wrong.path()), words)
        } else {
            Problem::new("input.malformed").detail(format!("This is not JSON: {words}."))
        }
    })?;
    json.end().map_err(|_| Problem::new("input.malformed").detail("There is more after the JSON value."))?;
    Ok(value)
}

pub(crate) fn parse_pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(text))
        .map_err(|wrong| Problem::new("input.invalid").at(pointer(wrong.path()), wrong.inner().to_string()))
}

/// The value of the hidden field, empty if it is not there exactly once, and the form without it.
fn take_token(form: &[u8]) -> (String, Vec<u8>) {
    let is_token = |pair: &&[u8]| pair.split(|byte| *byte == b'=').next() == Some(csrf::FIELD.as_bytes());
    let pairs = || form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut tokens = pairs().filter(is_token);
    let token = match (tokens.next(), tokens.next()) {
        (Some(token), None) => {
            String::from_utf8_lossy(&token[csrf::FIELD.len()..]).trim_start_matches('=').to_owned()
        }
        _ => String::new(),
    };
    let fields: Vec<&[u8]> = pairs().filter(|pair| !is_token(pair)).collect();
    (token, fields.join(&b'&'))
}

/// A JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing::*, *};
    use access::{ManageMember, ReadTenants};
    use axum::http::StatusCode;
    use domain::{MemberId, TenantId};

    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Invite {
        email: String,
        #[serde(default)]
        roles: Vec<String>,
        seats: Option<u32>,
    }

    fn json(text: &str) -> Result<Invite, Problem> {
        parse_json(text.as_bytes())
    }

    #[test]
    fn what_is_wrong_in_json_is_pointed_at() {
        let at = |text: &str| match json(text) {
            Err(problem) => (problem.code(), problem.errors().first().map(|e| e.pointer.clone())),
            Ok(_) => ("", None),
        };
        assert_eq!(at(r#"{"email":"a@b","roles":["x",3]}"#), ("input.invalid", Some("/roles/1".into())));
        assert_eq!(at(r#"{"email":"a@b","rolls":[]}"#).0, "input.invalid");
        assert_eq!(at("{").0, "input.malformed");
        assert_eq!(at(r#"{"email":"a@b"} x"#).0, "input.malformed");
        let words = json(r#"{"email":7}"#).expect_err("a number").errors()[0].detail.clone();
        assert_eq!(words, "invalid type: integer `7`, expected a string");
    }

    #[test]
    fn forms_hold_lists_numbers_and_empty_fields() {
        let form: Result<Invite, _> = parse_pairs(b"email=a%40b&roles=x&roles=y+z&seats=3");
        let form = form.expect("well-formed");
        assert_eq!((form.email.as_str(), form.seats), ("a@b", Some(3)));
        assert_eq!(form.roles, ["x", "y z"]);
        let problem = parse_pairs::<Invite>(b"email=a&seats=many").expect_err("not a number");
        assert_eq!(problem.errors()[0].pointer, "/seats");
    }

    #[test]
    fn the_hidden_value_is_taken_out_and_counts_only_once() {
        let (token, fields) = take_token(b"a=1&csrf=xyz&b=2");
        assert_eq!((token.as_str(), fields.as_slice()), ("xyz", b"a=1&b=2".as_slice()));
        assert_eq!(take_token(b"csrf=x&csrf=y").0, "");
        assert_eq!(take_token(b"a=csrf").0, "");
    }

    fn routes() -> Routes<Web> {
        Routes::new()
            .post(
                "/v1/tenants",
                async |_: AllowOperator<access::CreateTenant>, Json(invite): Json<Invite>| invite.email,
            )
            .get(
                "/v1/tenants/{tenant}/members/{member}",
                async |_: Allow<access::ListMembers>, Path((_, member)): Path<(TenantId, MemberId)>| {
                    member.to_string()
                },
            )
            .get("/v1/plans", async |_: AllowOperator<ReadTenants>, Query(invite): Query<Invite>| {
                invite.email
            })
            .on(Surface::Console)
            .post("/t/{tenant}/members", async |_: Allow<ManageMember>, Form(invite): Form<Invite>| {
                invite.email
            })
    }

    #[tokio::test]
    async fn a_body_must_be_what_it_says_and_of_bearable_size() {
        let world = world(routes()).await;
        let post = async |kind: &str, body: &str| {
            let headers = [("content-type", kind)];
            world.ask(HostKind::Socket, "POST", "/v1/tenants", &headers, body).await
        };
        let good = post("application/json; charset=utf-8", r#"{"email":"a@b"}"#).await;
        assert_eq!((good.status, good.body.as_str()), (StatusCode::OK, "a@b"));
        assert_eq!(post("text/plain", r#"{"email":"a@b"}"#).await.code(), "input.type");
        let large = format!(r#"{{"email":"{}"}}"#, "a".repeat(MOST));
        let large = post("application/json", &large).await;
        assert_eq!((large.status, large.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "input.too-large"));
    }

    #[tokio::test]
    async fn a_form_without_the_hidden_value_of_its_session_is_refused() {
        let world = world(routes()).await;
        let cookie = ADMIN_AT_ACME.cookie(HostKind::Console);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        let path = format!("/t/{ACME}/members");
        let post = async |body: String| world.ask(HostKind::Console, "POST", &path, &headers, &body).await;
        let token = |someone: Someone| world.web.csrf.token(&someone.digest());
        let good = post(format!("email=a%40b&csrf={}", token(ADMIN_AT_ACME))).await;
        assert_eq!((good.status, good.body.as_str()), (StatusCode::OK, "a@b"));
        let others = post(format!("email=a&csrf={}", token(MEMBER_AT_ACME))).await;
        assert_eq!(others.code(), "csrf.refused");
        assert_eq!(post("email=a".into()).await.code(), "csrf.refused");
    }

    #[tokio::test]
    async fn a_path_that_names_nothing_is_answered_like_a_thing_that_is_not_there() {
        let world = world(routes()).await;
        let path = |member: &str| format!("/v1/tenants/{ACME}/members/{member}");
        let member = MemberId::from_bits(5).to_string();
        let good = world.get_as(ADMIN_AT_ACME, HostKind::Console, &path(&member)).await;
        assert_eq!(good.body, member);
        let bad = world.get_as(ADMIN_AT_ACME, HostKind::Console, &path("usr_x")).await;
        assert_eq!((bad.status, bad.code().as_str()), (StatusCode::NOT_FOUND, "item.unknown"));
        let query = world.get(HostKind::Socket, "/v1/plans?email=a&limit=7", &[]).await;
        assert_eq!(query.code(), "input.invalid");
    }
}
