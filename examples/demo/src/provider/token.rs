//! The token endpoint: an application exchanges a code for what it says about the person.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use url::form_urlencoded;

use crate::provider::authorize::Request;
use crate::provider::sign_in::Session;
use crate::provider::userinfo::{Access, about};
use crate::provider::{Application, Kept, Shared, State as Provider, TOKEN_LIFE, secret};

/// A code that was sent to an application.
pub(super) struct Code {
    request: Request,
    session: Session,
    until: i64,
    /// The access token it was exchanged for. A second exchange takes that one back.
    spent_on: Option<String>,
}

impl Code {
    pub(super) fn new(request: Request, session: Session, until: i64) -> Self {
        Self { request, session, until, spent_on: None }
    }
}

/// Why not, as the specification names it.
struct No(StatusCode, &'static str, &'static str);

fn bad(error: &'static str, why: &'static str) -> No {
    No(StatusCode::BAD_REQUEST, error, why)
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let Self(status, error, why) = self;
        let body = Json(json!({ "error": error, "error_description": why }));
        let challenge = (status == StatusCode::UNAUTHORIZED)
            .then_some([(header::WWW_AUTHENTICATE, "Basic realm=\"token\"")]);
        match challenge {
            Some(challenge) => (status, challenge, body).into_response(),
            None => (status, body).into_response(),
        }
    }
}

/// The fields of the request. One that is there twice is refused, because two readers could differ.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn get(&self, name: &str) -> Result<Option<&str>, No> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(bad("invalid_request", "a field is there twice")),
            (first, None) => Ok(first),
        }
    }

    fn need(&self, name: &str) -> Result<&str, No> {
        self.get(name)?.ok_or(bad("invalid_request", "a field is missing"))
    }
}

pub(super) async fn exchange(State(state): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = Fields(form_urlencoded::parse(&body).into_owned().collect());
    match answer(&state, &headers, &fields) {
        Ok(tokens) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        Err(no) => no.into_response(),
    }
}

fn answer(state: &Provider, headers: &HeaderMap, fields: &Fields) -> Result<serde_json::Value, No> {
    let (id, given) = credentials(headers, fields)?;
    let mut kept = state.kept.lock();
    let application = authenticate(&kept, &id, &given)?;
    if fields.need("grant_type")? != "authorization_code" {
        return Err(bad("unsupported_grant_type", "only authorization_code is spoken here"));
    }
    let access_token = secret();
    let (request, session) = spend(&mut kept, &application, fields, state.now(), &access_token)?;
    let access =
        Access { subject: session.subject, scope: request.scope.clone(), until: state.now() + TOKEN_LIFE };
    kept.access_tokens.insert(access_token.clone(), access);
    Ok(json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFE,
        "scope": request.scope,
        "id_token": id_token(state, &request, &session),
    }))
}

/// By HTTP Basic or by fields, but not by both.
fn credentials(headers: &HeaderMap, fields: &Fields) -> Result<(String, String), No> {
    let basic = headers.get(header::AUTHORIZATION).map(|value| basic(value.to_str().unwrap_or_default()));
    match (basic, fields.get("client_secret")?) {
        (Some(_), Some(_)) => Err(bad("invalid_request", "the application names itself in two ways")),
        (Some(basic), None) => basic.ok_or(No(StatusCode::UNAUTHORIZED, "invalid_client", "not HTTP Basic")),
        (None, Some(given)) => Ok((fields.need("client_id")?.to_owned(), given.to_owned())),
        (None, None) => {
            Err(No(StatusCode::UNAUTHORIZED, "invalid_client", "the application did not name itself"))
        }
    }
}

fn basic(value: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, given) = text.split_once(':')?;
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    let plain =
        |part: &str| form_urlencoded::parse(part.as_bytes()).next().map(|(name, _)| name.into_owned());
    Some((plain(id)?, plain(given)?))
}

fn authenticate(kept: &Kept, id: &str, given: &str) -> Result<Application, No> {
    let known = kept.application(id);
    let matches = |known: &&Application| {
        verify_slices_are_equal(known.client_secret.as_bytes(), given.as_bytes()).is_ok()
    };
    known.filter(matches).cloned().ok_or(No(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        "unknown, or the secret is wrong",
    ))
}

fn spend(
    kept: &mut Kept,
    application: &Application,
    fields: &Fields,
    now: i64,
    access_token: &str,
) -> Result<(Request, Session), No> {
    let code = kept.codes.get_mut(fields.need("code")?).ok_or(bad("invalid_grant", "no such code"))?;
    if let Some(token) = code.spent_on.take() {
        // Somebody else has this code too. Whoever came first may not keep what they got.
        code.until = 0;
        kept.access_tokens.remove(&token);
        return Err(bad("invalid_grant", "the code has been used before"));
    }
    if code.until <= now {
        return Err(bad("invalid_grant", "the code is too old"));
    }
    if code.request.application.client_id != application.client_id {
        return Err(bad("invalid_grant", "the code was made for another application"));
    }
    if code.request.application.redirect_uri != fields.need("redirect_uri")? {
        return Err(bad("invalid_grant", "the redirect address is not the one the code was sent to"));
    }
    let hash = digest::digest(&digest::SHA256, fields.need("code_verifier")?.as_bytes());
    if URL_SAFE_NO_PAD.encode(hash) != code.request.challenge {
        return Err(bad("invalid_grant", "the verifier does not fit the challenge"));
    }
    code.spent_on = Some(access_token.to_owned());
    Ok((code.request.clone(), code.session.clone()))
}

fn id_token(state: &Provider, request: &Request, session: &Session) -> String {
    let now = state.now();
    let mut claims = about(&state.organisation, session.subject, &request.scope);
    claims.extend([
        ("iss".to_owned(), json!(state.issuer)),
        ("aud".to_owned(), json!(request.application.client_id)),
        ("iat".to_owned(), json!(now)),
        ("exp".to_owned(), json!(now + TOKEN_LIFE)),
        ("auth_time".to_owned(), json!(session.signed_in_at)),
        ("sid".to_owned(), json!(session.id)),
    ]);
    if let Some(nonce) = &request.nonce {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    state.key.sign(&claims)
}
