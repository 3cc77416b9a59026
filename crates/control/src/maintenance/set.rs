//! Maintenance is planned, begun or ended.

use super::{LONGEST, MaintenanceError, Span};
use access::{ChangeSettings, Permit};
use domain::{Change, Event, Moment, event::names};
use serde_json::{Value, json};
use store::{FromRow, Row, Store, StoreError, sql, values};

struct Was(Span);

impl FromRow for Was {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Was(Span { from: row.moment("maintenance_from")?, until: row.moment("maintenance_until")? }))
    }
}

/// Puts the permit's tenant into maintenance for this span, in place of what was planned before; `None` ends it.
///
/// # Errors
/// [`MaintenanceError`].
pub async fn set(
    store: &Store,
    permit: &Permit<ChangeSettings>,
    span: Option<Span>,
) -> Result<(), MaintenanceError> {
    store
        .write(permit, async |tx| {
            let now = tx.now();
            let fits =
                |span: &Span| now < span.until && span.from < span.until && span.until <= now + LONGEST;
            if span.is_some_and(|span| !fits(&span)) {
                return Err(MaintenanceError::Span);
            }
            let find =
                sql!("SELECT maintenance_from, maintenance_until FROM tenant_setting WHERE tenant_id = $1");
            let Was(was) = tx.row::<Was>(find, values![]).await?.ok_or(MaintenanceError::Gone)?;
            let put = sql!(
                "UPDATE tenant_setting SET maintenance_from = $2, maintenance_until = $3 WHERE tenant_id = $1"
            );
            let next = span.unwrap_or(Span { from: Moment::NEVER, until: Moment::NEVER });
            tx.run(put, values![next.from, next.until]).await?;
            tx.changed(Change::new(tx.tenant(), facts(&was), facts(&next)));
            tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
            Ok(())
        })
        .await
}

fn facts(span: &Span) -> Value {
    match span.until == Moment::NEVER {
        true => json!({ "maintenance": false }),
        false => json!({
            "maintenance": true,
            "maintenance_from": span.from.to_string(),
            "maintenance_until": span.until.to_string(),
        }),
    }
}
