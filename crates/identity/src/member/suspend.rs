//! A member may not enter for now. Roles and profile stay; every session ends.

use super::{Member, MemberError, last, rows};
use crate::{Identity, oauth::ended};
use access::{ManageMember, Permit};
use domain::{Event, MemberId, event::names};
use store::{StoreError, TenantWrite};

/// Suspends a member; gives them as they are now.
///
/// # Errors
/// [`MemberError::Last`], [`MemberError::Standing`], [`MemberError::Unknown`].
pub async fn suspend(
    room: &Identity,
    permit: &Permit<ManageMember>,
    id: MemberId,
) -> Result<Member, MemberError> {
    room.in_turn(permit, async |tx| {
        let member = rows::find(tx, id).await?.ok_or(MemberError::Unknown)?;
        let next = member.standing.suspend()?;
        last::stays_held(tx, permit.caller(), &member, &[]).await?;
        rows::put_standing(tx, id, next).await?;
        end(room, tx, &member).await?;
        tx.changed(member.stood(next));
        Ok(Member { standing: next, ..member })
    })
    .await
}

/// Ends whatever a member has open, and tells every node.
pub(super) async fn end(room: &Identity, tx: &mut TenantWrite, member: &Member) -> Result<(), StoreError> {
    rows::end_sessions(tx, member.id).await?;
    ended::with_member(room, tx, member.id).await?;
    tx.emit(Event::new(names::SESSIONS_ENDED, member.id).with("user", member.user)).await?;
    tx.emit(Event::new(names::MEMBER_CHANGED, member.id).with("user", member.user)).await
}
