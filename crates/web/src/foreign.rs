//! Forms that come from a page of another site: a provider has the browser post its answer. They are taken in nobody's
//! name. Whatever the browser holds is not looked at, so that there is nothing which such a form could be forged with;
//! what it brings must prove itself, and whom it is for is asked later, of a request that the browser makes to us.

use crate::{
    NamesTenant, Problem, Refused, Web,
    allow::note,
    body::{is_of_type, parse_pairs, read},
    origin_of,
};
use access::{Credential, Permit, TenantAction};
use axum::{
    extract::{FromRef, FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

/// Anybody may do `A` in the tenant that `V` names, and does it in nobody's name.
pub struct AllowForeign<A: TenantAction, V>(pub Permit<A>, pub V);

impl<S, A, V> FromRequestParts<S> for AllowForeign<A, V>
where
    S: Send + Sync,
    A: TenantAction,
    V: NamesTenant<S>,
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let origin = origin_of(parts)?;
        note::<A>();
        let by = V::read(parts, state).await?;
        let permit = web.warden.permit_at::<A>(by.tenant(), &Credential::None, origin).await;
        Ok(AllowForeign(permit.map_err(Problem::from)?, by))
    }
}

/// A form of another site, of at most `LIMIT` bytes. What is not known is passed over, and no hidden value is asked for.
pub struct ForeignForm<T, const LIMIT: usize>(pub T);

impl<S, T, const LIMIT: usize> FromRequest<S> for ForeignForm<T, LIMIT>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        is_of_type(&parts.headers, "application/x-www-form-urlencoded")?;
        parse_pairs(&read(body, LIMIT).await?).map(ForeignForm)
    }
}
