//! Signing out, begun by an application (OpenID Connect RP-Initiated Logout 1.0). Only an ID token of ours proves who is
//! meant and where they may be sent: without one the person is asked, and nobody is sent anywhere.

use crate::oauth::{Params, ended, issue::sid};
use crate::{Identity, application::Application, asked::Asked, person, routes::with_cookies};
use access::{EndPersonSession, PersonPermit, Refusal};
use axum::{extract::State, response::Response};
use domain::UserId;
use protocol::jose::{Claims, verify_whenever};
use std::sync::Arc;
use url::form_urlencoded::Serializer;
use web::{
    Open, OpenProgram, Problem, Routes, SIGN_OUT, Surface, cookie, limit::Limited, open::ApplicationDoor,
    sign_in::see_other,
};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/oauth/logout", get)
        .says("Signs the person out, where an application proves that it is about them, else asks.")
        .post("/oauth/logout", post)
        .says("The same by a form.")
}

/// A form from an application's page comes without our cookies; it goes on as an address, which has them.
async fn post(OpenProgram { sent, .. }: OpenProgram<ApplicationDoor, Identity>) -> Response {
    let query = Serializer::new(String::new()).extend_pairs(&sent.fields).finish();
    see_other(&format!("/oauth/logout?{query}"))
}

/// Whom an ID token of ours is about, and to which application it was given.
struct Hint {
    application: Arc<Application>,
    user: UserId,
    sid: Option<String>,
}

async fn get(
    _: Open<ApplicationDoor>,
    State(room): State<Identity>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.count(&room, Limited::SignInStart, None)?;
    let params = Params::of_query(asked.uri.query().unwrap_or_default())
        .map_err(|denied| Problem::new("authorize.request").detail(denied.words))?;
    let hint = params.get("id_token_hint").and_then(|text| hint(&room, text));
    let hint = hint.filter(|hint| {
        params.get("client_id").is_none_or(|client| client == hint.application.id.to_string())
    });
    let Some(hint) = hint else { return Ok(see_other(SIGN_OUT)) };
    let credential = &asked.presented.credential;
    let permit = match room.web.warden.person::<EndPersonSession>(credential, asked.origin).await {
        Ok(permit) => Some(permit),
        Err(Refusal::SignInNeeded) => None,
        Err(refusal) => return Err(refusal.into()),
    };
    match permit {
        // Somebody else's session, or a later one: they did not ask for this.
        Some(permit) if !is_meant(&hint, &permit) => Ok(see_other(SIGN_OUT)),
        Some(permit) => {
            if let Some(session) = permit.session() {
                person::end(&room, &permit, session.digest).await?;
            }
            ended::with_sessions(&room, &permit).await?;
            let gone = room.web.jar().remove(cookie::PERSON);
            Ok(with_cookies(see_other(&on(&hint.application, &params)), [gone]))
        }
        None => Ok(see_other(&on(&hint.application, &params))),
    }
}

fn is_meant(hint: &Hint, permit: &PersonPermit<EndPersonSession>) -> bool {
    let is_this_one = |session: &Arc<access::PersonGrant>| {
        hint.sid.as_ref().is_none_or(|said| *said == sid(&hint.application, session.digest))
    };
    permit.user() == hint.user && permit.session().is_some_and(is_this_one)
}

/// Where the person goes on: to an address that the application has registered, else to our own front page.
fn on(application: &Application, params: &Params) -> String {
    let back = params.get("post_logout_redirect_uri").filter(|to| application.metadata.may_part_to(to));
    let Some(back) = back else { return "/".to_owned() };
    match params.get("state") {
        Some(state) => super::authorize::with_query(back, &[("state".to_owned(), state.to_owned())]),
        None => back.to_owned(),
    }
}

/// What an ID token of ours says, whether or not its time is over.
fn hint(room: &Identity, text: &str) -> Option<Hint> {
    let claims = believed(room, text)?;
    let application = room.application(claims.text("aud")?)?;
    let user = claims.text("sub")?.parse().ok()?;
    Some(Hint { application, user, sid: claims.text("sid").map(str::to_owned) })
}

fn believed(room: &Identity, text: &str) -> Option<Claims> {
    verify_whenever(text, &room.own_keys()?, room.web.hosts.id.origin()).ok()
}
