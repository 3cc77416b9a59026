//! Deciding for another proxy: the same line as a request that is forwarded here, up to the point where it
//! would be forwarded. The proxy in front then does that, with what the backend is told.
//!
//! The front says in headers of its own what it was asked ([`Front`]); whoever else says so is not heard, which
//! is the listener's business. A front sends the path as it came, so a route that would change it is refused.

mod answer;
mod front;
mod grpc;

pub use front::Front;

use crate::{
    admit::{Admitted, Stopped},
    body::Body,
    certificate::{CERTIFICATE, CHAIN},
    forwarded::{Fronts, Unclear},
    gateway::{Gateway, log},
    headers::names,
    peer::Peer,
    policy::rewrite,
    problem, proxy,
    refuse::{No, Reader},
    route::Place,
};
use access::Origin;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response,
    header::{AUTHORIZATION, COOKIE},
    request::Parts,
};
use tokio::time::Instant;

/// What a front asks: may this request pass?
pub(crate) struct Question {
    /// The request as the client sent it to the front.
    parts: Parts,
    /// Who sent it.
    peer: Peer,
    /// Whether the front wants no more than the head of our answer.
    head_only: bool,
}

/// The answer.
pub(crate) enum Decision {
    /// It may, with these fields in place of any of the same name, and without those.
    Allow { set: HeaderMap, remove: Vec<HeaderName> },
    /// It may not, and this is what the client is told.
    Refuse(Response<Body>),
}

/// Fields that may hold a credential, which no backend sees.
const CREDENTIALS: [HeaderName; 4] = [COOKIE, AUTHORIZATION, CERTIFICATE, CHAIN];
/// What a backend is told at most, besides the field that a route writes the tenant into.
const TOLD: [HeaderName; 9] = [
    names::CONTEXT,
    names::PROOF,
    names::TENANT,
    names::TENANT_SLUG,
    names::USER,
    names::ROLES,
    names::SUBSCRIBER,
    names::SCOPES,
    names::REQUEST_ID,
];

impl Gateway {
    /// The question with the certificate that the client has shown to the front, where fronts say that.
    fn shown(&self, question: Question, fronts: &Fronts) -> Result<Question, (No, Reader)> {
        if !fronts.certificates {
            return Ok(question);
        }
        match self.certificate_said(&question.parts.headers) {
            Ok(shown) => Ok(Question { peer: question.peer.with_certificate(shown), ..question }),
            Err(Unclear) => Err((No::because(problem::FORWARDED), Reader::of(&question.parts))),
        }
    }

    /// Whether a request may pass that another proxy will forward.
    async fn decide(&self, question: Result<Question, (No, Reader)>) -> Decision {
        let (id, id_text) = self.request_id();
        let (question, reader) = match question {
            Ok(question) => {
                let reader = Reader::of(&question.parts).with_head_only(question.head_only);
                (Ok(question), reader)
            }
            Err((no, reader)) => (Err(no), reader),
        };
        let decided = match question {
            Ok(question) => self.weigh(&question, Origin { request: id }, &id_text).await,
            Err(no) => Err(no),
        };
        let mut decision =
            decided.unwrap_or_else(|no| Decision::Refuse(self.0.refusals.answer(&no, &reader)));
        let headers = match &mut decision {
            Decision::Allow { set, .. } => set,
            Decision::Refuse(response) => response.headers_mut(),
        };
        headers.insert(names::REQUEST_ID, id_text);
        decision
    }

    async fn weigh(&self, question: &Question, origin: Origin, id: &HeaderValue) -> Result<Decision, No> {
        let begun = Instant::now();
        let Question { parts, peer, .. } = question;
        let admitted = match self.admit(parts, peer, origin).await {
            Ok(admitted) => admitted,
            Err(Stopped::No(no)) => return Err(no),
            // The proxy in front forwards by itself.
            Err(Stopped::Elsewhere(_)) => return Err(No::because(problem::NO_UPSTREAM)),
            Err(Stopped::SignIn { tenant, shared }) => {
                return self.send_to_sign_in(parts, &tenant, shared).map(Decision::Refuse);
            }
        };
        if !forwards_as_it_came(&admitted, parts) {
            return Err(No::because(problem::REWRITES));
        }
        let decision = self.tell(&admitted, question, id)?;
        admitted.account.count_request();
        log(&admitted, &parts.method, 200, begun.elapsed());
        Ok(decision)
    }

    /// What the backend is told: by the same hand that writes it when the request is forwarded here.
    fn tell(&self, admitted: &Admitted, question: &Question, id: &HeaderValue) -> Result<Decision, No> {
        let Question { parts, peer, .. } = question;
        let Admitted { route, tenant, target, websocket, .. } = admitted;
        let deployment = self.0.deployments.get(admitted.deployment);
        let deployment = deployment.ok_or_else(|| No::because(problem::NO_UPSTREAM))?;
        let told = self.0.contexts.of(tenant, admitted.deployment, admitted.pass.caller());
        let mut headers = parts.headers.clone();
        proxy::write_headers(&mut headers, target, route, &tenant.record, peer, *websocket);
        let rules = &route.policies.request_headers;
        rewrite::write(rules, &admitted.said.headers, &mut headers, &tenant.record, admitted.pass.caller());
        told.write(&mut headers);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        headers.insert(names::PROOF, self.proof(parts.method.as_str(), path, &told, &deployment.proof));
        headers.insert(names::REQUEST_ID, id.clone());

        let key = [route.key_header.clone()];
        let written = route.write.as_ref().and_then(|write| match &write.place {
            Place::Header(name) => Some(name.clone()),
            _ => None,
        });
        let ruled = rules.iter().map(|rule| rule.name().clone());
        let (mut set, mut remove) = (HeaderMap::new(), Vec::new());
        for name in TOLD.into_iter().chain(CREDENTIALS).chain(key).chain(written).chain(ruled) {
            if !headers.contains_key(&name) {
                remove.push(name);
            } else if !set.contains_key(&name) {
                headers.get_all(&name).iter().for_each(|value| {
                    set.append(&name, value.clone());
                });
            }
        }
        Ok(Decision::Allow { set, remove })
    }
}

/// Whether the backend is to get the very path and host that the client asked for.
fn forwards_as_it_came(admitted: &Admitted, parts: &Parts) -> bool {
    let target = &admitted.target;
    target.uri.path_and_query() == parts.uri.path_and_query() && target.host == target.asked_host
}
