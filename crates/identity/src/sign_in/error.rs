//! In which ways a sign-in can fail.

use crate::sign_in::DiscoverError;
use domain::Fault;
use outbound::OutboundError;
use protocol::{
    TokenError,
    claims::BadRule,
    oidc::{CallbackError, ClientAuthentication, ProviderError, Refusal},
    saml::SamlError,
};
use std::sync::Arc;
use store::StoreError;

/// Why somebody was not let in. The code is for the person; the text, which may name addresses and
/// causes, is for the log.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The tenant has no connection in use, or not the one that was asked for.
    #[error("the tenant has no connection to sign in by")]
    NoConnection,
    /// The provider publishes nothing that can be used.
    #[error("the provider cannot be asked: {0}")]
    Discover(Arc<DiscoverError>),
    /// The token endpoint could not be reached.
    #[error("the token endpoint cannot be reached: {}", .0.for_log())]
    Exchange(OutboundError),
    /// The provider's settings or its answer to the exchange cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider does not take us for the client that we say we are.
    #[error("the provider refused our client: {refusal}; {}", in_words(*.shown))]
    Client {
        /// What it said.
        refusal: Refusal,
        /// How it was shown who we are.
        shown: ClientAuthentication,
    },
    /// What the browser brought back is not the answer to this sign-in, or is a refusal.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The ID token is not believed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// What a SAML provider published or answered is not believed.
    #[error(transparent)]
    Saml(#[from] SamlError),
    /// The answer was refused when it came, before the browser was known.
    #[error("{words}")]
    Brought {
        /// As what.
        code: &'static str,
        /// Why, in words.
        words: String,
    },
    /// Nobody asked for this answer, and the connection takes none such.
    #[error("the answer answers no request, and sign-ins by this connection do not begin at the provider")]
    Unsolicited,
    /// The connection's rules cannot be used.
    #[error("the claim rules cannot be used: {0}")]
    Rules(BadRule),
    /// The claim by which people are told apart was not said.
    #[error("the provider does not say the claim by which people are told apart")]
    NoSubject,
    /// The person has an address at a domain whose people come by another provider only.
    #[error("people of this domain come by another connection only")]
    OtherConnection,
    /// The userinfo endpoint speaks of somebody else.
    #[error("the userinfo endpoint speaks of another subject than the ID token")]
    OtherSubject,
    /// This sign-in was finished already.
    #[error("the answer to this sign-in was given before")]
    Replayed,
    /// The person was a member once and is not let in any more.
    #[error("the member is suspended or removed")]
    NotAdmitted,
    /// The plan has no seat left.
    #[error("the tenant's plan has no room for another member")]
    Full,
    /// The one-time link was used, has ended, or never was.
    #[error("the one-time link is not good")]
    Invitation,
    /// The database's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every code of ours, for the test that looks them up in the catalogue.
#[cfg(test)]
pub(crate) const CODES: &[&str] = &[
    "callback.state",
    "invitation.invalid",
    "saml.addressee",
    "saml.malformed",
    "saml.signature",
    "saml.subject",
    "saml.time",
    "saml.unsolicited",
    "sign-in.full",
    "sign-in.claim-rules",
    "sign-in.no-connection",
    "sign-in.no-subject",
    "sign-in.other-connection",
    "sign-in.not-admitted",
    "sign-in.provider-away",
    "userinfo.subject",
];

impl Fault for SignInError {
    fn code(&self) -> &'static str {
        match self {
            SignInError::NoConnection => "sign-in.no-connection",
            SignInError::Discover(_) | SignInError::Exchange(_) => "sign-in.provider-away",
            SignInError::Provider(error) => error.code(),
            SignInError::Callback(error) => error.code(),
            SignInError::Client { refusal, .. } => ProviderError::Refused(refusal.clone()).code(),
            SignInError::Token(error) => error.code(),
            SignInError::Saml(error) => error.code(),
            SignInError::Brought { code, .. } => code,
            SignInError::Unsolicited => "saml.unsolicited",
            SignInError::Rules(_) => "sign-in.claim-rules",
            SignInError::NoSubject => "sign-in.no-subject",
            SignInError::OtherConnection => "sign-in.other-connection",
            SignInError::OtherSubject => "userinfo.subject",
            SignInError::Replayed => "callback.state",
            SignInError::NotAdmitted => "sign-in.not-admitted",
            SignInError::Full => "sign-in.full",
            SignInError::Invitation => "invitation.invalid",
            SignInError::Store(error) => error.code(),
        }
    }
}

impl From<Arc<DiscoverError>> for SignInError {
    fn from(error: Arc<DiscoverError>) -> Self {
        SignInError::Discover(error)
    }
}

impl SignInError {
    /// What whoever set the connection up can make use of: the part that was wrong, in words.
    pub(crate) fn for_admins(&self) -> String {
        let detail = match self {
            SignInError::Discover(error) => error.detail().unwrap_or_else(|| error.to_string()),
            SignInError::Exchange(error) => error.to_string(),
            SignInError::Provider(ProviderError::Refused(refusal))
            | SignInError::Callback(CallbackError::Refused(refusal)) => whole(refusal),
            SignInError::Client { refusal, shown } => format!(
                "{}. {}. If the client is registered there for another way, say so in the connection's settings",
                whole(refusal),
                in_words(*shown)
            ),
            SignInError::Store(_) => "the database is in trouble".to_owned(),
            other => other.to_string(),
        };
        format!("{} ({detail})", self.code())
    }
}

/// How it was shown who we are.
pub(crate) const fn in_words(shown: ClientAuthentication) -> &'static str {
    match shown {
        ClientAuthentication::Basic => "The client secret was sent in the header (client_secret_basic)",
        ClientAuthentication::Post => "The client secret was sent in the body (client_secret_post)",
        ClientAuthentication::None => "No client secret was sent, as for a public client",
    }
}

/// A refusal with everything that was said.
fn whole(refusal: &Refusal) -> String {
    match &refusal.description {
        Some(description) => format!("{}: {description}", refusal.code),
        None => refusal.code.clone(),
    }
}
