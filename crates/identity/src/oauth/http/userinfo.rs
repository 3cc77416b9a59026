//! What an access token opens of its person (OpenID Connect Core 1.0 section 5.3): the claims of the scopes that it was
//! given for, at the tenant that it is for.

use crate::Identity;
use crate::oauth::{
    Denied,
    issue::about,
    show::{Shown, shown_bearer},
};
use access::{Permit, ReadGrant, Refusal};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::TenantId;
use serde_json::{Value, json};
use web::{
    AllowProgram, OpenProgram, Routes, Surface,
    open::ApplicationDoor,
    program::{Asks, Sent},
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/oauth/userinfo", answer)
        .says("Says who the person behind an access token is.")
        .post("/oauth/userinfo", answer)
        .says("The same by a form.")
        .options("/oauth/userinfo", preflight)
        .says("Lets pages of any origin ask with a token; no cookie is looked at.")
}

/// A token at the userinfo endpoint.
pub(crate) struct Ask {
    room: Identity,
    shown: Shown,
}

impl Asks<Identity> for Ask {
    const WHERE: &'static str = "access token";

    async fn read(sent: Sent, room: &Identity) -> Result<Self, Response> {
        let shown = shown_bearer(room, &sent).await.map_err(refused)?;
        Ok(Ask { room: room.clone(), shown })
    }

    fn tenant(&self) -> TenantId {
        self.shown.token.tenant
    }

    fn refuse(_: Refusal) -> Response {
        refused(invalid())
    }
}

fn invalid() -> Denied {
    Denied::new("invalid_token", "The token is none of ours, has ended, or is for something else.")
}

/// In the words of RFC 6750 section 3.
fn refused(denied: Denied) -> Response {
    let told = format!("Bearer error=\"{}\", error_description=\"{}\"", denied.error, denied.words);
    let mut response = denied.into_response();
    if let Ok(told) = HeaderValue::from_str(&told) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, told);
    }
    open_to_pages(response)
}

fn open_to_pages(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let told = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, told);
    response
}

async fn answer(AllowProgram(permit, asked): AllowProgram<ReadGrant, Ask>) -> Response {
    match asked.claims(&permit).await {
        Ok(claims) => open_to_pages(Json(claims).into_response()),
        Err(denied) => refused(denied),
    }
}

impl Ask {
    async fn claims(self, permit: &Permit<ReadGrant>) -> Result<Value, Denied> {
        let token = &self.shown.token;
        if !token.words.iter().any(|word| word == "openid") {
            return Err(Denied::new("insufficient_scope", "The token was not given for openid."));
        }
        let person = self.shown.standing(&self.room, permit.caller().request()).await.ok_or_else(invalid)?;
        let person = person.ok_or_else(invalid)?;
        let mut claims = json!({ "sub": person.user, "tenant": token.tenant });
        for (name, value) in about(&person, &token.words) {
            claims[name] = value;
        }
        Ok(claims)
    }
}

async fn preflight(_: OpenProgram<ApplicationDoor, Identity>) -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type, DPoP")),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ];
    open_to_pages((StatusCode::NO_CONTENT, headers).into_response())
}
