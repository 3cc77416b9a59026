//! Screening: which shapes of requests a route takes, before anybody asks whose they are. A screen that only
//! detects says in the log what it would have refused, so that an operator can try it out on real requests.

use super::{
    Say,
    attack::{AttackSpec, Attacks},
};
use crate::expression::{self, ASKED};
use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use protocol::expression::Expression;
use serde::{Deserialize, Serialize};

/// A screen as an operator writes it. What is left out is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreenSpec {
    /// A condition (CEL): requests of which it does not hold are not screened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether it refuses or only says what it would have refused.
    #[serde(default)]
    pub mode: Mode,
    /// How many parameters a query may have.
    #[serde(default)]
    pub most_parameters: Option<usize>,
    /// How many bytes one parameter may have, its name included.
    #[serde(default)]
    pub most_parameter_bytes: Option<usize>,
    /// How many header fields there may be.
    #[serde(default)]
    pub most_fields: Option<usize>,
    /// How many bytes a body may be said to have. One that does not say is bounded by `most_body` of the route.
    #[serde(default)]
    pub most_body: Option<u64>,
    /// What attacks look like.
    #[serde(default)]
    pub attacks: Option<AttackSpec>,
    /// What kinds of bodies are taken, such as `application/json`. A request without a body needs none.
    #[serde(default)]
    pub content_types: Vec<String>,
}

/// What a screen does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It says what it would have refused.
    Detect,
    /// It refuses.
    #[default]
    Block,
}

/// A screen that was checked.
#[derive(Debug)]
pub(crate) struct Screen {
    spec: ScreenSpec,
    pub(crate) when: Option<Expression>,
    pub(crate) attacks: Option<Attacks>,
}

impl Screen {
    pub(super) fn of(spec: &ScreenSpec, most: u64, say: Say<'_>) -> Self {
        for kind in &spec.content_types {
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/+-.*".contains(&byte);
            if kind.split('/').filter(|part| !part.is_empty()).count() != 2 || !kind.bytes().all(plain) {
                say(
                    "policies.screen",
                    format!("content_types: `{kind}` is none such as `application/json` or `image/*`"),
                );
            }
        }
        let when = spec.when.as_deref().and_then(|source| {
            expression::read(source, ASKED, |what| say("policies.screen", format!("when: {what}")))
        });
        let attacks = spec.attacks.as_ref().map(|attacks| Attacks::of(attacks, most, say));
        Screen { spec: spec.clone(), when, attacks }
    }

    pub(crate) fn blocks(&self) -> bool {
        self.spec.mode == Mode::Block
    }

    /// Why this request is not taken, in words that name the rule.
    pub(crate) fn stops(&self, parts: &Parts) -> Option<String> {
        let ScreenSpec { most_parameters, most_parameter_bytes, most_fields, most_body, .. } = &self.spec;
        let parameters = || parts.uri.query().into_iter().flat_map(|query| query.split('&'));
        let over = |most: Option<usize>, is: &dyn Fn() -> usize| most.filter(|most| is() > *most);
        if let Some(most) = over(*most_parameters, &|| parameters().count()) {
            return Some(format!("most_parameters: a query may have {most} parameters here."));
        }
        if let Some(most) = over(*most_parameter_bytes, &|| parameters().map(str::len).max().unwrap_or(0)) {
            return Some(format!("most_parameter_bytes: a parameter may have {most} bytes here."));
        }
        if let Some(most) = over(*most_fields, &|| parts.headers.len()) {
            return Some(format!("most_fields: a request may have {most} header fields here."));
        }
        if let Some(most) = most_body.filter(|most| length(&parts.headers) > *most) {
            return Some(format!("most_body: a body may have {most} bytes here."));
        }
        let kind_is_wrong = !self.spec.content_types.is_empty() && !self.takes_kind(&parts.headers);
        kind_is_wrong
            .then(|| format!("content_types: bodies are {} here.", self.spec.content_types.join(", ")))
    }

    fn takes_kind(&self, headers: &HeaderMap) -> bool {
        let has_body = headers.contains_key(http::header::TRANSFER_ENCODING) || length(headers) > 0;
        let mut kinds = headers.get_all(CONTENT_TYPE).iter();
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            return !has_body && headers.get(CONTENT_TYPE).is_none();
        };
        let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        self.spec.content_types.iter().any(|taken| match taken.strip_suffix('*') {
            Some(family) => kind.len() > family.len() && kind[..family.len()].eq_ignore_ascii_case(family),
            None => kind.eq_ignore_ascii_case(taken),
        })
    }
}

fn length(headers: &HeaderMap) -> u64 {
    let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    said.and_then(|said| said.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn screen(json: &str) -> Screen {
        Screen::of(&serde_json::from_str(json).unwrap(), 1, &mut |_, what| panic!("{what}"))
    }

    fn stops(screen: &Screen, target: &str, fields: &[(&str, &str)]) -> Option<String> {
        let request = fields
            .iter()
            .fold(Request::builder().uri(target), |request, (name, value)| request.header(*name, *value));
        screen.stops(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_rule_that_stops_a_request_is_named() {
        let screen = screen(
            r#"{"most_parameters": 2, "most_parameter_bytes": 8, "most_fields": 2, "most_body": 10,
                "content_types": ["application/json", "image/*"]}"#,
        );
        let json = ("content-type", "application/json; charset=utf-8");
        for (target, fields, rule) in [
            ("/x?a=1&b=2", &[][..], None),
            ("/x?a=1&b=2&c=3", &[], Some("most_parameters:")),
            ("/x?a=1234567", &[], Some("most_parameter_bytes:")),
            ("/x", &[("a", "1"), ("b", "2"), ("c", "3")], Some("most_fields:")),
            ("/x", &[json, ("content-length", "10")], None),
            ("/x", &[json, ("content-length", "11")], Some("most_body:")),
            ("/x", &[("content-type", "IMAGE/png")], None),
            ("/x", &[("content-type", "text/html")], Some("content_types:")),
            ("/x", &[("content-length", "1")], Some("content_types:")),
        ] {
            let said = stops(&screen, target, fields);
            assert_eq!(said.is_some(), rule.is_some(), "{target} {fields:?}: {said:?}");
            assert!(said.unwrap_or_default().starts_with(rule.unwrap_or_default()));
        }
    }

    #[test]
    fn a_kind_that_is_none_is_refused() {
        let mut faults = 0;
        let spec = serde_json::from_str(r#"{"content_types": ["json", "text/", "Text/HTML"]}"#).unwrap();
        Screen::of(&spec, 1, &mut |_, _| faults += 1);
        assert_eq!(faults, 3);
    }
}
