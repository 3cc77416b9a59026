//! Which tenant a request names.

use super::{Identifier, Origin, Resolved, Source, Warden};
use crate::{refusal::Refusal, tenants::Tenant};
use domain::TenantId;
use std::sync::Arc;

impl Warden {
    /// The one tenant that all identifiers name.
    ///
    /// # Errors
    /// [`Refusal::NoTenantNamed`], [`Refusal::NoSuchTenant`], or [`Refusal::Disagreement`], which is recorded.
    pub fn resolve(&self, identifiers: &[Identifier<'_>], origin: Origin) -> Result<Resolved, Refusal> {
        let mut found: Option<Arc<Tenant>> = None;
        for identifier in identifiers {
            let tenant = self.lookup(identifier).ok_or(Refusal::NoSuchTenant)?;
            match &found {
                Some(first) if first.record.id != tenant.record.id => {
                    self.report(
                        Some(first.record.id),
                        tenant.record.id,
                        None,
                        "identifiers that disagree",
                        origin,
                    );
                    return Err(Refusal::Disagreement);
                }
                Some(_) => {}
                None => found = Some(tenant),
            }
        }
        found.map(|tenant| Resolved { tenant }).ok_or(Refusal::NoTenantNamed)
    }

    /// The tenant of that id, for addresses that hold one.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTenant`].
    pub fn resolve_id(&self, id: TenantId) -> Result<Resolved, Refusal> {
        self.tenants.by_id(id).map(|tenant| Resolved { tenant }).ok_or(Refusal::NoSuchTenant)
    }

    /// The tenant of that id, or what stands for one where there is none.
    pub(super) fn resolve_or_nobodys(&self, id: TenantId) -> Resolved {
        self.resolve_id(id).unwrap_or_else(|_| Resolved { tenant: Arc::new(Tenant::nobodys(id)) })
    }

    fn lookup(&self, identifier: &Identifier<'_>) -> Option<Arc<Tenant>> {
        match identifier.source {
            Source::Domain => self.tenants.by_host(identifier.value),
            Source::Subdomain => self.tenants.by_slug(identifier.value),
            Source::Path | Source::Query | Source::Header | Source::Expression | Source::Body => {
                match identifier.value.parse() {
                    Ok(id) => self.tenants.by_id(id),
                    Err(_) => self.tenants.by_slug(identifier.value),
                }
            }
        }
    }
}
