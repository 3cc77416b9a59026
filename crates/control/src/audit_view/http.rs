//! Audit trails on the wire.

use crate::Control;
use access::{ReadAuditTrail, ReadPlatformAudit};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{Cursor, Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::audit::{AuditExport, AuditFilter, AuditLine, Checkpoint, Known, Outcome, Report};
use utoipa::{IntoParams, ToSchema};
use web::{Allow, AllowOperator, Json, Listing, Paging, Problem, Query, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/audit", list_some)
        .says("Lists the tenant's audit trail, the latest line first.")
        .asks::<AuditQuery>()
        .answers::<Listing<Line>>(200)
        .get("/v1/tenants/{tenant}/audit/export", export)
        .says("Gives the whole trail as one file, JSON one record a line, which `partywall audit verify` checks offline.")
        .get("/v1/tenants/{tenant}/audit/verification", verify)
        .says("Verifies the whole trail and names what was altered, dropped or put in.")
        .asks::<KnownQuery>()
        .answers::<Verification>(200)
        .get("/v1/platform/audit/heads", heads)
        .says("Lists the last signed checkpoint of every trail, for keeping elsewhere.")
        .asks::<Paging>()
        .answers::<Listing<Head>>(200)
        .get("/v1/platform/audit", list_house)
        .says("Lists the operators' own trail and the refused attempts to cross into any tenant, the latest line first.")
        .asks::<AuditQuery>()
        .answers::<Listing<Line>>(200)
}

/// What narrows a trail, and where the list goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    pub(super) after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    pub(super) limit: Option<u32>,
    /// Only what this one did: a user's or token's id, `system`, `command line`.
    #[serde(default)]
    pub(super) actor: String,
    /// Only this action, for example `member.manage`.
    #[serde(default)]
    pub(super) action: String,
    /// Only what was done to this: an id.
    #[serde(default)]
    pub(super) target: String,
    /// `done`, or `failed` for what was refused or went wrong.
    #[serde(default)]
    pub(super) outcome: String,
    /// Not before this moment, in RFC 3339; or a day, which begins at midnight UTC.
    #[serde(default)]
    pub(super) from: String,
    /// Before this moment, in RFC 3339; or a day, which is over at midnight UTC.
    #[serde(default)]
    pub(super) until: String,
}

impl AuditQuery {
    /// What it says. A filter that is empty narrows nothing, because a form sends it so.
    pub(super) fn read(&self) -> Result<(AuditFilter, Cursor), Problem> {
        let outcome = match self.outcome.as_str() {
            "" => Outcome::Any,
            "done" => Outcome::Done,
            "failed" => Outcome::Failed,
            _ => return Err(wrong("/outcome", "an outcome is `done` or `failed`")),
        };
        let filter = AuditFilter {
            actor: self.actor.trim().to_owned(),
            action: self.action.trim().to_owned(),
            target: self.target.trim().to_owned(),
            outcome,
            from: moment("/from", &self.from, false)?,
            until: moment("/until", &self.until, true)?,
        };
        Ok((filter, Cursor::new(self.after.clone(), self.limit)))
    }
}

fn wrong(field: &str, words: &str) -> Problem {
    Problem::new("input.invalid").at(field, words)
}

/// A moment, or a day: its beginning or its end.
fn moment(field: &str, text: &str, end: bool) -> Result<Option<Moment>, Problem> {
    let text = text.trim();
    let whole = match text.len() {
        0 => return Ok(None),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    let words = "a moment has the form 2026-03-04T09:12:00Z, a day 2026-03-04";
    let parsed: Moment = whole.parse().map_err(|_| wrong(field, words))?;
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    Ok(Some(if end && text.len() == 10 { parsed + day } else { parsed }))
}

/// One line of a trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub(crate) struct Line {
    /// Its id.
    id: String,
    /// Its place in the trail; 0 for the seconds until it has one.
    seq: i64,
    /// When.
    at: String,
    /// Who.
    actor: String,
    /// Did what.
    action: String,
    /// To what.
    target: String,
    /// `done`, or the code of what went wrong.
    outcome: String,
    /// Why, where somebody had to say.
    reason: String,
    /// In which request.
    request: String,
    /// The values before; null for something new.
    #[schema(value_type = Object)]
    before: serde_json::Value,
    /// The values after; null for something removed.
    #[schema(value_type = Object)]
    after: serde_json::Value,
    /// Personal values by name; null once they are erased.
    personal: BTreeMap<String, Option<String>>,
}

