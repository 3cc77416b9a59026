//! The algorithms that a token may be signed with. `none` and the shared-secret ones are not among
//! them, and so cannot be asked for.

use jsonwebtoken::{Algorithm as Library, crypto::aws_lc::DEFAULT_PROVIDER, jwk::ThumbprintHash};

/// A signature algorithm with a public key (RFC 7518 section 3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm that is believed.
    pub const ALL: [Algorithm; 9] = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ];

    /// Its name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
            Algorithm::Ps256 => "PS256",
            Algorithm::Ps384 => "PS384",
            Algorithm::Ps512 => "PS512",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name, which is case-sensitive.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The hash that belongs to it, over `data`: what `at_hash` is made with (OIDC Core 3.1.3.6).
    pub(crate) fn hash(self, data: &[u8]) -> Vec<u8> {
        let hash = match self {
            Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => ThumbprintHash::SHA256,
            Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => ThumbprintHash::SHA384,
            // Ed25519 hashes with SHA-512 inside (RFC 8032), and providers follow that here.
            Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::EdDsa => ThumbprintHash::SHA512,
        };
        (DEFAULT_PROVIDER.key_utils.compute_digest)(data, hash).expect("hashing cannot fail")
    }

    pub(super) fn library(self) -> Library {
        match self {
            Algorithm::Rs256 => Library::RS256,
            Algorithm::Rs384 => Library::RS384,
            Algorithm::Rs512 => Library::RS512,
            Algorithm::Ps256 => Library::PS256,
            Algorithm::Ps384 => Library::PS384,
            Algorithm::Ps512 => Library::PS512,
            Algorithm::Es256 => Library::ES256,
            Algorithm::Es384 => Library::ES384,
            Algorithm::EdDsa => Library::EdDSA,
        }
    }
}
