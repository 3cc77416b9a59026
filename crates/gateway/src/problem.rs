//! Which answers are the gateway's own. Their statuses and words stand in `web::catalogue`, with everybody
//! else's; `docs/bad-input.md` says what leads to each.

use web::catalogue::{Entry, find};

/// An answer of the gateway's own, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Problem(&'static str);

impl Problem {
    /// Its stable code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// Its status and its words.
    pub fn entry(self) -> &'static Entry {
        find(self.0).expect("a test holds the catalogue to every code")
    }
}

macro_rules! problems {
    ($($name:ident = $code:literal;)*) => {
        $(pub(crate) const $name: Problem = Problem($code);)*
        /// Every answer of the gateway's own.
        pub const ALL: &[Problem] = &[$($name),*];
    };
}

problems! {
    BAD_HOST = "request.host";
    BAD_PATH = "request.path";
    FORWARDED = "request.forwarded";
    BAD_BODY = "request.body";
    BODY_TYPE = "request.body-type";
    BODY_WITHHELD = "decide.body";
    BODY_UNREADABLE = "request.body-unreadable";
    BEARER_AUDIENCE = "bearer.audience";
    BEARER_EARLY = "bearer.not-yet";
    BEARER_ENDED = "bearer.ended";
    BEARER_EXPIRED = "bearer.expired";
    BEARER_ISSUER = "bearer.issuer";
    BEARER_KEYS = "bearer.keys-away";
    BEARER_NEEDED = "bearer.needed";
    BEARER_REFUSED = "bearer.refused";
    BEARER_TENANT = "bearer.tenant";
    CERTIFICATE_EARLY = "certificate.not-yet";
    CERTIFICATE_EXPIRED = "certificate.expired";
    CERTIFICATE_NEEDED = "certificate.needed";
    CERTIFICATE_PURPOSE = "certificate.purpose";
    CERTIFICATE_REFUSED = "certificate.refused";
    CERTIFICATE_REVOKED = "certificate.revoked";
    CERTIFICATE_STATUS = "certificate.status-unknown";
    CERTIFICATE_UNKNOWN = "certificate.unknown";
    CERTIFICATE_UNMAPPED = "certificate.unmapped";
    CONNECTIONS = "limit.connections";
    CREDENTIAL_KIND = "credential.kind";
    SEVERAL_CREDENTIALS = "credential.several";
    KEY_EXCHANGE = "key.exchange-needed";
    KEY_EXPIRED = "key.expired";
    KEY_NEEDED = "key.needed";
    KEY_NETWORK = "key.network";
    KEY_REFUSED = "key.refused";
    ROLE_MISSING = "role.missing";
    SCOPE_MISSING = "scope.missing";
    GUESSING = "limit.exceeded";
    TENANT_UNNAMED = "tenant.unnamed";
    SESSION_NEEDED = "session.needed";
    TENANT_UNKNOWN = "tenant.unknown";
    READ_ONLY = "tenant.read-only";
    CROSS_SITE = "request.cross-site";
    FORBIDDEN = "action.forbidden";
    NOTHING_HERE = "path.unknown";
    BAD_METHOD = "request.method";
    TOO_SLOW = "request.timeout";
    TOO_LARGE = "request.too-large";
    LONG_TARGET = "request.target-too-long";
    BAD_EXPECTATION = "request.expectation";
    BUSY = "limit.requests";
    PRODUCT_CLOSED = "product.closed";
    SUBSCRIPTION = "product.subscription";
    RATE = "limit.rate";
    IN_FLIGHT = "limit.in-flight";
    SOCKETS = "limit.websockets";
    SHARE = "limit.share";
    ADDRESS = "address.refused";
    EXPRESSION = "request.expression";
    ATTACK = "request.attack";
    SCREENED = "request.screened";
    CROSS_ORIGIN = "request.cross-origin";
    LONG_HEAD = "request.head-too-large";
    BAD_CODING = "request.transfer-coding";
    UNREACHABLE = "upstream.unreachable";
    BROKEN = "upstream.broken";
    NO_UPSTREAM = "upstream.none";
    DOWN = "upstream.down";
    CROWDED = "upstream.busy";
    MAINTENANCE = "tenant.maintenance";
    CLOSED = "tenant.closed";
    OUT_OF_TOUCH = "node.out-of-touch";
    TIMEOUT = "upstream.timeout";
    REWRITES = "decide.rewrites";
    CHANGED = "decide.changed";
    LOOP = "request.loop";
    HOP = "request.hop";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_words_and_no_two_are_the_same() {
        for (at, problem) in ALL.iter().enumerate() {
            assert!(find(problem.code()).is_some(), "{} is not in the catalogue", problem.code());
            assert!(!ALL[..at].contains(problem), "{} stands here twice", problem.code());
        }
    }
}
