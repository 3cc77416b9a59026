//! Anchors' rows.

use super::{Anchor, HeldList, Loaded, Revocation, look_after::Due};
use domain::{AnchorId, AnchorRules, Digest, Moment};
use protocol::x509::RevocationList;
use serde_json::json;
use std::time::Duration;
use store::{FromRow, OperatorRead, Row, StoreError, TenantRead, TenantWrite, operator_sql, sql, values};

impl FromRow for Anchor {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Anchor {
            id: row.parse("id")?,
            name: row.parse("name")?,
            certificate: row.bytes("certificate")?,
            rules: row.json("rules")?,
            created_at: row.moment("created_at")?,
            changed_at: row.moment("changed_at")?,
            revoked: row.int("revoked")?,
            lists: Vec::new(),
            list_fault: row.text("list_fault")?,
        })
    }
}

impl FromRow for HeldList {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(HeldList {
            anchor: row.parse("anchor_id")?,
            made_at: row.moment("made_at")?,
            ends_at: row.moment("ends_at")?,
            entries: row.int("entries")?,
            fetched_at: row.moment("fetched_at")?,
        })
    }
}

impl FromRow for Revocation {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Revocation {
            mark: row.text("mark")?,
            note: row.text("note")?,
            revoked_by: row.text("revoked_by")?,
            revoked_at: row.moment("revoked_at")?,
        })
    }
}

pub(super) async fn all(tx: &mut TenantRead) -> Result<Vec<Anchor>, StoreError> {
    let sql = sql!(
        "SELECT a.id, a.name, a.certificate, a.rules, a.created_at, a.changed_at, a.list_fault,
           (SELECT COUNT(*) FROM anchor_revocation r WHERE r.tenant_id = $1 AND r.anchor_id = a.id) AS revoked
         FROM trust_anchor a WHERE a.tenant_id = $1 ORDER BY a.name, a.id"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn find(tx: &mut TenantRead, id: AnchorId) -> Result<Option<Anchor>, StoreError> {
    let sql = sql!(
        "SELECT a.id, a.name, a.certificate, a.rules, a.created_at, a.changed_at, a.list_fault,
           (SELECT COUNT(*) FROM anchor_revocation r WHERE r.tenant_id = $1 AND r.anchor_id = a.id) AS revoked
         FROM trust_anchor a WHERE a.tenant_id = $1 AND a.id = $2"
    );
    tx.row(sql, values![id]).await
}

pub(super) async fn all_lists(tx: &mut TenantRead) -> Result<Vec<HeldList>, StoreError> {
    let sql = sql!(
        "SELECT anchor_id, made_at, ends_at, entries, fetched_at FROM anchor_list
         WHERE tenant_id = $1 ORDER BY anchor_id, issuer"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn revocations(tx: &mut TenantRead, id: AnchorId) -> Result<Vec<Revocation>, StoreError> {
    let sql = sql!(
        "SELECT mark, note, revoked_by, revoked_at FROM anchor_revocation
         WHERE tenant_id = $1 AND anchor_id = $2 ORDER BY revoked_at DESC, mark"
    );
    tx.rows(sql, values![id]).await
}

/// Whether the tenant has laid this authority down.
pub(super) async fn has(tx: &mut TenantRead, authority: Digest) -> Result<bool, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM trust_anchor WHERE tenant_id = $1 AND authority = $2");
    Ok(tx.number(sql, values![authority]).await? > 0)
}

pub(super) async fn count(tx: &mut TenantRead) -> Result<i64, StoreError> {
    tx.number(sql!("SELECT COUNT(*) AS n FROM trust_anchor WHERE tenant_id = $1"), values![]).await
}

pub(super) async fn count_revocations(tx: &mut TenantRead, id: AnchorId) -> Result<i64, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM anchor_revocation WHERE tenant_id = $1 AND anchor_id = $2");
    tx.number(sql, values![id]).await
}

