//! Every problem there is: code, status, title and advice. The single truth; `docs/problems.md` and the
//! pages under `/problems/` are made from it.
//!
//! To add one, add an entry in alphabetical order and run this crate's tests with `WRITE_DOCS=1` in the
//! environment, which writes the document anew.

/// One problem.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// For example `member.unknown`: noun, dot, what is the matter.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The problem in one line, for the person who sees it.
    pub title: &'static str,
    /// What to do about it. The same for everybody who has this problem.
    pub advice: &'static str,
    /// After how many seconds another try makes sense, where it does.
    pub retry_after: Option<u64>,
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Entry> {
    let at = CATALOGUE.binary_search_by(|entry| entry.code.cmp(code)).ok()?;
    Some(&CATALOGUE[at])
}

const fn entry(code: &'static str, status: u16, title: &'static str, advice: &'static str) -> Entry {
    Entry { code, status, title, advice, retry_after: None }
}

impl Entry {
    const fn again_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// All of them, in alphabetical order of their codes.
pub static CATALOGUE: &[Entry] = &[
    entry(
        "action.forbidden",
        403,
        "You may not do this",
        "You are known here, but none of your roles holds the right that this needs. An admin of the organisation can give you one.",
    ),
    entry(
        "callback.malformed",
        400,
        "The provider's answer cannot be read",
        "What came back from the identity provider is not what the standard prescribes. Begin the sign-in again; if it happens again, the provider's setup is wrong.",
    ),
    entry(
        "callback.state",
        400,
        "This sign-in was not begun in this browser, or it was finished already",
        "Begin the sign-in again, in one browser and without going back.",
    ),
    entry(
        "credential.invalid",
        401,
        "The credential is not valid",
        "The token is unknown, altered or ended, or it is of a kind that is not read here. Make a new one, or leave the Authorization header out.",
    ),
    entry(
        "csrf.refused",
        403,
        "This did not come from a page of ours",
        "A change that a browser asks for must come from a page of the very same address. Load the page again and repeat what you did. A script sends a token instead of a cookie, or the header Origin.",
    ),
    entry(
        "input.invalid",
        422,
        "Some of this cannot be accepted",
        "The values that are wrong are listed, each with what it should be.",
    ),
    entry(
        "input.malformed",
        400,
        "This cannot be read",
        "The body, query or path is not in the form that it claims to be.",
    ),
    entry(
        "input.slow",
        408,
        "The body took too long to arrive",
        "Send it again over a better line, or send less at once.",
    ),
    entry(
        "input.too-large",
        413,
        "This is too large",
        "Send less at once. The description of the API says how much is taken.",
    ),
    entry(
        "input.type",
        415,
        "This kind of body is not taken here",
        "Send application/json to the API; forms are sent by pages.",
    ),
    entry(
        "internal",
        500,
        "Something went wrong on our side",
        "It is in the log under the request's id. Trying again may help; telling the operator that id certainly does.",
    ),
    entry(
        "item.unknown",
        404,
        "There is nothing here by that name",
        "It does not exist, it was removed, or you may not know of it.",
    ),
    entry(
        "limit.exceeded",
        429,
        "Too many attempts",
        "Wait for as many seconds as Retry-After says, then try again.",
    ).again_after(30),
    entry(
        "method.not-allowed",
        405,
        "This address does not do that",
        "The header Allow lists the methods that this address takes.",
    ),
    entry(
        "node.out-of-touch",
        503,
        "We cannot check who you are just now",
        "This node has not heard from the database for a while and will not guess. It will be back as soon as the database is.",
    ).again_after(5),
    entry(
        "outbound.forbidden-address",
        422,
        "That address is not reachable from here, on purpose",
        "The name leads to a private or special network range. An operator can allow named private providers; loopback works only in the development setting.",
    ),
    entry(
        "outbound.insecure",
        422,
        "That address is not https",
        "Use an https address. Plain http is taken for loopback addresses in the development setting only.",
    ),
    entry(
        "outbound.protocol",
        502,
        "The other side does not speak HTTP as it should",
        "Check that the address is right and that nothing in between answers in its place.",
    ),
    entry(
        "outbound.timeout",
        504,
        "The other side did not answer in time",
        "Try again; if it stays silent, ask those who run it.",
    ).again_after(10),
    entry(
        "outbound.tls",
        502,
        "The other side's certificate is not to be trusted",
        "It is expired, for another name, or from an authority that we do not know.",
    ),
    entry(
        "outbound.too-large",
        502,
        "The other side's answer is too large",
        "Check that the address is the one that the setup asks for.",
    ),
    entry(
        "outbound.unreachable",
        502,
        "The other side cannot be reached",
        "Check the name and the port, and that it is up.",
    ).again_after(10),
    entry(
        "outbound.url",
        422,
        "That is not an address that can be called",
        "Give a whole address: scheme, host and path, with no user name in it.",
    ),
    entry(
        "provider.answer",
        502,
        "The identity provider's answer makes no sense",
        "It answered, but not as OpenID Connect prescribes. The connection's test page says what exactly was wrong.",
    ),
    entry(
        "provider.issuer-mismatch",
        502,
        "The identity provider calls itself something else",
        "The issuer in its metadata must be, letter for letter, the issuer that the connection names.",
    ),
    entry(
        "provider.keys",
        502,
        "The identity provider's keys cannot be used",
        "Its key set is empty, malformed, or holds no key of an algorithm that we take.",
    ),
    entry(
        "provider.metadata",
        502,
        "The identity provider's metadata cannot be used",
        "The document under /.well-known/openid-configuration lacks something or is malformed.",
    ),
    entry(
        "provider.refused",
        403,
        "The identity provider said no",
        "The sign-in was cancelled or refused there. Its own log says why.",
    ),
    entry(
        "route.unknown",
        404,
        "There is nothing at this address",
        "Check the address; the description of the API lists all there are.",
    ),
    entry(
        "session.needed",
        401,
        "Please sign in",
        "You are not signed in, or your session has ended.",
    ),
    entry(
        "store.busy",
        503,
        "The database is busy",
        "Nothing was changed. Try again in a moment.",
    ).again_after(1),
    entry(
        "store.conflict",
        409,
        "Somebody else changed this at the same time",
        "Nothing was changed. Load it again and repeat what you did.",
    ),
    entry(
        "store.full",
        507,
        "There is no room left",
        "Nothing was changed. The operator has to make room on the disk of the database.",
    ).again_after(60),
    entry(
        "store.unavailable",
        503,
        "The database cannot be reached",
        "Nothing was changed. Try again in a moment.",
    ).again_after(5),
    entry(
        "tenant.closed",
        403,
        "This organisation is closed",
        "The operator has closed it. Ask those who run the service.",
    ),
    entry(
        "tenant.maintenance",
        503,
        "This organisation is being worked on",
        "It will be back shortly; nothing is lost.",
    ).again_after(120),
    entry(
        "tenant.read-only",
        403,
        "This organisation is read-only at the moment",
        "Looking is possible, changing is not.",
    ),
    entry(
        "tenant.unknown",
        403,
        "You cannot go there",
        "There is no such organisation, or it is not one that you belong to. The address tells which one is meant; perhaps you are signed in as somebody else.",
    ),
    entry(
        "token.access-token",
        401,
        "The provider's two tokens do not belong together",
        "The ID token's hash is not that of the access token beside it. Begin the sign-in again.",
    ),
    entry(
        "token.algorithm",
        401,
        "The token is signed with an algorithm that is not taken",
        "The provider must sign with one of the algorithms that its connection allows, and never with none.",
    ),
    entry(
        "token.audience",
        401,
        "The token is for somebody else",
        "The client id of the connection must be in the token's audience.",
    ),
    entry(
        "token.expired",
        401,
        "The token has expired",
        "Begin again. If it happens every time, a clock is wrong: ours or the provider's.",
    ),
    entry(
        "token.issuer",
        401,
        "The token is from another issuer",
        "The issuer in the token must be, letter for letter, the one that the connection names.",
    ),
    entry(
        "token.malformed",
        401,
        "The token cannot be read",
        "It is not a signed token of the form that is expected here.",
    ),
    entry(
        "token.nonce",
        401,
        "The token is not from this sign-in",
        "Its nonce is not the one that was sent along. Begin the sign-in again.",
    ),
    entry(
        "token.not-yet",
        401,
        "The token is not valid yet",
        "A clock is wrong: ours or the provider's.",
    ),
    entry(
        "token.signature",
        401,
        "The token's signature is not sound",
        "It was altered, or signed with another key than it says.",
    ),
    entry(
        "token.stale",
        401,
        "The sign-in at the provider is too long ago",
        "The connection asks for a fresh one. Begin the sign-in again.",
    ),
    entry(
        "token.subject",
        401,
        "The token names nobody",
        "It has no subject, or one that is too long to be one.",
    ),
    entry(
        "token.type",
        401,
        "The token is of another kind",
        "A token that was made for one purpose is not taken for another.",
    ),
    entry(
        "token.unknown-key",
        401,
        "The token is signed with a key that nobody knows",
        "The provider's key set does not hold it, not even after fetching it again.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_alphabetical_and_written_in_sentences() {
        assert!(CATALOGUE.windows(2).all(|pair| pair[0].code < pair[1].code));
        for entry in CATALOGUE {
            assert!((400..600).contains(&entry.status), "{}", entry.code);
            assert!(axum::http::StatusCode::from_u16(entry.status).is_ok(), "{}", entry.code);
            assert!(!entry.title.ends_with('.') && !entry.title.is_empty(), "{}", entry.code);
            assert!(entry.advice.ends_with('.'), "{}", entry.code);
        }
    }

    fn document() -> String {
        let mut text = String::from(
            "# Problems\n\nEvery answer that is not a success is a problem (RFC 9457): its `type` leads to the page that explains it, \
             its `code` never changes its\nmeaning, its `instance` is the request's id, and `errors` points at values that are wrong. \
             This page is made from\n`crates/web/src/catalogue.rs`; a test compares the two.\n\n\
             | code | status | what it is | what to do |\n|---|---|---|---|\n",
        );
        for Entry { code, status, title, advice, retry_after } in CATALOGUE {
            let again = retry_after.map(|seconds| format!(" Retry-After: {seconds}.")).unwrap_or_default();
            text.push_str(&format!("| `{code}` | {status} | {title} | {advice}{again} |\n"));
        }
        text
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "asks whether to write the document anew")]
    fn the_document_says_what_the_catalogue_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems.md");
        if std::env::var("WRITE_DOCS").is_ok() {
            std::fs::write(path, document()).expect("the documents are writable");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == document(), "docs/problems.md is stale: WRITE_DOCS=1 cargo test -p web");
    }

    #[test]
    fn every_refusal_of_the_warden_has_its_entry() {
        use access::Refusal;
        use domain::{Fault, Standing};
        let refusals = [
            Refusal::NoTenantNamed,
            Refusal::NoSuchTenant,
            Refusal::Disagreement,
            Refusal::SignInNeeded,
            Refusal::BadCredential,
            Refusal::ForeignCredential,
            Refusal::NotAllowed,
            Refusal::OutOfTouch,
        ];
        let closed = Standing::ALL.into_iter().map(Refusal::Closed);
        for refusal in refusals.into_iter().chain(closed) {
            assert!(find(refusal.code()).is_some(), "{}", refusal.code());
        }
    }
}
