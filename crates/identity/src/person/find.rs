//! Finding an organisation by what somebody remembers of its address.

use crate::{Identity, sign_in_domain::domain_of, state::is_public};
use access::Tenant;
use domain::Hostname;
use std::sync::Arc;
use store::StoreError;

/// An organisation that was found.
pub(crate) struct FoundTenant {
    pub(crate) tenant: Arc<Tenant>,
    /// The domain of the address by which it was found, which leads to the right connection.
    pub(crate) domain: Option<Hostname>,
}

/// The organisation that `text` means: by its slug, its address, its own hostname, or an e-mail address at a domain that
/// it has proved. Whether there is such a person makes no difference. An organisation that has not published its
/// sign-in page is not found, and neither is one that is closed: that takes as long as where there is none.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn find(room: &Identity, text: &str) -> Result<Option<FoundTenant>, StoreError> {
    let tenants = room.web.warden.tenants();
    let (found, domain) = match domain_of(text) {
        Some(domain) => {
            let owner = room.store.directory().tenant_of_domain(&domain).await?;
            (owner.and_then(|owner| tenants.by_id(owner)), Some(domain))
        }
        None => {
            let name = bare(text);
            let base = format!(".{}", room.web.hosts.base_domain);
            let slug = name.strip_suffix(&base).unwrap_or(&name);
            (tenants.by_slug(slug).or_else(|| tenants.by_host(&name)), None)
        }
    };
    let found = found.filter(|tenant| is_public(tenant) && tenant.record.standing.is_open());
    Ok(found.map(|tenant| FoundTenant { tenant, domain }))
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