impl From<AuditLine> for Line {
    fn from(line: AuditLine) -> Self {
        Line {
            id: line.id.to_string(),
            seq: line.seq,
            at: line.at.to_string(),
            actor: line.actor,
            action: line.action,
            target: line.target,
            outcome: line.outcome,
            reason: line.reason,
            request: line.request,
            before: line.before,
            after: line.after,
            personal: line.personal.into_iter().map(|value| (value.name, value.value)).collect(),
        }
    }
}

/// A checkpoint that was kept elsewhere, to see that no tail was cut off.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownQuery {
    /// How many lines there were.
    size: Option<i64>,
    /// The root over them.
    root: Option<String>,
}

impl KnownQuery {
    fn read(self) -> Result<Vec<Known>, Problem> {
        match (self.size, self.root) {
            (None, None) => Ok(vec![]),
            (Some(size), Some(root)) if size > 0 => Ok(vec![Known { size, root }]),
            _ => Err(wrong("/size", "a known checkpoint is its size and its root")),
        }
    }
}

/// What came out of verifying a trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditVerification)]
pub(crate) struct Verification {
    /// Whether nothing is wrong.
    sound: bool,
    /// How many lines were looked at.
    lines: u64,
    /// How many signed checkpoints.
    checkpoints: u64,
    /// What is wrong, in words.
    findings: Vec<String>,
    /// The number of lines that the last good checkpoint speaks of; keep it with its root elsewhere.
    size: Option<i64>,
    /// The root of the last good checkpoint.
    root: Option<String>,
    /// Thumbprints (RFC 7638) of the keys that signed.
    signers: Vec<String>,
}

impl From<Report> for Verification {
    fn from(report: Report) -> Self {
        Verification {
            sound: report.is_sound(),
            lines: report.lines,
            checkpoints: report.checkpoints,
            findings: report.findings.iter().map(ToString::to_string).collect(),
            size: report.head.as_ref().map(|head| head.size),
            root: report.head.map(|head| head.root),
            signers: report.signers.into_iter().collect(),
        }
    }
}

/// The last signed checkpoint of a trail: the record that an export holds.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditHead)]
pub(crate) struct Head {
    /// Whose trail.
    tenant_id: String,
    /// How many lines it had.
    size: i64,
    /// The root of the Merkle tree over them.
    root: String,
    /// The roots of the whole subtrees, largest first, separated by blanks.
    frontier: String,
    /// When it was signed, in microseconds since 1970.
    at: i64,
    /// Under which key.
    key_id: String,
    /// The signature, ES256 in base64url.
    signature: String,
}

impl From<Checkpoint> for Head {
    fn from(checkpoint: Checkpoint) -> Self {
        let Checkpoint { tenant_id, size, root, frontier, at, key_id, signature } = checkpoint;
        Head { tenant_id, size, root, frontier, at, key_id, signature }
    }
}

async fn heads(
    AllowOperator(permit): AllowOperator<ReadPlatformAudit>,
    State(room): State<Control>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listing<Head>>, Problem> {
    Ok(Json(room.store.audit_heads(&permit, &paging.into()).await?.into()))
}

async fn list_some(
    Allow(permit): Allow<ReadAuditTrail>,
    State(room): State<Control>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Listing<Line>>, Problem> {
    let (filter, cursor) = query.read()?;
    Ok(Json(room.store.audit_lines(&permit, &filter, &cursor).await?.into()))
}

async fn list_house(
    AllowOperator(permit): AllowOperator<ReadPlatformAudit>,
    State(room): State<Control>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Listing<Line>>, Problem> {
    let (filter, cursor) = query.read()?;
    Ok(Json(room.store.house_lines(&permit, &filter, &cursor).await?.into()))
}

async fn verify(
    Allow(permit): Allow<ReadAuditTrail>,
    State(room): State<Control>,
    Query(known): Query<KnownQuery>,
) -> Result<Json<Verification>, Problem> {
    Ok(Json(room.store.verify_audit(&permit, known.read()?).await?.into()))
}

/// The file is sent as it is read, so that a long trail needs no memory. Whoever gets it cut short finds no
/// `end` in it.
async fn export(Allow(permit): Allow<ReadAuditTrail>, State(room): State<Control>) -> Response {
    let name = format!("attachment; filename=\"audit-{}.jsonl\"", permit.tenant_id());
    let name = HeaderValue::from_str(&name).expect("an id is letters and digits");
    let kind = HeaderValue::from_static("application/jsonl");
    let pieces = futures_util::stream::try_unfold(room.store.export_audit(permit), next);
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], Body::from_stream(pieces))
        .into_response()
}

async fn next(mut export: AuditExport) -> Result<Option<(String, AuditExport)>, store::StoreError> {
    let piece = export.next().await.inspect_err(|error| {
        tracing::warn!(%error, "an export of an audit trail broke off: {error}");
    })?;
    Ok(piece.map(|piece| (piece, export)))
}