pub(super) async fn count_lists(tx: &mut TenantRead, id: AnchorId) -> Result<i64, StoreError> {
    let sql = sql!("SELECT COUNT(*) AS n FROM anchor_list WHERE tenant_id = $1 AND anchor_id = $2");
    tx.number(sql, values![id]).await
}

struct MadeAt(Moment);

impl FromRow for MadeAt {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.moment("made_at").map(MadeAt)
    }
}

/// When the list of this authority that is held was made.
pub(super) async fn list_made_at(
    tx: &mut TenantRead,
    id: AnchorId,
    issuer: Digest,
) -> Result<Option<Moment>, StoreError> {
    let sql = sql!("SELECT made_at FROM anchor_list WHERE tenant_id = $1 AND anchor_id = $2 AND issuer = $3");
    Ok(tx.row::<MadeAt>(sql, values![id, issuer]).await?.map(|made| made.0))
}

pub(super) async fn put(
    tx: &mut TenantWrite,
    anchor: &Anchor,
    authority: Digest,
    due: Moment,
) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO trust_anchor (tenant_id, id, name, authority, certificate, rules, created_at, changed_at,
           list_due_at, list_fault) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, '')"
    );
    let certificate = anchor.certificate.as_slice();
    let values = values![
        anchor.id,
        &anchor.name,
        authority,
        certificate,
        &json!(anchor.rules),
        anchor.created_at,
        due
    ];
    tx.run(sql, values).await.map(drop)
}

pub(super) async fn change(tx: &mut TenantWrite, anchor: &Anchor, due: Moment) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE trust_anchor SET name = $3, rules = $4, changed_at = $5, list_due_at = $6, list_fault = ''
         WHERE tenant_id = $1 AND id = $2"
    );
    let values = values![anchor.id, &anchor.name, &json!(anchor.rules), anchor.changed_at, due];
    tx.run(sql, values).await.map(drop)
}

pub(super) async fn remove(tx: &mut TenantWrite, id: AnchorId) -> Result<(), StoreError> {
    tx.run(sql!("DELETE FROM anchor_list WHERE tenant_id = $1 AND anchor_id = $2"), values![id]).await?;
    tx.run(sql!("DELETE FROM anchor_revocation WHERE tenant_id = $1 AND anchor_id = $2"), values![id])
        .await?;
    tx.run(sql!("DELETE FROM trust_anchor WHERE tenant_id = $1 AND id = $2"), values![id]).await.map(drop)
}

pub(super) async fn revoke(
    tx: &mut TenantWrite,
    id: AnchorId,
    revocation: &Revocation,
) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO anchor_revocation (tenant_id, anchor_id, mark, note, revoked_by, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, anchor_id, mark) DO NOTHING"
    );
    let Revocation { mark, note, revoked_by, revoked_at } = revocation;
    let values = values![id, mark.as_str(), note.as_str(), revoked_by.as_str(), *revoked_at];
    tx.run(sql, values).await.map(drop)
}

/// Gives whether it was there.
pub(super) async fn restore(tx: &mut TenantWrite, id: AnchorId, mark: &str) -> Result<bool, StoreError> {
    let sql = sql!("DELETE FROM anchor_revocation WHERE tenant_id = $1 AND anchor_id = $2 AND mark = $3");
    Ok(tx.run(sql, values![id, mark]).await? == 1)
}

pub(super) async fn put_list(
    tx: &mut TenantWrite,
    id: AnchorId,
    list: &RevocationList,
    fetched: Moment,
) -> Result<(), StoreError> {
    let sql = sql!(
        "INSERT INTO anchor_list (tenant_id, anchor_id, issuer, list, made_at, ends_at, entries, fetched_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, anchor_id, issuer) DO UPDATE SET list = excluded.list,
           made_at = excluded.made_at, ends_at = excluded.ends_at, entries = excluded.entries,
           fetched_at = excluded.fetched_at"
    );
    let entries = i64::try_from(list.count).unwrap_or(i64::MAX);
    let values = values![id, list.issuer(), list.der(), list.made, list.ends, entries, fetched];
    tx.run(sql, values).await.map(drop)
}

