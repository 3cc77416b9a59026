//! What a backend is told about a request: the signed context, kept for as long as it is fresh, and the
//! convenience headers beside it. Signing is off the path of nearly every request.

use crate::headers::names;
use access::{Caller, Person, Tenant};
use arc_swap::ArcSwap;
use domain::{Clock, Digest, Moment, TenantId};
use http::{HeaderMap, HeaderValue};
use protocol::{
    Signer,
    context::{Context, ContextCaller, ContextMember, ContextTenant, Parties},
};
use quick_cache::sync::Cache;
use std::{sync::Arc, time::Duration};

/// How long a context token is valid.
const LIFE: Duration = Duration::from_secs(60);
/// How long it is handed out; the rest of its life is for the backend.
const FRESH: Duration = Duration::from_secs(30);

/// Who signs contexts, and as whom.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The key.
    pub signer: Arc<Signer>,
    /// The public URL of `id.`.
    pub issuer: Arc<str>,
}

/// Contexts that were signed lately.
pub(crate) struct Contexts {
    kept: Cache<(TenantId, Option<Digest>), Arc<Told>>,
    signing: ArcSwap<Signing>,
    clock: Clock,
}

/// One caller at one tenant, as headers.
pub(crate) struct Told {
    tenant: Arc<Tenant>,
    person: Option<Arc<Person>>,
    until: Moment,
    token: HeaderValue,
    pub(crate) token_hash: Digest,
    tenant_id: HeaderValue,
    slug: HeaderValue,
    user: Option<HeaderValue>,
    roles: Option<HeaderValue>,
}

impl Contexts {
    pub(crate) fn new(room: usize, signing: Signing, clock: Clock) -> Self {
        Contexts { kept: Cache::new(room), signing: ArcSwap::from_pointee(signing), clock }
    }

    pub(crate) fn set_signing(&self, signing: Signing) {
        self.signing.store(Arc::new(signing));
        self.kept.clear();
    }

    /// What the backend is told about this caller. The tenant is the one whose entry the caller came with.
    pub(crate) fn of(&self, tenant: &Arc<Tenant>, caller: &Caller) -> Arc<Told> {
        let person = caller.person();
        let key = (tenant.record.id, person.map(|person| person.session));
        let now = self.clock.now();
        if let Some(told) = self.kept.get(&key)
            && told.is_still_true(tenant, person, now)
        {
            return told;
        }
        let told = Arc::new(self.tell(tenant.clone(), person.cloned(), now));
        self.kept.insert(key, told.clone());
        told
    }

    fn tell(&self, tenant: Arc<Tenant>, person: Option<Arc<Person>>, now: Moment) -> Told {
        let signing = self.signing.load();
        let record = &tenant.record;
        let context = Context {
            tenant: ContextTenant {
                id: record.id,
                slug: record.slug.to_string(),
                name: record.name.to_string(),
            },
            caller: person.as_deref().map(caller_of),
        };
        let parties = Parties { issuer: &signing.issuer, audience: record.deployment };
        let token = context.sign(&signing.signer, &parties, now, LIFE);
        Told {
            until: now + FRESH,
            token_hash: Digest::of(token.as_bytes()),
            token: plain(&token),
            tenant_id: plain(&record.id.to_string()),
            slug: plain(record.slug.as_str()),
            user: person.as_deref().map(|person| plain(&person.user.to_string())),
            roles: person.as_deref().map(|person| plain(&roles(person).join(","))),
            tenant,
            person,
        }
    }
}

impl Told {
    /// The warden loads a tenant's entry and a person anew whenever anything about them changes, so the
    /// same allocation is the same facts.
    fn is_still_true(&self, tenant: &Arc<Tenant>, person: Option<&Arc<Person>>, now: Moment) -> bool {
        let same_person = match (&self.person, person) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        now < self.until && Arc::ptr_eq(&self.tenant, tenant) && same_person
    }

    /// Adds it to a request whose own copies were deleted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let mut set = |name, value: &HeaderValue| headers.insert(name, value.clone());
        set(names::CONTEXT, &self.token);
        set(names::TENANT, &self.tenant_id);
        set(names::TENANT_SLUG, &self.slug);
        if let (Some(user), Some(roles)) = (&self.user, &self.roles) {
            set(names::USER, user);
            set(names::ROLES, roles);
        }
    }
}

fn roles(person: &Person) -> Vec<&str> {
    let mut roles: Vec<_> = person.roles.iter().map(AsRef::as_ref).collect();
    roles.sort_unstable();
    roles
}

/// What a provider gave that is no name or no address by our rules is left out rather than passed on.
fn caller_of(person: &Person) -> ContextCaller {
    let mut roles = person.roles.to_vec();
    roles.sort_unstable();
    ContextCaller {
        user: person.user,
        member: ContextMember {
            id: person.member,
            name: person.name.as_deref().and_then(|name| name.parse().ok()),
            email: person.email.as_deref().and_then(|email| email.parse().ok()),
        },
        roles,
        session: Some(person.session),
    }
}

fn plain(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids, names of roles and tokens are plain ASCII")
}
