//! Answers that are kept for a while, so that a backend is not asked twice: a part of RFC 9111, for GET and HEAD, where
//! a route says so.
//!
//! Whoever gets a kept answer was let in like anybody else: it is looked for after the last question was asked. Under
//! what it lies begins with the tenant, then who asked unless the route declares that all of the tenant may have the
//! same, then everything that a backend saw of the request and could tell apart: so no answer crosses from one to
//! another.
//!
//! What is stale is asked about by what its backend called it (`ETag`, `Last-Modified`), and given again if that says so.
//! Where the backend allows it (RFC 5861), it is given at once and asked about afterwards.

mod directives;
mod keep;

pub(crate) use directives::Freshness;
pub(crate) use keep::Gather;

use crate::{body::Body, policy::cache::CachePolicy, traffic::Traffic};
use access::Caller;
use bytes::Bytes;
use directives::{asked_anew, forbids};
use domain::{Digest, Moment, TenantId};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        AGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, COOKIE, ETAG,
        HOST, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
        RANGE,
    },
};
use quick_cache::{Weighter, sync::Cache};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

/// What an answer takes beside its bytes.
const BESIDE: u64 = 512;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The answers that this node keeps.
pub(crate) struct Kept {
    answers: Cache<Digest, Arc<Answer>, Weight>,
    /// What the answers under an address differ by.
    varies: Cache<Digest, Arc<[HeaderName]>>,
    /// What those of one tenant may take.
    most_of_one: u64,
    /// Rises when everything is forgotten.
    epoch: AtomicU64,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Digest, Arc<Answer>> for Weight {
    fn weight(&self, _: &Digest, answer: &Arc<Answer>) -> u64 {
        answer.weight
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    fresh: Freshness,
    /// Whether somebody asks the backend about it now.
    is_asked_about: AtomicBool,
    /// What was true of the tenant's people, roles and standing; whatever changes there makes it worthless.
    tenant_epoch: u64,
    epoch: u64,
    weight: u64,
    traffic: Arc<Traffic>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.traffic.kept.fetch_sub(self.weight, Relaxed);
    }
}

/// A request that may be answered from what is kept.
pub(crate) struct Wanted {
    /// The tenant, who asks, and what of the route and the address.
    place: Digest,
    /// What a backend sees of the request, for what it says that answers differ by.
    seen: HeaderMap,
    tenant_epoch: u64,
    may_be_given: bool,
    /// Why it is forwarded, in the words of RFC 9211.
    why: &'static str,
    /// What is kept and stale: the backend is asked whether it still holds.
    stale: Option<Arc<Answer>>,
}

/// What is kept for a request.
pub(crate) enum Found {
    /// This is the answer.
    Fresh(Response<Body>),
    /// This is, and the backend is asked afterwards whether there is a newer one.
    Stale(Response<Body>, Asking),
}

/// One who asks about a stale answer; others need not, as long as this lives.
pub(crate) struct Asking(Arc<Answer>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.is_asked_about.store(false, Relaxed);
    }
}

/// Who asks, and at which tenant as it is now.
pub(crate) struct Asker<'r> {
    pub(crate) tenant: TenantId,
    pub(crate) epoch: u64,
    pub(crate) caller: &'r Caller,
}

impl Kept {
    /// Room for so many bytes, all together and of one tenant.
    pub(crate) fn new((most, most_of_one): (u64, u64)) -> Self {
        let answers = Cache::with_weighter(10_000, most, Weight);
        Kept { answers, varies: Cache::new(10_000), most_of_one, epoch: AtomicU64::new(0) }
    }

    /// Forgets everything.
    pub(crate) fn forget(&self) {
        self.epoch.fetch_add(1, Relaxed);
        self.answers.clear();
        self.varies.clear();
    }

    /// Lets go of what nobody asks about any more.
    pub(crate) fn sweep(&self, now: Moment) {
        self.answers.retain(|_, answer| now < answer.fresh.known_until);
    }

