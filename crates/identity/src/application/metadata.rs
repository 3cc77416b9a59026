//! What is registered of an application, in the words of RFC 7591, RFC 8705, RFC 9126 and RFC 9449 where they have one.

use domain::DisplayName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// An application's registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ApplicationMetadata)]
pub struct Metadata {
    /// Its name for people.
    #[schema(value_type = String)]
    pub client_name: DisplayName,
    /// `web`, `native` for one that runs at people's own machines, `service` for one without people.
    #[serde(default)]
    pub application_type: Kind,
    /// Where codes may be sent: addresses that are compared letter for letter.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out, compared in the same way.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Its realm: the audience of tokens for its API, and the resource (RFC 8707) by which others ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What it may show for a token.
    #[serde(default = "usual_grants")]
    pub grant_types: BTreeSet<GrantType>,
    /// How it proves that it is itself.
    #[serde(default)]
    pub token_endpoint_auth_method: AuthMethod,
    /// What of the product's API it may ask for: declared scopes with spaces between.
    #[serde(default)]
    pub scope: String,
    /// `all` if every tenant has it; `consent` if a tenant's admin must put it into use.
    #[serde(default)]
    pub reach: Reach,
    /// The product family that it belongs to, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// What its ID tokens are signed with: ES256.
    #[serde(default)]
    pub id_token_signed_response_alg: IdTokenAlg,
    /// Its public keys, for `private_key_jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// Where they lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// SHA-256 of its certificate in base64url, for `self_signed_tls_client_auth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_certificate_thumbprint: Option<String>,
    /// Where it wants to be told that a session ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it must push its requests (RFC 9126).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// Whether its tokens are bound to a key of its own (RFC 9449).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Whether its tokens are bound to its certificate (RFC 8705).
    #[serde(default)]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// How long its access tokens live, if not as long as others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_seconds: Option<u64>,
    /// How long it may go on refreshing, if not as long as others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_seconds: Option<u64>,
}

fn usual_grants() -> BTreeSet<GrantType> {
    [GrantType::AuthorizationCode, GrantType::RefreshToken].into()
}

/// What kind of application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ApplicationKind)]
pub enum Kind {
    /// It runs on a server, or in a browser.
    #[default]
    Web,
    /// It runs at people's own machines (RFC 8252).
    Native,
    /// It acts without people.
    Service,
}

/// What may be shown for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum GrantType {
    /// A code that a person's browser brought.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// A refresh token.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// The application's own proof.
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// A device's code (RFC 8628).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// Another token (RFC 8693).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// The grant of this name.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(Value::String(name.to_owned())).ok()
    }
}

/// How an application proves that it is itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClientAuthMethod)]
pub enum AuthMethod {
    /// By its secret in the header.
    #[default]
    ClientSecretBasic,
    /// By its secret in the body.
    ClientSecretPost,
    /// By a JWT that it signed.
    PrivateKeyJwt,
    /// By its client certificate, which is known by its hash.
    SelfSignedTlsClientAuth,
    /// Not at all: it can keep no secret. What it shows is bound to it by PKCE.
    None,
}

impl AuthMethod {
    /// Whether it proves itself by a secret.
    pub fn by_secret(self) -> bool {
        matches!(self, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
    }
}

/// Which tenants have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ApplicationReach)]
pub enum Reach {
    /// Those whose admin put it into use.
    #[default]
    Consent,
    /// All of them.
    All,
}

/// What ID tokens are signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum IdTokenAlg {
    /// ECDSA over P-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
}
