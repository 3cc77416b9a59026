//! Who an application is: by its secret, by a JWT that it signed, by its certificate, or by nothing where it can keep no
//! secret (RFC 6749 section 2.3, RFC 7523 section 2.2, RFC 8705 section 2.2).

use super::{Denied, Params};
use crate::{
    Identity,
    application::{Application, AuthMethod, rows::use_up},
};
use access::NoteAssertion;
use domain::{Digest, Moment};
use http::header;
use outbound::Call;
use protocol::{
    JwkSet, TokenError,
    jose::{Algorithm, Bearer, BearerExpect},
};
use std::{sync::Arc, time::Duration};
use store::StoreError;
use url::Url;
use web::{Counted, Limited, program::Sent};

/// How long an assertion may live.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// How far an application's clock may differ from ours.
const LEEWAY: Duration = Duration::from_secs(30);
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MOST_BYTES: usize = 64 * 1024;

/// Who asks, having proven it.
///
/// # Errors
/// `invalid_client`, and `invalid_request` for a proof in several forms at once.
pub(crate) async fn authenticate(
    room: &Identity,
    sent: &Sent,
    params: &Params,
) -> Result<Arc<Application>, Denied> {
    let who = Counted::Address(sent.address);
    if !room.web.throttle.has_left(Limited::KeyGuess, who) {
        return Err(Denied::new(
            "slow_down",
            "There were too many guesses from this address. Try again in a minute.",
        ));
    }
    let found = prove(room, sent, params).await;
    if matches!(&found, Err(denied) if denied.error == "invalid_client") {
        // That this was the last one is told with the next.
        let _ = room.web.throttle.check(Limited::KeyGuess, who);
    }
    found
}

async fn prove(room: &Identity, sent: &Sent, params: &Params) -> Result<Arc<Application>, Denied> {
    let basic = basic(sent)?;
    let (secret, assertion) = (params.get("client_secret"), params.get("client_assertion"));
    let ways = [basic.is_some(), secret.is_some(), assertion.is_some()];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(Denied::request("Prove who the application is in one way."));
    }
    if let Some((id, secret)) = basic {
        if params.get("client_id").is_some_and(|said| said != id) {
            return Err(Denied::client());
        }
        return by_secret(room, &id, &secret);
    }
    if let Some(assertion) = assertion {
        return by_assertion(room, sent, params, assertion).await;
    }
    let id = params.get("client_id").ok_or_else(Denied::client)?;
    if let Some(secret) = secret {
        return by_secret(room, id, secret);
    }
    let application = room.application(id).ok_or_else(Denied::client)?;
    match application.metadata.token_endpoint_auth_method {
        AuthMethod::None => Ok(application),
        AuthMethod::SelfSignedTlsClientAuth if has_its_certificate(sent, &application) => Ok(application),
        _ => Err(Denied::client()),
    }
}

fn by_secret(room: &Identity, id: &str, secret: &str) -> Result<Arc<Application>, Denied> {
    let application = room.application(id).ok_or_else(Denied::client)?;
    let method = application.metadata.token_endpoint_auth_method;
    let is_it = method.by_secret() && application.has_secret(secret, room.now());
    if is_it { Ok(application) } else { Err(Denied::client()) }
}

fn has_its_certificate(sent: &Sent, application: &Application) -> bool {
    let known = application.metadata.tls_client_certificate_thumbprint.as_deref().and_then(Digest::parse);
    let shown = certificate(sent);
    known.is_some() && known == shown
}

/// The hash of the certificate that the program's connection has shown.
pub(crate) fn certificate(sent: &Sent) -> Option<Digest> {
    sent.extensions.get::<web::program::ShownCertificate>().map(|shown| shown.0)
}

/// Name and secret of HTTP Basic, each written as in a form (RFC 6749 section 2.3.1).
fn basic(sent: &Sent) -> Result<Option<(String, String)>, Denied> {
    let mut values = sent.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), second) = (values.next(), values.next()) else { return Ok(None) };
    if second.is_some() {
        return Err(Denied::request("Authorization stands twice."));
    }
    web::program::basic(value).map(Some).ok_or_else(Denied::client)
}