    /// What to look for; none where this request has nothing to do with what is kept. `sent` is the request as the
    /// backend would get it.
    pub(crate) fn wanted<B>(
        policy: &CachePolicy,
        asker: &Asker<'_>,
        route: &str,
        sent: &Request<B>,
    ) -> Option<Wanted> {
        let headers = sent.headers();
        if !matches!(*sent.method(), Method::GET | Method::HEAD)
            || headers.contains_key(RANGE)
            || headers.contains_key(CONTENT_LENGTH)
            || forbids(headers)
        {
            return None;
        }
        // An application's own credentials and cookies are part of who asks.
        let own = [AUTHORIZATION, COOKIE].map(|name| all_of(headers, &name));
        // Two tokens or certificates of one caller may be good for different things.
        let key = asker.caller.key().filter(|holder| holder.by_token()).map(|holder| holder.told);
        let token = key.or_else(|| asker.caller.token().map(|holder| holder.told));
        let told = token.or_else(|| asker.caller.certificate().map(|holder| holder.told));
        let told = told.or_else(|| asker.caller.application().map(|holder| holder.told));
        let who = match told {
            _ if policy.shared => String::new(),
            Some(told) => told.to_string(),
            None => asker.caller.actor().to_string(),
        };
        let tenant = asker.tenant.to_string();
        let host = headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
        let target = sent.uri().path_and_query().map_or("/", |target| target.as_str());
        let mut parts: Vec<Vec<u8>> =
            [tenant.as_bytes(), who.as_bytes(), route.as_bytes(), host, target.as_bytes()]
                .map(<[u8]>::to_vec)
                .to_vec();
        parts.extend(own);
        parts.extend(policy.written.iter().map(|name| all_of(headers, name)));
        let again = asked_anew(headers);
        Some(Wanted {
            place: hashed(b"partywall kept answer\n", &parts),
            seen: headers.clone(),
            tenant_epoch: asker.epoch,
            may_be_given: !again,
            why: if again { "request" } else { "uri-miss" },
            stale: None,
        })
    }

    /// The answer that is kept for this, if one is, with its age.
    pub(crate) fn find(&self, wanted: &mut Wanted, method: &Method, now: Moment) -> Option<Found> {
        if !wanted.may_be_given {
            return None;
        }
        let names = self.varies.get(&wanted.place)?;
        let Some(answer) = self.answers.get(&wanted.under(&names)) else {
            wanted.why = "vary-miss";
            return None;
        };
        let is_same = answer.tenant_epoch == wanted.tenant_epoch && answer.epoch == self.epoch.load(Relaxed);
        if is_same && now < answer.fresh.until {
            return Some(Found::Fresh(answer.given(&wanted.seen, method, now)));
        }
        wanted.why = "stale";
        let asks_itself = ASKS.iter().any(|name| wanted.seen.contains_key(name));
        if !is_same || now >= answer.fresh.known_until || *method != Method::GET || asks_itself {
            return None;
        }
        let given = (now < answer.fresh.stale_until).then(|| answer.given(&wanted.seen, method, now));
        wanted.stale = Some(answer.clone());
        let given = given?;
        match answer.is_asked_about.swap(true, Relaxed) {
            true => Some(Found::Fresh(given)),
            false => Some(Found::Stale(given, Asking(answer))),
        }
    }

    /// The answer that is kept, after its backend has said (304) that it still holds, and in this header what has
    /// changed about it (RFC 9111 section 4.3.4). None where nothing was asked.
    pub(crate) fn confirmed(
        &self,
        policy: &CachePolicy,
        wanted: &mut Wanted,
        said: &HeaderMap,
        traffic: &Arc<Traffic>,
        now: Moment,
    ) -> Option<Response<Body>> {
        let stale = wanted.stale.take()?;
        let mut headers = stale.headers.clone();
        for name in said.keys().filter(|name| !OF_THE_BODY.contains(name)) {
            headers.remove(name);
            said.get_all(name).iter().for_each(|value| {
                headers.append(name, value.clone());
            });
        }
        headers.remove(AGE);
        if let Some(age) = said.get(AGE) {
            headers.insert(AGE, age.clone());
        }
        let fresh = Freshness::of(stale.status, &headers, &wanted.seen, policy, now);
        let answer = |fresh: Freshness, traffic: Arc<Traffic>| Answer {
            status: stale.status,
            headers: headers.clone(),
            body: stale.body.clone(),
            fresh,
            is_asked_about: AtomicBool::new(false),
            tenant_epoch: stale.tenant_epoch,
            epoch: stale.epoch,
            weight: stale.weight,
            traffic,
        };
        let varies = fresh.as_ref().map(|fresh| fresh.varies.clone());
        let kept = answer(fresh.unwrap_or_else(|| stale.fresh.clone()), traffic.clone());
        let before = traffic.kept.fetch_add(kept.weight, Relaxed);
        let mut response = kept.given(&wanted.seen, &Method::GET, now);
        let why = HeaderValue::from_static("partywall; fwd=stale; fwd-status=304");
        response.headers_mut().insert(CACHE_STATUS, why);
        if let Some(names) = varies.filter(|_| before + kept.weight <= self.most_of_one + stale.weight) {
            self.keep(wanted, kept, names);
        }
        Some(response)
    }

