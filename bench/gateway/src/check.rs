//! Before anything is timed: does each proxy answer rightly? A quick wrong answer is worth nothing.

use crate::{
    ask::{Answer, Ask, Line},
    fill::{API, BASE_DOMAIN, KEYED, OPEN, Person, Town},
    issuer::Issuer,
    upstream::SEEN,
};
use partywall_reader::{KeySource, Reader, ReaderConfig};
use std::net::SocketAddr;

/// The session's cookie, as it is called where people come by https.
pub(crate) const COOKIE: &str = "__Host-pw_session";

/// How many people each of the other proxies is asked for.
const SAMPLE: usize = 200;

/// How much is asked over one connection: nginx ends each after a thousand requests.
const A_LINES_WORTH: usize = 500;

const FORGED: &str = "tnt_01h2xcejqtf2nbrexx3vqjhp41";

/// A proxy that knows hosts only.
pub(crate) async fn mapping(at: SocketAddr, town: &Town) -> Result<(), String> {
    let mut line = Line::open(at).await?;
    for person in town.people.iter().step_by((town.people.len() / SAMPLE).max(1)) {
        let ask =
            Ask { host: &person.tenant.host, path: SEEN, forged_tenant: Some(FORGED), ..Ask::default() };
        told(&line.ask(ask).await?, person)?;
    }
    refused(&mut line, 403, "a host that is nobody's", stranger()).await
}

/// Ours. Every person is asked for once, so that all that follows is answered from memory.
pub(crate) async fn partywall(at: SocketAddr, town: &Town) -> Result<(), String> {
    let mut line = Line::open(at).await?;
    let reader = reader(&mut line, town).await?;
    for some in town.people.chunks(A_LINES_WORTH) {
        line = Line::open(at).await?;
        for person in some {
            let cookie = format!("{COOKIE}={}; theme=dark", person.cookie);
            let ask = Ask {
                host: &person.tenant.host,
                path: SEEN,
                cookie: Some(&cookie),
                forged_tenant: Some(FORGED),
                ..Ask::default()
            };
            believed(&reader, &line.ask(ask).await?, person).await?;
        }
    }
    refusals(&mut line, &town.people).await?;
    let open = format!("{OPEN}{SEEN}");
    let ask = Ask { host: &town.people[0].tenant.host, path: &open, ..Ask::default() };
    told(&line.ask(ask).await?, &town.people[0])
}

/// Ours, asked by programs: with a key and with a token; with none, an altered one, and at another tenant.
pub(crate) async fn programs(at: SocketAddr, town: &Town, issuer: &Issuer) -> Result<(), String> {
    let (keyed, api) = (format!("{KEYED}{SEEN}"), format!("{API}{SEEN}"));
    let mut line = Line::open(at).await?;
    for some in town.people.chunks(A_LINES_WORTH) {
        line = Line::open(at).await?;
        for person in some {
            let ask = Ask { host: &person.tenant.host, forged_tenant: Some(FORGED), ..Ask::default() };
            told(&line.ask(Ask { path: &keyed, key: Some(&person.key), ..ask }).await?, person)?;
        }
    }
    let [one, other, ..] = &town.people[..] else { return Err("two people are needed".to_owned()) };
    let (token, foreign) = (issuer.token(one, 0)?, issuer.token(other, 0)?);
    let host = Ask { host: &one.tenant.host, ..Ask::default() };
    told(&line.ask(Ask { path: &api, token: Some(&token), ..host }).await?, one)?;
    let altered = altered(&token);
    refused(&mut line, 401, "no key", Ask { path: &keyed, ..host }).await?;
    refused(&mut line, 403, "a key of another tenant", Ask { path: &keyed, key: Some(&other.key), ..host })
        .await?;
    refused(&mut line, 401, "no token", Ask { path: &api, ..host }).await?;
    refused(&mut line, 401, "an altered token", Ask { path: &api, token: Some(&altered), ..host }).await?;
    refused(&mut line, 403, "a token of another tenant", Ask { path: &api, token: Some(&foreign), ..host })
        .await
}

