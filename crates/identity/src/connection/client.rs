//! What an admin types about the client, parsed once.

use crate::sign_in::ConnectionSettings;
use domain::{NameError, Secret};
use protocol::oidc::ExtraParameters;
use std::{collections::BTreeMap, fmt, str::FromStr};

/// A client id, as the provider gave it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

/// A client secret, as the provider gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSecret(Secret<String>);

/// Scopes to ask for beside `openid`, separated by single spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(String);

impl FromStr for ClientId {
    type Err = NameError;
    /// RFC 6749 appendix A.1 allows spaces as well; at the ends they are a slip of the hand.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        ((1..=255).contains(&text.len()) && plain)
            .then(|| ClientId(text.to_owned()))
            .ok_or(NameError("A client id has 1 to 255 ASCII characters."))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientSecret {
    type Err = NameError;
    /// RFC 6749 appendix A.2. What surrounds it was copied along.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        ((1..=2_000).contains(&text.len()) && plain)
            .then(|| ClientSecret(Secret::new(text.to_owned())))
            .ok_or(NameError("A client secret has 1 to 2,000 ASCII characters."))
    }
}

impl ClientSecret {
    /// The secret, to be sealed.
    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl FromStr for Scopes {
    type Err = NameError;
    /// RFC 6749 section 3.3.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let scopes: Vec<&str> = text.split_whitespace().filter(|scope| *scope != "openid").collect();
        let fit =
            scopes.len() <= 20 && scopes.iter().all(|scope| scope.len() <= 200 && scope.bytes().all(plain));
        fit.then(|| Scopes(scopes.join(" "))).ok_or(NameError(
            "Scopes are separated by spaces; there are at most 20, without quotes and backslashes.",
        ))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of the hint that the protocol knows itself.
const LOGIN_HINT: &str = "login_hint";

/// All parameters that a connection sends along.
pub fn parameters_of(settings: &ConnectionSettings) -> BTreeMap<String, String> {
    let mut all = settings.parameters.clone();
    all.extend(settings.login_hint.clone().map(|hint| (LOGIN_HINT.to_owned(), hint)));
    all
}

/// Sets the parameters that a connection sends along. None of them may speak for the protocol.
pub(crate) fn set_parameters(
    settings: &mut ConnectionSettings,
    mut all: BTreeMap<String, String>,
) -> Result<(), NameError> {
    let hint = all.remove(LOGIN_HINT);
    let fit = ExtraParameters::parse(all.clone()).is_ok() && hint.iter().all(|hint| hint.len() <= 512);
    if !fit {
        return Err(NameError(
            "There may be at most 16 parameters, of at most 512 characters each, and none that OpenID Connect itself defines.",
        ));
    }
    settings.parameters = all;
    settings.login_hint = hint;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_copied_along_is_left_out() {
        assert_eq!(" abc \n".parse::<ClientId>().unwrap().to_string(), "abc");
        assert_eq!("s3cret\n".parse::<ClientSecret>().unwrap().reveal(), "s3cret");
        assert!("".parse::<ClientId>().is_err());
        assert!("a\nb".parse::<ClientSecret>().is_err());
    }

    #[test]
    fn scopes_are_a_list_of_words_and_openid_goes_without_saying() {
        assert_eq!(" openid  email\nprofile ".parse::<Scopes>().unwrap().to_string(), "email profile");
        assert_eq!("".parse::<Scopes>().unwrap().to_string(), "");
        assert!("a\"b".parse::<Scopes>().is_err());
    }

    #[test]
    fn no_parameter_speaks_for_the_protocol() {
        let mut settings = ConnectionSettings::default();
        let one = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        assert!(set_parameters(&mut settings, one("redirect_uri")).is_err());
        set_parameters(&mut settings, one("login_hint")).unwrap();
        assert_eq!((settings.login_hint.as_deref(), settings.parameters.len()), (Some("x"), 0));
        set_parameters(&mut settings, one("domain_hint")).unwrap();
        assert_eq!(parameters_of(&settings), one("domain_hint"));
    }
}
