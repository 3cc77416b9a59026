//! The warden: resolve, authenticate, authorise; the only mint.
//!
//! The synchronous half works over memory alone: `resolve` finds the one tenant that a request names,
//! `authenticate` who presents a credential there. `authorize` adds the loop that loads what memory lacks,
//! and gives permits; `mint` has the other ways to one, and `memory` is what the warden knows by heart.

mod authenticate;
mod authorize;
mod certificates;
mod exchanged;
mod granted;
mod keys;
mod memory;
mod mint;
mod resolve;
mod tokens;

use crate::{
    cache::Known,
    cut_short::EarlyEnds,
    directory::Directory,
    refusal::{CrossTenant, Witness},
    tenants::{Tenant, Tenants},
};
use domain::{Clock, Moment, RequestId, TenantId, UserId};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// One thing in a request that names a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identifier<'r> {
    /// Where in the request it stood.
    pub source: Source,
    /// What it says: a hostname for [`Source::Domain`], else a slug or a tenant id.
    pub value: &'r str,
}

/// Where in a request an identifier stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The host, as a tenant's own domain.
    Domain,
    /// The host, as the first label before a base domain.
    Subdomain,
    /// The path.
    Path,
    /// The query.
    Query,
    /// A request header.
    Header,
    /// What a route's expression says.
    Expression,
    /// The body.
    Body,
}

/// Where a request comes from, for the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The request's id.
    pub request: RequestId,
}

impl Origin {
    /// A request that is only played through. Nothing of it is noted.
    pub const REHEARSAL: Origin = Origin { request: RequestId::from_bits(0) };

    fn is_rehearsal(self) -> bool {
        self == Self::REHEARSAL
    }
}

/// The one tenant that a request names.
#[derive(Clone, Debug)]
pub struct Resolved {
    tenant: Arc<Tenant>,
}

impl Resolved {
    /// The directory's entry.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }
}

/// The warden's bounds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many sessions are remembered.
    pub sessions: usize,
    /// How long the feed may be silent before nothing cached is believed.
    pub silence: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { sessions: 100_000, silence: Duration::from_secs(60) }
    }
}

/// Who is calling, at which tenant, and may they.
pub struct Warden {
    tenants: Tenants,
    known: Known,
    early_ends: EarlyEnds,
    /// How many changes of API keys and ends of grants were heard of.
    key_changes: AtomicU64,
    directory: Arc<dyn Directory>,
    witness: Arc<dyn Witness>,
    clock: Clock,
    heard: AtomicI64,
    silence: Duration,
}

impl Warden {
    /// A warden that knows no tenant yet; see [`Warden::fill`].
    pub fn new(
        directory: Arc<dyn Directory>,
        witness: Arc<dyn Witness>,
        clock: Clock,
        bounds: Bounds,
    ) -> Self {
        let heard = AtomicI64::new(clock.now().micros());
        let known = Known::new(bounds.sessions);
        Warden {
            tenants: Tenants::default(),
            known,
            early_ends: EarlyEnds::default(),
            key_changes: AtomicU64::new(0),
            directory,
            witness,
            clock,
            heard,
            silence: bounds.silence,
        }
    }

    /// The tenants in memory.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// Whether the feed has been silent for too long, or has missed something, so that what is remembered is
    /// not believed.
    pub fn is_out_of_touch(&self) -> bool {
        self.is_long_ago(Moment::from_micros(self.heard.load(Relaxed)))
    }

    fn is_long_ago(&self, then: Moment) -> bool {
        self.clock.now().since(then) > self.silence
    }

    /// Whether what is remembered of a tenant must be asked for before it is believed. While the feed is
    /// silent, one tenant's answer says nothing about another.
    pub(super) fn is_stale(&self, tenant: TenantId) -> bool {
        self.is_out_of_touch()
            && self.known.rechecked.get(&tenant).is_none_or(|asked| self.is_long_ago(asked))
    }

    pub(super) fn report(
        &self,
        from: Option<TenantId>,
        at: TenantId,
        user: Option<UserId>,
        how: &'static str,
        origin: Origin,
    ) {
        if origin.is_rehearsal() {
            return;
        }
        tracing::warn!(from = from.map(tracing::field::display), %at, user = user.map(tracing::field::display), how, request = %origin.request, "cross-tenant attempt refused: {how}");
        self.witness.refused(CrossTenant { from, at, user, how, request: origin.request.to_string() });
    }
}
