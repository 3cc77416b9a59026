//! A sign-in at Contoso's provider, step by step, and those who stand beside the road.

mod discovery;
mod exchanging;
mod identity;
mod leaving;
mod returning;
mod telling;

use super::{Issuer, ProviderError, ProviderMetadata, Transport};
use crate::forge::{ISSUER, with};
use domain::Secret;
use serde_json::{Value, json};

fn issuer() -> Issuer {
    Issuer::parse(ISSUER, Transport::Https).unwrap()
}

fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.contoso.test/authorize",
        "token_endpoint": "https://idp.contoso.test/token",
        "jwks_uri": "https://idp.contoso.test/keys",
        "end_session_endpoint": "https://idp.contoso.test/logout?from=app",
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256", "plain"],
    })
}

fn discovered(difference: Value) -> Result<ProviderMetadata, ProviderError> {
    ProviderMetadata::parse(with(metadata(), difference).to_string().as_bytes(), &issuer(), Transport::Https)
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}
