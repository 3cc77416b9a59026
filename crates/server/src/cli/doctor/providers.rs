//! The identity providers of active connections: whether what they publish can be had and used. They are asked
//! through the guarded client as a sign-in would ask them, a few at a time, and no longer than a minute in all.

use super::{database::upkeep, finding::Finding};
use crate::{assemble, config::Config};
use domain::Clock;
use identity::sign_in::{DiscoverError, published};
use outbound::{Outbound, OutboundError, TlsFault, Unreachable};
use protocol::{
    jose::KeySetError,
    oauth2::Plain,
    oidc::{Issuer, ProviderError, Transport},
};
use std::{collections::BTreeMap, time::Duration};
use store::{ActiveConnection, Store};
use tokio::{task::JoinSet, time::Instant};

/// How many are asked at once.
const AT_ONCE: usize = 8;
/// How many are asked in all.
const MOST: usize = 200;
/// How many connections are looked at to find them.
const MOST_CONNECTIONS: u32 = 10_000;
/// How long one may take for each of its two documents.
const EACH: Duration = Duration::from_secs(8);
/// How long all of them may take.
const ALL: Duration = Duration::from_secs(60);

/// An issuer, with the connections that rest on it.
struct Asked {
    issuer: String,
    connections: Vec<ActiveConnection>,
}

pub(super) async fn look(config: &Config, store: &Store) -> Vec<Finding> {
    let Some(upkeep) = upkeep(store) else { return vec![] };
    let connections = match store.active_connections(&upkeep, MOST_CONNECTIONS).await {
        Ok(connections) => connections,
        Err(error) => {
            let words = format!("the database does not say which there are: {error}");
            return vec![Finding::wrong("providers", words, "its log says more")];
        }
    };
    let Ok(outbound) = Outbound::new(assemble::outgoing(config), Clock::System) else { return vec![] };
    let transport = if config.development { Transport::Development } else { Transport::Https };
    let mut waiting = by_issuer(connections);
    let beyond = waiting.split_off(waiting.len().min(MOST)).len();
    ask_all(waiting, beyond, &outbound, transport).await
}

fn by_issuer(connections: Vec<ActiveConnection>) -> Vec<Asked> {
    let mut issuers: BTreeMap<String, Vec<ActiveConnection>> = BTreeMap::new();
    for connection in connections {
        issuers.entry(connection.issuer.clone()).or_default().push(connection);
    }
    issuers.into_iter().map(|(issuer, connections)| Asked { issuer, connections }).collect()
}

async fn ask_all(
    waiting: Vec<Asked>,
    beyond: usize,
    outbound: &Outbound,
    transport: Transport,
) -> Vec<Finding> {
    let until = Instant::now() + ALL;
    let (mut findings, mut under_way) = (Vec::new(), JoinSet::new());
    let mut waiting = waiting.into_iter();
    loop {
        while under_way.len() < AT_ONCE
            && Instant::now() < until
            && let Some(next) = waiting.next()
        {
            let outbound = outbound.clone();
            under_way.spawn(async move { ask(&next, &outbound, transport).await });
        }
        match tokio::time::timeout_at(until, under_way.join_next()).await {
            Ok(Some(found)) => findings.extend(found),
            Ok(None) => break,
            Err(_) => break,
        }
    }
    let unasked = beyond + waiting.count() + under_way.len();
    findings.sort_by(|one: &Finding, other| one.words.cmp(&other.words));
    if unasked > 0 {
        findings.push(Finding::mind(
            "providers",
            format!("{unasked} more were not asked: there is a bound in number and in time"),
            "test these connections from their own pages",
        ));
    }
    findings
}

async fn ask(asked: &Asked, outbound: &Outbound, transport: Transport) -> Finding {
    let Asked { issuer, connections } = asked;
    let first = connections.first().expect("no issuer without a connection");
    let others = match connections.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let whose = format!("{issuer} (connection {} of {}{others})", first.id, first.tenant);
    if Plain::names(issuer) {
        let what = format!("{whose}: plain OAuth 2.0, which publishes nothing that could be asked for");
        return Finding::good("provider", what);
    }
    let answer = async {
        let issuer = Issuer::parse(issuer, transport)?;
        published(outbound, &issuer, first.tenant, transport, EACH).await
    };
    match answer.await {
        Ok(documents) if issuer.starts_with("http://") => Finding::mind(
            "provider",
            format!("{whose}: reachable, {} keys, in plain HTTP", documents.keys.usable()),
            "for development only; give it https before anybody relies on it",
        ),
        Ok(documents) => {
            Finding::good("provider", format!("{whose}: reachable, {} keys", documents.keys.usable()))
        }
        Err(error) => Finding::wrong("provider", format!("{whose}: {}", words(&error)), remedy(&error)),
    }
}

/// The operator may read what a tenant may not: which address a name led to.
fn words(error: &DiscoverError) -> String {
    match error {
        DiscoverError::Outbound(error) => error.for_log().to_string(),
        other => other.to_string(),
    }
}

fn remedy(error: &DiscoverError) -> &'static str {
    match error {
        DiscoverError::Provider(ProviderError::IssuerMismatch) => {
            "the connection's issuer must be, letter by letter, what the provider calls itself; correct it there"
        }
        DiscoverError::Provider(_) => "ask the provider's people for a client of the code flow over https",
        DiscoverError::Keys(KeySetError::Empty) => {
            "keys are missing: its people must publish those that it signs with"
        }
        DiscoverError::Keys(_) => "its people must put the key set in order",
        DiscoverError::Status { .. } => {
            "is the issuer right, its path included? Something else answers there"
        }
        DiscoverError::Outbound(error) => remedy_on_the_way(error),
    }
}

fn remedy_on_the_way(error: &OutboundError) -> &'static str {
    match error {
        OutboundError::ForbiddenAddress { .. } => {
            "if this private address is meant, name it in outbound.allow (outgoing-calls.md)"
        }
        OutboundError::Insecure | OutboundError::Url(_) => "give the connection an https address",
        OutboundError::Unreachable { why: Unreachable::Name, .. } => {
            "its name is not known here: look at DNS"
        }
        OutboundError::Unreachable { .. } => "is it running, and does a firewall let us out?",
        OutboundError::Timeout { .. } => "is it running, and does a firewall let us out? It says nothing",
        OutboundError::Tls { fault, .. } => remedy_of_certificate(*fault),
        OutboundError::TooLarge { .. } | OutboundError::Protocol { .. } => {
            "something that is no identity provider answers there"
        }
    }
}

fn remedy_of_certificate(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::Issuer => "if its authority is your own, name its certificate in outbound.extra_roots",
        TlsFault::Name => {
            "its certificate is for another name: correct the issuer, or its people the certificate"
        }
        TlsFault::Expired => "its people must renew the certificate",
        TlsFault::NotYetValid => "compare this machine's clock with theirs",
        TlsFault::Certificate | TlsFault::Handshake => "its people must put their TLS in order",
    }
}
