//! Why a token or a key set is not believed.

use domain::Fault;

/// Why a token is not believed. The text is for logs and for whoever tests a connection; it holds
/// nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token at all, or not one in the strict form.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// It names an algorithm that is not believed, or one that its key is not for.
    #[error("the token is signed with an algorithm that is not accepted")]
    Algorithm,
    /// Its key is not in the set: the caller fetches the keys again, in measure.
    #[error("the token is signed with a key that is not in the issuer's key set")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    Signature,
    /// It was made for another purpose.
    #[error("the token is of another type")]
    Type,
    /// Another issuer made it.
    #[error("the token is from another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come, or it says that it was made in the future.
    #[error("the token is not valid yet; the clocks may differ")]
    NotYet,
    /// It answers another sign-in.
    #[error("the token's nonce is not the one of this sign-in")]
    Nonce,
    /// It names nobody, or somebody in an impossible way.
    #[error("the token's subject is missing, empty or too long")]
    Subject,
    /// The access token that came along is not the one it was made with.
    #[error("the token does not belong to the access token that came with it")]
    AccessToken,
    /// The person signed in at the provider longer ago than was asked for.
    #[error("the sign-in at the provider is older than was asked for, or its time is missing")]
    Stale,
}

impl Fault for TokenError {
    fn code(&self) -> &'static str {
        match self {
            TokenError::Malformed(_) => "token.malformed",
            TokenError::Algorithm => "token.algorithm",
            TokenError::UnknownKey => "token.unknown-key",
            TokenError::Signature => "token.signature",
            TokenError::Type => "token.type",
            TokenError::Issuer => "token.issuer",
            TokenError::Audience => "token.audience",
            TokenError::Expired => "token.expired",
            TokenError::NotYet => "token.not-yet",
            TokenError::Nonce => "token.nonce",
            TokenError::Subject => "token.subject",
            TokenError::AccessToken => "token.access-token",
            TokenError::Stale => "token.stale",
        }
    }
}

/// Why a key set is refused as a whole. A single key that cannot be used is passed over instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// More than 64 KiB of text or 100 keys.
    #[error("the key set is too large")]
    TooLarge,
    /// Not a JSON object with an array `keys`.
    #[error("the key set is malformed")]
    Malformed,
    /// Two different keys under one name: which one verifies would be chance.
    #[error("the key set names two different keys by the same kid")]
    AmbiguousKid,
    /// No key that could verify a token.
    #[error("the key set holds no key that could be used")]
    Empty,
}

impl Fault for KeySetError {
    fn code(&self) -> &'static str {
        "provider.keys"
    }

    fn detail(&self) -> Option<String> {
        Some(self.to_string())
    }
}
