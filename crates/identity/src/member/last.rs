//! Somebody must be left who can run the tenant. Asked after the turn was taken, so that two admins who let
//! each other go at the same time do not both succeed.

use super::{Member, MemberError, Standing, rows};
use crate::state;
use access::Caller;
use domain::{PlatformRole, RoleName};
use store::TenantWrite;

/// Whether the caller is at the operator's own organisation.
pub(super) fn is_house(caller: &Caller) -> bool {
    caller.tenant().is_some_and(|tenant| state::is_house(tenant))
}

/// Refuses if `member`, who is about to lose the roles that `keeps` does not hold, is the last active one to
/// hold one that must be held: admin, and in the house operator too.
pub(super) async fn stays_held(
    tx: &mut TenantWrite,
    caller: &Caller,
    member: &Member,
    keeps: &[RoleName],
) -> Result<(), MemberError> {
    if member.standing != Standing::Active {
        return Ok(());
    }
    let vital = if is_house(caller) {
        [PlatformRole::Admin, PlatformRole::Operator].as_slice()
    } else {
        [PlatformRole::Admin].as_slice()
    };
    for role in vital.iter().copied().map(RoleName::from) {
        let loses = member.roles.contains(&role) && !keeps.contains(&role);
        if loses && rows::other_holders(tx, member.id, &role).await? == 0 {
            return Err(MemberError::Last(role));
        }
    }
    Ok(())
}
