//! An answer at the assertion consumer: believed or not, used up, and kept for the browser that asked.

use super::{
    consumer, entity_id,
    leave::{Material, material},
};
use crate::{
    Identity,
    provider::{self, Kind},
    sign_in::{Connection, ConnectionStanding, SignInError, choose, rows},
    ticket::Ticket,
};
use access::{FinishSignIn, Permit, TakeAnswer};
use domain::{Change, ConnectionId, Digest, Fault, Moment, Sealed};
use protocol::{
    IdentityClaims,
    claims::Rules,
    saml::{Believed, Disbelieved, Expect, SamlError, read_response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use store::{FromRow, Row, StoreError, sql, values};

/// How long a refusal may take to its person: as long as it takes to follow a redirect.
const LIFE: Duration = Duration::from_secs(60);

/// The longest state that a request of ours can have.
const MOST_STATE: usize = 128;

/// Where the browser goes on from the assertion consumer.
pub(super) enum Next {
    /// To the answer, by this code.
    Continue(String),
    /// To a fresh sign-in: it began at the provider, and goes through us once.
    Begin,
}

/// What was said, and which request it answers.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) request: String,
    pub(super) claims: IdentityClaims,
}

/// Why an answer was refused, on its way to the browser that asked. Nobody vouches for `request`: it only finds the
/// browser's own sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct RefusedTicket {
    pub(super) connection: ConnectionId,
    pub(super) request: Option<String>,
    pub(super) why: Why,
    ends: Moment,
}

impl Ticket for RefusedTicket {
    const PURPOSE: &'static str = "refused answer";

    fn ends(&self) -> Moment {
        self.ends
    }
}

/// A refusal as it travels.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Why {
    pub(super) code: String,
    pub(super) words: String,
}

/// An answer that lets nobody in.
pub(super) struct Refused {
    pub(super) request: Option<String>,
    pub(super) error: SignInError,
}

impl Refused {
    /// The ticket that tells its person.
    pub(super) fn ticket(&self, room: &Identity, connection: ConnectionId) -> String {
        let why = Why { code: self.error.code().to_owned(), words: self.error.to_string() };
        let ticket =
            RefusedTicket { connection, request: self.request.clone(), why, ends: room.now() + LIFE };
        ticket.seal(&room.keyring.load().pending, &room.web.chance)
    }
}

/// The connection that answers are taken for: by SAML, and not switched off. A draft takes them for trials and for its
/// one-time link.
pub(super) async fn open_connection<A: access::TenantAction>(
    room: &Identity,
    permit: &Permit<A>,
    id: ConnectionId,
) -> Result<Connection, SignInError> {
    let found = choose::any(room, permit, id).await?;
    let found = found.filter(|found| found.kind == Kind::Saml && found.standing != ConnectionStanding::Off);
    found.ok_or(SignInError::NoConnection)
}

/// Takes an answer: believes it, uses it up, keeps what it said.
pub(super) async fn take(
    room: &Identity,
    permit: &Permit<TakeAnswer>,
    connection: &Connection,
    field: &str,
) -> Result<Next, Refused> {
    let nobody = |error| Refused { request: None, error };
    let Material { metadata, keys } = material(room, permit, connection).await.map_err(nobody)?;
    let rules = Rules::read(&connection.settings.claim_rules).map_err(SignInError::Rules).map_err(nobody)?;
    let hosts = &room.web.hosts;
    let expect = Expect {
        provider: &connection.issuer,
        certificates: &metadata.certificates,
        entity_id: &entity_id(hosts, connection.id),
        consumer: &consumer(hosts, connection.id),
        keys: &keys,
        subject: rules.subject(),
        now: room.now(),
        leeway: room.settings.leeway,
    };
    match read_response(field, &expect) {
        Ok(believed) => keep(room, permit, connection, believed).await.map_err(nobody),
        Err(Disbelieved { claimed, why }) => {
            if why == SamlError::UnknownKey {
                hurry(room, permit, connection).await;
            }
            Err(Refused { request: claimed, error: why.into() })
        }
    }
}

