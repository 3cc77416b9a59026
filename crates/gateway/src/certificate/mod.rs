//! Client certificates: which one a request came with, which anchor vouches for it, and whom that anchor's rules take it
//! for. A certificate is looked at once for each connection; what was found is kept with it, and a request asks only
//! whether it is true still: whether the anchors are the same, and its time is not over.
//!
//! The handshake shows that the client has the certificate's key, and no more. Whether anybody vouches for it is asked
//! here, so that a certificate that is none is told why, one that was taken back ends on connections that are open, and
//! a session that is resumed brings along no more than a fresh one.

mod anchors;
mod judge;
mod presented;

pub use anchors::{AnchorSpec, ListSpec};
pub use presented::ClientCertificate;
pub(crate) use {
    anchors::Anchors,
    presented::{CERTIFICATE, CHAIN, Said, digest_said},
};

use crate::{gateway::Gateway, problem, refuse::No, route::Route};
use access::CertificateHolder;
use domain::{TenantId, digest::MacKey};

impl Gateway {
    /// Believes these anchors of a tenant from now on, and no others of its. Gives the anchors that cannot be read.
    pub fn set_anchors(&self, owner: TenantId, specs: Vec<AnchorSpec>) -> Vec<String> {
        self.0.anchors.set(owner, specs)
    }

    /// Believes nobody's anchors but those of these tenants.
    pub fn keep_anchors_of(&self, owners: &[TenantId]) {
        self.0.anchors.keep(owners);
    }

    /// Makes the keyed hashes of callers' names with this key.
    pub fn set_anchor_names(&self, names: MacKey) {
        self.0.anchors.set_names(names);
    }

    /// Whether a client that asks for this host is to be asked for a certificate. A browser that has one would ask
    /// its person which to show, so that nobody is asked where none is taken.
    pub fn wants_certificate(&self, host: Option<&str>) -> bool {
        !self.0.anchors.is_empty() && self.0.routes.load().want_certificates(host)
    }
}

/// Whether this certificate is good for this route.
pub(crate) fn check_certificate(holder: &CertificateHolder, route: &Route) -> Result<(), No> {
    match route.scopes.iter().find(|scope| !holder.has(scope)) {
        Some(missing) => Err(No::with(problem::SCOPE_MISSING, format!("The scope `{missing}` is missing."))),
        None => Ok(()),
    }
}
