//! Grants' rows, which are a tenant's.

use super::body::Body;
use domain::{ApplicationId, Digest, Event, GrantId, MemberId, Moment, ProviderId, event::names};
use serde_json::json;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// A grant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) application: ApplicationId,
    /// In whose name, and by whom they were proven.
    pub(crate) who: Option<(MemberId, ProviderId)>,
    /// The person's session that it ends with.
    pub(crate) session: Option<Digest>,
    pub(crate) body: Body,
    /// How often its code and refresh tokens were used.
    pub(crate) generation: i64,
    /// When that was last.
    pub(crate) rotated_at: Moment,
    pub(crate) ends: Moment,
    pub(crate) is_ended: bool,
}

impl Grant {
    /// Whether it is good for something.
    pub(crate) fn stands(&self, now: Moment) -> bool {
        !self.is_ended && now < self.ends
    }
}

impl FromRow for Grant {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let is_own = row.text("member_id")?.is_empty();
        Ok(Grant {
            id: row.parse("id")?,
            application: row.parse("application_id")?,
            who: if is_own { None } else { Some((row.parse("member_id")?, row.parse("provider_id")?)) },
            session: Digest::parse(&row.text("session")?),
            body: row.json("body")?,
            generation: row.int("generation")?,
            rotated_at: row.moment("rotated_at")?,
            ends: row.moment("ends")?,
            is_ended: row.int("ended_at")? != 0,
        })
    }
}

pub(crate) async fn find(tx: &mut TenantRead, id: GrantId) -> Result<Option<Grant>, StoreError> {
    let sql = sql!(
        "SELECT id, application_id, member_id, provider_id, session, body, generation, rotated_at, ends, ended_at
         FROM application_grant WHERE tenant_id = $1 AND id = $2"
    );
    tx.row(sql, values![id]).await
}

/// The newest grant that an application has in its own name and that is good for a while.
pub(crate) async fn own(
    tx: &mut TenantRead,
    application: ApplicationId,
    until: Moment,
) -> Result<Option<Grant>, StoreError> {
    let sql = sql!(
        "SELECT id, application_id, member_id, provider_id, session, body, generation, rotated_at, ends, ended_at
         FROM application_grant WHERE tenant_id = $1 AND application_id = $2 AND member_id = '' AND session = '' AND ended_at = 0
         AND ends > $3 ORDER BY id DESC LIMIT 1"
    );
    tx.row(sql, values![application, until]).await
}

pub(crate) async fn add(tx: &mut TenantWrite, grant: &Grant) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO application_grant (tenant_id, id, application_id, member_id, provider_id, session, body,
         generation, created_at, rotated_at, ends, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, 0)"
    );
    let (member, provider) = match grant.who {
        Some((member, provider)) => (member.to_string(), provider.to_string()),
        None => Default::default(),
    };
    let session = grant.session.map(|session| session.to_string()).unwrap_or_default();
    let now = tx.now();
    let body = json!(grant.body);
    let values = values![
        grant.id,
        grant.application,
        &member,
        &provider,
        &session,
        &body,
        grant.generation,
        now,
        grant.ends
    ];
    tx.run(sql, values).await.map(drop)
}

/// Notes one more use, and until when it stands now; gives whether nobody was quicker.
pub(crate) async fn use_once(tx: &mut TenantWrite, grant: &Grant, ends: Moment) -> Result<bool, StoreError> {
    let sql = sql!(
        "UPDATE application_grant SET generation = generation + 1, rotated_at = $3, ends = $4
         WHERE tenant_id = $1 AND id = $2 AND generation = $5 AND ended_at = 0"
    );
    let now = tx.now();
    Ok(tx.run(sql, values![grant.id, now, ends, grant.generation]).await? == 1)
}

/// Ends a grant, and tells every node.
pub(crate) async fn end(tx: &mut TenantWrite, grant: GrantId) -> Result<(), StoreError> {
    let sql =
        sql!("UPDATE application_grant SET ended_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at = 0");
    let now = tx.now();
    if tx.run(sql, values![grant, now]).await? == 1 {
        tx.emit(Event::new(names::GRANT_ENDED, grant)).await?;
    }
    Ok(())
}
