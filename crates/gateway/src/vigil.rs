//! A permit lasts a minute. What lasts longer, a socket or a stream of events, asks the warden again, and
//! ends when the answer is no.

use crate::{
    certificate::ClientCertificate,
    deployment::{Errand, Line},
    gateway::Gateway,
    role::has_role,
};
use access::{Caller, Credential, Origin, Refusal, Resolved, Tenant, UseOpenUpstream, UseUpstream};
use domain::{ProductName, RoleName, TenantId, UserId};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a long answer was permitted to.
#[derive(Clone)]
pub(crate) struct Vigil {
    pub(crate) gateway: Gateway,
    pub(crate) tenant: TenantId,
    pub(crate) user: Option<UserId>,
    pub(crate) open: bool,
    /// The API product of the route: who cancels it is cut off from what flows already.
    pub(crate) product: Option<ProductName>,
    /// Which roles open the route: who loses them is, too.
    pub(crate) roles: Arc<[RoleName]>,
    pub(crate) credential: Credential,
    /// What the credential was found by, if it is a certificate.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
    pub(crate) origin: Origin,
}

impl Vigil {
    /// After how long the warden is asked again.
    pub(crate) fn again(&self) -> Duration {
        self.gateway.0.settings.ask_again
    }

    /// Whether the same person would still be let in. On an open route somebody whose session ended would
    /// be, as nobody; but what flows here was made for somebody.
    pub(crate) async fn ask_again(&self) -> bool {
        let warden = &self.gateway.0.needs.warden;
        let Ok(resolved) = warden.resolve_id(self.tenant) else { return false };
        if self.is_worked_on() {
            return false;
        }
        if let Credential::Token(holder) = &self.credential
            && !self.gateway.still_believes(holder, self.tenant)
        {
            return false;
        }
        if let (Credential::Certificate(holder), Some(presented)) = (&self.credential, &self.certificate)
            && !self.gateway.still_holds(presented, holder)
        {
            return false;
        }
        match permitted(&self.gateway, self.open, &resolved, &self.credential, self.origin).await {
            Ok(pass) if !self.still_has_product(resolved.tenant(), pass.caller()) => false,
            Ok(pass) if !has_role(&self.roles, pass.caller()) => false,
            Ok(pass) => pass.caller().person().map(|person| person.user) == self.user,
            Err(refusal) => {
                tracing::info!(tenant = %self.tenant, request = %self.origin.request, "a stream of tenant {} ends: {refusal}", self.tenant);
                false
            }
        }
    }
}

impl Vigil {
    /// Whether the tenant's application is being worked on.
    fn is_worked_on(&self) -> bool {
        self.gateway.is_worked_on(self.tenant)
    }

    fn still_has_product(&self, tenant: &Tenant, caller: &Caller) -> bool {
        self.product.as_ref().is_none_or(|product| self.gateway.has_product(product, tenant, caller).is_ok())
    }
}

/// Proof that a request may be forwarded.
pub(crate) enum Pass {
    Member(access::Permit<UseUpstream>),
    Anybody(access::Permit<UseOpenUpstream>),
}

impl Pass {
    pub(crate) fn caller(&self) -> &Caller {
        match self {
            Pass::Member(permit) => permit.caller(),
            Pass::Anybody(permit) => permit.caller(),
        }
    }
}

/// Asks the warden: from memory first, and with what the directory holds where memory lacks something.
pub(crate) async fn permitted(
    gateway: &Gateway,
    open: bool,
    resolved: &Resolved,
    credential: &Credential,
    origin: Origin,
) -> Result<Pass, Refusal> {
    let warden = &gateway.0.needs.warden;
    // A credential that ended counts as none, which only the slow way knows.
    let is_final = |stop: &access::Stop| matches!(stop, access::Stop::Refused(refusal) if *refusal != Refusal::BadCredential);
    let now = if open {
        warden.permit_now(resolved, credential, origin).map(Pass::Anybody)
    } else {
        warden.permit_now(resolved, credential, origin).map(Pass::Member)
    };
    match now {
        Ok(pass) => Ok(pass),
        Err(stop) if is_final(&stop) => match stop {
            access::Stop::Refused(refusal) => Err(refusal),
            access::Stop::Load(_) => Err(Refusal::OutOfTouch),
        },
        Err(_) if open => warden.permit(resolved, credential, origin).await.map(Pass::Anybody),
        Err(_) => warden.permit(resolved, credential, origin).await.map(Pass::Member),
    }
}

/// Watches over something long: that it is not still for too long, and that it is still permitted.
pub(crate) struct Watch {
    vigil: Arc<Vigil>,
    line: Arc<Line>,
    idle: Duration,
    again: Duration,
    due: Instant,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    asking: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
}

/// Why something long ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Over {
    #[error("nothing moved for too long")]
    Idle,
    #[error("it is not permitted any more")]
    Refused,
}

impl Watch {
    /// Over what begins to move.
    pub(crate) fn new(errand: Errand, line: Arc<Line>, moved: Instant) -> Self {
        let Errand { vigil, idle, begun, .. } = errand;
        let again = vigil.again();
        line.note_move(moved);
        Watch { vigil, line, idle, again, due: begun + again, last: moved, timer: None, asking: None }
    }

    /// Something moved.
    pub(crate) fn moved(&mut self, now: Instant) {
        self.last = now;
        self.line.note_move(now);
    }

    /// Asks at the next look whether it is still permitted.
    pub(crate) fn ask_now(&mut self) {
        self.due = Instant::now();
    }

    /// The code that tells a client of a WebSocket why it ends (RFC 6455 section 7.4.1): the service restarts, it is not
    /// permitted any more, or nobody said anything.
    pub(crate) fn code_of(&self, over: Over) -> u16 {
        match over {
            Over::Refused if self.vigil.is_worked_on() => 1_012,
            Over::Refused => 1_008,
            Over::Idle => 1_001,
        }
    }

    /// Ready when it must end; otherwise the task is woken when it is time to look again.
    pub(crate) fn poll_over(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Over> {
        if self.poll_asking(now, cx) == Poll::Ready(false) {
            return Poll::Ready(Over::Refused);
        }
        let mut now = now;
        loop {
            if now >= self.last + self.idle {
                return Poll::Ready(Over::Idle);
            }
            let mut look = self.last + self.idle;
            if self.asking.is_none() {
                look = look.min(self.due);
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(look)));
            if timer.deadline() != look {
                timer.as_mut().reset(look);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            now = Instant::now().max(look);
            if self.poll_asking(now, cx) == Poll::Ready(false) {
                return Poll::Ready(Over::Refused);
            }
        }
    }

    /// Asks when it is due. Pending while there is no answer or nothing to ask.
    pub(crate) fn poll_asking(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<bool> {
        if self.asking.is_none() {
            if now < self.due {
                return Poll::Pending;
            }
            self.line.note_asked();
            let vigil = self.vigil.clone();
            self.asking = Some(Box::pin(async move { vigil.ask_again().await }));
        }
        let Some(asking) = &mut self.asking else { return Poll::Pending };
        match asking.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(yes) => {
                self.asking = None;
                self.due = now + self.again;
                Poll::Ready(yes)
            }
        }
    }
}
