//! Roles at the door: which of a member's roles open a route, or an API product. They concern people alone; what
//! programs may do, the scopes of their credentials say.

use crate::{onlook::Onlooker, problem, refuse::No, route::Route};
use access::Caller;
use domain::RoleName;

/// Whether this caller is no person, or one who holds a role of these; everybody is where there are none.
pub(crate) fn has_role(wanted: &[RoleName], caller: &Caller) -> bool {
    let held = |role: &RoleName| caller.person().is_none_or(|person| person.roles.contains(role));
    wanted.is_empty() || wanted.iter().any(held)
}

/// The same, with the words for whoever has none of them. Only members of the tenant come so far.
pub(crate) fn check_roles(wanted: &[RoleName], caller: &Caller) -> Result<(), No> {
    if has_role(wanted, caller) {
        return Ok(());
    }
    let names: Vec<_> = wanted.iter().map(|role| format!("`{role}`")).collect();
    let which = if names.len() == 1 { "The role" } else { "One of the roles" };
    Err(No::with(problem::ROLE_MISSING, format!("{which} {} is needed.", names.join(", "))))
}

/// The same for a route.
pub(crate) fn check_roles_of(route: &Route, caller: &Caller, onlooker: &mut impl Onlooker) -> Result<(), No> {
    check_roles(&route.roles, caller)?;
    if let Some(person) = caller.person().filter(|_| !route.roles.is_empty()) {
        onlooker.passed("roles", || person.roles.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}
