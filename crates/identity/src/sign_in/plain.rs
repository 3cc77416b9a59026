//! Signing in by plain OAuth 2.0: there is no ID token, so the provider is asked who has the access token that it gave for
//! the code of this very sign-in. No token outlives this.

use crate::{
    Identity,
    sign_in::{
        Connection, SignInError,
        complete::Told,
        connection::redirect_uri,
        pending::Pending,
        recognise::{How, Recognised, post, refused},
    },
};
use domain::Secret;
use http::{HeaderValue, header};
use outbound::{Answer, Call};
use protocol::{
    oauth2::{Plain, Request, access_token},
    oidc::{Callback, ClientAuthentication, Exchange, ProviderError},
};
use url::Url;

/// The most bytes that an answer may have.
const MOST_BYTES: usize = 64 * 1024;

/// Where the browser is sent.
///
/// # Errors
/// [`SignInError::Provider`].
pub(super) fn address(
    room: &Identity,
    connection: &Connection,
    pending: &Pending,
) -> Result<Url, SignInError> {
    let plain = Plain::parse(&connection.issuer, room.transport())?;
    Ok(plain.address(&Request {
        client_id: &connection.client_id,
        redirect_uri: &redirect_uri(&room.web.hosts, connection.id),
        scope: &connection.settings.scopes,
        state: pending.state(),
        code_challenge: &pending.verifier().challenge(),
        extra: &connection.settings.extra()?,
    }))
}

/// Who signed in, by the provider's answer to this pending sign-in.
///
/// # Errors
/// As [`SignInError`] says; nothing of the answer is in it.
pub(super) async fn recognise(
    room: &Identity,
    connection: &Connection,
    pending: &Pending,
    answer: Callback,
) -> Result<Recognised, SignInError> {
    let plain = Plain::parse(&connection.issuer, room.transport())?;
    let code = answer.accept_unnamed(&pending.secret_state())?;
    // Such providers know nothing but a secret in the body.
    let shown = match connection.client_secret {
        Some(_) => ClientAuthentication::Post,
        None => ClientAuthentication::None,
    };
    let request = Exchange {
        client_id: &connection.client_id,
        client_secret: connection.client_secret.as_ref(),
        authentication: shown,
        code: &code,
        redirect_uri: &redirect_uri(&room.web.hosts, connection.id),
        verifier: &pending.verifier(),
    }
    .request();
    let answer = post(room, pending, &plain.token, &request).await?;
    let token = access_token(answer.status.as_u16(), &answer.body).map_err(|error| refused(error, shown))?;
    let user = ask(room, pending, &plain.user, &token).await?;
    // Who it is does not hang on the list of addresses: one that is away costs the address.
    let emails = match &plain.emails {
        Some(emails) => ask(room, pending, emails, &token).await.ok(),
        None => None,
    };
    let emails = emails.as_ref().map(|emails| (emails.status.as_u16(), emails.body.as_ref()));
    let claims = plain.identity((user.status.as_u16(), &user.body), emails)?;
    Ok(Recognised { claims, how: How::Token { shown, told: Told::Answered } })
}

async fn ask(
    room: &Identity,
    pending: &Pending,
    endpoint: &Url,
    token: &Secret<String>,
) -> Result<Answer, SignInError> {
    let bearer = HeaderValue::from_str(&format!("Bearer {}", token.reveal()));
    let mut bearer = bearer.map_err(|_| ProviderError::Answer("the access token fits into no header"))?;
    bearer.set_sensitive(true);
    let call = Call::get_json(endpoint.clone())
        .header(header::AUTHORIZATION, bearer)
        .for_tenant(pending.tenant)
        .within(room.settings.provider_patience)
        .at_most(MOST_BYTES);
    room.outbound.send(call).await.map_err(SignInError::Exchange)
}
