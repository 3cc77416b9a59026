//! A provider's metadata (OpenID Connect Discovery 1.0, RFC 8414).

use super::{Issuer, ProviderError, Transport};
use crate::{jose::Algorithm, json};
use serde_json::{Map, Value};
use url::Url;

const TEXT_LIMIT: usize = 64 * 1024;

/// What a relying party needs to know of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Who it is; the issuer that was asked for.
    pub issuer: Issuer,
    /// Where the browser is sent.
    pub authorization_endpoint: Url,
    /// Where the code is exchanged.
    pub token_endpoint: Url,
    /// Where its keys lie.
    pub jwks_uri: Url,
    /// Where more is told about who signed in. An address that may not be called is as good as none.
    pub userinfo_endpoint: Option<Url>,
    /// Where the browser is sent to sign out there too.
    pub end_session_endpoint: Option<Url>,
    /// Whether it says that it checks S256 challenges. Many do and do not say so; a challenge is always
    /// sent.
    pub announces_pkce: bool,
    /// Whether it names itself in every answer, so that an answer without a name is refused (RFC 9207).
    pub names_itself_in_answers: bool,
    basic: bool,
    post: bool,
}

/// How the client shows the token endpoint who it is (OpenID Connect Core 1.0 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: in the `Authorization` header.
    Basic,
    /// `client_secret_post`: in the body.
    Post,
    /// `none`: a public client, which has no secret.
    None,
}

impl ClientAuthentication {
    /// Its name in metadata and registrations.
    pub const fn name(self) -> &'static str {
        match self {
            ClientAuthentication::Basic => "client_secret_basic",
            ClientAuthentication::Post => "client_secret_post",
            ClientAuthentication::None => "none",
        }
    }
}

impl ProviderMetadata {
    /// Reads the metadata that was fetched for `issuer`.
    ///
    /// # Errors
    /// [`ProviderError::IssuerMismatch`] if the document is another issuer's,
    /// [`ProviderError::Metadata`] if it cannot be used.
    pub fn parse(text: &[u8], issuer: &Issuer, transport: Transport) -> Result<Self, ProviderError> {
        let members = read(text, issuer)?;
        check_offers(&members)?;
        let address = |name: &str| Address { members: &members, transport }.read(name);
        let methods = "token_endpoint_auth_methods_supported";
        Ok(ProviderMetadata {
            issuer: issuer.clone(),
            authorization_endpoint: address("authorization_endpoint")?
                .ok_or(ProviderError::Metadata("there is no authorization_endpoint"))?,
            token_endpoint: address("token_endpoint")?
                .ok_or(ProviderError::Metadata("there is no token_endpoint"))?,
            jwks_uri: address("jwks_uri")?.ok_or(ProviderError::Metadata("there is no jwks_uri"))?,
            userinfo_endpoint: address("userinfo_endpoint").ok().flatten(),
            end_session_endpoint: address("end_session_endpoint")?,
            announces_pkce: lists(&members, "code_challenge_methods_supported", "S256") == Some(true),
            names_itself_in_answers: members.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            // Where nothing is said, basic is meant (Discovery 1.0 section 3).
            basic: lists(&members, methods, ClientAuthentication::Basic.name()).unwrap_or(true),
            post: lists(&members, methods, ClientAuthentication::Post.name()).unwrap_or(false),
        })
    }

    /// How to show who we are, given whether we have a secret.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] if the provider takes secrets in no way that we know.
    pub fn client_authentication(&self, has_secret: bool) -> Result<ClientAuthentication, ProviderError> {
        match (has_secret, self.basic, self.post) {
            (false, _, _) => Ok(ClientAuthentication::None),
            (true, true, _) => Ok(ClientAuthentication::Basic),
            (true, false, true) => Ok(ClientAuthentication::Post),
            (true, false, false) => {
                Err(ProviderError::Metadata("it takes a client secret neither in the header nor in the body"))
            }
        }
    }
}

/// Where the keys of `issuer` lie, by its metadata: all that somebody needs who only verifies its tokens.
///
/// # Errors
/// As [`ProviderMetadata::parse`], of which it asks less.
pub fn keys_address(text: &[u8], issuer: &Issuer, transport: Transport) -> Result<Url, ProviderError> {
    let members = read(text, issuer)?;
    let address = Address { members: &members, transport }.read("jwks_uri")?;
    address.ok_or(ProviderError::Metadata("there is no jwks_uri"))
}

/// The document, if it is this issuer's own.
fn read(text: &[u8], issuer: &Issuer) -> Result<Map<String, Value>, ProviderError> {
    if text.len() > TEXT_LIMIT {
        return Err(ProviderError::Metadata("the document is longer than 64 KiB"));
    }
    let members = json::object(text).ok_or(ProviderError::Metadata("the document is not plain JSON"))?;
    if members.get("issuer").and_then(Value::as_str) != Some(issuer.as_str()) {
        return Err(ProviderError::IssuerMismatch);
    }
    Ok(members)
}

/// A provider that says that it has no code flow, or signs only in ways that are not believed, is told
/// apart here, where the words can help, rather than at the first sign-in.
fn check_offers(members: &Map<String, Value>) -> Result<(), ProviderError> {
    if lists(members, "response_types_supported", "code") == Some(false) {
        return Err(ProviderError::Metadata("it does not offer the authorization code flow"));
    }
    let algorithms = "id_token_signing_alg_values_supported";
    let believed = Algorithm::ALL.iter().any(|known| lists(members, algorithms, known.name()) == Some(true));
    if members.get(algorithms).is_some_and(Value::is_array) && !believed {
        return Err(ProviderError::Metadata("it signs ID tokens with no algorithm that is accepted"));
    }
    Ok(())
}

/// Whether the array `name` holds `value`; none if there is no such array.
fn lists(members: &Map<String, Value>, name: &str, value: &str) -> Option<bool> {
    Some(members.get(name)?.as_array()?.iter().any(|listed| listed == value))
}

struct Address<'a> {
    members: &'a Map<String, Value>,
    transport: Transport,
}

impl Address<'_> {
    fn read(&self, name: &str) -> Result<Option<Url>, ProviderError> {
        let Some(value) = self.members.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        value
            .as_str()
            .and_then(|text| self.transport.address(text))
            .map(Some)
            .ok_or(ProviderError::Metadata("an endpoint is not an https address"))
    }
}
