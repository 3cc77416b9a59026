//! What a backend is told about a request: the signed context, kept for as long as it is fresh, and the
//! convenience headers beside it. Signing is off the path of nearly every request.

use crate::headers::names;
use access::{Caller, CertificateHolder, GrantHolder, KeyHolder, Person, Shortcut, Tenant, TokenHolder};
use arc_swap::ArcSwap;
use bytes::Bytes;
use domain::{Clock, DeploymentId, Digest, Machine, Moment, ScopeName, TenantId};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use protocol::{
    JwkSet, Signer,
    context::{
        Context, ContextApplication, ContextCaller, ContextDevice, ContextMember, ContextSubscriber,
        ContextTenant, ContextUser, ContextWorkload, Parties,
    },
};
use quick_cache::sync::Cache;
use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

/// How long a context token is valid.
const LIFE: Duration = Duration::from_secs(60);
/// How long it is handed out; the rest of its life is for the backend.
const FRESH: Duration = Duration::from_secs(30);

/// Who signs contexts, and as whom.
#[derive(Clone)]
pub struct Signing {
    /// The key.
    pub signer: Arc<Signer>,
    /// The public URL of `id.`.
    pub issuer: Arc<str>,
    /// The keys that what is signed so is verified with, those before included.
    pub published: JwkSet,
}

/// Contexts that were signed lately.
pub(crate) struct Contexts {
    kept: Cache<(TenantId, DeploymentId, Option<Digest>), Arc<Told>>,
    signing: ArcSwap<Signing>,
    /// Which key signs, counted over all gateways of this process.
    era: AtomicU64,
    clock: Clock,
}

/// One caller at one tenant, as headers.
pub(crate) struct Told {
    tenant: Arc<Tenant>,
    audience: DeploymentId,
    era: u64,
    who: Who,
    until: Moment,
    pub(crate) token_hash: Digest,
    headers: Box<[(HeaderName, HeaderValue)]>,
}

/// Who calls, as the warden found out.
#[derive(Clone)]
enum Who {
    Nobody,
    Person(Arc<Person>),
    Holder(Arc<KeyHolder>),
    Token(Arc<TokenHolder>),
    Device(Arc<CertificateHolder>),
    Application(Arc<GrantHolder>),
}

impl Who {
    fn of(caller: &Caller) -> Self {
        if let Some(holder) = caller.application() {
            return Who::Application(holder.clone());
        }
        match (caller.person(), caller.key(), caller.token(), caller.certificate()) {
            (Some(person), _, _, _) => Who::Person(person.clone()),
            (None, Some(holder), _, _) => Who::Holder(holder.clone()),
            (None, None, Some(holder), _) => Who::Token(holder.clone()),
            (None, None, None, Some(holder)) => Who::Device(holder.clone()),
            (None, None, None, None) => Who::Nobody,
        }
    }

    /// Where it is noted what a backend was told last.
    fn lately<'w>(&'w self, tenant: &'w Tenant) -> &'w Shortcut {
        match self {
            Who::Nobody => &tenant.lately,
            Who::Person(person) => &person.lately,
            Who::Holder(holder) => &holder.lately,
            Who::Token(holder) => &holder.lately,
            Who::Device(holder) => &holder.lately,
            Who::Application(holder) => &holder.lately,
        }
    }

    fn digest(&self) -> Option<Digest> {
        match self {
            Who::Nobody => None,
            Who::Person(person) => Some(person.session),
            Who::Holder(holder) => Some(holder.told),
            Who::Token(holder) => Some(holder.told),
            Who::Device(holder) => Some(holder.told),
            Who::Application(holder) => Some(holder.told),
        }
    }

    /// The warden loads a person or a key anew whenever anything about them changes, so the same allocation is
    /// the same facts. Two tokens of one key may say the same as well.
    fn is_same(&self, other: &Who) -> bool {
        match (self, other) {
            (Who::Nobody, Who::Nobody) => true,
            (Who::Person(ours), Who::Person(theirs)) => Arc::ptr_eq(ours, theirs),
            (Who::Holder(ours), Who::Holder(theirs)) => Arc::ptr_eq(ours, theirs) || ours == theirs,
            // Of a token or a certificate only what it says is told, and two may say the same.
            (Who::Token(ours), Who::Token(theirs)) => ours.told == theirs.told,
            (Who::Device(ours), Who::Device(theirs)) => ours.told == theirs.told,
            // Whoever it acts for may have got other roles meanwhile.
            (Who::Application(ours), Who::Application(theirs)) => {
                ours.told == theirs.told && ours.person == theirs.person
            }
            _ => false,
        }
    }

