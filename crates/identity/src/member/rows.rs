//! Members in the database.

use super::{Filter, Member, Profile, SignIn, Standing};
use domain::{Cursor, MemberId, Moment, RoleName, Sealed};
use std::collections::HashMap;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

/// A member whose profile is still sealed and whose roles are elsewhere.
struct Closed {
    member: Member,
    key: Sealed,
    profile: Sealed,
}

impl FromRow for Closed {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let seen_at = row.moment("seen_at")?;
        let member = Member {
            id: row.parse("id")?,
            user: row.parse("user_id")?,
            standing: row.parse("standing")?,
            source: row.text("source")?,
            roles: Vec::new(),
            profile: Profile::default(),
            created_at: row.moment("created_at")?,
            seen_at: (seen_at != Moment::NEVER).then_some(seen_at),
        };
        Ok(Closed { member, key: row.sealed("member_key")?, profile: row.sealed("profile")? })
    }
}

impl Closed {
    fn open(self, tx: &TenantRead) -> Result<Member, StoreError> {
        let Closed { mut member, key, profile } = self;
        if key.as_str().is_empty() || profile.as_str().is_empty() {
            return Ok(member);
        }
        let text = tx.open_beside_key(member.id, &key, &profile)?;
        member.profile = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(member)
    }
}

struct Held(MemberId, RoleName);

impl FromRow for Held {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Held(row.parse("member_id")?, row.parse("role")?))
    }
}

impl FromRow for SignIn {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(SignIn {
            id: row.parse("id")?,
            connection: row.parse("connection_id")?,
            connection_name: Some(row.text("connection_name")?).filter(|name| !name.is_empty()),
            provider: row.parse("provider_id")?,
            at: row.moment("at")?,
        })
    }
}

/// Members in the order in which they joined; one more than the page holds.
pub(crate) async fn list(
    tx: &mut TenantRead,
    filter: &Filter,
    cursor: &Cursor,
) -> Result<Vec<Member>, StoreError> {
    let standing = filter.standing.map(Standing::name).unwrap_or_default();
    let role = filter.role.as_ref().map(RoleName::as_str).unwrap_or_default();
    let sql = sql!(
        "SELECT m.id, m.user_id, m.standing, m.source, m.created_at, m.seen_at,
           COALESCE(k.sealed, '') AS member_key, COALESCE(p.sealed, '') AS profile
         FROM member m
         LEFT JOIN member_key k ON k.tenant_id = $1 AND k.member_id = m.id
         LEFT JOIN member_profile p ON p.tenant_id = $1 AND p.member_id = m.id
         WHERE m.tenant_id = $1 AND m.id > $2
           AND (m.standing = $3 OR ($3 = '' AND m.standing <> 'removed'))
           AND ($4 = '' OR EXISTS
             (SELECT 1 FROM member_role r WHERE r.tenant_id = $1 AND r.member_id = m.id AND r.role = $4))
         ORDER BY m.id LIMIT $5"
    );
    let closed: Vec<Closed> = tx.rows(sql, values![&cursor.after, standing, role, cursor.limit + 1]).await?;
    let mut members =
        closed.into_iter().map(|closed| closed.open(tx)).collect::<Result<Vec<Member>, StoreError>>()?;
    add_roles(tx, &mut members).await?;
    Ok(members)
}

async fn add_roles(tx: &mut TenantRead, members: &mut [Member]) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return Ok(()) };
    let sql = sql!(
        "SELECT member_id, role FROM member_role
         WHERE tenant_id = $1 AND member_id >= $2 AND member_id <= $3 ORDER BY member_id, role"
    );
    let held: Vec<Held> = tx.rows(sql, values![first.id, last.id]).await?;
    let mut roles: HashMap<MemberId, Vec<RoleName>> = HashMap::new();
    held.into_iter().for_each(|Held(member, role)| roles.entry(member).or_default().push(role));
    for member in members {
        member.roles = roles.remove(&member.id).unwrap_or_default();
    }
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantRead, id: MemberId) -> Result<Option<Member>, StoreError> {
    let sql = sql!(
        "SELECT m.id, m.user_id, m.standing, m.source, m.created_at, m.seen_at,
           COALESCE(k.sealed, '') AS member_key, COALESCE(p.sealed, '') AS profile
         FROM member m
         LEFT JOIN member_key k ON k.tenant_id = $1 AND k.member_id = m.id
         LEFT JOIN member_profile p ON p.tenant_id = $1 AND p.member_id = m.id
         WHERE m.tenant_id = $1 AND m.id = $2"
    );
    let found: Option<Closed> = tx.row(sql, values![id]).await?;
    let Some(mut member) = found.map(|closed| closed.open(tx)).transpose()? else { return Ok(None) };
    add_roles(tx, std::slice::from_mut(&mut member)).await?;
    Ok(Some(member))
}

