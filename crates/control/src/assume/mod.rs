//! Break-glass: an operator goes into a tenant, for a reason. The warden writes it into the house's trail
//! and the tenant's before anything else happens, and every line that follows in the tenant says it again
//! (`Warden::assume`). Here is the list of what was written.

pub(crate) mod http;
mod list;
mod rows;

pub use list::list;

use domain::{Moment, TenantId};

/// One time that an operator went into a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Which tenant.
    pub tenant: TenantId,
    /// Who, as the audit trail names them.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Moment,
}

#[cfg(test)]
mod tests;
