//! The ways a request can fail to be believed.

/// Why a request was refused. The words are for your log; a client should learn only that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// A header is not there: the request did not come through the gateway.
    #[error("the request carries no {0} header")]
    Missing(&'static str),
    /// A header is there twice or cannot be read.
    #[error("the {0} header cannot be read")]
    Malformed(&'static str),
    /// The proof was made with another secret or for another request.
    #[error("the proof does not belong to this request")]
    ProofWrong,
    /// The proof is older or newer than ten seconds.
    #[error("the proof is too old or too new")]
    ProofStale,
    /// The proof was seen before.
    #[error("the proof has been used before")]
    Replayed,
    /// The token's signature, algorithm or type is not the gateway's.
    #[error("the context token was not signed by the gateway")]
    Forged,
    /// The token was signed with a key that the key set does not hold.
    #[error("the context token names a key that the key set does not hold")]
    UnknownKey,
    /// The token comes from another installation.
    #[error("the context token was issued by someone else")]
    WrongIssuer,
    /// The token is meant for another deployment.
    #[error("the context token is meant for another deployment")]
    WrongAudience,
    /// The token's minute is over.
    #[error("the context token has expired")]
    Expired,
    /// The token's minute has not begun.
    #[error("the context token is not valid yet")]
    NotYetValid,
    /// A plain header says something else than the token.
    #[error("the {0} header does not say what the context token says")]
    Disagrees(&'static str),
    /// The key set could not be fetched. Worth trying again.
    #[error("the key set could not be fetched")]
    KeysAway,
    /// More requests arrived within seconds than the reader is allowed to remember. Worth trying again.
    #[error("too many requests to remember; raise the reader's capacity")]
    Overwhelmed,
}

impl ContextError {
    /// The name of this refusal, the same in every language's reader.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Malformed(_) => "malformed",
            Self::ProofWrong => "proof_wrong",
            Self::ProofStale => "proof_stale",
            Self::Replayed => "replayed",
            Self::Forged => "forged",
            Self::UnknownKey => "unknown_key",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Disagrees(_) => "disagrees",
            Self::KeysAway => "keys_away",
            Self::Overwhelmed => "overwhelmed",
        }
    }

    /// Is this our trouble rather than the caller's, so that the same request may succeed later?
    #[must_use]
    pub fn is_ours(self) -> bool {
        matches!(self, Self::KeysAway | Self::Overwhelmed)
    }
}

/// Why a reader could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The deployment's id is empty, so every token would be refused.
    #[error("the audience is empty; give the deployment's id")]
    NoAudience,
    /// The issuer is empty, so every token would be refused.
    #[error("the issuer is empty; give the public URL of the id. host")]
    NoIssuer,
    /// The proof secret is too short to be one.
    #[error("the proof secret is shorter than 16 bytes; give the one shown when the deployment was created")]
    ShortSecret,
    /// The key set handed in is not one.
    #[error("the key set is not a JSON Web Key Set: {0}")]
    Keys(String),
}
