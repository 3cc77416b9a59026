//! The platform's own keys: sealed in the database, opened once at start and again when they change.

use crate::{
    FromRow, OperatorRead, OperatorWrite, Row, Store, StoreError, Value, engine::Tx, operator_sql, values,
};
use domain::{Digest, KeyId, MasterKey, Moment, digest::MacKey, seal::SealingKey, sign::SigningKey};
use std::{sync::Arc, time::Duration};

/// What a key is for.
const COOKIES: &str = "cookie";
const SUBJECTS: &str = "subject";
const CONTEXT: &str = "context";
const AUDIT: &str = "audit";
pub(crate) const PENDING: &str = "pending";
const API_KEYS: &str = "api-key";

/// One key as it lies in the database.
#[derive(Clone, Debug)]
pub struct PlatformKey {
    /// Its id; the `kid` of what it signs.
    pub id: KeyId,
    /// What it is for.
    pub purpose: String,
    /// `current` or `previous`.
    pub standing: String,
    sealed: domain::Sealed,
    /// When it was made.
    pub created_at: Moment,
    /// Until when it is believed.
    pub ends_at: Moment,
}

impl PlatformKey {
    fn open(&self, master: &MasterKey) -> Result<Vec<u8>, StoreError> {
        Ok(master.open(&purpose_of(&self.purpose, self.id), &self.sealed)?)
    }

    /// Opens a key that signs.
    pub(crate) fn open_signing(&self, master: &MasterKey) -> Result<SigningKey, StoreError> {
        SigningKey::from_pkcs8(&self.open(master)?).map_err(|_| unreadable())
    }
}

impl FromRow for PlatformKey {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(PlatformKey {
            id: row.parse("id")?,
            purpose: row.text("purpose")?,
            standing: row.text("standing")?,
            sealed: row.sealed("sealed")?,
            created_at: row.moment("created_at")?,
            ends_at: row.moment("ends_at")?,
        })
    }
}

/// The opened keys.
#[derive(Clone)]
pub struct Keyring {
    /// Signs cookies; newest first.
    pub cookies: Vec<MacKey>,
    /// Makes the keyed hashes of subjects. Never rolled: identities are found by it.
    pub subjects: MacKey,
    /// Seals pending sign-ins.
    pub pending: SealingKey,
    /// Sign context tokens; newest first. Earlier ones are still published.
    pub context: Vec<(KeyId, Arc<SigningKey>)>,
    /// Sign audit checkpoints; newest first.
    pub audit: Vec<(KeyId, Arc<SigningKey>)>,
    /// Sign API keys; newest first.
    pub api_keys: Vec<ApiKeySecret>,
}

/// What signed API keys are made and believed under.
#[derive(Clone, Debug)]
pub struct ApiKeySecret {
    /// The secret.
    pub secret: MacKey,
    /// Until when keys under it are believed.
    pub until: Moment,
}

impl Keyring {
    /// Opens the platform's keys, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] if the master key is not the one they were sealed under.
    pub async fn open(tx: &mut OperatorRead) -> Result<Option<Self>, StoreError> {
        let keys: Vec<PlatformKey> = tx
            .rows(
                operator_sql!(
                    "SELECT id, purpose, standing, sealed, created_at, ends_at FROM platform_key WHERE ends_at > $1
                     ORDER BY created_at DESC, id DESC"
                ),
                values![tx.now()],
            )
            .await?;
        let mut opened = Vec::new();
        for key in keys {
            let bytes = key.open(tx.master())?;
            opened.push((key, bytes));
        }
        let of =
            |purpose: &str| opened.iter().filter(move |(key, _)| key.purpose == purpose).collect::<Vec<_>>();
        let signing = |purpose: &str| {
            of(purpose)
                .iter()
                .map(|(key, bytes)| {
                    Ok((key.id, Arc::new(SigningKey::from_pkcs8(bytes).map_err(|_| unreadable())?)))
                })
                .collect::<Result<Vec<_>, StoreError>>()
        };
        let Some((_, subjects)) = of(SUBJECTS).into_iter().next() else { return Ok(None) };
        let Some((_, pending)) = of(PENDING).into_iter().next() else { return Ok(None) };
        Ok(Some(Keyring {
            cookies: of(COOKIES).iter().map(|(_, bytes)| MacKey::new(bytes)).collect(),
            subjects: MacKey::new(subjects),
            pending: SealingKey::new(pending.as_slice().try_into().map_err(|_| unreadable())?),
            context: signing(CONTEXT)?,
            audit: signing(AUDIT)?,
            api_keys: of(API_KEYS)
                .iter()
                .map(|(key, bytes)| ApiKeySecret { secret: MacKey::new(bytes), until: key.ends_at })
                .collect(),
        }))
    }

