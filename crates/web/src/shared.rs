//! Hosts that tenants share: there the path, the query or a header names the tenant, and not the host.
//!
//! A cookie that no sibling host can plant goes to every path (`__Host-`, RFC 6265bis section 4.1.3.2). So
//! what is one tenant's on such a host bears the tenant's id in its name, and the sessions of several tenants
//! lie side by side. Addresses of the reserved prefix say `tenant=<id>`.

use access::TenantRecord;
use domain::{Hostname, ReturnPath, TenantId};

/// What the gateway's routes say about hosts.
pub trait SharedHosts: Send + Sync {
    /// Whether tenants share this host.
    fn is_shared(&self, host: &str) -> bool;

    /// Whether this path and its query, at this host, lead to this tenant and nowhere else.
    fn leads_to(&self, host: &str, path: &ReturnPath, tenant: &TenantRecord) -> bool;

    /// The tenant's front page at this host; `/` where no address can name the tenant.
    fn front(&self, host: &str, tenant: &TenantRecord) -> ReturnPath;
}

/// An installation in which every host is one tenant's.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoneShared;

impl SharedHosts for NoneShared {
    fn is_shared(&self, _: &str) -> bool {
        false
    }

    fn leads_to(&self, _: &str, _: &ReturnPath, _: &TenantRecord) -> bool {
        false
    }

    fn front(&self, _: &str, _: &TenantRecord) -> ReturnPath {
        ReturnPath::root()
    }
}

/// In a request's extensions: it came to this host, which tenants share, and names this one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedHost {
    /// The host.
    pub host: Hostname,
    /// The tenant that the address names.
    pub tenant: TenantId,
}

/// What a cookie of a tenant's is called at a host: by its plain name at one of the tenant's own.
pub fn cookie_name(name: &str, tenant: Option<TenantId>) -> String {
    tenant.map_or_else(|| name.to_owned(), |tenant| format!("{name}_{tenant}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie;

    #[test]
    fn what_is_one_tenant_s_on_a_shared_host_bears_its_id() {
        assert_eq!(cookie_name(cookie::SESSION, None), "pw_session");
        let tenant = TenantId::from_bits(7);
        assert_eq!(cookie_name(cookie::SESSION, Some(tenant)), format!("pw_session_{tenant}"));
        assert!(cookie_name(cookie::SESSION, Some(tenant)).starts_with(cookie::SHARED_SESSION));
        assert!(cookie_name(cookie::BIND, Some(tenant)).starts_with(cookie::SHARED_BIND));
        assert_ne!(
            cookie_name(cookie::BIND, Some(tenant)),
            cookie_name(cookie::BIND, Some(TenantId::from_bits(8)))
        );
    }
}