/// The provider has a new key, perhaps: its metadata is fetched soon, and no more often for many such answers.
async fn hurry(room: &Identity, permit: &Permit<TakeAnswer>, connection: &Connection) {
    let asked = provider::hurry(room, permit, connection.provider).await;
    if let Err(error) = asked {
        tracing::warn!(provider = %connection.provider, %error, "the metadata of provider {} is not fetched sooner: {error}", connection.provider);
    }
}

async fn keep(
    room: &Identity,
    permit: &Permit<TakeAnswer>,
    connection: &Connection,
    believed: Believed,
) -> Result<Next, SignInError> {
    let Believed { claims, in_response_to, mark, ends } = believed;
    let request = match in_response_to {
        Some(request) => Some(request),
        None if connection.settings.idp_initiated && connection.standing == ConnectionStanding::Active => {
            None
        }
        None => return Err(SignInError::Unsolicited),
    };
    let life = room.settings.hand_over;
    room.store
        .write(permit, async |tx| {
            if !rows::use_up(tx, mark, ends).await? {
                return Err(SignInError::Replayed);
            }
            tx.changed(Change::new(connection.id, Value::Null, json!({ "answer": "taken" })));
            let Some(request) = request else { return Ok(Next::Begin) };
            let code = tx.new_token();
            let text = serde_json::to_vec(&Kept { request, claims }).expect("claims are plain data");
            let digest = digest_of(&code);
            let (sealed, until) = (tx.seal(&purpose(digest), &text), tx.now() + life);
            let sql = sql!(
                "INSERT INTO brought_answer (tenant_id, digest, connection_id, sealed, ends) VALUES ($1, $2, $3, $4, $5)"
            );
            tx.run(sql, values![digest, connection.id, sealed.as_str(), until]).await?;
            Ok(Next::Continue(code))
        })
        .await
}

struct Held {
    connection: ConnectionId,
    sealed: Sealed,
    ends: Moment,
}

impl FromRow for Held {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Held {
            connection: row.parse("connection_id")?,
            sealed: row.sealed("sealed")?,
            ends: row.moment("ends")?,
        })
    }
}

/// What was kept under this code, once, for whoever brings it; none if there is nothing, or not any more.
pub(super) async fn fetch(
    room: &Identity,
    permit: &Permit<FinishSignIn>,
    connection: ConnectionId,
    code: &str,
) -> Result<Option<Kept>, StoreError> {
    let digest = digest_of(code);
    let look =
        sql!("SELECT connection_id, sealed, ends FROM brought_answer WHERE tenant_id = $1 AND digest = $2");
    // Asked before the write, so that guessing writes nothing.
    let found: Option<Held> =
        room.store.read::<_, _, StoreError>(permit, async |tx| tx.row(look, values![digest]).await).await?;
    let Some(found) = found else { return Ok(None) };
    let burnt = room.store.write::<_, _, StoreError>(permit, async |tx| {
        let sql = sql!("DELETE FROM brought_answer WHERE tenant_id = $1 AND digest = $2");
        let burnt = tx.run(sql, values![digest]).await? == 1;
        tx.changed(Change::new(connection, Value::Null, json!({ "answer": "brought" })));
        let fits = burnt && found.connection == connection && tx.now() < found.ends;
        if !fits {
            return Ok(None);
        }
        Ok(Some(tx.master().open(&purpose(digest), &found.sealed)?))
    });
    let unreadable =
        |why: serde_json::Error| StoreError::Unreadable { column: "sealed".into(), why: why.to_string() };
    burnt.await?.map(|plain| serde_json::from_slice(&plain).map_err(unreadable)).transpose()
}

fn digest_of(code: &str) -> Digest {
    Digest::of_parts(&[b"partywall brought answer\n", code.as_bytes()])
}

fn purpose(digest: Digest) -> String {
    format!("brought answer {digest}")
}

/// The state of the sign-in that left with this request.
pub(super) fn state(request: &str) -> Option<&str> {
    protocol::saml::state_of(request).filter(|state| state.len() <= MOST_STATE)
}

/// A refusal as it was when it was made.
pub(super) fn refusal(why: Why) -> SignInError {
    let known = web::CATALOGUE.iter().find(|entry| entry.code == why.code);
    SignInError::Brought { code: known.map_or("saml.malformed", |entry| entry.code), words: why.words }
}
