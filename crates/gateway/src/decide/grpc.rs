//! Envoy's questions over gRPC: the same, in another form.

use super::{
    Decision,
    front::{Heard, read_method, read_target},
};
use crate::{
    Fronts,
    forwarded::{Unclear, is_https, once},
    gateway::Gateway,
    headers::names,
    problem,
    refuse::{No, Reader},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use protocol::ext_authz::{Answer, Asked, BadQuestion};

impl Gateway {
    /// Answers the message of a call to `envoy.service.auth.v3.Authorization/Check`.
    ///
    /// # Errors
    /// [`BadQuestion`] for what is no such message.
    pub async fn check(&self, message: &[u8], fronts: &Fronts) -> Result<Vec<u8>, BadQuestion> {
        let asked = Asked::read(message)?;
        let question = match hear(&asked, fronts) {
            Ok(heard) => self.shown(heard.question(false), fronts),
            Err(Unclear) => Err((No::because(problem::FORWARDED), Reader::of_program())),
        };
        Ok(match self.decide(question).await {
            Decision::Allow { set, remove } => {
                let remove: Vec<_> = remove.iter().map(HeaderName::as_str).collect();
                Answer::Allow { set: pairs(&set), remove: &remove }.write()
            }
            Decision::Refuse(response) => refusal(response),
        })
    }
}

fn refusal(response: Response<crate::Body>) -> Vec<u8> {
    let (head, body) = response.into_parts();
    Answer::Refuse { status: head.status.as_u16(), set: pairs(&head.headers), body: &body.own() }.write()
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}

fn hear(asked: &Asked, fronts: &Fronts) -> Result<Heard, Unclear> {
    let mut headers = HeaderMap::new();
    // Pseudo-header fields begin with a colon, which is no name.
    for (name, value) in &asked.headers {
        if let Ok(name) = name.parse::<HeaderName>() {
            headers.append(name, HeaderValue::from_bytes(value).map_err(|_| Unclear)?);
        }
    }
    let source = asked.source.parse().map_err(|_| Unclear)?;
    let https = once(&headers, &names::FORWARDED_PROTO)?.ok_or(Unclear)?;
    Ok(Heard {
        method: read_method(&asked.method)?,
        target: read_target(asked.path.as_bytes())?,
        host: asked.host.clone(),
        client: fronts.client(source, &headers),
        https: is_https(https)?,
        headers,
    })
}
