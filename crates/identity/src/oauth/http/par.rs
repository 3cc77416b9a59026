//! Requests that applications push before they send anybody here (RFC 9126): proven to be theirs, and out of reach of the
//! browser. Nothing is kept; the reference is the request itself, sealed, and good for a short while.

use crate::oauth::{
    Denied, Params,
    client::authenticate,
    request::{PUSHED, Pushed, Request},
};
use crate::{Identity, ticket::Ticket};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::time::Duration;
use web::{OpenProgram, Routes, Surface, open::ApplicationDoor, program::Sent};

/// How long a pushed request is good.
const LIFE: Duration = Duration::from_secs(90);

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .post("/oauth/par", post)
        .says("Takes an authorization request from the application itself; gives a reference to it.")
}

async fn post(OpenProgram { sent, state, .. }: OpenProgram<ApplicationDoor, Identity>) -> Response {
    match push(&state, &sent).await {
        Ok(reference) => {
            let told = json!({ "request_uri": reference, "expires_in": LIFE.as_secs() });
            (StatusCode::CREATED, Json(told)).into_response()
        }
        Err(denied) => denied.into_response(),
    }
}

async fn push(room: &Identity, sent: &Sent) -> Result<String, Denied> {
    let mut params = Params::of(sent.fields.clone())?;
    let application = authenticate(room, sent, &params).await?;
    if params.has("request_uri") {
        return Err(Denied::request("A pushed request does not point to another."));
    }
    for proof in ["client_secret", "client_assertion", "client_assertion_type"] {
        params.drop(proof);
    }
    params.set("client_id", application.id.to_string());
    if let Some(jkt) = crate::oauth::sender::of_request(room, sent, &application, None).await?.jkt {
        params.set("dpop_jkt", jkt);
    }
    let request = Request::prove(room, params.clone())
        .map_err(|_| Denied::request("The redirect_uri is not one that is registered, letter for letter."))?;
    request.read_pushed()?;
    let ends = room.now() + LIFE;
    let pushed = Pushed { query: params.query(), ends };
    Ok(format!("{PUSHED}{}", pushed.seal(&room.keyring.load().pending, &room.web.chance)))
}
