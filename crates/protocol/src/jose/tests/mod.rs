//! Contoso's provider signs a token about Alice. Then others try.

mod bearers;
mod keys;
mod tokens;
mod wycheproof;

use super::{Claims, Expect, JwkSet, TokenError, Typ, verify};
use crate::forge::{CLIENT, ISSUER, LEEWAY, NOW, P256, alice, key_set, with};
use serde_json::{Value, json};

const EXPECT: Expect<'_> = Expect { issuer: ISSUER, audience: CLIENT, typ: Typ::Plain };

fn believed(token: &str, keys: &JwkSet) -> Result<Claims, TokenError> {
    verify(token, keys, &EXPECT, NOW, LEEWAY)
}

fn contoso() -> JwkSet {
    key_set(&[P256.jwk(json!({ "kid": "k1" }))])
}

/// What becomes of rightly signed claims that differ from Alice's in this.
fn believed_with(difference: Value) -> Result<Claims, TokenError> {
    believed(&P256.sign("ES256", &with(alice(), difference)), &contoso())
}