/// Another signature, of the same form.
fn altered(token: &str) -> String {
    let at = token.rfind('.').map_or(0, |dot| dot + 1);
    let first = if token[at..].starts_with('A') { 'B' } else { 'A' };
    format!("{}{first}{}", &token[..at], &token[at + 1..])
}

/// A proxy that checks the signature of tokens, and may know which tenant a host is.
pub(crate) async fn verifying(
    at: SocketAddr,
    town: &Town,
    issuer: &Issuer,
    maps: bool,
) -> Result<(), String> {
    let (mut line, one) = (Line::open(at).await?, &town.people[0]);
    let token = issuer.token(one, 0)?;
    let ask = Ask { host: &one.tenant.host, path: SEEN, ..Ask::default() };
    let answer = line.ask(Ask { token: Some(&token), ..ask }).await?;
    if maps {
        told(&answer, one)?;
    } else if answer.status != 200 {
        return Err(format!("a token is refused: {} {}", answer.status, answer.text));
    }
    let altered = altered(&token);
    refused(&mut line, 401, "an altered token", Ask { token: Some(&altered), ..ask }).await?;
    refused(&mut line, 401, "no token", ask).await
}

async fn refusals(line: &mut Line, people: &[Person]) -> Result<(), String> {
    let [one, other, ..] = people else { return Err("two people are needed".to_owned()) };
    let host = &one.tenant.host;
    let at = |cookie| Ask { host, path: "/", cookie, ..Ask::default() };
    refused(line, 403, "a host that is nobody's", stranger()).await?;
    refused(line, 401, "nobody", at(None)).await?;
    let foreign = format!("{COOKIE}={}", other.cookie);
    refused(line, 403, "a session of another tenant", at(Some(&foreign))).await?;
    let mut altered = format!("{COOKIE}={}", one.cookie);
    altered.replace_range(COOKIE.len() + 1..COOKIE.len() + 2, "~");
    refused(line, 401, "an altered cookie", at(Some(&altered))).await
}

fn stranger() -> Ask<'static> {
    Ask { host: "nobody.bench.test", path: "/", ..Ask::default() }
}

async fn refused(line: &mut Line, status: u16, what: &str, ask: Ask<'_>) -> Result<(), String> {
    let answer = line.ask(ask).await?;
    if answer.status == status {
        return Ok(());
    }
    Err(format!("{what} should be answered {status}, not {}: {}", answer.status, answer.text))
}

/// Whether the application was told the right tenant, and only that.
fn told(answer: &Answer, person: &Person) -> Result<(), String> {
    let id = person.tenant.id.to_string();
    let right = answer.status == 200 && answer.seen("partywall-tenant") == Some(&*id);
    if right { Ok(()) } else { Err(format!("{}: {} {}", person.tenant.host, answer.status, answer.text)) }
}

/// Whether the application believes what it was told, which must be the right tenant and person, and was not
/// told the session.
async fn believed(reader: &Reader, answer: &Answer, person: &Person) -> Result<(), String> {
    told(answer, person)?;
    let read = reader.read("GET", SEEN, |name| answer.seen(name), reader.now()).await;
    let context = read.map_err(|error| format!("{}: {error}\n{}", person.tenant.host, answer.text))?;
    let user = context.user.as_ref().map(|user| user.id.clone());
    if user != Some(person.user.to_string()) {
        return Err(format!("{}: the user is {user:?}", person.tenant.host));
    }
    match answer.seen("cookie") {
        Some("theme=dark") => Ok(()),
        other => Err(format!("{}: the application was sent the cookies {other:?}", person.tenant.host)),
    }
}

/// What a backend of the deployment believes by.
async fn reader(line: &mut Line, town: &Town) -> Result<Reader, String> {
    let id = format!("id.{BASE_DOMAIN}");
    let keys = line.ask(Ask { host: &id, path: "/.well-known/jwks.json", ..Ask::default() }).await?;
    let issuer = format!("https://{id}");
    let keys = KeySource::fixed(keys.text);
    let config = ReaderConfig::new(town.deployment.to_string(), issuer, keys, town.proof_secret.as_str());
    Reader::new(config).map_err(|error| error.to_string())
}
