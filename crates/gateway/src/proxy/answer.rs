//! The head of an answer as the client gets it.

use super::Target;
use crate::{Authority, cookie, headers};
use domain::Hostname;
use http::{
    HeaderMap, HeaderValue,
    header::{CONNECTION, UPGRADE, VIA},
};

/// Takes out of an answer what ends here, what is ours to say and what would reach a sibling tenant, and
/// puts paths back into the client's terms. `upstream` is the host and port that the backend may mean
/// itself by; whatever is set for the base domain reaches every tenant.
pub(crate) fn finish(headers: &mut HeaderMap, target: &Target, upstream: &str, base: &Hostname) {
    headers::clean_answer(headers);
    let asked = target.asked_host.to_str().unwrap_or_default();
    let asked_name = Authority::parse(asked).map(|asked| asked.host).unwrap_or_default();
    let own = if asked_name == base.as_str() { "" } else { &asked_name };
    cookie::keep_harmless(headers, own);
    let given = target.host.to_str().unwrap_or_default();
    target.seam.mend(headers, target.uri.path(), &[asked, given, upstream]);
    headers.append(VIA, HeaderValue::from_static("1.1 partywall"));
}

/// What an answer says that turns the connection into a socket; its own fields of that kind were deleted.
pub(crate) fn switch(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}
