//! A member may enter again. Who was removed comes back without roles; the profile follows with the next
//! sign-in.

use super::{Member, MemberError, Standing, rows};
use crate::Identity;
use access::{Caller, ManageMember, Permit};
use domain::{Event, Limit, MemberId, event::names};
use store::TenantWrite;

/// Restores a suspended or removed member; gives them as they are now.
///
/// # Errors
/// [`MemberError::Standing`], [`MemberError::Unknown`], [`MemberError::PlanLimit`].
pub async fn restore(
    room: &Identity,
    permit: &Permit<ManageMember>,
    id: MemberId,
) -> Result<Member, MemberError> {
    room.in_turn(permit, async |tx| {
        let member = rows::find(tx, id).await?.ok_or(MemberError::Unknown)?;
        let next = member.standing.restore()?;
        if member.standing == Standing::Removed {
            within_plan(tx, permit.caller()).await?;
        }
        rows::put_standing(tx, id, next).await?;
        tx.changed(member.stood(next));
        tx.emit(Event::new(names::MEMBER_CHANGED, id).with("user", member.user)).await?;
        Ok(Member { standing: next, ..member })
    })
    .await
}

/// Who was removed takes up a seat again.
async fn within_plan(tx: &mut TenantWrite, caller: &Caller) -> Result<(), MemberError> {
    let most = caller.tenant().map_or(u64::MAX, |tenant| tenant.record.limits.of(Limit::Members));
    let seats = rows::seats(tx).await?;
    if seats.unsigned_abs() < most { Ok(()) } else { Err(MemberError::PlanLimit { most }) }
}
