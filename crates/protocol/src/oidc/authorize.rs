//! The address that the browser is sent to (OpenID Connect Core 1.0 section 3.1.2.1).

use super::ProviderError;
use std::time::Duration;
use url::Url;

const EXTRA_LIMIT: usize = 16;
const NAME_LIMIT: usize = 64;
const VALUE_LIMIT: usize = 512;

/// What only the protocol may say: everything that decides who asks for what, and where the answer goes.
const RESERVED: &[&str] = &[
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Further parameters that a connection sends along, such as a tenant hint. Never one of the protocol's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraParameters(Vec<(String, String)>);

impl ExtraParameters {
    /// Checks what an admin set, once.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] for a parameter that is the protocol's own, repeated, or too long, or
    /// for more than 16.
    pub fn parse(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ProviderError> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
        for (place, (name, value)) in pairs.iter().enumerate() {
            if RESERVED.contains(&name.as_str()) {
                return Err(ProviderError::Metadata("an extra parameter is one of the protocol's own"));
            }
            if !(1..=NAME_LIMIT).contains(&name.len())
                || !name.bytes().all(named)
                || value.len() > VALUE_LIMIT
            {
                return Err(ProviderError::Metadata("an extra parameter is too long or has an odd name"));
            }
            if pairs[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(ProviderError::Metadata("an extra parameter is given twice"));
            }
        }
        if pairs.len() > EXTRA_LIMIT {
            return Err(ProviderError::Metadata("there are more than 16 extra parameters"));
        }
        Ok(ExtraParameters(pairs))
    }

    /// Names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }
}

/// A request for sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Authorize<'a> {
    /// The provider's authorization endpoint.
    pub endpoint: &'a Url,
    /// Who we are there.
    pub client_id: &'a str,
    /// Where the answer goes; registered there, and never changing.
    pub redirect_uri: &'a str,
    /// Scopes beside `openid`, separated by spaces.
    pub scope: &'a str,
    /// Ties the answer to the browser.
    pub state: &'a str,
    /// Ties the ID token to the sign-in.
    pub nonce: &'a str,
    /// Ties the code to us ([`crate::pkce::Verifier::challenge`]).
    pub code_challenge: &'a str,
    /// Whom the provider should expect. Only what this browser's own person typed; a hint out of a link
    /// is how people are led to sign in as somebody else.
    pub login_hint: Option<&'a str>,
    /// For example `login` or `select_account`.
    pub prompt: Option<&'a str>,
    /// How old the sign-in at the provider may be.
    pub max_age: Option<Duration>,
    /// The connection's own parameters, such as its tenant hint.
    pub extra: &'a ExtraParameters,
}

impl Authorize<'_> {
    /// The address. Parameters that the endpoint's address brings along stay, unless they would speak
    /// for the protocol.
    pub fn address(&self) -> Url {
        let own: Vec<(String, String)> =
            self.endpoint.query_pairs().into_owned().filter(|(name, _)| !self.says(name)).collect();
        let mut address = self.endpoint.clone();
        address.set_query(None);
        let mut query = address.query_pairs_mut();
        query
            .extend_pairs(&own)
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("scope", &self.whole_scope())
            .append_pair("state", self.state)
            .append_pair("nonce", self.nonce)
            .append_pair("code_challenge", self.code_challenge)
            .append_pair("code_challenge_method", "S256");
        for (name, value) in [("login_hint", self.login_hint), ("prompt", self.prompt)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        if let Some(max_age) = self.max_age {
            query.append_pair("max_age", &max_age.as_secs().to_string());
        }
        query.extend_pairs(&self.extra.0);
        drop(query);
        address
    }

    fn says(&self, name: &str) -> bool {
        RESERVED.contains(&name) || self.extra.0.iter().any(|(extra, _)| extra == name)
    }

    fn whole_scope(&self) -> String {
        let others = self.scope.split_ascii_whitespace().filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(others).collect::<Vec<_>>().join(" ")
    }
}
