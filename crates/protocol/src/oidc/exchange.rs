//! Exchanging the code for tokens (OpenID Connect Core 1.0 section 3.1.3, RFC 6749 sections 2.3.1 and 5).

use super::{ClientAuthentication, ProviderError, Refusal};
use crate::{json, pkce::Verifier};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Secret;
use serde_json::{Map, Value};
use url::form_urlencoded::{Serializer, byte_serialize};

const TEXT_LIMIT: usize = 64 * 1024;

/// An exchange. Made by whoever began the sign-in: the verifier proves it.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// Who we are at the provider.
    pub client_id: &'a str,
    /// Our secret there; absent for a public client.
    pub client_secret: Option<&'a Secret<String>>,
    /// How the provider wants to see the secret.
    pub authentication: ClientAuthentication,
    /// The code of the callback.
    pub code: &'a Secret<String>,
    /// The same redirect address as in the request.
    pub redirect_uri: &'a str,
    /// The verifier of the pending sign-in.
    pub verifier: &'a Verifier,
}

/// What to post to the token endpoint, as `application/x-www-form-urlencoded`.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The value of the `Authorization` header, if there is to be one.
    pub authorization: Option<Secret<String>>,
    /// The body.
    pub body: Secret<String>,
}

/// What the provider gave for the code.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Says who signed in.
    pub id_token: Secret<String>,
    /// For the provider's own APIs; we hold it against the ID token's `at_hash`, and show it to the userinfo
    /// endpoint at most.
    pub access_token: Secret<String>,
}

impl Exchange<'_> {
    /// The request.
    pub fn request(&self) -> TokenRequest {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", self.code.reveal())
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("code_verifier", self.verifier.reveal());
        let authorization = match (self.authentication, self.client_secret) {
            (ClientAuthentication::Basic, Some(secret)) => Some(self.basic(secret)),
            (ClientAuthentication::Post, Some(secret)) => {
                form.append_pair("client_id", self.client_id).append_pair("client_secret", secret.reveal());
                None
            }
            _ => {
                form.append_pair("client_id", self.client_id);
                None
            }
        };
        TokenRequest { authorization, body: Secret::new(form.finish()) }
    }

    /// Id and secret are each form-encoded before they are joined (RFC 6749 section 2.3.1), so that a
    /// colon in the id is not read as the joint.
    fn basic(&self, secret: &Secret<String>) -> Secret<String> {
        let [id, secret] =
            [self.client_id, secret.reveal()].map(|text| byte_serialize(text.as_bytes()).collect::<String>());
        Secret::new(format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}"))))
    }
}

impl Tokens {
    /// Reads the token endpoint's answer.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] with the provider's reason, [`ProviderError::Answer`] if there is
    /// nothing to be made of it.
    pub fn parse(status: u16, body: &[u8]) -> Result<Self, ProviderError> {
        if body.len() > TEXT_LIMIT {
            return Err(ProviderError::Answer("it is longer than 64 KiB"));
        }
        let members = json::object(body);
        if let Some(refusal) = members.as_ref().and_then(Refusal::in_json) {
            return Err(ProviderError::Refused(refusal));
        }
        if status != 200 {
            return Err(ProviderError::Answer("its status is not 200 and it gives no reason"));
        }
        let members = members.ok_or(ProviderError::Answer("it is not plain JSON"))?;
        let token_type = members.get("token_type").and_then(Value::as_str);
        if !token_type.is_some_and(|name| name.eq_ignore_ascii_case("bearer")) {
            return Err(ProviderError::Answer("its token type is not bearer"));
        }
        Ok(Tokens {
            id_token: secret(&members, "id_token").ok_or(ProviderError::Answer("there is no ID token"))?,
            access_token: secret(&members, "access_token")
                .ok_or(ProviderError::Answer("there is no access token"))?,
        })
    }
}

fn secret(members: &Map<String, Value>, name: &str) -> Option<Secret<String>> {
    let text = members.get(name)?.as_str()?;
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}
