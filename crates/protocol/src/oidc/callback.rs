//! What the browser brings back to the redirect address (RFC 6749 section 4.1.2, RFC 9207).

use super::{CallbackError, ProviderMetadata, Refusal};
use domain::Secret;
use std::fmt;
use url::form_urlencoded;

const QUERY_LIMIT: usize = 16 * 1024;
const STATE_LIMIT: usize = 512;
const CODE_LIMIT: usize = 8 * 1024;

/// An answer, parsed and not yet believed: first its state finds the pending sign-in, then
/// [`Callback::accept`] holds it against that.
#[derive(Clone)]
pub struct Callback {
    state: String,
    issuer: Option<String>,
    outcome: Outcome,
}

#[derive(Clone)]
enum Outcome {
    Code(Secret<String>),
    Refused(Refusal),
}

impl Callback {
    /// Reads the query of the redirect address, without the question mark.
    ///
    /// # Errors
    /// [`CallbackError::Malformed`] if it is no answer, or an ambiguous one.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        if query.len() > QUERY_LIMIT {
            return Err(CallbackError::Malformed("it is too long"));
        }
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let read = |name| once(&pairs, name);
        let state = read("state")?.filter(|state| is_plain(state, STATE_LIMIT));
        Ok(Callback {
            state: state.ok_or(CallbackError::Malformed("there is no state"))?.to_owned(),
            issuer: read("iss")?.map(str::to_owned),
            outcome: outcome(read("code")?, read("error")?, read("error_description")?)?,
        })
    }

    /// Which sign-in it claims to answer.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The code of an answer by a provider that publishes nothing about itself: whose answer it is says the
    /// connection's own redirect address.
    ///
    /// # Errors
    /// As [`CallbackError`] says.
    pub fn accept_unnamed(self, state: &Secret<String>) -> Result<Secret<String>, CallbackError> {
        if Secret::new(self.state) != *state {
            return Err(CallbackError::State);
        }
        match self.outcome {
            Outcome::Code(code) => Ok(code),
            Outcome::Refused(refusal) => Err(CallbackError::Refused(refusal)),
        }
    }

    /// The code, if the answer is to the sign-in that this browser began, from the provider that it was
    /// sent to. A refusal is held against the same, so that nobody ends somebody else's sign-in.
    ///
    /// # Errors
    /// As [`CallbackError`] says.
    pub fn accept(
        self,
        state: &Secret<String>,
        provider: &ProviderMetadata,
    ) -> Result<Secret<String>, CallbackError> {
        if Secret::new(self.state) != *state {
            return Err(CallbackError::State);
        }
        match self.issuer {
            Some(issuer) if issuer != provider.issuer.as_str() => return Err(CallbackError::Issuer),
            None if provider.names_itself_in_answers => return Err(CallbackError::Issuer),
            _ => {}
        }
        match self.outcome {
            Outcome::Code(code) => Ok(code),
            Outcome::Refused(refusal) => Err(CallbackError::Refused(refusal)),
        }
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback(…)")
    }
}

fn outcome(
    code: Option<&str>,
    error: Option<&str>,
    description: Option<&str>,
) -> Result<Outcome, CallbackError> {
    match (code, error) {
        (Some(code), None) if is_plain(code, CODE_LIMIT) => Ok(Outcome::Code(Secret::new(code.to_owned()))),
        (None, Some(error)) => Refusal::read(error, description)
            .map(Outcome::Refused)
            .ok_or(CallbackError::Malformed("its error code is none")),
        (Some(_), None) => Err(CallbackError::Malformed("its code is none")),
        _ => Err(CallbackError::Malformed("it holds neither just a code nor just an error")),
    }
}

/// The parameter of this name. Twice is never: each reader would take another one (RFC 6749 section 3.1).
fn once<'a>(pairs: &'a [(String, String)], name: &str) -> Result<Option<&'a str>, CallbackError> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(CallbackError::Malformed("a parameter is given twice")),
    }
}

/// State and code are visible ASCII (RFC 6749, appendix A.5 and A.11). This also refuses what was not
/// sound percent-encoding of UTF-8, of which the decoder makes a replacement character.
fn is_plain(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}
