//! Reading a trail, newest first, page by page.

use crate::{FromRow, OperatorRead, Row, Store, StoreError, TenantRead, operator_sql, sql, values};
use access::{OperatorPermit, Permit, ReadAuditTrail, ReadPlatformAudit};
use domain::{AuditLineId, Cursor, MemberId, Moment, Page, Sealed, TenantId};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Which lines to give. Empty fields ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who, as the trail names them: a user's id, `system`, `command line`.
    pub actor: String,
    /// An action's name.
    pub action: String,
    /// What was changed: an id in text.
    pub target: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Not before this moment.
    pub from: Option<Moment>,
    /// Before this moment.
    pub until: Option<Moment>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// However it ended.
    #[default]
    Any,
    /// It landed.
    Done,
    /// It failed or was refused.
    Failed,
}

/// A line for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Its id.
    pub id: AuditLineId,
    /// Its place in the trail; 0 while it waits for one.
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// Did what.
    pub action: String,
    /// To what.
    pub target: String,
    /// `done`, or the code of what went wrong.
    pub outcome: String,
    /// Why, where somebody had to say.
    pub reason: String,
    /// In which request.
    pub request: String,
    /// The values before; null for something new.
    pub before: Json,
    /// The values after; null for something removed.
    pub after: Json,
    /// Personal values.
    pub personal: Vec<PersonalValue>,
}

/// A personal value in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalValue {
    /// What it is.
    pub name: String,
    /// Whose.
    pub member: MemberId,
    /// The value; none once it has been erased.
    pub value: Option<String>,
}

impl Store {
    /// A page of this tenant's trail, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit_lines(
        &self,
        permit: &Permit<ReadAuditTrail>,
        filter: &AuditFilter,
        cursor: &Cursor,
    ) -> Result<Page<AuditLine>, StoreError> {
        self.read(permit, async |tx| {
            let found = tx.rows(PAGE, &wanted(filter, cursor)).await?;
            let page = Page::cut(found, cursor, |(line, _): &(AuditLine, String)| line.id.to_string());
            let mut items = Vec::with_capacity(page.items.len());
            for (line, sealed) in page.items {
                items.push(AuditLine { personal: personal(tx, &sealed).await?, ..line });
            }
            Ok(Page { items, next: page.next })
        })
        .await
    }

    /// A page of the house's trail, where the operators' own acts and the security events of all tenants are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn house_lines(
        &self,
        permit: &OperatorPermit<ReadPlatformAudit>,
        filter: &AuditFilter,
        cursor: &Cursor,
    ) -> Result<Page<AuditLine>, StoreError> {
        self.survey(permit, async |tx| {
            let Some(house) = tx.house().await? else { return Ok(Page { items: vec![], next: None }) };
            let mut values = values![house].to_vec();
            values.extend(wanted(filter, cursor));
            let found = tx.rows(PAGE_OF_HOUSE, &values).await?;
            let page = Page::cut(found, cursor, |(line, _): &(AuditLine, String)| line.id.to_string());
            let mut items = Vec::with_capacity(page.items.len());
            for (line, sealed) in page.items {
                items.push(AuditLine { personal: personal_in_house(tx, house, &sealed).await?, ..line });
            }
            Ok(Page { items, next: page.next })
        })
        .await
    }
}

/// An id begins with its time, so that a span of time is a span of the primary key.
const PAGE: crate::Sql = sql!(
    "SELECT id, seq, at, actor, action, target, outcome, reason, request, before_values, after_values, personal
     FROM audit_line WHERE tenant_id = $1 AND id < $2 AND id >= $3 AND at >= $4 AND at < $5
       AND ($6 = '' OR actor = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR target = $8)
       AND ($9 = '' OR ($9 = 'done' AND outcome = 'done') OR ($9 = 'failed' AND outcome <> 'done'))
     ORDER BY id DESC LIMIT $10"
);
const PAGE_OF_HOUSE: crate::OperatorSql = operator_sql!(
    "SELECT id, seq, at, actor, action, target, outcome, reason, request, before_values, after_values, personal
     FROM audit_line WHERE tenant_id = $1 AND id < $2 AND id >= $3 AND at >= $4 AND at < $5
       AND ($6 = '' OR actor = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR target = $8)
       AND ($9 = '' OR ($9 = 'done' AND outcome = 'done') OR ($9 = 'failed' AND outcome <> 'done'))
     ORDER BY id DESC LIMIT $10"
);

