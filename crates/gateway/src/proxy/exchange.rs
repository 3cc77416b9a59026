//! Sending a request and waiting for the answer to begin.
//!
//! A request is sent a second time only where the first cannot have done anything: it was handed back
//! unsent, or it was a safe one without a body on a kept connection that was closed without a word.

use crate::{
    deployment::{Deployment, Errand, Lease, NoLease},
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

/// An answer that has begun, and the connection that it comes over.
pub(crate) struct Answered {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
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

/// Sends the request to an upstream of the deployment. `prove` puts the proof on it, anew for each time
/// that it may be seen.
pub(crate) async fn exchange(
    deployment: &Deployment,
    mut request: Request<RequestBody>,
    errand: &Errand,
    answer_within: Duration,
    prove: impl Fn(&mut Request<RequestBody>),
) -> Result<Answered, No> {
    if !deployment.has_upstreams() {
        return Err(No::because(problem::NO_UPSTREAM));
    }
    let upload = errand.upload.as_deref();
    prove(&mut request);
    let mut why = problem::UNREACHABLE;
    for upstream in deployment.in_turn().take(MOST_UPSTREAMS) {
        if let Some(lease) = upstream.kept(errand).await {
            let spare = lease.may_be_stale.then(|| copy(&request)).flatten();
            match send(lease, request, upload, answer_within).await {
                Ok(answered) => return Ok(answered),
                Err(Lost::Unsent(back)) => request = *back,
                Err(Lost::Silent) if spare.is_some() => {
                    request = spare.expect("there is one");
                    prove(&mut request);
                }
                Err(lost) => return Err(no(lost, upload)),
            }
        }
        match upstream.fresh(errand).await {
            Ok(lease) => {
                let answered = send(lease, request, upload, answer_within).await;
                return answered.map_err(|lost| no(lost, upload));
            }
            Err(no_lease) => {
                tracing::warn!(upstream = %upstream.origin, "upstream {} cannot be used: {no_lease}", upstream.origin);
                why = unreachable(&no_lease);
            }
        }
    }
    Err(No::because(why))
}

fn unreachable(why: &NoLease) -> Problem {
    match why {
        NoLease::Crowded => problem::CROWDED,
        NoLease::Share(_) => problem::SHARE,
        NoLease::TimedOut => problem::TIMEOUT,
        NoLease::Failed(_) => problem::UNREACHABLE,
    }
}

async fn send(
    mut lease: Lease,
    request: Request<RequestBody>,
    upload: Option<&Upload>,
    answer_within: Duration,
) -> Result<Answered, Lost> {
    let expects_switch = request.headers().contains_key(http::header::UPGRADE);
    let mut answer = pin!(lease.sender.try_send_request(request));
    let mut deadline = Instant::now() + answer_within;
    let response = loop {
        match timeout_at(deadline, &mut answer).await {
            Ok(Ok(response)) => break response,
            Ok(Err(mut error)) => {
                return Err(match error.take_message() {
                    Some(back) => Lost::Unsent(Box::new(back)),
                    None => lost(&error.into_error()),
                });
            }
            // While a body is on its way, nobody can expect an answer.
            Err(_) => match upload.map(|upload| upload.moved() + answer_within) {
                Some(later) if later > deadline => deadline = later,
                _ => return Err(Lost::Late),
            },
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && !expects_switch {
        return Err(Lost::Broken);
    }
    Ok(Answered { response, lease })
}

fn lost(error: &hyper::Error) -> Lost {
    tracing::debug!(%error, "an upstream gave no answer: {error}");
    // A parse error is the upstream's word; everything else is the connection's.
    if error.is_parse() { Lost::Broken } else { Lost::Silent }
}

/// The client's own fault comes first: an upstream that is cut off because of it is not to blame.
fn no(lost: Lost, upload: Option<&Upload>) -> No {
    No::because(match (upload.map(Upload::fate), lost) {
        (Some(Fate::TooLarge), _) => problem::TOO_LARGE,
        (Some(Fate::Stalled), _) => problem::TOO_SLOW,
        (Some(Fate::Broken), _) => problem::BAD_BODY,
        (_, Lost::Late) => problem::TIMEOUT,
        (_, Lost::Unsent(_)) => problem::UNREACHABLE,
        (_, Lost::Silent | Lost::Broken) => problem::BROKEN,
    })
}

/// A second copy of a request that may be sent twice; none of one that may not.
fn copy(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe || !request.body().is_empty() {
        return None;
    }
    let mut copy = Request::new(RequestBody::Empty);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
