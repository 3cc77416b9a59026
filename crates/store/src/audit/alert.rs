//! Alerts: refused attempts to cross into a tenant that are more than somebody's mistake.
//!
//! So many lines about refused attempts within a span raise one: in the trail of the tenant attacked, if they
//! were aimed at it, and in the house's, if one person made them, at whichever tenants. The lines are
//! counted, so that all nodes count together, and one span has one alert.

use super::{NewLine, append};
use crate::{OperatorRead, Store, StoreError, TenantRead, TenantWrite, operator_sql, sql, values};
use access::{CrossTenant, Permit, RecordRefusal};
use domain::{AuditLineId, Change, Moment, TenantId};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// What is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// So many attempts…
    pub attempts: u32,
    /// … within this span.
    pub span: Duration,
}

impl Default for AlertRule {
    fn default() -> Self {
        AlertRule { attempts: 10, span: Duration::from_secs(600) }
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// In whose trail it stands.
    pub trail: TenantId,
    /// The tenant that was attacked, or the person who tried.
    pub target: String,
    /// How often, at the least.
    pub attempts: i64,
    /// Within which span.
    pub span: Duration,
}

impl Alert {
    /// In words.
    pub fn words(&self) -> String {
        format!("{} refused attempts within {} minutes", self.attempts, self.span.as_secs().div_ceil(60))
    }

    fn facts(&self) -> Json {
        json!({ "attempts": self.attempts, "span": self.span.as_secs() })
    }
}

impl Store {
    /// Writes an alert that stands in a tenant's trail into this permit's, the house's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_alert(
        &self,
        permit: &Permit<RecordRefusal>,
        alert: &Alert,
    ) -> Result<(), StoreError> {
        let request = permit.caller().request().to_string();
        self.write(permit, async |tx| put(tx, alert, request).await).await
    }
}

/// Raises an alert if this attempt, whose line was just written, makes them too many.
pub(super) async fn raise(
    tx: &mut TenantWrite,
    rule: AlertRule,
    attempt: &CrossTenant,
    times: u64,
) -> Result<Option<Alert>, StoreError> {
    let own = tx.tenant() == attempt.at;
    let (target, actor) = match attempt.user.filter(|_| !own) {
        Some(user) => (user.to_string(), user.to_string()),
        None if own => (attempt.at.to_string(), String::new()),
        // Whoever has no name cannot be told apart from others, and the tenant's own trail counts them.
        None => return Ok(None),
    };
    // Two nodes that count at once would both find that nobody has raised it.
    tx.take_turns("alert").await?;
    let earliest = earliest(tx.now() - rule.span);
    let lines = sql!(
        "SELECT COUNT(*) AS n FROM audit_line WHERE tenant_id = $1 AND action = 'security.cross-tenant' AND id >= $2
         AND ($3 = '' OR actor = $3)"
    );
    let more = i64::try_from(times.saturating_sub(1)).unwrap_or(i64::MAX);
    let attempts = tx.number(lines, values![&earliest, actor]).await?.saturating_add(more);
    let raised = sql!(
        "SELECT COUNT(*) AS n FROM audit_line WHERE tenant_id = $1 AND action = 'security.alert' AND id >= $2
         AND target = $3"
    );
    if attempts < i64::from(rule.attempts) || tx.number(raised, values![&earliest, &target]).await? > 0 {
        return Ok(None);
    }
    let alert = Alert { trail: tx.tenant(), target, attempts, span: rule.span };
    put(tx, &alert, attempt.request.clone()).await?;
    Ok(Some(alert))
}

async fn put(tx: &mut TenantWrite, alert: &Alert, request: String) -> Result<(), StoreError> {
    let change = Change::new(&alert.target, Json::Null, alert.facts());
    let line = NewLine {
        actor: "system".to_owned(),
        action: "security.alert",
        outcome: "alert",
        reason: alert.words(),
        request,
        change: &change,
    };
    append(tx, line).await
}

/// The least id of a line that was written since. An id begins with its time.
fn earliest(since: Moment) -> String {
    AuditLineId::from_bits(((since.micros().max(0) / 1_000) as u128) << 80).to_string()
}

impl TenantRead {
    /// How many alerts stand in this tenant's trail since then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn alerts_since(&mut self, since: Moment) -> Result<i64, StoreError> {
        let alerts = sql!(
            "SELECT COUNT(*) AS n FROM audit_line WHERE tenant_id = $1 AND action = 'security.alert' AND id >= $2"
        );
        self.number(alerts, values![earliest(since)]).await
    }
}

impl OperatorRead {
    /// How many alerts stand in the house's trail since then: those of all tenants.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn alerts_since(&mut self, since: Moment) -> Result<i64, StoreError> {
        let Some(house) = self.house().await? else { return Ok(0) };
        let alerts = operator_sql!(
            "SELECT COUNT(*) AS n FROM audit_line WHERE tenant_id = $1 AND action = 'security.alert' AND id >= $2"
        );
        self.number(alerts, values![house, earliest(since)]).await
    }
}