/// The values `$2` to `$10` of a page.
fn wanted(filter: &AuditFilter, cursor: &Cursor) -> Vec<crate::Value> {
    let from = filter.from.unwrap_or(Moment::NEVER);
    let until = filter.until.unwrap_or(Moment::from_micros(i64::MAX));
    let after = if cursor.after.is_empty() { "aud_z" } else { cursor.after.as_str() };
    // Ids know milliseconds, lines know microseconds; both are asked.
    let earliest = AuditLineId::from_bits(((from.micros().max(0) / 1_000) as u128) << 80).to_string();
    let outcome = match filter.outcome {
        Outcome::Any => "",
        Outcome::Done => "done",
        Outcome::Failed => "failed",
    };
    let Cursor { limit, .. } = cursor;
    values![after, earliest, from, until, &filter.actor, &filter.action, &filter.target, outcome, limit + 1]
        .to_vec()
}

impl FromRow for (AuditLine, String) {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let line = AuditLine {
            id: row.parse("id")?,
            seq: row.int("seq")?,
            at: row.moment("at")?,
            actor: row.text("actor")?,
            action: row.text("action")?,
            target: row.text("target")?,
            outcome: row.text("outcome")?,
            reason: row.text("reason")?,
            request: row.text("request")?,
            before: shown(row, "before_values")?,
            after: shown(row, "after_values")?,
            personal: Vec::new(),
        };
        Ok((line, row.text("personal")?))
    }
}

/// A trail that was tampered with must still be readable, so that what cannot be parsed is shown as it is;
/// verification names it.
fn shown(row: &Row, column: &str) -> Result<Json, StoreError> {
    let text = row.text(column)?;
    if text.is_empty() {
        return Ok(Json::Null);
    }
    Ok(serde_json::from_str(&text).unwrap_or(Json::String(text)))
}

#[derive(serde::Deserialize)]
struct SealedValue {
    member: String,
    sealed: String,
}

/// For the same reason, what is no sealed value is left out.
fn sealed_values(text: &str) -> Vec<(String, MemberId, Sealed)> {
    let values: BTreeMap<String, SealedValue> = serde_json::from_str(text).unwrap_or_default();
    let parsed = |(name, value): (String, SealedValue)| {
        Some((name, value.member.parse().ok()?, Sealed::from_text(value.sealed)))
    };
    values.into_iter().filter_map(parsed).collect()
}

/// And what does not open is not there.
fn if_it_opens(opened: Result<Option<String>, StoreError>) -> Result<Option<String>, StoreError> {
    match opened {
        Err(StoreError::Sealed(_)) => Ok(None),
        other => other,
    }
}

/// The personal values of a line, opened as far as they have not been erased.
pub(crate) async fn personal(tx: &mut TenantRead, text: &str) -> Result<Vec<PersonalValue>, StoreError> {
    let mut values = Vec::new();
    for (name, member, sealed) in sealed_values(text) {
        let value = if_it_opens(tx.open_for_member(member, &sealed).await)?;
        values.push(PersonalValue { name, member, value });
    }
    Ok(values)
}

async fn personal_in_house(
    tx: &mut OperatorRead,
    house: TenantId,
    text: &str,
) -> Result<Vec<PersonalValue>, StoreError> {
    let mut values = Vec::new();
    for (name, member, sealed) in sealed_values(text) {
        let value = if_it_opens(super::personal::open_as_operator(tx, house, member, &sealed).await)?;
        values.push(PersonalValue { name, member, value });
    }
    Ok(values)
}
