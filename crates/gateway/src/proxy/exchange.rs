//! Sending a request and waiting for the answer to begin.
//!
//! A request is sent a second time only where the first cannot have done anything: it was handed back unsent, or it
//! was one that may be sent twice, with no body or a small one that was kept, on a kept connection that was closed
//! without a word. Where a deployment has several upstreams such a request is tried at another one too, if the first
//! gave no answer or one that says that it is not well, and as long as the budget for that lasts.

use crate::{
    deployment::{Deployment, Errand, Lease, NoLease, Places, Wish},
    problem::{self, Problem},
    refuse::No,
    upload::{Fate, RequestBody, Upload},
};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::{pin::pin, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How many upstreams are tried when they cannot be reached.
const MOST_UPSTREAMS: usize = 3;
/// So often somebody looks whether the upstream that is waited for is still thought to be well.
const LOOK: Duration = Duration::from_millis(250);

/// An answer that has begun, and the connection that it comes over.
pub(crate) struct Answered {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
    /// The upstream's place in the deployment.
    pub(crate) at: usize,
}

/// Why a sent request has no answer.
enum Lost {
    /// It was handed back: not a byte of it was sent.
    Unsent(Box<Request<RequestBody>>),
    /// The connection ended without a word.
    Silent,
    /// The answer is no HTTP, or broke off in its head.
    Broken,
    /// It did not begin in time.
    Late,
}

/// What became of a request at one upstream.
enum Outcome {
    Answered(Response<Incoming>, Lease),
    /// It was not sent, and can be.
    Unsent(Box<Request<RequestBody>>, Problem),
    /// It was sent; here is another copy, if it may be sent twice.
    Failed(Lost, Option<Request<RequestBody>>),
    /// It has an answer that is a reason to try another; here is another copy.
    Unwell(Response<Incoming>, Lease, Box<Request<RequestBody>>),
}

/// A request on its way from one upstream to the next.
struct Trip<'t, P> {
    deployment: &'t Deployment,
    errand: &'t Errand,
    answer_within: Duration,
    wish: Wish,
    prove: P,
    tried: Places,
    /// How often it may be tried again after it was sent.
    tries: u32,
}

/// Sends the request to an upstream of the deployment. `prove` puts the proof on it, anew for each time
/// that it may be seen.
pub(crate) async fn exchange(
    deployment: &Deployment,
    mut request: Request<RequestBody>,
    errand: &Errand,
    answer_within: Duration,
    wish: Wish,
    prove: impl Fn(&mut Request<RequestBody>),
) -> Result<Answered, No> {
    if !deployment.has_upstreams() {
        return Err(No::because(problem::NO_UPSTREAM));
    }
    deployment.earn();
    prove(&mut request);
    let tries = if deployment.tries_again() { deployment.balancing.retry.tries } else { 0 };
    let mut trip = Trip { deployment, errand, answer_within, wish, prove, tried: Places::default(), tries };
    trip.take(request).await
}