    fn came_by_token(&self) -> bool {
        match self {
            Who::Token(_) | Who::Application(_) => true,
            Who::Holder(holder) => holder.by_token(),
            Who::Nobody | Who::Person(_) | Who::Device(_) => false,
        }
    }

    fn in_context(&self) -> Option<ContextCaller> {
        match self {
            Who::Nobody => None,
            Who::Person(person) => Some(ContextCaller::User(user_of(person))),
            Who::Holder(holder) => Some(ContextCaller::Subscriber(subscriber_of(holder))),
            Who::Token(holder) => Some(ContextCaller::Workload(workload_of(holder))),
            Who::Device(holder) => Some(ContextCaller::Device(device_of(holder))),
            Who::Application(holder) => Some(match &holder.person {
                Some(person) => ContextCaller::User(ContextUser {
                    session: None,
                    application: Some(application_of(holder)),
                    ..user_of(person)
                }),
                None => ContextCaller::Application(application_of(holder)),
            }),
        }
    }

    fn headers(&self) -> Vec<(HeaderName, String)> {
        match self {
            Who::Nobody => Vec::new(),
            Who::Person(person) => {
                vec![(names::USER, person.user.to_string()), (names::ROLES, roles(person).join(","))]
            }
            Who::Holder(holder) => vec![
                (names::SUBSCRIBER, holder.subscriber.to_string()),
                (names::SCOPES, joined(&scopes(holder))),
            ],
            Who::Token(holder) => vec![(names::SCOPES, joined(&holder.scopes))],
            Who::Device(holder) => vec![(names::SCOPES, joined(&holder.scopes))],
            Who::Application(holder) => {
                let mut headers = vec![(names::SCOPES, joined(&holder.token.scopes))];
                if let Some(person) = &holder.person {
                    headers.push((names::USER, person.user.to_string()));
                    headers.push((names::ROLES, roles(person).join(",")));
                }
                headers
            }
        }
    }
}

impl Contexts {
    pub(crate) fn new(room: usize, signing: Signing, clock: Clock) -> Self {
        Contexts { kept: Cache::new(room), signing: ArcSwap::from_pointee(signing), era: next_era(), clock }
    }

    pub(crate) fn set_signing(&self, signing: Signing) {
        self.signing.store(Arc::new(signing));
        self.era.store(next_era().into_inner(), Release);
        self.kept.clear();
    }

    /// What the backend is told about this caller. The tenant is the one whose entry the caller came with.
    /// `audience` is the deployment that answers.
    pub(crate) fn of(&self, tenant: &Arc<Tenant>, audience: DeploymentId, caller: &Caller) -> Arc<Told> {
        let (who, now) = (Who::of(caller), self.clock.now());
        let lately = who.lately(tenant);
        if let Some(told) = lately.get::<Told>()
            && (told.audience, told.era) == (audience, self.era.load(Acquire))
            && told.is_still_true(tenant, &who, now)
        {
            return told;
        }
        let told = self.found(tenant, audience, who.clone(), now);
        lately.put(&told);
        told
    }

    fn found(&self, tenant: &Arc<Tenant>, audience: DeploymentId, who: Who, now: Moment) -> Arc<Told> {
        let key = (tenant.record.id, audience, who.digest());
        if let Some(told) = self.kept.get(&key)
            && told.is_still_true(tenant, &who, now)
        {
            return told;
        }
        let told = Arc::new(self.tell(tenant.clone(), audience, who, now));
        self.kept.insert(key, told.clone());
        told
    }

