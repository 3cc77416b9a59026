//! The head of an answer as the client gets it.

use super::Target;
use crate::{Authority, cookie, headers};
use http::{HeaderMap, HeaderValue, header::VIA};

/// Takes out of an answer what ends here, what is ours to say and what would reach a sibling tenant, and
/// puts paths back into the client's terms. `upstream` is the host and port that the backend may mean
/// itself by.
pub(crate) fn finish(headers: &mut HeaderMap, target: &Target, upstream: &str) {
    headers::clean_answer(headers);
    let asked = target.asked_host.to_str().unwrap_or_default();
    let asked_name = Authority::parse(asked).map(|asked| asked.host).unwrap_or_default();
    cookie::keep_harmless(headers, &asked_name);
    let given = target.host.to_str().unwrap_or_default();
    target.seam.mend(headers, target.uri.path(), &[asked, given, upstream]);
    headers.append(VIA, HeaderValue::from_static("1.1 partywall"));
}
