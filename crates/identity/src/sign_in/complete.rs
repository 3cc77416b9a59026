//! Completing what an ID token leaves out. Many providers tell name and address only at their userinfo
//! endpoint (OpenID Connect Core 1.0 sections 5.3 and 5.4); it is asked once, when something is missing.
//!
//! An endpoint that is away or answers nonsense costs the person their name and nothing else. One that
//! speaks of somebody else lets nobody in.

use crate::{
    Identity,
    sign_in::{Documents, SignInError, pending::Pending},
};
use domain::Secret;
use http::{HeaderValue, header};
use outbound::Call;
use protocol::{
    IdentityClaims,
    oidc::{Tokens, UserInfo, UserInfoError},
};
use url::Url;

/// The most bytes that an answer may have.
const MOST_BYTES: usize = 64 * 1024;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The ID token said enough.
    NotAsked,
    /// The provider has no such endpoint.
    Nowhere,
    /// It answered.
    Answered,
    /// It was asked in vain; why, in words for whoever set the connection up.
    InVain(String),
}

/// Adds what the provider's userinfo endpoint says to `claims`, which lack something.
///
/// # Errors
/// [`SignInError::OtherSubject`].
pub(crate) async fn complete(
    room: &Identity,
    pending: &Pending,
    documents: &Documents,
    tokens: &Tokens,
    claims: IdentityClaims,
) -> Result<(IdentityClaims, Told), SignInError> {
    let Some(endpoint) = &documents.metadata.userinfo_endpoint else { return Ok((claims, Told::Nowhere)) };
    match ask(room, pending, endpoint, &tokens.access_token, &claims.subject).await {
        Ok(info) => Ok((claims.completed(info), Told::Answered)),
        Err(Silence::Said(UserInfoError::Subject)) => Err(SignInError::OtherSubject),
        Err(silence) => {
            tracing::warn!(tenant = %pending.tenant, connection = %pending.connection, cause = silence.for_log(), "the userinfo endpoint of connection {} told nothing", pending.connection);
            Ok((claims, Told::InVain(silence.to_string())))
        }
    }
}

/// Why nothing was told.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error("the access token fits into no header")]
    Token,
    #[error(transparent)]
    Outbound(#[from] outbound::OutboundError),
    #[error(transparent)]
    Said(#[from] UserInfoError),
}

impl Silence {
    fn for_log(&self) -> String {
        match self {
            Silence::Outbound(error) => error.for_log().to_string(),
            other => other.to_string(),
        }
    }
}

async fn ask(
    room: &Identity,
    pending: &Pending,
    endpoint: &Url,
    access_token: &Secret<String>,
    subject: &str,
) -> Result<UserInfo, Silence> {
    let bearer = format!("Bearer {}", access_token.reveal());
    let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| Silence::Token)?;
    bearer.set_sensitive(true);
    let call = Call::get_json(endpoint.clone())
        .header(header::AUTHORIZATION, bearer)
        .for_tenant(pending.tenant)
        .within(room.settings.provider_patience)
        .at_most(MOST_BYTES);
    let answer = room.outbound.send(call).await?;
    let content_type = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(UserInfo::parse(answer.status.as_u16(), content_type, &answer.body, subject)?)
}
