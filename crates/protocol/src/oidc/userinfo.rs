//! What a provider tells about somebody beside the ID token (OpenID Connect Core 1.0 section 5.3).

use crate::{IdentityClaims, json};
use serde_json::{Map, Value};

const TEXT_LIMIT: usize = 64 * 1024;

/// What an answer must never change: the ID token alone speaks for the sign-in itself.
const OF_THE_TOKEN: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "nonce",
    "azp",
    "acr",
    "amr",
    "auth_time",
    "sid",
    "at_hash",
];

/// What the userinfo endpoint said of the person whom the ID token names. Does not print.
pub struct UserInfo(Map<String, Value>);

/// Why an answer of the userinfo endpoint is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserInfoError {
    /// It is about somebody else: tokens were swapped on the way, or the provider mixes people up. Whoever
    /// signs in with such an answer is not let in.
    #[error("the userinfo endpoint speaks of another subject than the ID token")]
    Subject,
    /// Nothing can be made of it. The ID token is as good as before.
    #[error("the userinfo endpoint's answer cannot be used: {0}")]
    Answer(&'static str),
}

impl UserInfo {
    /// Reads the answer to a question about `subject`, the subject of the ID token.
    ///
    /// A signed or encrypted answer (`application/jwt`) comes only to who registered for one: it is not used.
    ///
    /// # Errors
    /// [`UserInfoError::Subject`] if it names somebody else, [`UserInfoError::Answer`] if it cannot be used.
    pub fn parse(
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
        subject: &str,
    ) -> Result<Self, UserInfoError> {
        if status != 200 {
            return Err(UserInfoError::Answer("its status is not 200"));
        }
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/jwt") {
            return Err(UserInfoError::Answer("it is signed or encrypted, where plain JSON was asked for"));
        }
        if body.len() > TEXT_LIMIT {
            return Err(UserInfoError::Answer("it is longer than 64 KiB"));
        }
        let members = json::object(body).ok_or(UserInfoError::Answer("it is not plain JSON"))?;
        match members.get("sub") {
            None => Err(UserInfoError::Answer("it does not say whom it is about")),
            Some(Value::String(named)) if named == subject => Ok(UserInfo(members)),
            Some(_) => Err(UserInfoError::Subject),
        }
    }
}

impl IdentityClaims {
    /// The same with what the userinfo endpoint said beyond it. What the ID token said stays as it is, and
    /// whether an address was checked is taken from whoever told the address.
    pub fn completed(mut self, info: UserInfo) -> Self {
        let UserInfo(mut said) = info;
        OF_THE_TOKEN.iter().for_each(|name| drop(said.remove(*name)));
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        if self.name.is_none() {
            self.name = text("name").and_then(|name| name.parse().ok());
            self.raw.remove("name");
        }
        let checked = said.get("email_verified") == Some(&Value::Bool(true));
        match (&self.email, text("email").and_then(|address| address.parse().ok())) {
            (None, Some(address)) => {
                (self.email, self.email_verified) = (Some(address), checked);
                self.raw.retain(|name, _| name != "email" && name != "email_verified");
            }
            _ => said.retain(|name, _| name != "email" && name != "email_verified"),
        }
        for (name, value) in said {
            self.raw.entry(name).or_insert(value);
        }
        self
    }
}