/// What an application signed of itself: for us, for a short while, and once.
async fn by_assertion(
    room: &Identity,
    sent: &Sent,
    params: &Params,
    assertion: &str,
) -> Result<Arc<Application>, Denied> {
    if params.get("client_assertion_type") != Some(ASSERTION) {
        return Err(Denied::request("The client_assertion_type is another one."));
    }
    let no = |_: TokenError| Denied::client();
    let id = Bearer::read(assertion).map_err(no)?.issuer().unwrap_or_default().to_owned();
    let application = room.application(&id).ok_or_else(Denied::client)?;
    let said = params.get("client_id");
    let method = application.metadata.token_endpoint_auth_method;
    if method != AuthMethod::PrivateKeyJwt || said.is_some_and(|said| said != id) {
        return Err(Denied::client());
    }
    let issuer = room.web.hosts.id.origin();
    let audiences =
        [issuer.to_owned(), format!("{issuer}/oauth/token"), format!("{issuer}{}", sent.uri.path())];
    let expect = BearerExpect { issuer: &id, audiences: &audiences, algorithms: &Algorithm::ALL, typ: None };
    let now = room.now();
    let mut keys = keys(room, &application, false).await?;
    let verify = |keys: &JwkSet| Bearer::read(assertion)?.verify(keys, &expect, now, LEEWAY);
    let mut claims = verify(&keys);
    if matches!(claims, Err(TokenError::UnknownKey)) {
        keys = self::keys(room, &application, true).await?;
        claims = verify(&keys);
    }
    let claims = claims.map_err(no)?;
    let ends = claims.moment("exp").map_err(no)?.ok_or_else(Denied::client)?;
    let jti = claims.text("jti").filter(|jti| !jti.is_empty()).ok_or_else(Denied::client)?;
    if claims.text("sub") != Some(id.as_str()) || ends > now + LONGEST + LEEWAY {
        return Err(Denied::client());
    }
    let digest = Digest::of_parts(&[b"partywall assertion\n", jti.as_bytes()]);
    if note(room, sent, &application, digest, ends + LEEWAY).await? {
        Ok(application)
    } else {
        Err(Denied::new("invalid_client", "The assertion was shown before; each is good once."))
    }
}

/// Remembers that something of an application's was shown; gives whether it was the first time.
pub(crate) async fn note(
    room: &Identity,
    sent: &Sent,
    application: &Application,
    digest: Digest,
    ends: Moment,
) -> Result<bool, Denied> {
    let permit = room.web.warden.platform::<NoteAssertion>(sent.origin)?;
    let noted = room
        .store
        .operate(&permit, async |tx| Ok::<_, StoreError>(use_up(tx, application.id, digest, ends).await?));
    Ok(noted.await?)
}

/// An application's public keys: those that were registered, or those that lie where it said. They are asked for anew at
/// most once in a minute, however many assertions name a key that is not known.
async fn keys(room: &Identity, application: &Application, anew: bool) -> Result<JwkSet, Denied> {
    let parse = |bytes: &[u8]| JwkSet::parse(bytes).map_err(|_| Denied::client());
    if let Some(jwks) = &application.metadata.jwks {
        return parse(jwks.to_string().as_bytes());
    }
    let address = application.metadata.jwks_uri.as_deref().ok_or_else(Denied::client)?;
    let now = room.now();
    if let Some((fetched, from, keys)) = room.application_keys.get(&application.id)
        && from == address
    {
        let age = now.since(fetched);
        if age < room.settings.provider_retry || !anew && age < room.settings.provider_memory {
            return Ok(keys);
        }
    }
    let url = Url::parse(address).map_err(|_| Denied::client())?;
    let call = Call::get_json(url).within(room.settings.provider_patience).at_most(MOST_BYTES);
    let away = || Denied::new("temporarily_unavailable", "The application's keys could not be fetched.");
    let answer = room.outbound.send(call).await.map_err(|error| {
        tracing::warn!(application = %application.id, %error, "an application's keys could not be fetched");
        away()
    })?;
    if answer.status != 200 {
        return Err(away());
    }
    let keys = parse(&answer.body)?;
    room.application_keys.insert(application.id, (now, address.to_owned(), keys.clone()));
    Ok(keys)
}
