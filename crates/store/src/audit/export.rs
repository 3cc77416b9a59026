//! A trail as one file that anybody can verify: JSON, one record a line.
//!
//! First `trail`, which says whose it is; then the public keys; then lines and checkpoints in order; last
//! `end`, so that a file cut short is noticed. Personal values stand in a line sealed, as they were hashed;
//! `opened` beside them is for reading and proves nothing.

use super::{
    Checkpoint, StoredLine,
    record::{base64_of, bytes_of},
    verify::{Known, Report, Verifier},
};
use crate::{Store, StoreError, TenantRead, sql, values};
use access::{Permit, ReadAuditTrail, SequenceAudit, TenantAction};
use domain::{Digest, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io::BufRead};

/// One record of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The first: whose trail this is.
    Trail(Trail),
    /// A key that checkpoints are signed under.
    Key(PublicKey),
    /// A line.
    Line(Box<ExportedLine>),
    /// A checkpoint; stands after the last line it speaks of.
    Checkpoint(Checkpoint),
    /// The last.
    End(End),
}

/// Whose trail an export is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// The version of this format: 1.
    pub format: u32,
    /// The tenant.
    pub tenant_id: String,
    /// When it was exported, in microseconds.
    pub exported_at: i64,
}

/// A public key in the form of a JWK (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// Its id.
    pub kid: String,
    /// `EC`.
    pub kty: String,
    /// `P-256`.
    pub crv: String,
    /// The first coordinate.
    pub x: String,
    /// The second.
    pub y: String,
}

/// A line, and what its personal values say to whoever may open them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedLine {
    /// The line as it was hashed.
    #[serde(flatten)]
    pub stored: StoredLine,
    /// Personal values in the clear, those that have not been erased. Not covered by the proof.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub opened: BTreeMap<String, String>,
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Lines.
    pub lines: u64,
    /// Checkpoints.
    pub checkpoints: u64,
}

/// A file is no export.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It cannot be read.
    #[error("the export cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A record is not what it should be there.
    #[error("line {at} of the file is no record of an audit export: {why}")]
    Record {
        /// The line of the file.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A line of a file of heads is none.
    #[error("line {at} of the heads is no checkpoint: {why}")]
    Head {
        /// The line of the file.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A kept head does not bear the signature that it claims.
    #[error(
        "the head of {size} lines is not what was signed under the keys given: the file of heads is damaged or made up, \
         and says nothing about the trail"
    )]
    Forged {
        /// How many lines it speaks of.
        size: i64,
    },
    /// It ends early.
    #[error("the file ends before the export does")]
    CutShort,
}

impl PublicKey {
    pub(crate) fn of(kid: &str, key: &VerifyingKey) -> Self {
        let (x, y) = (base64_of(key.x()), base64_of(key.y()));
        PublicKey { kid: kid.to_owned(), kty: "EC".into(), crv: "P-256".into(), x, y }
    }

    /// The key itself; none if the coordinates are no point of the curve.
    pub fn parse(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_coordinates(&bytes_of(&self.x)?, &bytes_of(&self.y)?).ok()
    }

    /// The thumbprint of RFC 7638.
    pub fn thumbprint(&self) -> String {
        let PublicKey { crv, kty, x, y, .. } = self;
        let canonical = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
        Digest::of(canonical.as_bytes()).to_string()
    }
}

/// An export on its way: ask for pieces until there are none.
pub struct AuditExport {
    store: Store,
    permit: Permit<ReadAuditTrail>,
    at: Position,
    /// The trail's end when the export began; what is written later is not in it.
    until: i64,
    sent: End,
    stage: Stage,
}

enum Stage {
    Head,
    Body,
    Done,
}

impl Store {
    /// Begins an export of this permit's trail.
    pub fn export_audit(&self, permit: Permit<ReadAuditTrail>) -> AuditExport {
        AuditExport {
            store: self.clone(),
            permit,
            at: Position::default(),
            until: 0,
            sent: End::default(),
            stage: Stage::Head,
        }
    }

    /// Verifies this permit's trail in the database. `known` are checkpoints that were kept elsewhere.
    ///
    /// # Errors
    /// [`StoreError`]; what is wrong with the trail is no error but in the report.
    pub async fn verify_audit(
        &self,
        permit: &Permit<ReadAuditTrail>,
        known: Vec<Known>,
    ) -> Result<Report, StoreError> {
        self.verify_trail(permit, known).await
    }

