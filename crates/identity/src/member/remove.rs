//! A member goes. Sessions end; roles, profile and the member's key are erased. What the audit trail says
//! about them stays, and whatever was personal in it cannot be read any more.

use super::{Member, MemberError, last, rows, suspend::end};
use crate::Identity;
use access::{ManageMember, Permit};
use domain::{Change, MemberId};
use serde_json::json;

/// Removes a member.
///
/// # Errors
/// [`MemberError::Last`], [`MemberError::Standing`], [`MemberError::Unknown`].
pub async fn remove(room: &Identity, permit: &Permit<ManageMember>, id: MemberId) -> Result<(), MemberError> {
    room.in_turn(permit, async |tx| {
        let member = rows::find(tx, id).await?.ok_or(MemberError::Unknown)?;
        let next = member.standing.remove()?;
        last::stays_held(tx, permit.caller(), &member, &[]).await?;
        rows::put_standing(tx, id, next).await?;
        rows::forget(tx, id).await?;
        end(room, tx, &member).await?;
        tx.changed(gone(&member, next.name()));
        Ok(())
    })
    .await
}

fn gone(member: &Member, standing: &str) -> Change {
    let before = json!({ "standing": member.standing.name(), "roles": member.roles });
    Change::new(member.id, before, json!({ "standing": standing, "roles": [] }))
}
