//! The rows that a sign-in touches.

use domain::{ConnectionId, Digest, MemberId, Moment, ProviderId, RoleName, SignInId, UserId};
use serde_json::{Map, Value};
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// A member as a sign-in finds them.
pub(crate) struct Found {
    pub(crate) id: MemberId,
    pub(crate) is_active: bool,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Found { id: row.parse("id")?, is_active: row.text("standing")? == "active" })
    }
}

pub(crate) async fn member_of(tx: &mut TenantRead, user: UserId) -> Result<Option<Found>, StoreError> {
    tx.row(sql!("SELECT id, standing FROM member WHERE tenant_id = $1 AND user_id = $2"), values![user]).await
}

/// Members that take up a seat. Whoever asks holds the tenant's settings row until the write is over, so
/// that two newcomers cannot both take the last one.
pub(crate) async fn count_seats(tx: &mut TenantWrite) -> Result<u64, StoreError> {
    let turn = sql!("UPDATE tenant_setting SET changed_at = changed_at WHERE tenant_id = $1");
    tx.run(turn, &[]).await?;
    let sql = sql!("SELECT COUNT(*) AS n FROM member WHERE tenant_id = $1 AND standing <> 'removed'");
    Ok(tx.number(sql, &[]).await?.max(0) as u64)
}

pub(crate) async fn add_member(
    tx: &mut TenantWrite,
    user: UserId,
    source: &str,
) -> Result<MemberId, StoreError> {
    let (id, now) = (tx.new_id::<domain::MemberKind>(), tx.now());
    let sql = sql!(
        "INSERT INTO member (tenant_id, id, user_id, standing, source, created_at, changed_at, seen_at)
         VALUES ($1, $2, $3, 'active', $4, $5, $5, $5)"
    );
    tx.run(sql, values![id, user, source, now]).await?;
    Ok(id)
}

struct Role(RoleName);

impl FromRow for Role {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parse("role").map(Role)
    }
}

pub(crate) async fn roles_of(tx: &mut TenantRead, member: MemberId) -> Result<Vec<RoleName>, StoreError> {
    let sql = sql!("SELECT role FROM member_role WHERE tenant_id = $1 AND member_id = $2 ORDER BY role");
    let roles: Vec<Role> = tx.rows(sql, values![member]).await?;
    Ok(roles.into_iter().map(|role| role.0).collect())
}

/// Gives a role; gives whether the member did not hold it.
pub(crate) async fn give_role(
    tx: &mut TenantWrite,
    member: MemberId,
    role: &RoleName,
    by: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO member_role (tenant_id, member_id, role, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, member_id, role) DO NOTHING"
    );
    Ok(tx.run(sql, values![member, role, by, now]).await? == 1)
}

struct Sealed(domain::Sealed);

impl FromRow for Sealed {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.sealed("sealed").map(Sealed)
    }
}

/// What is known of a member beside their id; empty where nothing is.
pub(crate) async fn profile_of(
    tx: &mut TenantRead,
    member: MemberId,
) -> Result<Map<String, Value>, StoreError> {
    let sql = sql!("SELECT sealed FROM member_profile WHERE tenant_id = $1 AND member_id = $2");
    let Some(Sealed(sealed)) = tx.row(sql, values![member]).await? else { return Ok(Map::new()) };
    let text = tx.open_for_member(member, &sealed).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

pub(crate) async fn put_profile(
    tx: &mut TenantWrite,
    member: MemberId,
    profile: &Map<String, Value>,
) -> Result<(), StoreError> {
    let text = serde_json::to_vec(profile).expect("a profile is plain data");
    let (sealed, now) = (tx.seal_for_member(member, &text).await?, tx.now());
    let sql = sql!(
        "INSERT INTO member_profile (tenant_id, member_id, sealed, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, member_id) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at"
    );
    tx.run(sql, values![member, &sealed, now]).await.map(drop)
}

/// Records that a member signed in: when, and by whose word.
pub(crate) async fn note_sign_in(
    tx: &mut TenantWrite,
    member: MemberId,
    connection: ConnectionId,
    provider: ProviderId,
) -> Result<SignInId, StoreError> {
    let (id, now) = (tx.new_id::<domain::SignInKind>(), tx.now());
    let seen = sql!("UPDATE member SET seen_at = $3 WHERE tenant_id = $1 AND id = $2");
    tx.run(seen, values![member, now]).await?;
    let sql = sql!(
        "INSERT INTO sign_in (tenant_id, id, member_id, connection_id, provider_id, at) VALUES ($1, $2, $3, $4, $5, $6)"
    );
    tx.run(sql, values![id, member, connection, provider, now]).await?;
    Ok(id)
}

/// Remembers that the answer to a sign-in was given; gives whether it was the first.
pub(crate) async fn use_up(tx: &mut TenantWrite, state: Digest, ends: Moment) -> Result<bool, StoreError> {
    let sql = sql!(
        "INSERT INTO used_state (tenant_id, digest, ends) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, digest) DO NOTHING"
    );
    Ok(tx.run(sql, values![state, ends]).await? == 1)
}
