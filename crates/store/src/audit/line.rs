//! One line.

use crate::{OperatorSql, Sql, StoreError, TenantWrite, audit::personal, operator_sql, sql, values};
use access::{Action, Actor, Permit, TenantAction};
use domain::{AuditLineId, Change, Personal};
use serde_json::{Map, Value as Json, json};

/// A line about to be written.
pub(crate) struct NewLine<'c> {
    pub(crate) actor: String,
    pub(crate) action: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) reason: String,
    pub(crate) request: String,
    pub(crate) change: &'c Change,
}

impl<'c> NewLine<'c> {
    /// What `permit`'s holder did.
    pub(crate) fn of<A: TenantAction>(permit: &Permit<A>, change: &'c Change) -> Self {
        let caller = permit.caller();
        let reason = match caller.actor() {
            Actor::Assumed { reason, .. } => reason.clone(),
            _ => String::new(),
        };
        NewLine {
            actor: caller.actor().to_string(),
            action: <A as Action>::NAME,
            outcome: "done",
            reason,
            request: caller.request().to_string(),
            change,
        }
    }
}

const INSERT: Sql = sql!(
    "INSERT INTO audit_line (tenant_id, id, seq, leaf, at, actor, action, target, outcome, reason, request,
     before_values, after_values, personal) VALUES ($1, $2, 0, '', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
);

pub(crate) const INSERT_AS_OPERATOR: OperatorSql = operator_sql!(
    "INSERT INTO audit_line (tenant_id, id, seq, leaf, at, actor, action, target, outcome, reason, request,
     before_values, after_values, personal) VALUES ($1, $2, 0, '', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
);

/// Writes one line into the tenant's trail.
pub(crate) async fn append(tx: &mut TenantWrite, line: NewLine<'_>) -> Result<(), StoreError> {
    let id: AuditLineId = tx.new_id();
    let sealed = seal_personal(tx, &line.change.personal).await?;
    let values = values![
        id,
        tx.now(),
        line.actor,
        line.action,
        line.change.target.as_str(),
        line.outcome,
        line.reason,
        line.request,
        shown(&line.change.before),
        shown(&line.change.after),
        sealed.to_string(),
    ];
    tx.run(INSERT, values).await.map(drop)
}

/// A value as it stands in a line: nothing is the empty text.
pub(crate) fn shown(value: &Json) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

/// `{"name": {"member": "mbr_…", "sealed": "…"}}`.
async fn seal_personal(tx: &mut TenantWrite, all: &[(&'static str, Personal)]) -> Result<Json, StoreError> {
    let mut sealed = Map::new();
    for (name, personal) in all {
        let value = personal::seal(tx, personal.member, personal.value.as_bytes()).await?;
        sealed.insert((*name).to_owned(), json!({ "member": personal.member, "sealed": value.as_str() }));
    }
    Ok(Json::Object(sealed))
}
