//! E0277: the platform's own work has no permit for what members do.

use access::{ListMembers, Origin, Permit, Warden};

pub fn peek(warden: &Warden, tenant: domain::TenantId, origin: Origin) -> Permit<ListMembers> {
    warden.background(tenant, origin)
}