    /// The same as the platform's own work, after a restore for example.
    ///
    /// # Errors
    /// As [`Store::verify_audit`].
    pub async fn verify_audit_in_background(
        &self,
        permit: &Permit<SequenceAudit>,
        known: Vec<Known>,
    ) -> Result<Report, StoreError> {
        self.verify_trail(permit, known).await
    }

    async fn verify_trail<A: TenantAction>(
        &self,
        permit: &Permit<A>,
        known: Vec<Known>,
    ) -> Result<Report, StoreError> {
        let keys = self.directory().audit_keys().await?;
        let keys = keys.into_iter().map(|(id, key)| (id.to_string(), key));
        let mut verifier = Verifier::new(permit.tenant_id().to_string(), keys, known);
        let (mut at, mut more) = (Position::default(), true);
        let until = self.read(permit, async |tx| end_of(tx).await).await?;
        while more {
            let records;
            (records, more) = self.read(permit, async |tx| stretch(tx, &mut at, until).await).await?;
            for record in records {
                match record {
                    Record::Line(line) => verifier.line(line.stored),
                    Record::Checkpoint(checkpoint) => verifier.checkpoint(&checkpoint),
                    _ => {}
                }
            }
        }
        Ok(verifier.finish())
    }
}

impl AuditExport {
    /// The next piece, some records long; none at the end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next(&mut self) -> Result<Option<String>, StoreError> {
        match self.stage {
            Stage::Head => self.head().await.map(Some),
            Stage::Body => self.body().await.map(Some),
            Stage::Done => Ok(None),
        }
    }

    async fn head(&mut self) -> Result<String, StoreError> {
        self.until = self.store.read(&self.permit, async |tx| end_of(tx).await).await?;
        let trail = Trail {
            format: 1,
            tenant_id: self.permit.tenant_id().to_string(),
            exported_at: self.store.clock().now().micros(),
        };
        let keys = self.store.directory().audit_keys().await?;
        let keys = keys.iter().map(|(id, key)| Record::Key(PublicKey::of(&id.to_string(), key)));
        self.stage = Stage::Body;
        Ok(std::iter::once(Record::Trail(trail)).chain(keys).map(|record| written(&record)).collect())
    }

    async fn body(&mut self) -> Result<String, StoreError> {
        let (at, until) = (&mut self.at, self.until);
        let (mut records, more) = self
            .store
            .read(&self.permit, async |tx| {
                let (mut records, more) = stretch(tx, at, until).await?;
                for record in &mut records {
                    if let Record::Line(line) = record {
                        line.opened = opened(tx, &line.stored.personal).await?;
                    }
                }
                Ok::<_, StoreError>((records, more))
            })
            .await?;
        for record in &records {
            self.sent.lines += u64::from(matches!(record, Record::Line(_)));
            self.sent.checkpoints += u64::from(matches!(record, Record::Checkpoint(_)));
        }
        if !more {
            records.push(Record::End(self.sent));
            self.stage = Stage::Done;
        }
        Ok(records.iter().map(written).collect())
    }
}

/// Verifies an export. `known` gives the checkpoints of its tenant that were kept elsewhere. The keys are the
/// export's own: compare [`Report::signers`] with what the operator publishes.
///
/// # Errors
/// [`BundleError`] if the file is no export; what is wrong with the trail is no error but in the report.
pub fn verify_bundle(
    file: impl BufRead,
    known: impl FnOnce(&str) -> Vec<Known>,
) -> Result<Report, BundleError> {
    let mut records = file.lines().enumerate().map(|(at, text)| parsed(at + 1, &text?)).peekable();
    let tenant = match records.next().ok_or(BundleError::CutShort)?? {
        (_, Record::Trail(trail)) if trail.format == 1 => trail.tenant_id,
        (at, _) => return Err(misplaced(at, "an export of format 1 begins with `trail`")),
    };
    let mut keys = Vec::new();
    while let Some(Ok((at, Record::Key(key)))) =
        records.next_if(|next| matches!(next, Ok((_, Record::Key(_)))))
    {
        keys.push((key.kid.clone(), key.parse().ok_or_else(|| misplaced(at, "no P-256 key"))?));
    }
    let known = known(&tenant);
    let mut verifier = Verifier::new(tenant, keys, known);
    let mut seen = End::default();
    for record in records {
        match record? {
            (_, Record::Line(line)) => {
                seen.lines += 1;
                verifier.line(line.stored);
            }
            (_, Record::Checkpoint(checkpoint)) => {
                seen.checkpoints += 1;
                verifier.checkpoint(&checkpoint);
            }
            (_, Record::End(end)) if end == seen => return Ok(verifier.finish()),
            (at, _) => return Err(misplaced(at, "it does not belong here")),
        }
    }
    Err(BundleError::CutShort)
}

