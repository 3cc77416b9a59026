//! How a connection shows its provider's token endpoint who we are. A client is registered for one way, and
//! a provider's metadata only says which ways it knows; where the two part, the connection says it.

use domain::NameError;
use protocol::oidc::{ClientAuthentication, ProviderError, ProviderMetadata};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a connection says about it. In columns, in the API and in forms by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// As the provider's metadata allows: in the header where that is offered, else in the body.
    #[default]
    #[serde(rename = "automatic")]
    Automatic,
    /// In the `Authorization` header, whatever the metadata says.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// In the body, whatever the metadata says.
    #[serde(rename = "client_secret_post")]
    Post,
}

impl Authentication {
    /// Every choice.
    pub const ALL: [Authentication; 3] =
        [Authentication::Automatic, Authentication::Basic, Authentication::Post];

    /// Its name; that of the standard where there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Authentication::Automatic => "automatic",
            Authentication::Basic => ClientAuthentication::Basic.name(),
            Authentication::Post => ClientAuthentication::Post.name(),
        }
    }

    /// For people who choose.
    pub const fn words(self) -> &'static str {
        match self {
            Authentication::Automatic => "As the provider's metadata allows",
            Authentication::Basic => "In the header (client_secret_basic)",
            Authentication::Post => "In the body (client_secret_post)",
        }
    }

    /// The way to take with this provider. Without a secret there is nothing to show.
    ///
    /// # Errors
    /// [`ProviderError::Metadata`] if it is left to a provider that takes secrets in no way that we know.
    pub fn at(
        self,
        provider: &ProviderMetadata,
        has_secret: bool,
    ) -> Result<ClientAuthentication, ProviderError> {
        match self {
            Authentication::Automatic => provider.client_authentication(has_secret),
            _ if !has_secret => Ok(ClientAuthentication::None),
            Authentication::Basic => Ok(ClientAuthentication::Basic),
            Authentication::Post => Ok(ClientAuthentication::Post),
        }
    }
}

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Authentication {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = Self::ALL.into_iter().find(|choice| choice.name() == text);
        found.ok_or(NameError("This is automatic, client_secret_basic or client_secret_post."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::oidc::{Issuer, Transport};
    use serde_json::json;

    fn provider(methods: &[&str]) -> ProviderMetadata {
        let metadata = json!({
            "issuer": "https://a.test",
            "authorization_endpoint": "https://a.test/authorize",
            "token_endpoint": "https://a.test/token",
            "jwks_uri": "https://a.test/keys",
            "token_endpoint_auth_methods_supported": methods,
        });
        let issuer = Issuer::parse("https://a.test", Transport::Https).unwrap();
        ProviderMetadata::parse(metadata.to_string().as_bytes(), &issuer, Transport::Https).unwrap()
    }

    #[test]
    fn what_the_connection_says_goes_before_what_the_metadata_says() {
        let both = provider(&["client_secret_post", "client_secret_basic"]);
        let neither = provider(&["private_key_jwt"]);
        assert_eq!(Authentication::Automatic.at(&both, true), Ok(ClientAuthentication::Basic));
        assert_eq!(Authentication::Post.at(&both, true), Ok(ClientAuthentication::Post));
        assert!(Authentication::Automatic.at(&neither, true).is_err());
        assert_eq!(Authentication::Basic.at(&neither, true), Ok(ClientAuthentication::Basic));
        for choice in Authentication::ALL {
            assert_eq!(choice.at(&neither, false), Ok(ClientAuthentication::None), "a public client");
        }
    }

    #[test]
    fn a_choice_has_one_name_in_forms_and_columns() {
        for choice in Authentication::ALL {
            assert_eq!(choice.name().parse(), Ok(choice));
            assert_eq!(serde_json::to_value(choice).unwrap(), choice.name());
        }
        assert!("private_key_jwt".parse::<Authentication>().is_err());
    }
}