    fn tell(&self, tenant: Arc<Tenant>, audience: DeploymentId, who: Who, now: Moment) -> Told {
        // Read before the key: what is signed by a newer one is at worst signed once more.
        let era = self.era.load(Acquire);
        let signing = self.signing.load();
        let record = &tenant.record;
        let context = Context {
            tenant: ContextTenant {
                id: record.id,
                slug: record.slug.to_string(),
                name: record.name.to_string(),
            },
            caller: who.in_context(),
        };
        let parties = Parties { issuer: &signing.issuer, audience };
        let token = context.sign(&signing.signer, &parties, now, LIFE);
        let token_hash = Digest::of(token.as_bytes());
        let mut headers = vec![
            (names::CONTEXT, token),
            (names::TENANT, record.id.to_string()),
            (names::TENANT_SLUG, record.slug.to_string()),
        ];
        headers.extend(who.headers());
        Told { until: now + FRESH, token_hash, headers: in_one_piece(headers), tenant, audience, era, who }
    }
}

fn next_era() -> AtomicU64 {
    static ERAS: AtomicU64 = AtomicU64::new(0);
    AtomicU64::new(ERAS.fetch_add(1, Relaxed))
}

impl Told {
    /// A tenant's entry is loaded anew like its people, whenever anything about it changes.
    fn is_still_true(&self, tenant: &Arc<Tenant>, who: &Who, now: Moment) -> bool {
        now < self.until && Arc::ptr_eq(&self.tenant, tenant) && self.who.is_same(who)
    }

    /// Adds it to a request whose own copies were deleted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if self.who.came_by_token() {
            // It was meant for us; whoever gets it could use it here in its caller's name.
            headers.remove(AUTHORIZATION);
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
    }
}

/// The values side by side in one allocation with one count of who holds it: what a busy node told one of many
/// callers is seldom in the processor's cache, and each further piece of memory would be waited for.
fn in_one_piece(fields: Vec<(HeaderName, String)>) -> Box<[(HeaderName, HeaderValue)]> {
    let all: Bytes = fields.iter().map(|(_, value)| value.as_str()).collect::<String>().into();
    let mut from = 0;
    let cut = |(name, value): (HeaderName, String)| {
        let piece = all.slice(from..from + value.len());
        from += value.len();
        (name, HeaderValue::from_maybe_shared(piece).expect("ids, names of roles and tokens are plain ASCII"))
    };
    fields.into_iter().map(cut).collect()
}

fn joined(scopes: &[ScopeName]) -> String {
    scopes.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",")
}

fn scopes(holder: &KeyHolder) -> Vec<ScopeName> {
    let mut scopes = holder.scopes.to_vec();
    scopes.sort_unstable();
    scopes
}

fn subscriber_of(holder: &KeyHolder) -> ContextSubscriber {
    ContextSubscriber { id: holder.subscriber, key: holder.key, scopes: scopes(holder) }
}

fn workload_of(holder: &TokenHolder) -> ContextWorkload {
    ContextWorkload {
        issuer: holder.issuer,
        subject: holder.subject.to_string(),
        person: holder.person,
        scopes: holder.scopes.to_vec(),
    }
}

fn device_of(holder: &CertificateHolder) -> ContextDevice {
    ContextDevice {
        anchor: holder.anchor,
        subject: holder.subject.to_string(),
        workload: holder.machine == Machine::Workload,
        fingerprint: holder.fingerprint.to_string(),
        scopes: holder.scopes.to_vec(),
    }
}

fn application_of(holder: &GrantHolder) -> ContextApplication {
    ContextApplication { id: holder.token.application, scopes: holder.token.scopes.to_vec() }
}

fn roles(person: &Person) -> Vec<&str> {
    let mut roles: Vec<_> = person.roles.iter().map(AsRef::as_ref).collect();
    roles.sort_unstable();
    roles
}

/// What a provider gave that is no name or no address by our rules is left out rather than passed on.
fn user_of(person: &Person) -> ContextUser {
    let mut roles = person.roles.to_vec();
    roles.sort_unstable();
    ContextUser {
        user: person.user,
        member: ContextMember {
            id: person.member,
            name: person.name.as_deref().and_then(|name| name.parse().ok()),
            email: person.email.as_deref().and_then(|email| email.parse().ok()),
            email_verified: person.email_verified,
            attributes: person
                .attributes
                .as_deref()
                .and_then(|kept| serde_json::from_str(kept).ok())
                .unwrap_or_default(),
        },
        roles,
        session: Some(person.session),
        application: None,
    }
}
