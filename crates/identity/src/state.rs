//! What this room's handlers share.

use crate::{Settings, application::Applications, sign_in::discover::Providers};
use access::{Credential, Origin, Permit, Refusal, Tenant, TenantAction};
use arc_swap::ArcSwap;
use domain::{ApplicationId, DisplayName, Moment, RoleName, ScopeName, Slug, TenantId};
use outbound::Outbound;
use protocol::{JwkSet, oidc::Transport};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::{Keyring, Store};
use web::{Problem, Proofs, Web};

/// The application's roles by name, with their titles for people.
pub type KnownRoles = BTreeMap<RoleName, DisplayName>;
/// What API keys may be good for, as the operator has declared it.
pub type KnownScopes = BTreeSet<ScopeName>;

/// Keys that lie at applications' own addresses.
type FetchedKeys = quick_cache::sync::Cache<ApplicationId, (Moment, String, JwkSet)>;

/// The shared parts, cheap to clone.
#[derive(Clone)]
pub struct Identity {
    /// The way to the database.
    pub store: Store,
    /// HTTP manners: the warden, the clock, the hosts.
    pub web: Web,
    /// The guarded client for every call to a provider.
    pub outbound: Outbound,
    /// The platform's keys; whoever rolls them puts the new ones here.
    pub keyring: Arc<ArcSwap<Keyring>>,
    /// How long things last.
    pub settings: Arc<Settings>,
    /// The roles of the application; whoever changes them puts the new ones here.
    pub known_roles: Arc<ArcSwap<KnownRoles>>,
    /// What API keys may be good for; whoever changes it puts the new set here.
    pub known_scopes: Arc<ArcSwap<KnownScopes>>,
    /// The applications that receive our tokens; whoever changes them puts the new ones here.
    pub applications: Arc<ArcSwap<Applications>>,
    /// The keys that applications published: when they were fetched, from where, and they.
    pub(crate) application_keys: Arc<FetchedKeys>,
    /// Proofs of possession that were shown here lately.
    pub(crate) proofs: Arc<Proofs>,
    /// What providers published.
    pub(crate) providers: Arc<Providers>,
}

impl Identity {
    /// Puts the room together.
    pub fn new(
        store: Store,
        web: Web,
        outbound: Outbound,
        keyring: Arc<ArcSwap<Keyring>>,
        settings: Settings,
    ) -> Self {
        let (known_roles, known_scopes, applications, providers) = Default::default();
        Identity {
            store,
            web,
            outbound,
            keyring,
            settings: Arc::new(settings),
            known_roles,
            known_scopes,
            applications,
            application_keys: Arc::new(FetchedKeys::new(1_024)),
            proofs: Arc::default(),
            providers,
        }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Moment {
        self.web.clock.now()
    }

    /// What this node knows about the people of a tenant is asked for anew.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.web.warden.tenants().touch(tenant);
    }

    /// A permit in nobody's name. While somebody proves who they are, the session that their browser still
    /// holds, perhaps somebody else's, says nothing about it, and must not stand in the audit trail.
    pub(crate) async fn in_nobodys_name<A: TenantAction>(
        &self,
        tenant: TenantId,
        origin: Origin,
    ) -> Result<Permit<A>, Refusal> {
        let at = self.web.warden.resolve_id(tenant)?;
        self.web.warden.permit(&at, &Credential::None, origin).await
    }

    /// Which addresses a provider may have here.
    pub(crate) fn transport(&self) -> Transport {
        if self.web.hosts.development { Transport::Development } else { Transport::Https }
    }
}

/// The tenant's entry in the directory. Only background work comes without one, and no handler is that.
pub(crate) fn tenant_of<A: TenantAction>(permit: &Permit<A>) -> Result<&Arc<Tenant>, Problem> {
    let tenant = permit.caller().tenant();
    tenant.ok_or_else(|| Problem::internal("a permit of a request came without its tenant"))
}

/// Whether strangers may see that there is this tenant and how one signs in there. That there is an
/// operator's own organisation is no secret.
pub(crate) fn is_public(tenant: &Tenant) -> bool {
    tenant.record.published || is_house(tenant)
}

/// Whether this is the operator's own organisation.
pub(crate) fn is_house(tenant: &Tenant) -> bool {
    tenant.record.slug == Slug::house()
}
