//! Issuers of bearer tokens, as the operator registers them: what a token of theirs must say, and which tenants
//! it can be for. Nobody who is not registered is believed, and nobody is believed about a tenant that they are
//! not bound to.

use crate::{Digest, IssuerId, TenantId, digest::MacKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many audiences, tenants or aliases an issuer may have, each.
pub const MOST: usize = 500;

/// What is asked of an issuer's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRules {
    /// Its `iss`, letter for letter.
    pub issuer: String,
    /// One of these must be in `aud`.
    pub audiences: Vec<String>,
    /// What its tokens may be signed with.
    pub algorithms: Vec<TokenAlgorithm>,
    /// What the header's `typ` must be, such as `at+jwt`; where nothing is said, a plain token or an access token.
    pub typ: Option<String>,
    /// Where its keys lie, if it does not say so itself in its metadata.
    pub jwks_uri: Option<String>,
    /// What in a token names the tenant.
    pub tenant_from: TenantFrom,
    /// Names that it has for tenants, beside their ids and slugs.
    pub aliases: BTreeMap<String, TenantId>,
    /// Which tenants it may speak for.
    pub tenants: BoundTo,
    /// The claim that holds the scopes.
    pub scope_claim: String,
    /// Whom its tokens are about.
    pub caller: TokenCaller,
}

/// What a token may be signed with. `none` and shared secrets are not among it, and so cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    /// RSA PKCS #1 v1.5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA over P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl TokenAlgorithm {
    /// All of them.
    pub const ALL: [TokenAlgorithm; 4] =
        [TokenAlgorithm::Rs256, TokenAlgorithm::Ps256, TokenAlgorithm::Es256, TokenAlgorithm::EdDsa];

    /// Its name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            TokenAlgorithm::Rs256 => "RS256",
            TokenAlgorithm::Ps256 => "PS256",
            TokenAlgorithm::Es256 => "ES256",
            TokenAlgorithm::EdDsa => "EdDSA",
        }
    }

    /// The one of that name, letter for letter.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// What in a token names the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantFrom {
    /// A claim that holds an id, a slug or an alias; or several of them.
    Claim(String),
    /// A claim that names the user, who is looked up in the issuer's table of users.
    Users(String),
}

/// Which tenants an issuer may speak for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundTo {
    /// Every one; the operator says so.
    All,
    /// These.
    These(Vec<TenantId>),
}

impl BoundTo {
    /// Whether this tenant is among them.
    pub fn holds(&self, tenant: TenantId) -> bool {
        match self {
            BoundTo::All => true,
            BoundTo::These(tenants) => tenants.contains(&tenant),
        }
    }
}

/// Whom an issuer's tokens are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCaller {
    /// Programs.
    Workload,
    /// People, in whose name an application calls.
    User,
}

impl TokenCaller {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            TokenCaller::Workload => "workload",
            TokenCaller::User => "user",
        }
    }
}

/// The keyed hash under which an issuer's name for somebody is found. Issuer, claim and name are told apart: the
/// issuer's id has a fixed length, and no claim's name holds a line break. Addresses are compared without regard to
/// letters' case.
pub fn name_hash(names: &MacKey, issuer: IssuerId, claim: &str, name: &str) -> Digest {
    let folded = if claim == "email" { name.trim().to_lowercase() } else { name.to_owned() };
    let issuer = issuer.to_string();
    names.sign(&[issuer.as_bytes(), b"\n", claim.as_bytes(), b"\n", folded.as_bytes()])
}
