//! The beginning of every request, before any permit: which host, as whom, under which request id, and
//! whether a browser was tricked into sending it.

use crate::{
    HostKind, Problem, Refused, Web,
    credential::{Presented, host_of, presented},
    csrf, sign_in,
};
use access::{Origin, Refusal};
use axum::{extract::MatchedPath, http::request::Parts};
use domain::{RequestId, TenantId};

/// What was found out at the beginning.
pub(crate) struct Ask {
    pub(crate) kind: HostKind,
    pub(crate) presented: Presented,
    pub(crate) origin: Origin,
}

impl Ask {
    /// Reads host, credential and request id, and refuses forged writes.
    pub(crate) fn of(parts: &Parts, web: &Web) -> Result<Self, Refused> {
        if let Some(path) = parts.extensions.get::<MatchedPath>() {
            tracing::Span::current().record("route", path.as_str());
        }
        let presented = presented(parts, web)?;
        let kind = host_of(parts)?;
        let forged = presented.by_browser
            && csrf::is_write(&parts.method)
            && !csrf::is_from_own_page(parts, kind, &web.hosts);
        if forged {
            return Err(Problem::new("csrf.refused").into());
        }
        Ok(Ask { kind, presented, origin: origin_of(parts)? })
    }

    /// The answer to a refusal: the way to the sign-in page for somebody who is reading pages, else the
    /// problem. `tenant` is where to sign in; none for the central entry page.
    pub(crate) fn refuse(
        &self,
        refusal: Refusal,
        parts: &Parts,
        web: &Web,
        tenant: Option<TenantId>,
    ) -> Refused {
        if refusal == Refusal::SignInNeeded
            && let Some(leave) = sign_in::leave(parts, web, self.kind, tenant)
        {
            return Refused::leave(leave);
        }
        Problem::from(refusal).into()
    }
}

/// The request's id, for the audit trail.
///
/// # Errors
/// `internal` where the request was given none: then nothing may be done that must be traceable.
pub fn origin_of(parts: &Parts) -> Result<Origin, Problem> {
    parts
        .extensions
        .get::<RequestId>()
        .map(|request| Origin { request: *request })
        .ok_or_else(|| Problem::internal("a request reached a route without an id"))
}
