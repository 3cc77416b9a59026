//! The views of the audit trail: a tenant's own, which its admins read, verify and take along, and the
//! house's, where operators' acts and refused attempts of all tenants stand. The trail itself is the
//! store's.

pub(crate) mod http;
pub(crate) mod pages;
mod shown;
