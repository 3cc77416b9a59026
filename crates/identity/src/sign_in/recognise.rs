//! Believing what a provider says: the code is exchanged, the ID token is checked, what it leaves out is
//! asked for, and out comes who signed in. No token outlives this.

use crate::{
    Identity,
    claim_rule::wants_more,
    sign_in::{
        Connection, Documents, SignInError,
        complete::{Told, complete},
        connection::redirect_uri,
        leave::{documents, memory, question},
        pending::Pending,
        plain,
    },
};
use domain::Secret;
use http::{HeaderValue, header};
use outbound::{Answer, Call};
use protocol::{
    IdentityClaims, TokenError,
    oauth2::Plain,
    oidc::{
        Callback, ClientAuthentication, Exchange, IdTokenExpect, ProviderError, TokenRequest, Tokens,
        validate_id_token,
    },
};
use std::sync::Arc;
use url::Url;

/// The most bytes that a token answer may have.
const MOST_BYTES: usize = 64 * 1024;

/// Refusals that are about us and not about the code.
const OF_THE_CLIENT: [&str; 3] = ["invalid_client", "unauthorized_client", "incorrect_client_credentials"];

/// Somebody whom a provider has named.
pub(crate) struct Recognised {
    /// Who they are, in the provider's words.
    pub(crate) claims: IdentityClaims,
    /// How it was said.
    pub(crate) how: How,
}

/// How a provider named somebody.
pub(crate) enum How {
    /// By an ID token, for a code.
    Token {
        /// How the provider was shown who we are.
        shown: ClientAuthentication,
        /// Whether the userinfo endpoint had to be asked, and what came of it.
        told: Told,
    },
    /// By an assertion.
    Assertion,
}

/// Who signed in, by the provider's answer to this pending sign-in.
///
/// # Errors
/// As [`SignInError`] says; nothing of the answer is in it.
pub(crate) async fn recognise(
    room: &Identity,
    connection: &Connection,
    pending: &Pending,
    answer: Callback,
) -> Result<Recognised, SignInError> {
    if Plain::names(&connection.issuer) {
        return plain::recognise(room, connection, pending, answer).await;
    }
    let documents = documents(room, pending.tenant, connection).await?;
    let code = answer.accept(&pending.secret_state(), &documents.metadata)?;
    let shown = connection.authentication(&documents.metadata)?;
    let tokens = exchange(room, connection, pending, &documents, &code, shown).await?;
    let claims = believe(room, connection, pending, &documents, &tokens).await?;
    let (claims, told) = match wants_more(&connection.settings, &claims) {
        true => complete(room, pending, &documents, &tokens, claims).await?,
        false => (claims, Told::NotAsked),
    };
    Ok(Recognised { claims, how: How::Token { shown, told } })
}

async fn exchange(
    room: &Identity,
    connection: &Connection,
    pending: &Pending,
    documents: &Documents,
    code: &Secret<String>,
    shown: ClientAuthentication,
) -> Result<Tokens, SignInError> {
    let request = Exchange {
        client_id: &connection.client_id,
        client_secret: connection.client_secret.as_ref(),
        authentication: shown,
        code,
        redirect_uri: &redirect_uri(&room.web.hosts, connection.id),
        verifier: &pending.verifier(),
    }
    .request();
    let answer = post(room, pending, &documents.metadata.token_endpoint, &request).await?;
    Tokens::parse(answer.status.as_u16(), &answer.body).map_err(|error| refused(error, shown))
}

/// Shows a token endpoint the code.
pub(super) async fn post(
    room: &Identity,
    pending: &Pending,
    endpoint: &Url,
    request: &TokenRequest,
) -> Result<Answer, SignInError> {
    let mut call = Call::post_form(endpoint.clone(), [])
        .body(HeaderValue::from_static("application/x-www-form-urlencoded"), request.body.reveal().clone())
        .for_tenant(pending.tenant)
        .within(room.settings.provider_patience)
        .at_most(MOST_BYTES);
    if let Some(authorization) = &request.authorization {
        let mut value =
            HeaderValue::from_str(authorization.reveal()).expect("an encoded name and secret are ASCII");
        value.set_sensitive(true);
        call = call.header(header::AUTHORIZATION, value);
    }
    room.outbound.send(call).await.map_err(SignInError::Exchange)
}

/// Whether a refusal is about us.
pub(super) fn refused(error: ProviderError, shown: ClientAuthentication) -> SignInError {
    match error {
        // RFC 6749 section 5.2; the other is GitHub's.
        ProviderError::Refused(refusal) if OF_THE_CLIENT.contains(&refusal.code.as_str()) => {
            SignInError::Client { refusal, shown }
        }
        other => other.into(),
    }
}

/// Where a key is not known, or a signature is not that of the key known by this name, the keys are asked for once: the
/// provider may have changed them since, and some give the new one the old name.
async fn believe(
    room: &Identity,
    connection: &Connection,
    pending: &Pending,
    documents: &Arc<Documents>,
    tokens: &Tokens,
) -> Result<IdentityClaims, SignInError> {
    let issuer = connection.issuer(room.transport())?;
    let check = |documents: &Documents| {
        let expect = IdTokenExpect {
            issuer: &issuer,
            client_id: &connection.client_id,
            nonce: &pending.nonce(),
            access_token: Some(&tokens.access_token),
            max_age: None,
        };
        let now = room.now();
        validate_id_token(tokens.id_token.reveal(), &documents.keys, &expect, now, room.settings.leeway)
    };
    match check(documents) {
        Err(unproven @ (TokenError::UnknownKey | TokenError::Signature)) => {
            let question = question(room, pending.tenant, &issuer);
            let renewed = room.providers.renewed(
                connection.provider,
                &question,
                &room.outbound,
                room.now(),
                memory(room),
                documents,
            );
            let documents = renewed.await.ok_or(unproven)?;
            Ok(check(&documents)?)
        }
        other => Ok(other?),
    }
}
