//! The permits as extractors. A handler that names one runs only for a caller who may do the action; it
//! takes the permit as its first argument, and [`crate::Routes`] takes no other handler.

use crate::{HostKind, Problem, Refused, Visitor, Web, ask::Ask};
use access::{
    Action, Caller, Credential, OperatorAction, OperatorPermit, Permit, PersonAction, PersonPermit, Resolved,
    TenantAction,
};
use axum::{
    extract::{FromRef, FromRequestParts, RawPathParams},
    http::request::Parts,
};
use domain::TenantId;
use std::future::Future;

/// The caller may do `A` in the tenant that the address names: by `{tenant}` in the path, an id, or on a
/// tenant's own host by the host.
pub struct Allow<A: TenantAction>(pub Permit<A>);

/// The caller may do `A` in the tenant that `V` names, where the address does not: in the sealed state
/// of a pending sign-in, for example. `V` is handed on.
pub struct AllowBy<A: TenantAction, V>(pub Permit<A>, pub V);

/// The person behind the credential may do `A` with what is their own.
pub struct AllowPerson<A: PersonAction>(pub PersonPermit<A>);

/// The caller may do `A` with the platform's own rows.
pub struct AllowOperator<A: OperatorAction>(pub OperatorPermit<A>);

/// Something in a request, other than its address, that names a tenant.
pub trait NamesTenant<S>: Sized + Send {
    /// What this is called in the route list, for example `pending sign-in`. It begins with `address` if it
    /// is the address itself that is read, with an answer of its own where it names no tenant; only then may
    /// its route stand at a tenant's address.
    const WHERE: &'static str;

    /// Reads it.
    fn read(parts: &mut Parts, state: &S) -> impl Future<Output = Result<Self, Problem>> + Send;

    /// The tenant that it names.
    fn tenant(&self) -> TenantId;
}

/// A tenant that the query names, as in `/enter?tenant=<tenant id>`.
#[derive(Clone, Copy, Debug)]
pub struct InQuery(TenantId);

impl<S: Sync> NamesTenant<S> for InQuery {
    const WHERE: &'static str = "query";

    async fn read(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut named = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "tenant");
        match (named.next(), named.next()) {
            (Some((_, text)), None) => text.parse().map(InQuery).map_err(|_| Problem::new("tenant.unknown")),
            _ => Err(Problem::new("tenant.unknown")),
        }
    }

    fn tenant(&self) -> TenantId {
        self.0
    }
}

impl<S, A> FromRequestParts<S> for Allow<A>
where
    S: Send + Sync,
    A: TenantAction,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let ask = Ask::of(parts, &web)?;
        let tenant = match ask.kind {
            HostKind::Tenant => parts.extensions.get::<Resolved>().map(|at| at.tenant().record.id),
            _ => named_in_path(parts).await?,
        };
        let tenant = tenant.ok_or(Problem::new("tenant.unknown"))?;
        ask.permit(tenant, parts, &web).await.map(Allow)
    }
}

impl<S, A, V> FromRequestParts<S> for AllowBy<A, V>
where
    S: Send + Sync,
    A: TenantAction,
    V: NamesTenant<S>,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let ask = Ask::of(parts, &web)?;
        let by = V::read(parts, state).await?;
        let permit = ask.permit(by.tenant(), parts, &web).await?;
        Ok(AllowBy(permit, by))
    }
}

impl<S, A> FromRequestParts<S> for AllowPerson<A>
where
    S: Send + Sync,
    A: PersonAction,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let ask = Ask::of(parts, &web)?;
        note::<A>();
        let permit = web.warden.person::<A>(&ask.presented.credential, ask.origin).await;
        let permit = permit.map_err(|refusal| ask.refuse(refusal, parts, &web, None))?;
        note_actor(permit.user());
        parts.extensions.insert(Visitor::person(&ask.presented, permit.user()));
        Ok(AllowPerson(permit))
    }
}

impl<S, A> FromRequestParts<S> for AllowOperator<A>
where
    S: Send + Sync,
    A: OperatorAction,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let ask = Ask::of(parts, &web)?;
        note::<A>();
        let permit = web.warden.operator::<A>(&ask.presented.credential, ask.origin).await;
        // Operators are members of the house and sign in there.
        let house = web.warden.house();
        let permit = permit.map_err(|refusal| {
            ask.refuse(refusal, parts, &web, house.as_ref().map(|house| house.record.id))
        })?;
        note_actor(permit.actor());
        let at_house = match (ask.presented.session(), house) {
            (Some(_), Some(house)) => ask.caller_at(&web, house.record.id).await,
            _ => None,
        };
        parts.extensions.insert(Visitor::operator(&ask.presented, at_house.as_ref()));
        Ok(AllowOperator(permit))
    }
}

impl Ask {
    async fn caller_at(&self, web: &Web, tenant: TenantId) -> Option<Caller> {
        let at = web.warden.resolve_id(tenant).ok()?;
        web.warden.caller_at(&at, &self.presented.credential, self.origin).await.ok()
    }

    async fn permit<A: TenantAction>(
        &self,
        tenant: TenantId,
        parts: &mut Parts,
        web: &Web,
    ) -> Result<Permit<A>, Refused> {
        note::<A>();
        let (warden, credential) = (&web.warden, &self.presented.credential);
        tracing::Span::current().record("tenant", tracing::field::display(tenant));
        let permit = match credential {
            // What runs the platform opens no tenant (ledger C06), except for a reason that both sides can
            // read. The warden looks at token and reason before it looks for the tenant, so that nobody
            // learns from a refusal which tenants there are.
            Credential::OperatorToken(_) | Credential::Socket => {
                warden.assume::<A>(credential, tenant, reason_in(parts), self.origin).await
            }
            Credential::None
            | Credential::Session(_)
            | Credential::Key(_)
            | Credential::Token(_)
            | Credential::Exchanged(_)
            | Credential::Granted(_)
            | Credential::Certificate(_) => warden.permit_at::<A>(tenant, credential, self.origin).await,
        };
        let permit = permit.map_err(|refusal| self.refuse(refusal, parts, web, Some(tenant)))?;
        note_actor(permit.caller().actor());
        parts.extensions.insert(Visitor::member(&self.presented, permit.caller()));
        Ok(permit)
    }
}

/// The header in which an operator's script says why it goes into a tenant.
pub const ASSUME_REASON: &str = "partywall-assume-reason";

fn reason_in(parts: &Parts) -> &str {
    let header = parts.headers.get(ASSUME_REASON);
    header.and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).unwrap_or_default()
}

/// The tenant that `{tenant}` in the path names; none for what is no id.
async fn named_in_path(parts: &mut Parts) -> Result<Option<TenantId>, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| Problem::new("tenant.unknown"))?;
    let named = params.iter().find(|(name, _)| *name == "tenant");
    let (_, text) =
        named.ok_or_else(|| Problem::internal("a route inside a tenant has no {tenant} in its path"))?;
    Ok(text.parse().ok())
}

pub(crate) fn note<A: Action>() {
    tracing::Span::current().record("action", A::NAME);
}

pub(crate) fn note_actor(actor: impl std::fmt::Display) {
    tracing::Span::current().record("actor", tracing::field::display(actor));
}
