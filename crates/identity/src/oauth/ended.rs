//! What ends with a person's session, and with a member: the grants that rest on them. Applications that want to hear of
//! it are told (OpenID Connect Back-Channel Logout 1.0), by a job that is tried again while one is away.

use super::{
    issue::sid,
    rows::{self, Grant},
};
use crate::{Identity, application::Application};
use access::{ClaimedJob, EndPersonSession, Permit, PersonPermit, RunJob};
use domain::{ApplicationId, Digest, Event, MemberId, Moment, UserId, event::names};
use http::StatusCode;
use outbound::Call;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use store::{FromRow, Row, StoreError, TenantWrite, person_sql, sql, values};
use url::Url;

/// The lane in which applications are told.
pub const CLASS: &str = "logout";
/// How long a logout token lives.
const LIFE: Duration = Duration::from_secs(120);

/// What one application is told.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    application: ApplicationId,
    user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

struct Held(Digest);

impl FromRow for Held {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.digest("digest").map(Held)
    }
}

/// Ends what rests on sessions of the permit's person that are over, at each of their tenants. What they allowed to go on
/// while they are away goes on.
///
/// # Errors
/// [`StoreError`]; what was ended before stays so.
pub(crate) async fn with_sessions(
    room: &Identity,
    permit: &PersonPermit<EndPersonSession>,
) -> Result<(), StoreError> {
    let live: Vec<Held> = room
        .store
        .read_person(permit, async |tx| {
            tx.rows(person_sql!("SELECT digest FROM person_session WHERE user_id = $1"), &[]).await
        })
        .await?;
    let live: BTreeSet<String> = live.iter().map(|Held(session)| session.to_string()).collect();
    let over = |grant: &Grant| {
        let ended = grant.session.is_some_and(|session| !live.contains(&session.to_string()));
        ended && !grant.body.has_word("offline_access")
    };
    for tenant in room.store.directory().tenants_of(permit).await? {
        let Some(there) = room.web.warden.parting_from(permit, tenant) else { continue };
        let user = permit.user();
        let find = sql!(
            "SELECT id, application_id, member_id, provider_id, session, body, generation, rotated_at, ends, ended_at
             FROM application_grant WHERE tenant_id = $1 AND ended_at = 0 AND ends > $3 AND member_id IN
             (SELECT id FROM member WHERE tenant_id = $1 AND user_id = $2)"
        );
        let now = room.now();
        let held: Vec<Grant> =
            room.store.read(&there, async |tx| tx.rows(find, values![user, now]).await).await?;
        let held: Vec<Grant> = held.into_iter().filter(over).collect();
        if held.is_empty() {
            continue;
        }
        room.store.write(&there, async |tx| end_all(room, tx, &held).await).await?;
        for grant in &held {
            room.web.warden.hear_at_once(tenant, Event::new(names::GRANT_ENDED, grant.id)).await;
        }
    }
    Ok(())
}

/// Ends whatever applications may do in a member's name: they are suspended or removed.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn with_member(
    room: &Identity,
    tx: &mut TenantWrite,
    member: MemberId,
) -> Result<(), StoreError> {
    let find = sql!(
        "SELECT id, application_id, member_id, provider_id, session, body, generation, rotated_at, ends, ended_at
         FROM application_grant WHERE tenant_id = $1 AND member_id = $2 AND ended_at = 0"
    );
    let held: Vec<Grant> = tx.rows(find, values![member]).await?;
    end_all(room, tx, &held).await
}

async fn end_all(room: &Identity, tx: &mut TenantWrite, held: &[Grant]) -> Result<(), StoreError> {
    let mut told = BTreeSet::new();
    for grant in held {
        rows::end(tx, grant.id).await?;
        let application = room.application(&grant.application.to_string());
        let wants = application.filter(|one| one.metadata.backchannel_logout_uri.is_some());
        let (Some(application), Some(user)) = (wants, grant.body.user) else { continue };
        let sid = grant.session.map(|session| sid(&application, session));
        let body = json!(Told { application: application.id, user, sid }).to_string();
        if told.insert(body.clone()) {
            let now = tx.now();
            tx.enqueue(CLASS, "logout", &body, now).await?;
        }
    }
    Ok(())
}

/// Tells one application that a session ended.
///
/// # Errors
/// Words for the log: it is tried again.
pub async fn tell(room: &Identity, permit: &Permit<RunJob>, job: &ClaimedJob) -> Result<(), String> {
    let told: Told = serde_json::from_str(&job.body).map_err(|error| error.to_string())?;
    if let Some(application) = room.application(&told.application.to_string()) {
        send(room, &application, &told, job).await?;
    }
    room.store.complete_job(permit, job).await.map_err(|error| error.to_string())
}

async fn send(
    room: &Identity,
    application: &Application,
    told: &Told,
    job: &ClaimedJob,
) -> Result<(), String> {
    let Some(address) = &application.metadata.backchannel_logout_uri else { return Ok(()) };
    let token = logout_token(room, application, told, job)?;
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let call = Call::post_form(url, [("logout_token", token.as_str())])
        .for_tenant(job.tenant)
        .within(room.settings.provider_patience);
    let answer = room.outbound.send(call).await.map_err(|error| error.to_string())?;
    match answer.status {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        // It knows of no such session, or refuses to hear of it: telling it again changes nothing.
        StatusCode::BAD_REQUEST => Ok(()),
        other => Err(format!("the application answered {}", other.as_u16())),
    }
}

/// The token of OpenID Connect Back-Channel Logout 1.0 section 2.4. It has no nonce, so that it passes for no ID token.
fn logout_token(
    room: &Identity,
    application: &Application,
    told: &Told,
    job: &ClaimedJob,
) -> Result<String, String> {
    let now = Moment::from_seconds(room.now().seconds());
    let mut claims = json!({
        "iss": room.web.hosts.id.origin(),
        "aud": application.id,
        "iat": now.seconds(),
        "exp": (now + LIFE).seconds(),
        "jti": job.id,
        "sub": told.user,
        "tenant": job.tenant,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    if let Some(sid) = &told.sid {
        claims["sid"] = json!(sid);
    }
    let signer = room.signer().map_err(|denied| denied.to_string())?;
    Ok(signer.sign("logout+jwt", &claims))
}
