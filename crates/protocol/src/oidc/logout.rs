//! Signing out at the provider too (OpenID Connect RP-Initiated Logout 1.0 section 2).

use domain::Secret;
use url::Url;

/// A request to sign out.
#[derive(Clone, Copy, Debug)]
pub struct Logout<'a> {
    /// The provider's `end_session_endpoint`.
    pub endpoint: &'a Url,
    /// Who we are there.
    pub client_id: &'a str,
    /// The ID token of the session that ends, if it was kept.
    pub id_token_hint: Option<&'a Secret<String>>,
    /// Where to come back to; registered at the provider.
    pub post_logout_redirect_uri: Option<&'a str>,
    /// Comes back unchanged.
    pub state: Option<&'a str>,
}

impl Logout<'_> {
    /// The address that the browser is sent to. What the endpoint's address brings along stays.
    pub fn address(&self) -> Url {
        let hint = self.id_token_hint.map(|token| token.reveal().as_str());
        let said = [
            ("id_token_hint", hint),
            ("client_id", Some(self.client_id)),
            ("post_logout_redirect_uri", self.post_logout_redirect_uri),
            ("state", self.state),
        ];
        let own: Vec<(String, String)> = self
            .endpoint
            .query_pairs()
            .into_owned()
            .filter(|(name, _)| !said.iter().any(|(ours, _)| ours == name))
            .collect();
        let mut address = self.endpoint.clone();
        address.set_query(None);
        let said = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
        address.query_pairs_mut().extend_pairs(&own).extend_pairs(said);
        address
    }
}