    /// Makes the platform's first keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn make(tx: &mut OperatorWrite) -> Result<(), StoreError> {
        for purpose in [COOKIES, SUBJECTS, PENDING, API_KEYS] {
            let key = tx.new_sealing_key();
            put(tx, purpose, key.bytes(), "").await?;
        }
        for purpose in [CONTEXT, AUDIT] {
            let key = tx.new_signing_key();
            let public = Digest::of_parts(&[key.public().x(), key.public().y()]).to_string();
            put(tx, purpose, key.to_pkcs8().reveal(), &public).await?;
        }
        Ok(())
    }

    /// Makes the keys that an installation of an earlier release lacks; gives whether there were any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn complete(tx: &mut OperatorWrite) -> Result<bool, StoreError> {
        let known = operator_sql!("SELECT COUNT(*) AS n FROM platform_key WHERE purpose = $1");
        if tx.number(known, values![API_KEYS]).await? > 0 {
            return Ok(false);
        }
        let key = tx.new_sealing_key();
        put(tx, API_KEYS, key.bytes(), "").await?;
        Ok(true)
    }

    /// Makes a new secret for signed API keys. Keys under earlier ones are believed for `overlap` longer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn roll_api_keys(tx: &mut OperatorWrite, overlap: Duration) -> Result<Moment, StoreError> {
        let until = tx.now() + overlap;
        let earlier = operator_sql!(
            "UPDATE platform_key SET standing = 'previous', ends_at = $1 WHERE purpose = $2 AND ends_at > $1"
        );
        tx.run(earlier, values![until, API_KEYS]).await?;
        let key = tx.new_sealing_key();
        put(tx, API_KEYS, key.bytes(), "").await?;
        Ok(until)
    }

    /// The keyed hash under which an external subject is found. Provider and subject are a pair: the
    /// provider's id has a fixed length, so that no two pairs give one text (ledger B12).
    pub fn subject_hash(&self, provider: domain::ProviderId, subject: &str) -> Digest {
        self.subjects.sign(&[provider.to_string().as_bytes(), b"\n", subject.as_bytes()])
    }

    /// The key under which those are found whom issuers of bearer tokens name.
    pub fn token_names(&self) -> MacKey {
        MacKey::new(self.subjects.sign(&[b"names in bearer tokens"]).bytes())
    }
}

/// Whether every key opens, ended ones too.
pub(crate) async fn check(tx: &mut Tx, master: &MasterKey) -> Result<(), StoreError> {
    let all = operator_sql!("SELECT id, purpose, standing, sealed, created_at, ends_at FROM platform_key");
    for row in tx.fetch(all.text(), vec![]).await? {
        PlatformKey::from_row(&row)?.open(master)?;
    }
    Ok(())
}

async fn put(tx: &mut OperatorWrite, purpose: &str, bytes: &[u8], public: &str) -> Result<(), StoreError> {
    let id: KeyId = tx.new_id();
    let sealed = tx.seal(&purpose_of(purpose, id), bytes);
    let insert = operator_sql!(
        "INSERT INTO platform_key (id, purpose, standing, public_half, sealed, created_at, ends_at)
         VALUES ($1, $2, 'current', $3, $4, $5, $6)"
    );
    let now = tx.now();
    tx.run(insert, values![id, purpose, public, &sealed, now, i64::MAX]).await.map(drop)
}

/// The columns of a key's row.
pub(crate) const COLUMNS: [&str; 7] =
    ["id", "purpose", "standing", "public_half", "sealed", "created_at", "ends_at"];

/// A new key for pending sign-ins, as its row.
pub(crate) fn new_pending(store: &Store) -> Vec<Value> {
    let id = KeyId::new(store.clock().now(), store.chance());
    let key = SealingKey::generate(store.chance());
    let sealed = store.master().seal(&purpose_of(PENDING, id), key.bytes(), store.chance());
    values![id, PENDING, "current", "", &sealed, store.clock().now(), i64::MAX].to_vec()
}

fn purpose_of(purpose: &str, id: KeyId) -> String {
    format!("platform key {purpose} {id}")
}

fn unreadable() -> StoreError {
    StoreError::Unreadable {
        column: "platform_key.sealed".into(),
        why: "the opened key has the wrong form".into(),
    }
}
