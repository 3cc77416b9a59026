//! What a plain OAuth 2.0 provider tells.

use super::Plain;
use crate::{
    IdentityClaims, json,
    oidc::{ProviderError, Refusal},
};
use domain::{EmailAddress, Secret};
use serde_json::{Map, Value};

const TEXT_LIMIT: usize = 64 * 1024;
/// The most addresses that are looked at.
const MOST_EMAILS: usize = 100;

/// The access token in the token endpoint's answer. Some refuse with status 200.
///
/// # Errors
/// [`ProviderError::Refused`] with the provider's reason, [`ProviderError::Answer`] if there is nothing to be made of it.
pub fn access_token(status: u16, body: &[u8]) -> Result<Secret<String>, ProviderError> {
    let members = object(body)?;
    if let Some(refusal) = Refusal::in_json(&members) {
        return Err(ProviderError::Refused(refusal));
    }
    if status != 200 {
        return Err(ProviderError::Answer("its status is not 200 and it gives no reason"));
    }
    let kind = members.get("token_type").and_then(Value::as_str);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(ProviderError::Answer("its token type is not bearer"));
    }
    let token = members.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    token.map(|token| Secret::new(token.to_owned())).ok_or(ProviderError::Answer("there is no access token"))
}

impl Plain {
    /// Who it is, by what the user endpoint said, and the list of addresses where that was asked for.
    ///
    /// # Errors
    /// [`ProviderError::Answer`] if it does not say who it is.
    pub fn identity(
        &self,
        (status, body): (u16, &[u8]),
        emails: Option<(u16, &[u8])>,
    ) -> Result<IdentityClaims, ProviderError> {
        if status != 200 {
            return Err(ProviderError::Answer("the user endpoint's status is not 200"));
        }
        let mut raw = object(body)?;
        let subject = self.subject_in(&raw)?;
        let text = |name: &str| raw.get(name).and_then(Value::as_str);
        let name = text("name").and_then(|name| name.parse().ok());
        let said: Option<EmailAddress> = text("email").and_then(|address| address.parse().ok());
        let checked = raw.get("email_verified") == Some(&Value::Bool(true));
        let (email, email_verified) = match (&self.emails, emails) {
            (Some(_), Some((200, body))) => (checked_address(body), true),
            (Some(_), _) => (None, false),
            (None, _) => (said, checked),
        };
        let email_verified = email_verified && email.is_some();
        match &email {
            Some(email) => drop(raw.insert("email".to_owned(), Value::String(email.to_string()))),
            None => drop(raw.remove("email")),
        }
        // What only a proof says is no claim of a mere document.
        raw.retain(|name, _| !crate::claims::is_evidence(name));
        Ok(IdentityClaims {
            subject,
            name,
            email,
            email_verified,
            acr: None,
            amr: Vec::new(),
            auth_time: None,
            sid: None,
            raw,
        })
    }

    fn subject_in(&self, members: &Map<String, Value>) -> Result<String, ProviderError> {
        const NONE: ProviderError = ProviderError::Answer("the user endpoint does not say who it is");
        let mut parts = self.subject.split('.');
        let first = parts.next().and_then(|part| members.get(part)).ok_or(NONE)?;
        let value = parts.try_fold(first, |value, part| value.get(part)).ok_or(NONE)?;
        let subject = match value {
            Value::String(text) => text.clone(),
            // A number that is not whole may be written in two ways.
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return Err(NONE),
        };
        if crate::identity::is_subject(&subject) { Ok(subject) } else { Err(NONE) }
    }
}

/// The first address that is checked and the person's main one.
fn checked_address(body: &[u8]) -> Option<EmailAddress> {
    if body.len() > TEXT_LIMIT {
        return None;
    }
    let list = json::document(body, 10_000).ok()?;
    let is = |entry: &Value, name: &str| entry.get(name) == Some(&Value::Bool(true));
    let found = list
        .as_array()?
        .iter()
        .take(MOST_EMAILS)
        .find(|entry| is(entry, "primary") && is(entry, "verified"))?;
    found.get("email")?.as_str()?.parse().ok()
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ProviderError> {
    if body.len() > TEXT_LIMIT {
        return Err(ProviderError::Answer("it is longer than 64 KiB"));
    }
    json::object(body).ok_or(ProviderError::Answer("it is not plain JSON"))
}