/// Takes a turn at an anchor whose list was due at `due`; of several nodes that try, one does.
pub(super) async fn take_turn(
    tx: &mut TenantWrite,
    id: AnchorId,
    due: Moment,
    next: Moment,
) -> Result<bool, StoreError> {
    let sql = sql!(
        "UPDATE trust_anchor SET list_due_at = $4 WHERE tenant_id = $1 AND id = $2 AND list_due_at = $3"
    );
    Ok(tx.run(sql, values![id, due, next]).await? == 1)
}

/// Notes how a look went. An anchor whose list is not fetched any more stays as it is.
pub(super) async fn looked(
    tx: &mut TenantWrite,
    id: AnchorId,
    next: Moment,
    fault: &str,
) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE trust_anchor SET list_due_at = $3, list_fault = $4
         WHERE tenant_id = $1 AND id = $2 AND list_due_at > 0"
    );
    tx.run(sql, values![id, next, fault]).await.map(drop)
}

struct DueRow(Option<Due>);

impl FromRow for DueRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let rules: AnchorRules = row.json("rules")?;
        let (tenant, anchor, at) = (row.parse("tenant_id")?, row.parse("id")?, row.moment("list_due_at")?);
        Ok(DueRow(rules.lists.and_then(|lists| {
            let fresh = Duration::from_secs(lists.fresh_seconds);
            Some(Due { tenant, anchor, url: lists.url?, fresh, at })
        })))
    }
}

pub(super) async fn due(tx: &mut OperatorRead, most: u32) -> Result<Vec<Due>, StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "SELECT tenant_id, id, rules, list_due_at FROM trust_anchor
         WHERE list_due_at > 0 AND list_due_at <= $1 ORDER BY list_due_at LIMIT $2"
    );
    let found: Vec<DueRow> = tx.rows(sql, values![now, most]).await?;
    Ok(found.into_iter().filter_map(|row| row.0).collect())
}

impl FromRow for Loaded {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Loaded {
            id: row.parse("id")?,
            owner: row.parse("tenant_id")?,
            certificate: row.bytes("certificate")?,
            rules: row.json("rules")?,
            revoked: Default::default(),
            lists: Vec::new(),
        })
    }
}

pub(super) struct LoadedMark {
    pub(super) anchor: AnchorId,
    pub(super) mark: String,
}

impl FromRow for LoadedMark {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(LoadedMark { anchor: row.parse("anchor_id")?, mark: row.text("mark")? })
    }
}

pub(super) struct LoadedList {
    pub(super) anchor: AnchorId,
    pub(super) list: Vec<u8>,
    pub(super) fetched_at: Moment,
}

impl FromRow for LoadedList {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let list = row.bytes("list")?;
        Ok(LoadedList { anchor: row.parse("anchor_id")?, list, fetched_at: row.moment("fetched_at")? })
    }
}

/// All of one owner, or of everybody if it is empty.
pub(super) async fn loaded(tx: &mut OperatorRead, owner: &str) -> Result<Vec<Loaded>, StoreError> {
    let sql = operator_sql!(
        "SELECT tenant_id, id, certificate, rules FROM trust_anchor WHERE $1 = '' OR tenant_id = $1
         ORDER BY tenant_id, id"
    );
    tx.rows(sql, values![owner]).await
}

pub(super) async fn loaded_marks(tx: &mut OperatorRead, owner: &str) -> Result<Vec<LoadedMark>, StoreError> {
    let sql = operator_sql!("SELECT anchor_id, mark FROM anchor_revocation WHERE $1 = '' OR tenant_id = $1");
    tx.rows(sql, values![owner]).await
}

pub(super) async fn loaded_lists(tx: &mut OperatorRead, owner: &str) -> Result<Vec<LoadedList>, StoreError> {
    let sql =
        operator_sql!("SELECT anchor_id, list, fetched_at FROM anchor_list WHERE $1 = '' OR tenant_id = $1");
    tx.rows(sql, values![owner]).await
}
