//! Tokens that are bound to a key or a certificate: whoever shows one shows that they have it (RFC 9449, RFC 8705). A stolen
//! token is worth nothing without.

use crate::{authority::Authority, gateway::Gateway, peer::Peer, problem, refuse::No};
use access::GrantHolder;
use http::{header::AUTHORIZATION, request::Parts};
use protocol::jose::{DpopExpect, DpopProof};

impl Gateway {
    /// Whether an application's token is shown by whoever has the key that it is bound to. A rehearsal has none to show.
    pub(crate) fn check_bound(
        &self,
        holder: &GrantHolder,
        parts: &Parts,
        authority: &Authority<'_>,
        peer: &Peer,
        is_rehearsal: bool,
    ) -> Result<(), No> {
        let refused = || No::because(problem::BEARER_REFUSED);
        let shown =
            parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, text) = shown.split_once(' ').unwrap_or_default();
        let by_proof = scheme.eq_ignore_ascii_case("dpop");
        let token = &holder.token;
        let is_shown = match (&token.jkt, &token.x5t) {
            (None, None) => !by_proof,
            _ if is_rehearsal => true,
            (Some(jkt), _) => by_proof && self.is_proven(jkt, text.trim(), parts, authority, peer),
            (None, Some(x5t)) => {
                let shown = peer.shown_certificate();
                shown.is_some_and(|shown| shown.to_string() == **x5t)
            }
        };
        if is_shown { Ok(()) } else { Err(refused()) }
    }

    fn is_proven(
        &self,
        jkt: &str,
        token: &str,
        parts: &Parts,
        authority: &Authority<'_>,
        peer: &Peer,
    ) -> bool {
        let mut proofs = parts.headers.get_all("dpop").iter();
        let (Some(proof), None) = (proofs.next(), proofs.next()) else { return false };
        let scheme = if peer.secure { "https" } else { "http" };
        let address = format!("{scheme}://{}{}", authority.sent, parts.uri.path());
        let expect =
            DpopExpect { method: parts.method.as_str(), address: &address, access_token: Some(token) };
        let now = self.0.needs.clock.now();
        let proof = proof.to_str().ok().and_then(|text| DpopProof::verify(text, &expect, now).ok());
        proof.is_some_and(|proof| proof.jkt == jkt && self.0.proofs.take(proof.mark, proof.until, now))
    }
}
