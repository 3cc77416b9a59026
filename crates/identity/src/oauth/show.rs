//! A token of ours that is shown to us: whose it is, and whether it stands still.

use super::{Denied, issue::unbound, sender};
use crate::Identity;
use access::{Origin, Person};
use domain::RequestId;
use http::header;
use protocol::{application_token::ApplicationToken, jose::Bearer};
use std::sync::Arc;
use web::program::Sent;

/// A token that we made and whose time is not over. Whether what is behind it stands is asked apart.
pub(crate) struct Shown {
    pub(crate) token: ApplicationToken,
}

impl Shown {
    /// The access token of this text; none if it is none of ours.
    pub(crate) fn read(room: &Identity, text: &str) -> Option<Self> {
        let keys = room.own_keys()?;
        let bearer = Bearer::read(text).ok()?;
        let token = ApplicationToken::verify(bearer, &keys, room.web.hosts.id.origin(), room.now()).ok()?;
        Some(Shown { token })
    }

    /// Whose name it is in, none for the application's own; nothing at all where what is behind it has ended.
    pub(crate) async fn standing(&self, room: &Identity, request: RequestId) -> Option<Option<Arc<Person>>> {
        let token = &self.token;
        let at = room.web.warden.resolve_id(token.tenant).ok()?;
        let credential = unbound(token);
        let caller = room.web.warden.caller_at(&at, &credential, Origin { request }).await.ok()?;
        caller.application().map(|_| caller.person().cloned())
    }
}

/// The token in `Authorization`, or in a form (RFC 6750 section 2); in one place only, never in the address.
pub(crate) async fn shown_bearer(room: &Identity, sent: &Sent) -> Result<Shown, Denied> {
    let invalid = || Denied::new("invalid_token", "The token is none of ours, or has ended.");
    let mut values = sent.headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    let in_form: Vec<&str> = sent
        .fields
        .iter()
        .filter(|(name, _)| name == "access_token")
        .map(|(_, value)| value.as_str())
        .collect();
    let (scheme, text) = match (first, second, &*in_form) {
        (Some(value), None, []) => {
            let text = value.to_str().map_err(|_| invalid())?;
            text.split_once(' ').ok_or_else(invalid)?
        }
        (None, None, [only]) => ("Bearer", *only),
        (None, None, []) => return Err(invalid()),
        _ => return Err(Denied::request("The token stands in several places.")),
    };
    let shown = Shown::read(room, text.trim()).ok_or_else(invalid)?;
    sender::check(room, sent, scheme, text.trim(), &shown.token)?;
    Ok(shown)
}
