//! Routes: which requests are taken, and how the tenant is found in each. They are the operator's, given
//! as JSON, checked as a whole and refused as a whole, so that the old ones stay in force.
//!
//! A route never says which backend for which tenant: that follows from where the tenant is hosted. It may say that
//! another deployment than that answers its paths.

mod check;
mod check_body;
mod document;
mod pick;
mod serving;
mod spec;

pub use check::RouteFault;
pub(crate) use serving::Serving;
pub use spec::{Audience, BodyName, CredentialKind, MapBy, PassThrough, RouteSpec, TenantForm, WriteTenant};

use crate::{expression::looks, look::Reads, named_in_body::NamedInBody, policy::Policies, product::Version};
use domain::{Hostname, ProductName, RoleName, ScopeName};
use http::{HeaderName, HeaderValue};
use protocol::expression::Expression;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The hosts that the routes are checked against.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Tenants live at `<slug>.<base>`.
    pub base: Hostname,
    /// Hosts of the platform itself, which no route may take.
    pub platform: Vec<Hostname>,
}

/// All routes, as one set that is exchanged whole.
#[derive(Debug)]
pub struct Routes {
    base: Box<str>,
    exact: HashMap<Box<str>, Vec<Arc<Route>>>,
    under_base: Vec<Arc<Route>>,
    anywhere: Vec<Arc<Route>>,
}

/// A route that was checked.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) name: Box<str>,
    /// Without the closing slash; empty for all paths.
    pub(crate) path: Box<str>,
    /// What must hold of a request beside its host and path.
    pub(crate) when: Option<Expression>,
    pub(crate) by_host: bool,
    pub(crate) by_path: bool,
    /// The API key may name the tenant by itself.
    pub(crate) by_key: bool,
    /// A bearer token may.
    pub(crate) by_token: bool,
    /// What this says names the tenant.
    pub(crate) says_tenant: Option<Expression>,
    /// A client certificate may.
    pub(crate) by_certificate: bool,
    pub(crate) credentials: Box<[CredentialKind]>,
    pub(crate) key_header: HeaderName,
    pub(crate) scopes: Box<[ScopeName]>,
    /// For whom an application's token must be.
    pub(crate) resource: Option<Box<str>>,
    /// Of which a person must hold one, where there are any.
    pub(crate) roles: Arc<[RoleName]>,
    /// The tenant may be named by this query parameter. Named in a route that does not map by it, it must
    /// still agree.
    pub(crate) query: Option<Name<Box<str>>>,
    pub(crate) header: Option<Name<HeaderName>>,
    /// Where the body names it.
    pub(crate) body: Option<NamedInBody>,
    /// What expressions read of it.
    pub(crate) reads: Option<Reads>,
    pub(crate) audience: Audience,
    pub(crate) strip: bool,
    pub(crate) open: bool,
    pub(crate) serving: Serving,
    pub(crate) write: Option<Write>,
    pub(crate) answer_within: Duration,
    pub(crate) idle: Duration,
    pub(crate) most_body: u64,
    pub(crate) trusted_origins: Box<[HeaderValue]>,
    /// The API product that it belongs to.
    pub(crate) product: Option<ProductName>,
    pub(crate) version: Option<Version>,
    pub(crate) policies: Policies,
    /// It takes connections, and no requests.
    pub(crate) pass_through: Option<PassThrough>,
}

impl Route {
    /// Whether an expression of it speaks of what a token says.
    pub(crate) fn asks_for_claims(&self) -> bool {
        let maps = self.says_tenant.as_ref().is_some_and(|says| says.speaks_of("claims"));
        maps || self.policies.asks_for_claims
    }

    /// All expressions of it.
    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let screened = self.policies.screen.as_ref().and_then(|screen| screen.when.as_ref());
        let own = self.when.iter().chain(&self.says_tenant);
        own.chain(screened).chain(self.policies.expressions())
    }

    /// What is read of the body before it is known whose the request is; none where that can wait.
    pub(crate) fn reads_early(&self) -> Option<&Reads> {
        let screened = self.policies.screen.as_ref().and_then(|screen| screen.when.as_ref());
        let mut before = self.says_tenant.iter().chain(screened);
        self.reads.as_ref().filter(|_| before.any(looks))
    }

    /// Whether credentials of this kind are taken.
    pub(crate) fn takes(&self, kind: CredentialKind) -> bool {
        self.credentials.contains(&kind)
    }

    /// Whether what the caller presents may name the tenant by itself.
    pub(crate) fn by_credential(&self) -> bool {
        self.by_key || self.by_token || self.by_certificate
    }
}

/// A name that an identifier may stand under.
#[derive(Debug)]
pub(crate) struct Name<N> {
    pub(crate) name: N,
    /// Whether it may name the tenant by itself.
    pub(crate) maps: bool,
}

/// Where the verified tenant is written into what is forwarded.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) form: TenantForm,
    pub(crate) place: Place,
}

#[derive(Debug)]
pub(crate) enum Place {
    Header(HeaderName),
    /// As the first segment after this prefix.
    Path(Box<str>),
    Query(Box<str>),
    /// As the first label before this host.
    Host(Box<str>),
}

#[cfg(test)]
mod tests;
