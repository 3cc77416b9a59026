//! Every problem there is: code, status, title and advice. The single truth; `docs/problems.md` and the
//! pages under `/problems/` are made from it.
//!
//! To add one, add its two lines in alphabetical order and run `WRITE_DOCS=1 cargo test -p web`, which
//! writes the document anew.

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

macro_rules! catalogue {
    ($($code:literal $status:literal $title:literal $(again in $seconds:literal)? => $advice:literal;)*) => {
        /// All of them, in alphabetical order of their codes.
        pub static CATALOGUE: &[Entry] = &[$(Entry {
            code: $code,
            status: $status,
            title: $title,
            advice: $advice,
            retry_after: catalogue!(@seconds $($seconds)?),
        }),*];
    };
    (@seconds) => { None };
    (@seconds $seconds:literal) => { Some($seconds) };
}

catalogue! {
    "action.forbidden" 403 "You may not do this" =>
        "You are known here, but none of your roles holds the right that this needs. An admin of the organisation can give you one.";
    "address.refused" 403 "Requests from your network are not taken here" =>
        "The operator or the organisation has said from which networks one may ask. Ask from one of those, or have yours added.";
    "anchor.proof-needed" 422 "Show that you have the authority's key" =>
        "Have the authority sign a certificate with the common name that is said here, and send it along as proof. Any key and any dates will do; it is used for nothing else.";
    "application.metadata" 502 "The application's metadata could not be fetched" =>
        "It must lie at an https address that can be reached from here, as JSON in the words of RFC 7591, of at most 64 KiB.";
    "assume.reason-needed" 403 "Say why you go into this tenant" =>
        "An operator who acts inside a tenant gives a reason of 10 to 500 characters in the header Partywall-Assume-Reason. The tenant's admins can read it.";
    "authorize.application" 400 "This application is not known here" =>
        "The link or the application that brought you here names a client id that is not registered. Tell whoever runs the application; nothing was sent to it.";
    "authorize.request" 400 "The application's request cannot be read" =>
        "Go back to the application and begin again. If it happens every time, tell whoever runs it; nothing was sent to it.";
    "authorize.return" 400 "The address to return to is not registered" =>
        "An application gives, letter for letter, a redirect_uri that the operator has registered for it. Nothing was sent to the one that it gave.";
    "bearer.audience" 401 "The token is for somebody else" =>
        "None of the audiences in it is one that its issuer is registered with here. Ask the issuer for a token for this service.";
    "bearer.ended" 401 "The API key behind the token has ended" =>
        "It was taken back, or its time is over, and its tokens ended with it. Exchange another key for a token.";
    "bearer.expired" 401 "The token has expired" =>
        "Get a new one from its issuer. If it happens every time, a clock is wrong: ours or the issuer's.";
    "bearer.issuer" 401 "The token is from an issuer that is not registered here" =>
        "Its iss must be, letter for letter, one that the operator has registered.";
    "bearer.keys-away" 503 "The keys of the token's issuer are not known just now" again in 5 =>
        "They could not be fetched, or not for too long. Try again; if it stays so, the operator can see why at the issuer's entry.";
    "bearer.needed" 401 "A token is needed here" =>
        "Send it as Authorization: Bearer, followed by the token of a registered issuer; or an API key, if this address takes them.";
    "bearer.not-yet" 401 "The token is not valid yet" =>
        "Its time has not come, or it says that it was made in the future. A clock is wrong: ours or the issuer's.";
    "bearer.refused" 401 "The token is not accepted" =>
        "It is malformed, longer than 8 KiB, of another type, or not signed by its issuer with a key and an algorithm that are taken. The operator can have it explained: partywall issuer test.";
    "bearer.tenant" 401 "The token names no organisation" =>
        "The claim that its issuer is registered to name the organisation in is missing or no text, or it is an address that the issuer has not verified.";
    "callback.issuer" 400 "The answer is from another provider than the one that was asked" =>
        "Begin the sign-in again. If it happens again, ask one of the organisation's admins to test the connection.";
    "callback.malformed" 400 "The provider's answer cannot be read" =>
        "What came back from the identity provider is not what the standard prescribes. Begin the sign-in again; if it happens again, the provider's setup is wrong.";
    "callback.state" 400 "This sign-in was not begun in this browser, or it was finished already" =>
        "Begin the sign-in again, in one browser and without going back.";
    "certificate.expired" 401 "The client certificate has expired" =>
        "Its time, or that of an authority above it, is over. Have a new one issued.";
    "certificate.needed" 401 "A client certificate is needed here" =>
        "Present one in the handshake: a certificate for clients, with the certificates that stand between it and its authority.";
    "certificate.not-yet" 401 "The client certificate is not valid yet" =>
        "Its time, or that of an authority above it, has not come. A clock is wrong: ours or the authority's.";
    "certificate.purpose" 401 "The certificate is not for clients" =>
        "Its extended key usage, or that of an authority above it, does not say client authentication. Have one issued that does.";
    "certificate.refused" 401 "The client certificate is not accepted" =>
        "It is malformed, an authority's own, too long a chain, or breaks a bound that its authority has. An admin of the organisation can have it explained at the trust anchor.";
    "certificate.revoked" 401 "The client certificate was taken back" =>
        "It, or an authority above it, was revoked. Have a new one issued.";
    "certificate.status-unknown" 503 "It is not known whether the client certificate was taken back" again in 30 =>
        "The authority's list of revoked certificates is missing, too old or wrongly signed, and the organisation has said that certificates are refused then. Its admins see why at the trust anchor.";
    "certificate.unknown" 401 "Nobody here vouches for the client certificate" =>
        "No trust anchor has signed it. Send the certificates between it and its authority along; or an admin of the organisation lays down the authority as a trust anchor.";
    "certificate.unmapped" 403 "The client certificate speaks for nobody" =>
        "A trust anchor vouches for it, but none of the anchor's rules fits what stands in it. An admin of the organisation can add a rule.";
    "claim-rule.invalid" 422 "The claim rules cannot be used" =>
        "Nothing was changed. The answer says which rule is wrong and why; try the rules before saving them.";
    "claim-rule.no-trial" 409 "There are no claims to try the rules on" =>
        "Give some, or test a sign-in by this connection first: what it brings is kept for an hour.";
    "claim-rule.settled" 409 "How people are told apart is settled" =>
        "People are known by what this connection said of them so far. Set up another connection if they are to be told apart by another claim.";
    "connection.certificate" 409 "The provider's certificates have ended" =>
        "Every certificate in the provider's metadata is past its end. Have its admin make a new one, and the metadata fetched or replaced; then activate the connection.";
    "connection.reservation" 409 "This redirect URI cannot be used" =>
        "It was reserved elsewhere, or there is a connection with it already. Begin the setup again.";
    "connection.stage" 409 "The connection is not where this begins" =>
        "A draft is tested and activated; an active one can be switched off; one that is off can be switched on or removed.";
    "connection.unconfirmed" 409 "This would lock people out" =>
        "If that is meant, say so: the field confirm.";
    "connection.untested" 409 "The connection has not been tested" =>
        "Run a test sign-in. It must have succeeded since the client was last changed.";
    "credential.invalid" 401 "The credential is not valid" =>
        "The token is unknown, altered or ended, or it is of a kind that is not read here. Make a new one, or leave the Authorization header out.";
    "credential.kind" 401 "This kind of credential is not taken here" =>
        "The operator has said which kinds of credentials this address takes: sessions, API keys, tokens or certificates. Present one of those, and no other beside it.";
    "credential.several" 400 "There is more than one credential on this request" =>
        "Present exactly one: a session, or one API key in one header. Nobody can say which of several is meant.";
    "csrf.refused" 403 "This did not come from a page of ours" =>
        "A change that a browser asks for must come from a page of the very same address. Load the page again and repeat what you did. A script sends a token instead of a cookie, or the header Origin.";
    "decide.body" 503 "This part of the application cannot be reached through this proxy" =>
        "Ask whoever runs it: the route looks into bodies (reads_body, screen.attacks.bodies), which a proxy that only asks keeps to itself.";
    "decide.changed" 503 "This could not be decided at once" again in 1 =>
        "Try again: what was refused a moment ago may pass now.";
    "decide.rewrites" 503 "This part of the application cannot be reached through this proxy" =>
        "Ask whoever runs it: the route changes path or host of what it forwards (strip_prefix, write_tenant), which a proxy that only asks cannot do.";
    "deployment.nothing-prepared" 409 "There is no next secret yet" =>
        "Make the next secret before it can take over.";
    "domain.held" 409 "This name cannot be used yet" =>
        "It is proved, but it, or a name above it, is in use here or rests. If it was yours elsewhere on this platform, give it back there; else ask the operator.";
    "exchange.grant" 400 "This kind of grant is not taken here" =>
        "An API key is exchanged with grant_type=client_credentials. A token is never exchanged for another.";
    "exchange.resource" 400 "The token would be for somebody else" =>
        "Leave resource out, or give what the tokens of this address say as aud.";
    "exchange.scope" 400 "The token would be good for more than its key" =>
        "Ask for scopes that the API key has, each once, with a space between them; or for none, to get all that it has.";
    "hand-over.refused" 403 "This sign-in cannot be finished here" =>
        "The way back from a sign-in is good once, for a short while, and in the browser that began it. Begin again from where you wanted to go.";
    "hostname.reserved" 422 "This hostname belongs to the platform" =>
        "Choose a name outside the platform's own domain.";
    "hostname.resting" 409 "This hostname rests" =>
        "It was given up not long ago and rests, so that nobody is taken for somebody else. An operator can release it early.";
    "hostname.taken" 409 "This hostname belongs to another tenant" =>
        "Choose another, or remove it there first.";
    "house.protected" 409 "The operator's own organisation stays as it is" =>
        "The house keeps its slug and stays open, so that there is always a way in.";
    "input.invalid" 422 "Some of this cannot be accepted" =>
        "The values that are wrong are listed, each with what it should be.";
    "input.malformed" 400 "This cannot be read" =>
        "The body, query or path is not in the form that it claims to be.";
    "input.slow" 408 "The body took too long to arrive" =>
        "Send it again over a better line, or send less at once.";
    "input.too-large" 413 "This is too large" =>
        "Send less at once. The description of the API says how much is taken.";
    "input.type" 415 "This kind of body is not taken here" =>
        "Send application/json to the API; forms are sent by pages.";
    "internal" 500 "Something went wrong on our side" =>
        "It is in the log under the request's id. Trying again may help; telling the operator that id certainly does.";
    "invitation.invalid" 403 "This link is not valid any more" =>
        "A one-time link works once and for a short time. Ask whoever sent it for a new one.";
    "item.unknown" 404 "There is nothing here by that name" =>
        "It does not exist, it was removed, or you may not know of it.";
    "key.ended" 409 "This API key has ended already" =>
        "A key that was revoked, or whose time is over, cannot be rotated. Make a new one.";
    "key.exchange-needed" 401 "An API key must be exchanged for a token first" =>
        "Here, or for this organisation, a key itself is not taken. Exchange it at /.partywall/token with grant_type=client_credentials, and send the token as Authorization: Bearer.";
    "key.expired" 401 "This API key has expired" =>
        "Its time is over. Somebody who may manage the organisation's API keys can make a new one.";
    "key.needed" 401 "An API key is needed here" =>
        "Send it as Authorization: Bearer, followed by the key. Somebody who may manage the organisation's API keys can make one.";
    "key.network" 403 "This API key may not be used from here" =>
        "The key is bound to networks, and the request comes from none of them. Use it from there, or have a key made that is bound to this one.";
    "key.refused" 401 "This API key is not accepted" =>
        "It is unknown, altered, misspelled or was taken back. Check that it was copied whole; if it was, have a new one made.";
    "limit.connections" 429 "Too many connections to this organisation are open" again in 5 =>
        "Its plan says how many its clients may hold at a time, and this one is closed now. Close some that are not needed, or ask more over each.";
    "limit.exceeded" 429 "Too many attempts" again in 30 =>
        "Wait a little, then try again; Retry-After says for how many seconds.";
    "limit.in-flight" 429 "Too many requests of this organisation are under way" again in 1 =>
        "Its plan says how many may be at a time. Wait until some are answered, then try again.";
    "limit.rate" 429 "Too many requests in this time" again in 1 =>
        "Retry-After says in how many seconds there is room again, the header RateLimit how much of each limit is left, and the detail which limit this is.";
    "limit.requests" 429 "This organisation sends more requests than its plan allows" again in 1 =>
        "Wait a second, then try again.";
    "limit.share" 429 "Too many requests of your address are under way" again in 5 =>
        "One address may hold half of the connections to a backend. Read the answers to what was asked, and ask less at a time. An operator whose proxy stands in front names it in `listen.trusted_proxies`.";
    "limit.websockets" 429 "Too many WebSockets of this organisation are open" again in 5 =>
        "Its plan says how many may be at a time. Close some that are not needed.";
    "member.last-admin" 409 "Somebody must be left to run the organisation" =>
        "Give the role to another active member first.";
    "member.standing" 409 "The member is not where this begins" =>
        "An active member can be suspended or removed; one who is suspended or removed can be restored.";
    "method.not-allowed" 405 "This address does not do that" =>
        "The header Allow lists the methods that this address takes.";
    "name.taken" 409 "Something else has this name" =>
        "Choose another name.";
    "node.out-of-touch" 503 "We cannot check who you are just now" again in 5 =>
        "This node has not heard from the database for a while and will not guess. It will be back as soon as the database is.";
    "outbound.forbidden-address" 422 "That address is not reachable from here, on purpose" =>
        "The name is not known, or leads to a private or special network range. An operator can allow named private providers; loopback works only in the development setting.";
    "outbound.insecure" 422 "That address is not https" =>
        "Use an https address. Plain http is taken for loopback addresses in the development setting only.";
    "outbound.protocol" 502 "The other side does not speak HTTP as it should" =>
        "Check that the address is right and that nothing in between answers in its place.";
    "outbound.timeout" 504 "The other side did not answer in time" again in 10 =>
        "Try again; if it stays silent, ask those who run it.";
    "outbound.tls" 502 "The other side's certificate is not to be trusted" =>
        "It is expired, for another name, or from an authority that we do not know.";
    "outbound.too-large" 502 "The other side's answer is too large" =>
        "Check that the address is the one that the setup asks for.";
    "outbound.unreachable" 502 "The other side cannot be reached" again in 10 =>
        "Check the name and the port, and that it is up.";
    "outbound.url" 422 "That is not an address that can be called" =>
        "Give a whole address: scheme, host and path, with no user name in it.";
    "path.unknown" 404 "There is no such page" =>
        "Check the address.";
    "plan.limit" 409 "The plan does not allow more" =>
        "Remove something that is not needed, or ask the operator for another plan.";
    "product.closed" 403 "This part of the API cannot be had" =>
        "The API product that this address belongs to is not published, or was retired. Its operator can say what took its place.";
    "product.subscription" 403 "A subscription is needed for this" =>
        "The organisation has not subscribed to the API product that this address belongs to, or not for this program. An admin of the organisation can subscribe under API products.";
    "product.unfinished" 409 "The product cannot be published as it is" =>
        "Every route of a product asks who calls, unless the product is marked public, and at least one route belongs to it. The detail names what is missing.";
    "provider.answer" 502 "The identity provider's answer makes no sense" =>
        "It answered, but not as OpenID Connect prescribes. The connection's test page says what exactly was wrong.";
    "provider.exists" 409 "This provider is known already" =>
        "Make a connection to the one there is.";
    "provider.issuer-mismatch" 502 "The identity provider calls itself something else" =>
        "The issuer in its metadata must be, letter for letter, the issuer that the connection names.";
    "provider.keys" 502 "The identity provider's keys cannot be used" =>
        "Its key set is empty, malformed, or holds no key of an algorithm that we take.";
    "provider.metadata" 502 "The identity provider's metadata cannot be used" =>
        "The document under /.well-known/openid-configuration lacks something or is malformed.";
    "provider.refused" 403 "The identity provider said no" =>
        "The sign-in was cancelled or refused there. Its own log says why.";
    "provider.unknown" 422 "There is no such provider" =>
        "It does not exist, or its owner does not share it with this organisation.";
    "region.needed" 409 "Tenants that moved may still be looked for there" =>
        "Names of tenants that moved away are remembered for a while by those who asked for them. Wait until then; the old place goes on handing their requests on.";
    "request.attack" 400 "This request looks like an attack" =>
        "The detail names the rule and where it fits. If the request is honest, send it in the body, or ask the operator to leave that rule or parameter out on this route.";
    "request.body" 400 "The body of this request broke off or is malformed" =>
        "Send the request again.";
    "request.body-type" 415 "The body of this request is of another kind than this address reads" =>
        "This address looks into bodies. Send application/json, or a form where one is asked for, in UTF-8 and uncompressed.";
    "request.body-unreadable" 400 "The body of this request cannot be read in one way" =>
        "This address looks into it. Send sound JSON, or a sound form, in which no name stands twice, in capitals or not.";
    "request.cross-origin" 403 "Pages of that origin may not ask here" =>
        "The operator says for each route which origins' pages may read its answers. Have yours added, or ask from one of those.";
    "request.cross-site" 403 "This request was made by a page of another site" =>
        "Open the application itself and try again there.";
    "request.expectation" 417 "This request expects what is not offered here" =>
        "Send it without the Expect header.";
    "request.expression" 400 "This request cannot be read as its route asks" =>
        "The detail names the expression of the route that has no value for this request, and why. Send less, or without what makes it so; the operator can try the request out to see each step.";
    "request.forwarded" 400 "What the proxy in front says about this request cannot be read in one way" =>
        "Ask whoever runs it: each of the headers that name the original host, scheme, method and path must be set by the proxy, once.";
    "request.head-too-large" 431 "The header fields of this request are larger than is accepted" =>
        "Remove the cookies of this site, then try again.";
    "request.hop" 400 "This request says that one of our own nodes sent it, and cannot prove it" =>
        "Leave out the header Partywall-Hop. Between nodes: compare their clocks, and whether they share one database.";
    "request.host" 400 "This request does not name its host in a form that is accepted" =>
        "Send one host name, with a port at most, and the same one everywhere in the request.";
    "request.loop" 508 "This request is going in circles" =>
        "Tell whoever runs this: an upstream leads back to the gateway.";
    "request.method" 405 "This method is not accepted here" =>
        "Use another method.";
    "request.path" 400 "This address holds a path that is not accepted" =>
        "Write the path without dot segments and without encoded zero bytes.";
    "request.screened" 400 "This request has a shape that is not taken here" =>
        "The detail names the rule of the route's screen that it breaks, and what would keep it.";
    "request.target-too-long" 414 "This address is longer than is accepted" =>
        "Send long values in the body.";
    "request.timeout" 408 "The body of this request did not arrive in time" =>
        "Send the request again.";
    "request.too-large" 413 "The body of this request is larger than is accepted here" =>
        "Send less at a time.";
    "request.transfer-coding" 501 "This request uses a transfer coding that is not known here" =>
        "Send the body chunked or with a Content-Length.";
    "role.missing" 403 "None of your roles opens this" =>
        "You are a member here, but this part of the application is for certain roles. An admin of the organisation can give you one.";
    "role.unknown" 422 "There is no such role" =>
        "The application's roles are listed where roles are given.";
    "route.unknown" 404 "There is nothing at this address" =>
        "Check the address; the description of the API lists all there are.";
    "saml.addressee" 401 "The provider's answer is meant for somebody else" =>
        "Issuer, audience or recipient is not what this connection has registered. Begin the sign-in again; if it happens again, compare the addresses at the provider with those on the connection's page.";
    "saml.malformed" 400 "The provider's answer cannot be read" =>
        "It is not built as SAML 2.0 says, or holds what is not accepted for safety. Begin the sign-in again; if it happens again, test the connection: the test says what is wrong.";
    "saml.signature" 401 "The provider's signature is not believed" =>
        "The answer is not signed as it must be, or by a key that the provider's metadata does not hold. If the provider has a new certificate, have the connection's metadata fetched again.";
    "saml.subject" 401 "The provider does not say who signed in" =>
        "The answer names nobody in a way that stays the same. At the provider, choose a persistent name identifier, or name an attribute in the connection's settings.";
    "saml.time" 401 "The provider's answer is not good at this time" =>
        "It is too old, or not good yet. Begin the sign-in again; if it happens again, the provider's clock is wrong.";
    "saml.unsolicited" 401 "Nobody asked for this answer" =>
        "Sign-ins by this connection begin here, not at the provider. Open the application itself; an admin can let sign-ins begin at the provider in the connection's settings.";
    "scope.missing" 403 "The credential is not good for this" =>
        "It lacks the scope that the detail names. Use a key or a token that has it, or have one made.";
    "session.needed" 401 "Please sign in" =>
        "You are not signed in, or your session has ended.";
    "sign-in-domain.not-in-use" 409 "The connection is not in use" =>
        "People are led only to a connection that is active. Test and activate it first.";
    "sign-in-domain.unconfirmed" 409 "This would lock you out" =>
        "You have an address at this domain yourself and came by another connection. Say that it is meant, or sign in by that connection first.";
    "sign-in.claim-rules" 500 "The organisation's claim rules cannot be used" =>
        "What the organisation does with its provider's words is written in a way that this release does not know. Ask one of its admins.";
    "sign-in.full" 403 "There is no room for another member" =>
        "The organisation's plan allows no more members. Ask one of its admins.";
    "sign-in.no-connection" 409 "There is no way to sign in here yet" =>
        "The organisation has not connected an identity provider, or has switched it off. Ask one of its admins.";
    "sign-in.no-subject" 403 "The provider did not say who you are" =>
        "This organisation tells people apart by something that its provider left out. Ask one of its admins.";
    "sign-in.not-admitted" 403 "You are not admitted here" =>
        "The provider knows you, but you are no active member of this organisation and it does not take newcomers. Ask one of its admins.";
    "sign-in.other-connection" 403 "Your organisation signs in another way" =>
        "People with an address at this domain sign in by their organisation's own provider here, and by no other. Go back and choose that one.";
    "sign-in.provider-away" 502 "The identity provider cannot be reached" again in 10 =>
        "Try again in a moment; if it stays away, ask one of the organisation's admins.";
    "sign-out.over" 403 "This sign-out is over" =>
        "You are signed out where you asked for it. To be asked by your provider at the next visit, sign out at the sign-in page too.";
    "store.busy" 503 "The database is busy" again in 1 =>
        "Nothing was changed. Try again in a moment.";
    "store.conflict" 409 "Somebody else changed this at the same time" =>
        "Nothing was changed. Load it again and repeat what you did.";
    "store.full" 507 "There is no room left" again in 60 =>
        "Nothing was changed. The operator has to make room on the disk of the database.";
    "store.unavailable" 503 "The database cannot be reached" again in 5 =>
        "Nothing was changed. Try again in a moment.";
    "tenant.closed" 503 "This organisation is closed at the moment" again in 60 =>
        "The operator has closed it. Ask those who run the service.";
    "tenant.has-admin" 409 "This tenant has an admin" =>
        "Who has one invites others there; the operator makes no further links.";
    "tenant.maintenance" 503 "This organisation is being worked on" again in 120 =>
        "It will be back shortly; nothing is lost.";
    "tenant.read-only" 403 "This organisation is read-only at the moment" =>
        "Looking is possible, changing is not.";
    "tenant.slug-resting" 409 "This slug rests" =>
        "It was given up not long ago and rests, so that nobody is taken for somebody else. An operator can release it early.";
    "tenant.slug-taken" 409 "This slug belongs to another tenant" =>
        "Choose another slug.";
    "tenant.transition" 409 "A tenant cannot go from this standing to that one" =>
        "The detail says how it stands now and what was asked.";
    "tenant.unknown" 403 "You cannot go there" =>
        "There is no such organisation, or it is not one that you belong to. The address tells which one is meant; perhaps you are signed in as somebody else.";
    "tenant.unnamed" 400 "This request does not say which tenant it is for" =>
        "Name the tenant as the detail says.";
    "token.access-token" 401 "The provider's two tokens do not belong together" =>
        "The ID token's hash is not that of the access token beside it. Begin the sign-in again.";
    "token.algorithm" 401 "The token is signed with an algorithm that is not taken" =>
        "The provider must sign with one of the algorithms that its connection allows, and never with none.";
    "token.audience" 401 "The token is for somebody else" =>
        "The client id of the connection must be in the token's audience.";
    "token.expired" 401 "The token has expired" =>
        "Begin again. If it happens every time, a clock is wrong: ours or the provider's.";
    "token.issuer" 401 "The token is from another issuer" =>
        "The issuer in the token must be, letter for letter, the one that the connection names.";
    "token.malformed" 401 "The token cannot be read" =>
        "It is not a signed token of the form that is expected here.";
    "token.nonce" 401 "The token is not from this sign-in" =>
        "Its nonce is not the one that was sent along. Begin the sign-in again.";
    "token.not-yet" 401 "The token is not valid yet" =>
        "A clock is wrong: ours or the provider's.";
    "token.signature" 401 "The token's signature is not sound" =>
        "It was altered, or signed with another key than it says.";
    "token.stale" 401 "The sign-in at the provider is too long ago" =>
        "The connection asks for a fresh one. Begin the sign-in again.";
    "token.subject" 401 "The token names nobody" =>
        "It has no subject, or one that is too long to be one.";
    "token.type" 401 "The token is of another kind" =>
        "A token that was made for one purpose is not taken for another.";
    "token.unknown-key" 401 "The token is signed with a key that nobody knows" =>
        "The provider's key set does not hold it, not even after fetching it again.";
    "upstream.broken" 502 "The application gave an answer that cannot be understood" =>
        "Try again in a moment.";
    "upstream.busy" 503 "The application is busy" again in 1 =>
        "Try again in a moment.";
    "upstream.down" 503 "The application is not well just now" again in 5 =>
        "None of its backends says that it is well. Try again in a moment.";
    "upstream.none" 503 "The application is not set up yet" =>
        "Ask whoever runs it.";
    "upstream.timeout" 504 "The application did not answer in time" again in 5 =>
        "Try again in a moment.";
    "upstream.unreachable" 502 "The application cannot be reached" again in 5 =>
        "Try again in a moment.";
    "userinfo.subject" 401 "The provider speaks of two people" =>
        "Its userinfo endpoint names somebody else than its ID token, so neither is believed. Begin the sign-in again; if it happens again, the provider mixes people up.";
}

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
