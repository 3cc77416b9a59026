//! A tenant puts an application into use, with stated scopes, for everybody there; and withdraws that.

use super::{Application, ApplicationError};
use crate::Identity;
use access::{ConsentApplication, Permit, ReadApplications, TenantAction};
use domain::{ApplicationId, Change, Event, Moment, ScopeName, event::names};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use store::{FromRow, Row, StoreError, TenantRead, sql, values};

/// What a tenant has agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The application.
    pub application: ApplicationId,
    /// What it may do of what it may ask for.
    pub scopes: Vec<ScopeName>,
    /// Who agreed.
    pub given_by: String,
    /// When.
    pub given_at: Moment,
}

impl FromRow for Consent {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Consent {
            application: row.parse("application_id")?,
            scopes: row.words("scopes")?,
            given_by: row.text("given_by")?,
            given_at: row.moment("given_at")?,
        })
    }
}

/// What of the API an application may do at the tenant; none where it is not in use.
pub(crate) async fn allowed(
    tx: &mut TenantRead,
    application: &Application,
) -> Result<Option<Vec<ScopeName>>, StoreError> {
    if application.is_everybodys() {
        return Ok(Some(application.scopes().collect()));
    }
    let sql = sql!(
        "SELECT application_id, scopes, given_by, given_at FROM application_consent
         WHERE tenant_id = $1 AND application_id = $2"
    );
    let found: Option<Consent> = tx.row(sql, values![application.id]).await?;
    // What the operator does not let it ask for any more, nobody has agreed to.
    let may_ask: Vec<ScopeName> = application.scopes().collect();
    Ok(found.map(|consent| consent.scopes.into_iter().filter(|scope| may_ask.contains(scope)).collect()))
}

/// An action under which applications are read.
pub trait ReadsApplications: TenantAction {}
impl ReadsApplications for ReadApplications {}
impl ReadsApplications for ConsentApplication {}

/// Every application, by name, with what the tenant has agreed to.
///
/// # Errors
/// [`StoreError`].
pub async fn in_use<A: ReadsApplications>(
    room: &Identity,
    permit: &Permit<A>,
) -> Result<Vec<(Arc<Application>, Option<Consent>)>, StoreError> {
    let sql = sql!(
        "SELECT application_id, scopes, given_by, given_at FROM application_consent WHERE tenant_id = $1
         ORDER BY application_id"
    );
    let given: Vec<Consent> = room.store.read(permit, async |tx| tx.rows(sql, &[]).await).await?;
    let mut given: BTreeMap<_, _> = given.into_iter().map(|consent| (consent.application, consent)).collect();
    let mut all: Vec<_> = room.applications.load().values().cloned().collect();
    all.sort_by_key(|one| (one.metadata.client_name.as_str().to_lowercase(), one.id));
    Ok(all.into_iter().map(|one| (one.clone(), given.remove(&one.id))).collect())
}

/// Puts an application into use for these scopes, in place of what was agreed before.
///
/// # Errors
/// [`ApplicationError`].
pub async fn consent(
    room: &Identity,
    permit: &Permit<ConsentApplication>,
    id: ApplicationId,
    mut scopes: Vec<ScopeName>,
) -> Result<Consent, ApplicationError> {
    let application = room.application(&id.to_string()).ok_or(ApplicationError::Unknown)?;
    if application.is_everybodys() {
        let why = "the operator has put it into use for every organisation".to_owned();
        return Err(ApplicationError::Rule("application", why));
    }
    scopes.sort_unstable();
    scopes.dedup();
    let may_ask: Vec<ScopeName> = application.scopes().collect();
    if let Some(more) = scopes.iter().find(|scope| !may_ask.contains(scope)) {
        return Err(ApplicationError::Rule("scopes", format!("it does not ask for `{more}`")));
    }
    let find = sql!(
        "SELECT application_id, scopes, given_by, given_at FROM application_consent
         WHERE tenant_id = $1 AND application_id = $2"
    );
    let put = sql!(
        "INSERT INTO application_consent (tenant_id, application_id, scopes, given_by, given_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, application_id) DO UPDATE SET scopes = excluded.scopes,
         given_by = excluded.given_by, given_at = excluded.given_at"
    );
    let given_by = permit.caller().actor().to_string();
    let ended = || Event::new(names::GRANT_ENDED, id);
    let given = room.store.write(permit, async |tx| {
        let before: Option<Consent> = tx.row(find, values![id]).await?;
        let given_at = tx.now();
        tx.run(put, values![id, words(&scopes), &given_by, given_at]).await?;
        let was = before.as_ref().map_or(Value::Null, |consent| json!({ "scopes": consent.scopes }));
        tx.changed(Change::new(id, was, json!({ "scopes": scopes })));
        // What it holds already may be good for more than what is agreed now.
        if before.is_some_and(|before| before.scopes.iter().any(|scope| !scopes.contains(scope))) {
            end_all(tx, id).await?;
        }
        Ok::<_, ApplicationError>(Consent { application: id, scopes, given_by: given_by.clone(), given_at })
    });
    let given = given.await?;
    room.web.warden.hear_at_once(permit.tenant_id(), ended()).await;
    Ok(given)
}

/// Takes an application out of use: its tokens and refresh tokens are good for nothing here any more.
///
/// # Errors
/// [`ApplicationError::Unknown`] if it was not in use.
pub async fn withdraw(
    room: &Identity,
    permit: &Permit<ConsentApplication>,
    id: ApplicationId,
) -> Result<(), ApplicationError> {
    let remove = sql!("DELETE FROM application_consent WHERE tenant_id = $1 AND application_id = $2");
    room.store
        .write(permit, async |tx| {
            if tx.run(remove, values![id]).await? == 0 {
                return Err(ApplicationError::Unknown);
            }
            end_all(tx, id).await?;
            tx.changed(Change::new(id, json!({ "in_use": true }), Value::Null));
            Ok(())
        })
        .await?;
    room.web.warden.hear_at_once(permit.tenant_id(), Event::new(names::GRANT_ENDED, id)).await;
    Ok(())
}

async fn end_all(tx: &mut store::TenantWrite, id: ApplicationId) -> Result<(), StoreError> {
    let end = sql!(
        "UPDATE application_grant SET ended_at = $3 WHERE tenant_id = $1 AND application_id = $2 AND ended_at = 0"
    );
    let now = tx.now();
    tx.run(end, values![id, now]).await?;
    tx.emit(Event::new(names::GRANT_ENDED, id)).await
}

fn words(scopes: &[ScopeName]) -> String {
    scopes.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ")
}
