//! Playing a request through: the very line that requests take, with somebody looking on, and nothing forwarded,
//! counted, held or noted.

use crate::{
    admit::Stopped,
    gateway::Gateway,
    look::BodyFrom,
    onlook::{Notebook, Onlooker, Rehearsal, Sample, Step},
    peer::Peer,
    policy::cors::CrossOrigin,
    problem,
    refuse::No,
    route::{RouteFault, Routes},
};
use access::Origin;
use http::{HeaderValue, Request, Version, header::HOST, request::Parts};
use std::sync::Arc;

impl Gateway {
    /// What would become of this request, by the routes in force or by those that this JSON array describes.
    ///
    /// # Errors
    /// Every mistake in the routes.
    pub async fn rehearse(&self, sample: Sample, routes: Option<&str>) -> Result<Rehearsal, Vec<RouteFault>> {
        let routes = match routes {
            Some(json) => {
                self.check_routes(json)?;
                Arc::new(Routes::parse(json, &self.0.settings.hosts)?)
            }
            None => self.0.routes.load_full(),
        };
        let mut notes = Notebook::default();
        let stopped = self.play(&sample, &routes, &mut notes).await;
        let mut rehearsal = Rehearsal { steps: notes.0, status: None, code: None };
        let no = match stopped {
            Ok(()) => return Ok(rehearsal),
            Err(Stopped::No(no)) => no,
            Err(Stopped::Elsewhere(_)) => return Ok(rehearsal),
            Err(Stopped::SignIn { tenant, .. }) => {
                let how = format!("a browser is sent to the sign-in page of {}", tenant.record.slug);
                rehearsal.steps.push(Step { step: "caller", passed: false, how });
                return Ok(Rehearsal { status: Some(303), ..rehearsal });
            }
        };
        let entry = no.problem.entry();
        let how =
            [Some(entry.title), no.detail.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        rehearsal.steps.push(Step { step: no.problem.code(), passed: false, how });
        Ok(Rehearsal { status: Some(entry.status), code: Some(no.problem.code()), ..rehearsal })
    }

    async fn play(&self, sample: &Sample, routes: &Routes, notes: &mut Notebook) -> Result<(), Stopped> {
        let parts = parts_of(sample)?;
        let peer = Peer::new(sample.address, sample.uri.scheme_str() == Some("https"));
        if let Some(cross) = CrossOrigin::of(routes, &parts, &peer)
            && let Some(answer) = cross.answer(&parts)
        {
            answer?;
            notes.passed("cors", || "a page may ask; the answer is given here".into());
            return Ok(());
        }
        let asks = (&peer, BodyFrom::Sample(sample.body.clone()));
        let admitted = self.admit_before(&parts, asks, Origin::REHEARSAL, routes, notes).await?;
        let deployment = self.0.deployments.get(admitted.deployment);
        if !deployment.is_some_and(|deployment| deployment.has_upstreams()) {
            return Err(problem::NO_UPSTREAM.into());
        }
        notes.passed("backend", || "the deployment has backends".into());
        Ok(())
    }
}

/// The head as it would arrive over HTTP/1.1.
fn parts_of(sample: &Sample) -> Result<Parts, No> {
    let bad = || No::because(problem::BAD_HOST);
    let target = sample.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = Request::builder().method(sample.method.clone()).uri(target).version(Version::HTTP_11);
    let (mut parts, ()) = request.body(()).map_err(|_| bad())?.into_parts();
    parts.headers = sample.headers.clone();
    if !parts.headers.contains_key(HOST) {
        let host = sample.uri.authority().ok_or_else(bad)?.as_str();
        parts.headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| bad())?);
    }
    Ok(parts)
}
