//! Checking what a route reads of bodies.

use super::{Audience, BodyName, MapBy, Route, RouteSpec, check::Faults};
use crate::{
    limits,
    look::{BodyKind, Reads},
    named_in_body::{BodyPlace, NamedInBody},
};

fn reads(spec: &RouteSpec, kinds: &[BodyKind]) -> Reads {
    Reads { kinds: kinds.into(), most: spec.body_read.min(spec.most_body) }
}

impl Faults {
    /// Which bodies expressions look into.
    pub(super) fn reads(&mut self, spec: &RouteSpec) -> Option<Reads> {
        if spec.body_read == 0 || spec.body_read > limits::MOST_BODY_READ {
            self.say("body_read", format!("must be 1 to {}", limits::MOST_BODY_READ));
        }
        let says_other = match &spec.body {
            Some(BodyName::Pointer(_)) => spec.reads_body.iter().any(|kind| *kind != BodyKind::Json),
            Some(BodyName::Field(_)) => spec.reads_body.iter().any(|kind| *kind != BodyKind::Form),
            None => false,
        };
        if says_other && spec.map_by.contains(&MapBy::Body) {
            self.say("reads_body", "the tenant is named in bodies of one kind, and no others are taken here");
        }
        (!spec.reads_body.is_empty()).then(|| reads(spec, &spec.reads_body))
    }

    /// What expressions speak of is read, or they would never say anything.
    pub(super) fn read_what_they_speak_of(&mut self, route: &Route) {
        for (word, kind, name) in [("body", BodyKind::Json, "json"), ("form", BodyKind::Form, "form")] {
            let is_read = route.reads.as_ref().is_some_and(|reads| reads.kinds.contains(&kind));
            if !is_read && route.expressions().any(|expression| expression.speaks_of(word)) {
                let what =
                    format!("must hold `{name}`, because an expression of the route speaks of `{word}`");
                self.say("reads_body", what);
            }
        }
    }

    /// Where the body names the tenant.
    pub(super) fn body(&mut self, spec: &RouteSpec, maps: bool) -> Option<NamedInBody> {
        let named = match (&spec.body, maps) {
            (None, false) => return None,
            (Some(named), true) => named,
            (None, true) => {
                self.say("body", "is missing, and the route maps by it: {\"pointer\": \"/tenant\"} or {\"field\": \"tenant\"}");
                return None;
            }
            (Some(_), false) => {
                self.say("body", "names the tenant only where map_by holds `body`");
                return None;
            }
        };
        if spec.audience == Audience::Browser {
            self.say(
                "map_by",
                "a body cannot name the tenant on a browser-facing route; set audience to `api`",
            );
        }
        let place = match named {
            BodyName::Field(name) => BodyPlace::Field(self.parameter("body", name)?),
            BodyName::Pointer(pointer) => {
                let keys: Vec<Box<str>> = pointer
                    .split('/')
                    .skip(1)
                    .map(|key| key.replace("~1", "/").replace("~0", "~").into())
                    .collect();
                if !pointer.starts_with('/') || keys.len() > 8 || keys.iter().any(|key| key.is_empty()) {
                    self.say(
                        "body",
                        "the pointer begins with `/` and has 1 to 8 names, such as /order/tenant",
                    );
                    return None;
                }
                BodyPlace::Pointer(keys.into())
            }
        };
        let kind = if matches!(place, BodyPlace::Field(_)) { BodyKind::Form } else { BodyKind::Json };
        Some(NamedInBody { place, reads: reads(spec, &[kind]) })
    }
}
