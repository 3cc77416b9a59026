//! Fetches the keys of issuers of bearer tokens, so that no request ever does: when one is registered, once in a while,
//! and when a token names a key that is not known. An issuer that is away is believed by the keys that it published
//! last, for a bounded time; a slow one keeps nobody else waiting.

use crate::{assemble::Node, listen::Stop};
use domain::{Digest, IssuerId, Moment};
use gateway::IssuerStanding;
use outbound::{Call, Outbound};
use protocol::{
    JwkSet,
    oidc::{Issuer, Transport, keys_address},
};
use std::{collections::HashMap, fmt::Display, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};

/// How often the list of issuers is looked through.
const LOOK: Duration = Duration::from_secs(1);
/// The most bytes of metadata or keys that are read.
const MOST_BYTES: usize = 64 * 1024;

/// How issuers are asked.
#[derive(Clone)]
pub struct Asking {
    /// The guarded client.
    pub outbound: Outbound,
    /// Which addresses an issuer may have.
    pub transport: Transport,
    /// How long one answer may take.
    pub patience: Duration,
    /// After how long keys are fetched anew.
    pub memory: Duration,
    /// How soon an issuer that was away is asked again.
    pub retry: Duration,
    /// How long keys are believed while their issuer is away.
    pub kept: Duration,
}

/// When each issuer is asked next; none while one is being asked.
type Due = HashMap<IssuerId, Option<Instant>>;

pub(super) async fn run(node: Arc<Node>, mut stop: Stop) {
    let (mut due, mut asked) = (Due::new(), JoinSet::new());
    loop {
        let now = Instant::now();
        let issuers = node.gateway.issuers();
        due.retain(|id, _| issuers.iter().any(|issuer| issuer.id == *id));
        for issuer in issuers {
            let next = due.entry(issuer.id).or_insert(Some(now));
            if next.is_some_and(|next| next <= now || issuer.wanted) {
                *next = None;
                asked.spawn(ask(node.clone(), issuer));
            }
        }
        tokio::select! {
            () = stop.wait() => return,
            () = node.gateway.keys_wanted() => {}
            () = tokio::time::sleep(LOOK) => {}
            Some(Ok((id, after))) = asked.join_next() => {
                due.insert(id, Some(Instant::now() + after));
            }
        }
    }
}

/// Asks one issuer; gives after how long to ask again.
async fn ask(node: Arc<Node>, issuer: IssuerStanding) -> (IssuerId, Duration) {
    let asking = &node.asking;
    match fetch(asking, &issuer).await {
        Ok((keys, mark)) => {
            let until: Moment = node.web.clock.now() + asking.kept;
            node.gateway.set_issuer_keys(issuer.id, keys, mark, until);
            (issuer.id, asking.memory)
        }
        Err(why) => {
            tracing::warn!(issuer = %issuer.id, keys = issuer.keys, "issuer {} cannot be asked for its keys: {why}", issuer.id);
            node.gateway.note_issuer_away(issuer.id, why);
            (issuer.id, asking.retry)
        }
    }
}

async fn fetch(asking: &Asking, issuer: &IssuerStanding) -> Result<(JwkSet, Digest), String> {
    let says = |error: &dyn Display| error.to_string();
    let address = match &issuer.jwks_uri {
        Some(address) => asking.outbound.admit(address).map_err(|error| says(&error))?,
        None => {
            let name = Issuer::parse(&issuer.issuer, asking.transport).map_err(|error| says(&error))?;
            let text = get(asking, Call::get_json(name.metadata_address()), "metadata").await?;
            keys_address(&text, &name, asking.transport).map_err(|error| says(&error))?
        }
    };
    let text = get(asking, Call::get_json(address), "key set").await?;
    let keys = JwkSet::parse(&text).map_err(|error| says(&error))?;
    Ok((keys, Digest::of(&text)))
}

async fn get(asking: &Asking, call: Call, what: &str) -> Result<Vec<u8>, String> {
    let call = call.within(asking.patience).at_most(MOST_BYTES);
    let answer = asking.outbound.send(call).await.map_err(|error| error.to_string())?;
    match answer.status.as_u16() {
        200 => Ok(answer.body.to_vec()),
        status => Err(format!("it answered {status} where its {what} should be")),
    }
}