fn parsed(at: usize, text: &str) -> Result<(usize, Record), BundleError> {
    serde_json::from_str(text).map(|record| (at, record)).map_err(|why| misplaced(at, &why.to_string()))
}

fn misplaced(at: usize, why: &str) -> BundleError {
    BundleError::Record { at, why: why.to_owned() }
}

fn written(record: &Record) -> String {
    let json = serde_json::to_string(record).expect("records are texts and numbers");
    json + "\n"
}

/// How far a trail has been read.
#[derive(Default)]
struct Position {
    seq: i64,
    id: String,
    size: i64,
}

/// How many lines are read in one transaction.
const STRETCH: i64 = 500;

/// The last place, of a line or of a checkpoint.
async fn end_of(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let lines = tx.number(
        sql!("SELECT COALESCE(MAX(seq), 0) AS n FROM audit_line WHERE tenant_id = $1 AND seq > 0"),
        &[],
    );
    let lines = lines.await?;
    let sizes = sql!("SELECT COALESCE(MAX(size), 0) AS n FROM audit_checkpoint WHERE tenant_id = $1");
    Ok(tx.number(sizes, &[]).await?.max(lines))
}

/// The next lines and the checkpoints among them, in order; and whether there is more. Goes by place and
/// id, so that two lines at one place, which there must not be, are both seen.
async fn stretch(
    tx: &mut TenantRead,
    at: &mut Position,
    until: i64,
) -> Result<(Vec<Record>, bool), StoreError> {
    let lines: Vec<StoredLine> = tx
        .rows(
            sql!(
                "SELECT tenant_id, id, seq, leaf, at, actor, action, target, outcome, reason, request, before_values,
                 after_values, personal FROM audit_line
                 WHERE tenant_id = $1 AND seq > 0 AND seq >= $2 AND (seq > $2 OR id > $3) AND seq <= $4
                 ORDER BY seq, id LIMIT $5"
            ),
            values![at.seq, &at.id, until, STRETCH],
        )
        .await?;
    let more = lines.len() as i64 == STRETCH;
    let reach = match lines.last() {
        Some(last) if more => last.seq,
        _ => until,
    };
    let checkpoints: Vec<Checkpoint> = tx
        .rows(
            sql!(
                "SELECT tenant_id, size, root, frontier, at, key_id, signature FROM audit_checkpoint
                 WHERE tenant_id = $1 AND size > $2 AND size < $3 ORDER BY size"
            ),
            // One at the reach itself waits: another line may stand at that place.
            values![at.size, if more { reach } else { reach.saturating_add(1) }],
        )
        .await?;
    if let Some(last) = lines.last() {
        (at.seq, at.id) = (last.seq, last.id.clone());
    }
    at.size = checkpoints.last().map_or(at.size, |last| last.size);
    Ok((merged(lines, checkpoints), more))
}

fn merged(lines: Vec<StoredLine>, checkpoints: Vec<Checkpoint>) -> Vec<Record> {
    let mut records = Vec::with_capacity(lines.len() + checkpoints.len());
    let mut checkpoints = checkpoints.into_iter().peekable();
    for stored in lines {
        while let Some(before) = checkpoints.next_if(|checkpoint| checkpoint.size < stored.seq) {
            records.push(Record::Checkpoint(before));
        }
        records.push(Record::Line(Box::new(ExportedLine { stored, opened: BTreeMap::new() })));
    }
    records.extend(checkpoints.map(Record::Checkpoint));
    records
}

/// Personal values by name, those that have not been erased.
async fn opened(tx: &mut TenantRead, personal: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let values = super::list::personal(tx, personal).await?;
    Ok(values.into_iter().filter_map(|value| Some((value.name, value.value?))).collect())
}
