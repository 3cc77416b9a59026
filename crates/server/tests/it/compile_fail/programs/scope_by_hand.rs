//! E0451: a tenant's scope cannot be built from a tenant's id.

pub fn forge(tenant: domain::TenantId) -> access::TenantScope {
    access::TenantScope { tenant }
}
