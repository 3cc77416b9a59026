//! A certificate is taken back by hand, on every node within seconds; and given back where that was a mistake.

use super::{AnchorError, MOST_REVOCATIONS, Revocation, rows};
use crate::Control;
use access::{ManageAnchors, Permit};
use domain::{AnchorId, Change, Event, event::names};
use protocol::x509::plain_hex;
use serde_json::{Value, json};

/// Longest reason.
const LONGEST_NOTE: usize = 200;

/// Takes back the certificate of this serial number or fingerprint, and whatever an authority with it has signed.
///
/// # Errors
/// [`AnchorError`].
pub async fn revoke(
    room: &Control,
    permit: &Permit<ManageAnchors>,
    id: AnchorId,
    mark: &str,
    note: &str,
) -> Result<Revocation, AnchorError> {
    let mark = read(mark)?;
    let note: String = note.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_NOTE).collect();
    let by = permit.caller().actor().to_string();
    room.store
        .write(permit, async |tx| {
            rows::find(tx, id).await?.ok_or(AnchorError::Unknown)?;
            if rows::count_revocations(tx, id).await? >= MOST_REVOCATIONS {
                return Err(AnchorError::TooMany(MOST_REVOCATIONS));
            }
            let revocation = Revocation { mark, note, revoked_by: by, revoked_at: tx.now() };
            rows::revoke(tx, id, &revocation).await?;
            let after = json!({ "revoked": revocation.mark, "note": revocation.note });
            tx.changed(Change::new(id, Value::Null, after));
            tx.emit(Event::new(names::ANCHOR_CHANGED, id)).await?;
            Ok(revocation)
        })
        .await
}

/// Gives it back.
///
/// # Errors
/// [`AnchorError`].
pub async fn restore(
    room: &Control,
    permit: &Permit<ManageAnchors>,
    id: AnchorId,
    mark: &str,
) -> Result<(), AnchorError> {
    let mark = read(mark)?;
    room.store
        .write(permit, async |tx| {
            if !rows::restore(tx, id, &mark).await? {
                return Err(AnchorError::Unknown);
            }
            tx.changed(Change::new(id, json!({ "revoked": mark }), Value::Null));
            tx.emit(Event::new(names::ANCHOR_CHANGED, id)).await?;
            Ok(())
        })
        .await
}

/// As it is compared: a serial number without leading zeros.
fn read(mark: &str) -> Result<String, AnchorError> {
    let plain = plain_hex(mark).ok_or(AnchorError::Mark)?;
    if plain.len() == 64 {
        return Ok(plain);
    }
    let even = if plain.len() % 2 == 1 { format!("0{plain}") } else { plain };
    let mut bytes = even.as_str();
    while bytes.len() > 2 && bytes.starts_with("00") {
        bytes = &bytes[2..];
    }
    Ok(bytes.to_owned())
}
