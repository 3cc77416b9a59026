//! Where a plain OAuth 2.0 provider is asked.

use crate::oidc::{ExtraParameters, ProviderError, Transport};
use std::collections::BTreeMap;
use url::Url;

/// What the name of such a provider begins with.
const SCHEME: &str = "oauth2+";
/// The most bytes that a name may have.
const NAME_LIMIT: usize = 2_000;
/// The most names of members that lie in each other.
const DEPTH: usize = 4;

/// A plain OAuth 2.0 provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Where the browser is sent.
    pub authorization: Url,
    /// Where the code is exchanged.
    pub token: Url,
    /// Where it is said who somebody is.
    pub user: Url,
    /// Where somebody's addresses are listed, with which of them were checked.
    pub emails: Option<Url>,
    /// The member by which people are told apart there; points part members that lie in each other.
    pub subject: String,
}

/// A request for sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who we are there.
    pub client_id: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// What is asked for.
    pub scope: &'a str,
    /// Ties the answer to the browser.
    pub state: &'a str,
    /// Ties the code to us.
    pub code_challenge: &'a str,
    /// The connection's own parameters.
    pub extra: &'a ExtraParameters,
}

impl Plain {
    /// Whether a name is that of a plain OAuth 2.0 provider.
    pub fn names(issuer: &str) -> bool {
        issuer.starts_with(SCHEME)
    }

    /// Reads the name of one: `oauth2+<authorization endpoint>?token=…&user=…`, with `subject` and `emails` if need be.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] for what is no such name, or may not be called here.
    pub fn parse(issuer: &str, transport: Transport) -> Result<Self, ProviderError> {
        const BAD: ProviderError =
            ProviderError::Metadata("the name of an OAuth 2.0 provider cannot be read");
        let rest = issuer.strip_prefix(SCHEME).filter(|_| issuer.len() <= NAME_LIMIT).ok_or(BAD)?;
        let mut authorization = endpoint(rest, transport)?;
        let mut said = BTreeMap::new();
        for (name, value) in authorization.query_pairs() {
            if said.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(ProviderError::Metadata(
                    "the name of an OAuth 2.0 provider says something twice",
                ));
            }
        }
        authorization.set_query(None);
        let missing = ProviderError::Metadata("an OAuth 2.0 provider needs `token` and `user`");
        let token = endpoint(&said.remove("token").ok_or(missing.clone())?, transport)?;
        let user = endpoint(&said.remove("user").ok_or(missing)?, transport)?;
        let emails = said.remove("emails").map(|emails| endpoint(&emails, transport)).transpose()?;
        let subject = said.remove("subject").unwrap_or_else(|| "id".to_owned());
        let plain = |part: &str| {
            (1..=64).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        if !said.is_empty() || subject.split('.').count() > DEPTH || !subject.split('.').all(plain) {
            return Err(BAD);
        }
        // Nobody is told apart by what may be somebody else's next.
        let last = subject.rsplit('.').next().unwrap_or_default().to_lowercase();
        if ["email", "login", "name", "nickname", "username", "mail", "upn"].contains(&last.as_str()) {
            return Err(ProviderError::Metadata("nobody is told apart by a name or an address"));
        }
        Ok(Plain { authorization, token, user, emails, subject })
    }

    /// Its name, in the one way that it is written.
    pub fn issuer(&self) -> String {
        let mut name = self.authorization.clone();
        let mut query = name.query_pairs_mut();
        query.append_pair("token", self.token.as_str()).append_pair("user", self.user.as_str());
        query.append_pair("subject", &self.subject);
        if let Some(emails) = &self.emails {
            query.append_pair("emails", emails.as_str());
        }
        drop(query);
        format!("{SCHEME}{name}")
    }

    /// Everywhere that it is asked.
    pub fn endpoints(&self) -> impl Iterator<Item = &Url> {
        [&self.authorization, &self.token, &self.user].into_iter().chain(&self.emails)
    }

    /// The address that the browser is sent to.
    pub fn address(&self, request: &Request<'_>) -> Url {
        let mut address = self.authorization.clone();
        let mut query = address.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", request.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("state", request.state)
            .append_pair("code_challenge", request.code_challenge)
            .append_pair("code_challenge_method", "S256");
        if !request.scope.is_empty() {
            query.append_pair("scope", request.scope);
        }
        query.extend_pairs(request.extra.pairs());
        drop(query);
        address
    }
}

fn endpoint(text: &str, transport: Transport) -> Result<Url, ProviderError> {
    transport.address(text).ok_or(ProviderError::Metadata("an endpoint is not an https address"))
}