    /// Whether an answer may be kept, and if so what gathers its body. Says in its header why it was asked for.
    pub(crate) fn gather(
        self: &Arc<Self>,
        policy: &CachePolicy,
        wanted: Wanted,
        (status, headers): (StatusCode, &mut HeaderMap),
        traffic: &Arc<Traffic>,
        now: Moment,
    ) -> Option<Gather> {
        let freshness = Freshness::of(status, headers, &wanted.seen, policy, now);
        let said = HeaderValue::from_str(&format!("partywall; fwd={}", wanted.why));
        let before = headers.clone();
        if let Ok(said) = said {
            headers.append(CACHE_STATUS, said);
        }
        freshness.map(|fresh| {
            Gather::new(self.clone(), wanted, (status, before), fresh, traffic.clone(), policy.most_body)
        })
    }

    fn keep(&self, wanted: &Wanted, answer: Answer, names: Arc<[HeaderName]>) {
        let under = wanted.under(&names);
        self.varies.insert(wanted.place, names);
        self.answers.insert(under, Arc::new(answer));
    }
}

/// Fields by which a client asks about an answer that it has itself.
const ASKS: [HeaderName; 5] = [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_MATCH, IF_UNMODIFIED_SINCE, IF_RANGE];
/// What a 304 does not change, because it is about the body that did not come.
const OF_THE_BODY: [HeaderName; 5] =
    [CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_TYPE, CONTENT_RANGE, CACHE_STATUS];

impl Wanted {
    /// Asks the backend whether what is kept still holds, by what it was called.
    pub(crate) fn ask_about(&self, headers: &mut HeaderMap) {
        let Some(stale) = &self.stale else { return };
        for (called, asks) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
            if let Some(name) = stale.headers.get(called) {
                headers.insert(asks, name.clone());
            }
        }
    }

    /// Under what an answer lies that differs by these fields of the request.
    fn under(&self, names: &[HeaderName]) -> Digest {
        let mut parts = vec![self.place.to_string().into_bytes()];
        for name in names {
            parts.push(name.as_str().as_bytes().to_vec());
            parts.push(all_of(&self.seen, name));
        }
        hashed(b"partywall kept answer of several\n", &parts)
    }
}

/// All values of a field, so that no two requests that differ in them are one.
fn all_of(headers: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let mut all = Vec::new();
    for value in headers.get_all(name) {
        all.extend_from_slice(&(value.len() as u64).to_be_bytes());
        all.extend_from_slice(value.as_bytes());
    }
    all
}

/// The hash of parts, each with its length, so that no two lists run into one text.
fn hashed(label: &'static [u8], parts: &[Vec<u8>]) -> Digest {
    let mut all = label.to_vec();
    for part in parts {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    Digest::of(&all)
}

impl Answer {
    fn given(&self, asked: &HeaderMap, method: &Method, now: Moment) -> Response<Body> {
        let mut headers = self.headers.clone();
        headers.insert(AGE, HeaderValue::from(now.since(self.fresh.made).as_secs()));
        let left = self.fresh.until.seconds() - now.seconds();
        if let Ok(said) = HeaderValue::from_str(&format!("partywall; hit; ttl={left}")) {
            headers.append(CACHE_STATUS, said);
        }
        let same = |tag: &HeaderValue| asked.get_all(IF_NONE_MATCH).iter().any(|known| names_tag(known, tag));
        let is_known = self.status == StatusCode::OK && self.headers.get(ETAG).is_some_and(same);
        let (status, body) = match (is_known, method == Method::HEAD) {
            (true, _) => (StatusCode::NOT_MODIFIED, Body::empty()),
            (false, true) => (self.status, Body::empty()),
            (false, false) => (self.status, Body::full(self.body.clone())),
        };
        if is_known {
            headers.remove(CONTENT_LENGTH);
        }
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// Whether a list of tags holds this one, by the weak comparison (RFC 9110 section 13.1.2).
fn names_tag(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let bare = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    let wanted = bare(tag.as_bytes());
    list.as_bytes()
        .split(|byte| *byte == b',')
        .any(|one| one.trim_ascii() == b"*" || bare(one.trim_ascii()) == wanted)
}
