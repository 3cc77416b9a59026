//! Which handlers may be routed: those whose first argument is a permit, or an exemption with its reason.

use crate::{
    allow::{Allow, AllowBy, AllowOperator, AllowPerson},
    client::{AllowKey, ReadsKeys},
    foreign::AllowForeign,
    open::{Open, Reason},
    program::{AllowProgram, Asks, OpenProgram},
};
use access::{Action, Needs, OperatorAction, PersonAction, TenantAction};

/// What the first argument of a handler asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// `tenant`, `person`, `platform`, or `open`.
    pub scope: &'static str,
    /// The action's name; for an open route the reason.
    pub action: &'static str,
    /// What the caller needs.
    pub needs: Needs,
    /// Whether the action writes.
    pub writes: bool,
    /// What names the tenant, for an action inside one: `address`, or what a [`crate::NamesTenant`] says.
    pub tenant_from: Option<&'static str>,
    /// The only paths at which an open route may stand.
    pub only_at: Option<&'static [&'static str]>,
}

impl Guard {
    const fn of<A: Action>(scope: &'static str, tenant_from: Option<&'static str>) -> Self {
        Guard { scope, action: A::NAME, needs: A::NEEDS, writes: A::WRITES, tenant_from, only_at: None }
    }

    const fn open<R: Reason>() -> Self {
        Guard {
            scope: "open",
            action: R::NAME,
            needs: Needs::Nothing,
            writes: false,
            tenant_from: None,
            only_at: Some(R::PATHS),
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A first argument that guards.
#[diagnostic::on_unimplemented(
    message = "this handler's first argument is not a permit",
    label = "a handler takes `Allow<A>`, `AllowBy<A, _>`, `AllowKey<A>`, `AllowProgram<A, _>`, `AllowPerson<A>` or `AllowOperator<A>` first, and only what is listed in web::open may take `Open<R>`",
    note = "nothing is routed that does not say which action of the policy page it is; see access::policy"
)]
pub trait Guards<S>: sealed::Sealed {
    /// What it asks.
    const GUARD: Guard;
}

impl<A: TenantAction> sealed::Sealed for Allow<A> {}
impl<S, A: TenantAction> Guards<S> for Allow<A> {
    const GUARD: Guard = Guard::of::<A>("tenant", Some("address"));
}

impl<A: TenantAction, V> sealed::Sealed for AllowBy<A, V> {}
impl<S, A: TenantAction, V: crate::NamesTenant<S>> Guards<S> for AllowBy<A, V> {
    const GUARD: Guard = Guard::of::<A>("tenant", Some(V::WHERE));
}

impl<A: TenantAction, V> sealed::Sealed for AllowForeign<A, V> {}
impl<S, A: TenantAction, V: crate::NamesTenant<S>> Guards<S> for AllowForeign<A, V> {
    const GUARD: Guard = Guard::of::<A>("tenant", Some(V::WHERE));
}

impl<A: TenantAction> sealed::Sealed for AllowKey<A> {}
impl<S: ReadsKeys, A: TenantAction> Guards<S> for AllowKey<A> {
    const GUARD: Guard = Guard::of::<A>("tenant", Some("address"));
}

impl<A: TenantAction, V> sealed::Sealed for AllowProgram<A, V> {}
impl<S, A: TenantAction, V: Asks<S>> Guards<S> for AllowProgram<A, V> {
    const GUARD: Guard = Guard::of::<A>("tenant", Some(V::WHERE));
}

impl<R: Reason, S> sealed::Sealed for OpenProgram<R, S> {}
impl<S, R: Reason> Guards<S> for OpenProgram<R, S> {
    const GUARD: Guard = Guard::open::<R>();
}

impl<A: PersonAction> sealed::Sealed for AllowPerson<A> {}
impl<S, A: PersonAction> Guards<S> for AllowPerson<A> {
    const GUARD: Guard = Guard::of::<A>("person", None);
}

impl<A: OperatorAction> sealed::Sealed for AllowOperator<A> {}
impl<S, A: OperatorAction> Guards<S> for AllowOperator<A> {
    const GUARD: Guard = Guard::of::<A>("platform", None);
}

impl<R: Reason> sealed::Sealed for Open<R> {}
impl<S, R: Reason> Guards<S> for Open<R> {
    const GUARD: Guard = Guard::open::<R>();
}

/// The arguments of a handler, the first of which guards. `M` is axum's own marker.
#[diagnostic::on_unimplemented(
    message = "this handler cannot be routed: it has no arguments, or more than eight",
    note = "a handler's first argument is its permit"
)]
pub trait Guarded<S>: sealed_args::Sealed {
    /// What the first argument asks.
    const GUARD: Guard;
}

mod sealed_args {
    pub trait Sealed {}
}

macro_rules! guarded {
    ($($argument:ident),*) => {
        impl<M, G, $($argument),*> sealed_args::Sealed for (M, G, $($argument,)*) {}
        impl<S, M, G: Guards<S>, $($argument),*> Guarded<S> for (M, G, $($argument,)*) {
            const GUARD: Guard = G::GUARD;
        }
    };
}
guarded!();
guarded!(B);
guarded!(B, C);
guarded!(B, C, D);
guarded!(B, C, D, E);
guarded!(B, C, D, E, F);
guarded!(B, C, D, E, F, G7);
guarded!(B, C, D, E, F, G7, H);