pub(crate) async fn put_standing(
    tx: &mut TenantWrite,
    id: MemberId,
    standing: Standing,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!("UPDATE member SET standing = $3, changed_at = $4 WHERE tenant_id = $1 AND id = $2");
    tx.run(sql, values![id, standing.name(), now]).await.map(drop)
}

pub(crate) async fn add_role(
    tx: &mut TenantWrite,
    id: MemberId,
    role: &RoleName,
    by: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = sql!(
        "INSERT INTO member_role (tenant_id, member_id, role, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, member_id, role) DO NOTHING"
    );
    tx.run(sql, values![id, role, by, now]).await.map(drop)
}

pub(crate) async fn remove_role(
    tx: &mut TenantWrite,
    id: MemberId,
    role: &RoleName,
) -> Result<(), StoreError> {
    let sql = sql!("DELETE FROM member_role WHERE tenant_id = $1 AND member_id = $2 AND role = $3");
    tx.run(sql, values![id, role]).await.map(drop)
}

/// How many active members besides this one hold a role.
pub(crate) async fn other_holders(
    tx: &mut TenantRead,
    id: MemberId,
    role: &RoleName,
) -> Result<i64, StoreError> {
    let sql = sql!(
        "SELECT COUNT(*) AS n FROM member_role r JOIN member m ON m.tenant_id = $1 AND m.id = r.member_id
         WHERE r.tenant_id = $1 AND r.role = $3 AND r.member_id <> $2 AND m.standing = 'active'"
    );
    tx.number(sql, values![id, role]).await
}

/// Members that take up a seat.
pub(crate) async fn seats(tx: &mut TenantRead) -> Result<i64, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM member WHERE tenant_id = $1 AND standing <> 'removed'");
    tx.number(sql, &[]).await
}

/// Ends what is under way by a member at the tenant's hosts; gives how many sessions that were.
pub(crate) async fn end_sessions(tx: &mut TenantWrite, id: MemberId) -> Result<u64, StoreError> {
    tx.run(sql!("DELETE FROM hand_over WHERE tenant_id = $1 AND member_id = $2"), values![id]).await?;
    tx.run(sql!("DELETE FROM session WHERE tenant_id = $1 AND member_id = $2"), values![id]).await
}

/// Forgets everything about a member but that they were one. Without the key, what was sealed under it in
/// the audit trail cannot be read either.
pub(crate) async fn forget(tx: &mut TenantWrite, id: MemberId) -> Result<(), StoreError> {
    tx.run(sql!("DELETE FROM member_role WHERE tenant_id = $1 AND member_id = $2"), values![id]).await?;
    tx.run(sql!("DELETE FROM member_profile WHERE tenant_id = $1 AND member_id = $2"), values![id]).await?;
    tx.run(sql!("DELETE FROM member_key WHERE tenant_id = $1 AND member_id = $2"), values![id])
        .await
        .map(drop)
}

/// Sign-ins, the latest first; one more than the page holds. The cursor is the id of the last one seen.
pub(crate) async fn sign_ins(
    tx: &mut TenantRead,
    id: MemberId,
    cursor: &Cursor,
) -> Result<Vec<SignIn>, StoreError> {
    let sql = sql!(
        "SELECT s.id, s.connection_id, s.provider_id, s.at, COALESCE(c.name, '') AS connection_name
         FROM sign_in s LEFT JOIN connection c ON c.tenant_id = $1 AND c.id = s.connection_id
         WHERE s.tenant_id = $1 AND s.member_id = $2 AND ($3 = '' OR s.id < $3) ORDER BY s.id DESC LIMIT $4"
    );
    tx.rows(sql, values![id, &cursor.after, cursor.limit + 1]).await
}

/// Sessions at the tenant's hosts that have not ended.
pub(crate) async fn sessions(tx: &mut TenantRead, id: MemberId) -> Result<i64, StoreError> {
    let now = tx.now();
    let sql = sql!(
        "SELECT COUNT(*) AS n FROM session
         WHERE tenant_id = $1 AND member_id = $2 AND ends > $3 AND idle_ends > $3"
    );
    tx.number(sql, values![id, now]).await
}