impl<P: Fn(&mut Request<RequestBody>)> Trip<'_, P> {
    async fn take(&mut self, mut request: Request<RequestBody>) -> Result<Answered, No> {
        let upload = self.errand.upload.as_deref();
        let mut why = problem::DOWN;
        let mut unreachable = 0;
        while unreachable < MOST_UPSTREAMS
            && let Some(at) = self.deployment.choose(self.tried, self.wish)
        {
            self.tried.add(at);
            match self.ask(at, request).await {
                Outcome::Answered(response, lease) => {
                    lease.upstream.health.answered(response.status().as_u16() < 500);
                    return Ok(Answered { response, lease, at });
                }
                Outcome::Unsent(back, problem) => {
                    (request, why) = (*back, problem);
                    unreachable += 1;
                }
                Outcome::Unwell(response, lease, copy) => {
                    lease.upstream.health.answered(false);
                    if !self.may_go_on() {
                        return Ok(Answered { response, lease, at });
                    }
                    request = *copy;
                    (self.prove)(&mut request);
                }
                Outcome::Failed(lost, copy) => {
                    let no = no(&lost, upload);
                    if is_theirs(no.problem) {
                        self.deployment.failed(at);
                    }
                    match copy {
                        Some(copy) if self.may_go_on() => request = copy,
                        _ => return Err(no),
                    }
                    (self.prove)(&mut request);
                }
            }
        }
        Err(No::because(why))
    }

    /// Whether the request may be tried at another upstream after it was sent to one; that is then counted.
    fn may_go_on(&mut self) -> bool {
        let may = self.tries > 0 && self.deployment.has_other(self.tried) && self.deployment.spend();
        self.tries = self.tries.saturating_sub(u32::from(may));
        may
    }

    /// Asks one upstream: over a kept connection, or a fresh one.
    async fn ask(&self, at: usize, mut request: Request<RequestBody>) -> Outcome {
        let upstream = self.deployment.at(at);
        if let Some(lease) = upstream.kept(self.errand).await {
            let may_be_stale = lease.may_be_stale;
            match self.send(lease, request).await {
                Outcome::Unsent(back, _) => request = *back,
                Outcome::Failed(Lost::Silent, Some(copy)) if may_be_stale => {
                    request = copy;
                    (self.prove)(&mut request);
                }
                outcome => return outcome,
            }
        }
        match upstream.fresh(self.errand).await {
            Ok(lease) => self.send(lease, request).await,
            Err(no_lease) => {
                tracing::warn!(upstream = %upstream.origin, "upstream {} cannot be used: {no_lease}", upstream.origin);
                if matches!(no_lease, NoLease::TimedOut | NoLease::Failed(_)) {
                    self.deployment.failed(at);
                }
                Outcome::Unsent(Box::new(request), unreachable(&no_lease))
            }
        }
    }

    async fn send(&self, mut lease: Lease, request: Request<RequestBody>) -> Outcome {
        lease.is_last = brings_an_odd_body(&request);
        let mut spare = (lease.may_be_stale || self.tries > 0).then(|| copy(&request)).flatten();
        let may_leave = self.tries > 0 && spare.is_some();
        match self.wait(&mut lease, request, may_leave).await {
            Ok(response) if may_leave && self.is_reason(response.status()) => match spare.take() {
                Some(spare) => Outcome::Unwell(response, lease, Box::new(spare)),
                None => Outcome::Answered(response, lease),
            },
            Ok(response) => Outcome::Answered(response, lease),
            Err(Lost::Unsent(back)) => Outcome::Unsent(back, problem::UNREACHABLE),
            Err(lost) => Outcome::Failed(lost, spare),
        }
    }

    fn is_reason(&self, status: StatusCode) -> bool {
        let reasons = &self.deployment.balancing.retry.statuses;
        status.is_server_error() && reasons.iter().any(|statuses| statuses.hold(status.as_u16()))
    }

    /// Waits until the answer begins. A request that may go elsewhere waits for no upstream that is known to be down,
    /// and for none longer than one may take.
    async fn wait(
        &self,
        lease: &mut Lease,
        request: Request<RequestBody>,
        may_leave: bool,
    ) -> Result<Response<Incoming>, Lost> {
        let upload = self.errand.upload.as_deref();
        let expects_switch = request.headers().contains_key(http::header::UPGRADE);
        lease.line.handover.put();
        let begun = lease.begun;
        let mut answer = pin!(lease.sender.try_send(request));
        let mut deadline = begun + self.answer_within;
        let leave = begun + self.patience();
        let response = loop {
            let look = if may_leave { deadline.min(leave).min(Instant::now() + LOOK) } else { deadline };
            match timeout_at(look, &mut answer).await {
                Ok(Ok(response)) => break response,
                Ok(Err(mut error)) => {
                    return Err(match error.take_message() {
                        Some(back) => Lost::Unsent(Box::new(back)),
                        None => lost(&error.into_error()),
                    });
                }
                Err(_) if may_leave && Instant::now() < deadline => {
                    if (Instant::now() >= leave || lease.upstream.health.is_down())
                        && self.deployment.has_other(self.tried)
                    {
                        return Err(Lost::Late);
                    }
                }
                // While a body is on its way, nobody can expect an answer.
                Err(_) => match upload.map(|upload| upload.moved() + self.answer_within) {
                    Some(later) if later > deadline => deadline = later,
                    _ => return Err(Lost::Late),
                },
            }
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS && !expects_switch {
            return Err(Lost::Broken);
        }
        Ok(response)
    }

    /// How long one upstream may take where another can be asked.
    fn patience(&self) -> Duration {
        match self.deployment.balancing.retry.try_ms {
            0 => self.answer_within,
            millis => Duration::from_millis(millis),
        }
    }
}

/// Whether this is the upstream's fault and not the client's.
fn is_theirs(problem: Problem) -> bool {
    matches!(problem, problem::TIMEOUT | problem::UNREACHABLE | problem::BROKEN)
}

fn unreachable(why: &NoLease) -> Problem {
    match why {
        NoLease::Crowded => problem::CROWDED,
        NoLease::Share(_) => problem::SHARE,
        NoLease::TimedOut => problem::TIMEOUT,
        NoLease::Failed(_) => problem::UNREACHABLE,
    }
}

fn lost(error: &hyper::Error) -> Lost {
    tracing::debug!(%error, "an upstream gave no answer: {error}");
    // A parse error is the upstream's word; everything else is the connection's.
    if error.is_parse() { Lost::Broken } else { Lost::Silent }
}

/// The client's own fault comes first: an upstream that is cut off because of it is not to blame.
fn no(lost: &Lost, upload: Option<&Upload>) -> No {
    No::because(match (upload.map(Upload::fate), lost) {
        (Some(fate @ (Fate::TooLarge | Fate::Stalled | Fate::Broken)), _) => fault_of(fate),
        (_, Lost::Late) => problem::TIMEOUT,
        (_, Lost::Unsent(_)) => problem::UNREACHABLE,
        (_, Lost::Silent | Lost::Broken) => problem::BROKEN,
    })
}

/// What is wrong with a body that ended like this.
pub(crate) fn fault_of(fate: Fate) -> Problem {
    match fate {
        Fate::TooLarge => problem::TOO_LARGE,
        Fate::Stalled => problem::TOO_SLOW,
        Fate::Running | Fate::Done | Fate::Broken => problem::BAD_BODY,
    }
}

/// A second copy of a request that may be sent twice (RFC 9110 section 9.2.2); none of one that may not.
fn copy(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let body = request.body().again().filter(|_| may_be_sent_twice(request.method()))?;
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// Whether there is a body where few backends look for one. One that takes it for the next request (CL.0, TE.0) then
/// says so to nobody: the connection ends with the answer to this one.
fn brings_an_odd_body(request: &Request<RequestBody>) -> bool {
    let bodiless = [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE];
    bodiless.contains(request.method()) && !http_body::Body::is_end_stream(request.body())
}

/// Whether a request by this method does nothing the second time.
pub(crate) fn may_be_sent_twice(method: &Method) -> bool {
    method.is_idempotent()
}
