//! Roles are given and taken, by the tenant's own admins (ledger C06). They hold for a user and a tenant
//! together, never for a user alone.

use super::{Member, MemberError, last, rows};
use crate::{Identity, KnownRoles};
use access::{AssignRole, Caller, Permit};
use domain::{Change, Event, MemberId, PlatformRole, RoleName, event::names};
use serde_json::json;
use std::collections::BTreeSet;
use store::TenantWrite;

/// What is to become of a member's roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleChange {
    /// These and no others.
    Set(BTreeSet<RoleName>),
    /// This one too.
    Add(RoleName),
    /// This one no more.
    Remove(RoleName),
}

impl RoleChange {
    fn applied_to(&self, roles: &[RoleName]) -> BTreeSet<RoleName> {
        let mut next: BTreeSet<RoleName> = roles.iter().cloned().collect();
        match self {
            RoleChange::Set(all) => next.clone_from(all),
            RoleChange::Add(role) => drop(next.insert(role.clone())),
            RoleChange::Remove(role) => drop(next.remove(role)),
        }
        next
    }
}

/// Changes a member's roles; gives them as they are now.
///
/// # Errors
/// [`MemberError::UnknownRole`], [`MemberError::Last`], [`MemberError::Standing`], [`MemberError::Unknown`].
pub async fn assign(
    room: &Identity,
    permit: &Permit<AssignRole>,
    id: MemberId,
    change: &RoleChange,
) -> Result<Member, MemberError> {
    let known = room.known_roles.load();
    room.in_turn(permit, async |tx| {
        let member = rows::find(tx, id).await?.ok_or(MemberError::Unknown)?;
        member.standing.may_hold_roles()?;
        let next = change.applied_to(&member.roles);
        for role in next.iter().filter(|role| !member.roles.contains(role)) {
            may_be_given(role, permit.caller(), &known)?;
        }
        let next: Vec<RoleName> = next.into_iter().collect();
        last::stays_held(tx, permit.caller(), &member, &next).await?;
        put(tx, permit.caller(), &member, &next).await?;
        Ok(Member { roles: next, ..member })
    })
    .await
}

/// Whether an admin here may give this role at all.
fn may_be_given(role: &RoleName, caller: &Caller, known: &KnownRoles) -> Result<(), MemberError> {
    match PlatformRole::named(role.as_str()) {
        Some(PlatformRole::Admin | PlatformRole::Auditor) => Ok(()),
        Some(PlatformRole::Operator) if last::is_house(caller) => Ok(()),
        Some(PlatformRole::Operator) => Err(MemberError::HouseRole(role.clone())),
        None if known.contains_key(role) => Ok(()),
        None => Err(MemberError::UnknownRole(role.clone())),
    }
}

async fn put(
    tx: &mut TenantWrite,
    caller: &Caller,
    member: &Member,
    next: &[RoleName],
) -> Result<(), MemberError> {
    if member.roles == next {
        return Ok(());
    }
    let by = caller.actor().to_string();
    for role in next.iter().filter(|role| !member.roles.contains(role)) {
        rows::add_role(tx, member.id, role, &by).await?;
    }
    for role in member.roles.iter().filter(|role| !next.contains(role)) {
        rows::remove_role(tx, member.id, role).await?;
    }
    tx.changed(Change::new(member.id, json!({ "roles": member.roles }), json!({ "roles": next })));
    tx.emit(Event::new(names::MEMBER_CHANGED, member.id).with("user", member.user)).await?;
    Ok(())
}
