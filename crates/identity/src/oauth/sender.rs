//! Which key a token is bound to, so that it is worth nothing to whoever steals it.

use super::{
    Denied,
    client::{certificate, note},
};
use crate::{Identity, application::Application};
use protocol::{
    application_token::ApplicationToken,
    jose::{DpopExpect, DpopProof},
};
use serde_json::{Value, json};
use web::program::Sent;

/// What a token is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The thumbprint of a key whose possession was proven (RFC 9449).
    pub(crate) jkt: Option<String>,
    /// The hash of a certificate (RFC 8705).
    pub(crate) x5t: Option<String>,
}

impl Bound {
    /// The value of `cnf`.
    pub(crate) fn confirmation(&self) -> Option<Value> {
        match (&self.jkt, &self.x5t) {
            (Some(jkt), _) => Some(json!({ "jkt": jkt })),
            (None, Some(x5t)) => Some(json!({ "x5t#S256": x5t })),
            (None, None) => None,
        }
    }

    /// How such a token is shown.
    pub(crate) fn token_type(&self) -> &'static str {
        if self.jkt.is_some() { "DPoP" } else { "Bearer" }
    }
}

fn bad_proof() -> Denied {
    Denied::new("invalid_dpop_proof", "The DPoP proof is about something else, too old, or was shown before.")
}

/// The proof that a request brings, if it brings one.
fn proof(room: &Identity, sent: &Sent, token: Option<&str>) -> Result<Option<DpopProof>, Denied> {
    let mut values = sent.headers.get_all("dpop").iter();
    let (Some(value), second) = (values.next(), values.next()) else { return Ok(None) };
    if second.is_some() {
        return Err(bad_proof());
    }
    let address = format!("{}{}", room.web.hosts.id.origin(), sent.uri.path());
    let expect = DpopExpect { method: sent.method.as_str(), address: &address, access_token: token };
    let text = value.to_str().map_err(|_| bad_proof())?;
    let proof = DpopProof::verify(text, &expect, room.now()).map_err(|_| bad_proof())?;
    Ok(Some(proof))
}

/// What the tokens are to be bound to that an application asks for now.
pub(crate) async fn of_request(
    room: &Identity,
    sent: &Sent,
    application: &Application,
    token: Option<&str>,
) -> Result<Bound, Denied> {
    let metadata = &application.metadata;
    let jkt = match proof(room, sent, token)? {
        Some(proof) if note(room, sent, application, proof.mark, proof.until).await? => Some(proof.jkt),
        Some(_) => return Err(bad_proof()),
        None if metadata.dpop_bound_access_tokens => {
            return Err(Denied::new(
                "invalid_dpop_proof",
                "The application's tokens are bound to a key: send a proof.",
            ));
        }
        None => None,
    };
    let x5t = match certificate(sent) {
        Some(shown) if metadata.tls_client_certificate_bound_access_tokens => Some(shown.to_string()),
        None if metadata.tls_client_certificate_bound_access_tokens => {
            return Err(Denied::request("The application's tokens are bound to its certificate."));
        }
        _ => None,
    };
    Ok(Bound { jkt, x5t })
}

/// Whether a token that is shown to us is shown by whoever has the key that it is bound to.
pub(crate) fn check(
    room: &Identity,
    sent: &Sent,
    scheme: &str,
    text: &str,
    token: &ApplicationToken,
) -> Result<(), Denied> {
    let invalid = || Denied::new("invalid_token", "The token is bound to a key that was not shown.");
    let by_proof = scheme.eq_ignore_ascii_case("dpop");
    if !by_proof && !scheme.eq_ignore_ascii_case("bearer") {
        return Err(invalid());
    }
    match (token.jkt(), token.x5t()) {
        (Some(jkt), _) => {
            let proof = proof(room, sent, Some(text))?.ok_or_else(invalid)?;
            let is_fresh = room.proofs.take(proof.mark, proof.until, room.now());
            let is_it = by_proof && proof.jkt == jkt && is_fresh;
            if is_it { Ok(()) } else { Err(invalid()) }
        }
        (None, Some(x5t)) => {
            let shown = certificate(sent).map(|shown| shown.to_string());
            if shown.as_deref() == Some(x5t) { Ok(()) } else { Err(invalid()) }
        }
        (None, None) if by_proof => Err(invalid()),
        (None, None) => Ok(()),
    }
}
