//! The answers that are the gateway's own: every one of them, with its status and its words. `web` has
//! the pages that explain the codes; `docs/bad-input.md` says what leads to each.

/// A kind of answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its status.
    pub status: u16,
    /// Its stable code, and the end of the address of the page that explains it.
    pub code: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What the reader can do.
    pub advice: &'static str,
}

macro_rules! problems {
    ($($name:ident = $status:literal $code:literal $title:literal $advice:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: Problem =
                Problem { status: $status, code: $code, title: $title, advice: $advice };
        )*
        /// Every answer of the gateway's own.
        pub static ALL: &[&Problem] = &[$(&$name),*];
    };
}

problems! {
    BAD_HOST = 400 "request.host" "This request does not name its host in a form that is accepted."
        "Send one host name, with a port at most, and the same one everywhere in the request.";
    BAD_PATH = 400 "request.path" "This address holds a path that is not accepted."
        "Write the path without dot segments and without encoded zero bytes.";
    BAD_BODY = 400 "request.body" "The body of this request broke off or is malformed."
        "Send the request again.";
    TENANT_UNNAMED = 400 "tenant.unnamed" "This request does not say which tenant it is for."
        "Name the tenant as the detail says.";
    SESSION_NEEDED = 401 "session.needed" "Please sign in first."
        "Sign in, then try again.";
    TENANT_UNKNOWN = 403 "tenant.unknown" "There is nothing here for you."
        "Check the address. If it is right, ask whoever gave it to you.";
    READ_ONLY = 403 "tenant.read-only" "This organisation can be read but not changed at the moment."
        "Ask your administrator when changes will be possible again.";
    CROSS_SITE = 403 "request.cross-site" "This request was made by a page of another site."
        "Open the application itself and try again there.";
    FORBIDDEN = 403 "action.forbidden" "You may not do this."
        "Ask your administrator for the role that it needs.";
    NOTHING_HERE = 404 "path.unknown" "There is no such page."
        "Check the address.";
    BAD_METHOD = 405 "request.method" "This method is not accepted here."
        "Use another method.";
    TOO_SLOW = 408 "request.timeout" "The body of this request did not arrive in time."
        "Send the request again.";
    TOO_LARGE = 413 "request.too-large" "The body of this request is larger than is accepted here."
        "Send less at a time.";
    LONG_TARGET = 414 "request.target-too-long" "This address is longer than is accepted."
        "Send long values in the body.";
    BAD_EXPECTATION = 417 "request.expectation" "This request expects what is not offered here."
        "Send it without the Expect header.";
    BUSY = 429 "limit.requests" "This organisation sends more requests than its plan allows."
        "Wait a second, then try again.";
    LONG_HEAD = 431 "request.head-too-large" "The header fields of this request are larger than is accepted."
        "Remove cookies of this site, then try again.";
    BAD_CODING = 501 "request.transfer-coding" "This request uses a transfer coding that is not known here."
        "Send the body chunked or with a Content-Length.";
    UNREACHABLE = 502 "upstream.unreachable" "The application cannot be reached."
        "Try again in a moment.";
    BROKEN = 502 "upstream.broken" "The application gave an answer that cannot be understood."
        "Try again in a moment.";
    NO_UPSTREAM = 503 "upstream.none" "The application is not set up yet."
        "Ask whoever runs it.";
    CROWDED = 503 "upstream.busy" "The application is busy."
        "Try again in a moment.";
    MAINTENANCE = 503 "tenant.maintenance" "This organisation is being worked on."
        "Try again later.";
    CLOSED = 503 "tenant.closed" "This organisation is closed at the moment."
        "Ask your administrator.";
    OUT_OF_TOUCH = 503 "node.out-of-touch" "This service has lost touch with its database."
        "Try again in a moment.";
    TIMEOUT = 504 "upstream.timeout" "The application did not answer in time."
        "Try again in a moment.";
    LOOP = 508 "request.loop" "This request is going in circles."
        "Tell whoever runs this: an upstream leads back to the gateway.";
}

impl Problem {
    /// Seconds after which trying again makes sense, for `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<&'static str> {
        match self.code {
            "tenant.maintenance" | "tenant.closed" => Some("60"),
            "limit.requests" | "upstream.busy" => Some("1"),
            "node.out-of-touch" | "upstream.unreachable" | "upstream.timeout" => Some("5"),
            _ => None,
        }
    }
}
