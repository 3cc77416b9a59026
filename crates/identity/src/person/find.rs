//! Finding an organisation by what somebody remembers of its address.

use crate::{Identity, state::is_public};
use access::Tenant;
use std::sync::Arc;

/// The organisation that `text` means, by its slug, its address or its own hostname. One that has not
/// published its sign-in page is not found, and neither is one that is closed.
pub(crate) fn find(room: &Identity, text: &str) -> Option<Arc<Tenant>> {
    let name = bare(text);
    let tenants = room.web.warden.tenants();
    let base = format!(".{}", room.web.hosts.base_domain);
    let slug = name.strip_suffix(&base).unwrap_or(&name);
    let found = tenants.by_slug(slug).or_else(|| tenants.by_host(&name));
    found.filter(|tenant| is_public(tenant) && tenant.record.standing.is_open())
}

/// The host in an address, however much of the address was given.
fn bare(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn an_organisation_is_meant_however_its_address_is_written() {
        for text in ["contoso", " Contoso ", "https://contoso/x?y#z", "contoso:8080", "contoso."] {
            assert_eq!(bare(text), "contoso", "{text}");
        }
        assert_eq!(bare("http://app.contoso.test:8080/deep/link"), "app.contoso.test");
    }
}
