//! Who turned out to be calling, left in the request's extensions by the permit, so that the page frame
//! can draw what this reader may see.

use crate::credential::Presented;
use access::{Caller, Person, Tenant};
use domain::{Digest, RightSet, UserId};
use std::sync::Arc;

/// The caller of a request that was let in.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The person in the tenant of the page, if there is one.
    pub person: Option<Arc<Person>>,
    /// The user, in a page that is about the person and no tenant.
    pub user: Option<UserId>,
    /// The rights held in the tenant of the page.
    pub rights: RightSet,
    /// The tenant of the page.
    pub tenant: Option<Arc<Tenant>>,
    /// The session that forms are bound to.
    pub session: Option<Digest>,
    /// Whether the page is the platform's own and the caller was let in as an operator.
    pub is_operator: bool,
}

impl Visitor {
    pub(crate) fn member(presented: &Presented, caller: &Caller) -> Self {
        Visitor {
            person: caller.person().cloned(),
            user: caller.person().map(|person| person.user),
            rights: caller.rights(),
            tenant: caller.tenant().cloned(),
            session: presented.session(),
            is_operator: false,
        }
    }

    pub(crate) fn person(presented: &Presented, user: UserId) -> Self {
        Visitor { user: Some(user), session: presented.session(), ..Visitor::default() }
    }

    /// On the platform's pages, an operator is shown as the member of the house that they are.
    pub(crate) fn operator(presented: &Presented, at_house: Option<&Caller>) -> Self {
        let visitor = at_house.map(|caller| Visitor::member(presented, caller));
        Visitor { session: presented.session(), is_operator: true, ..visitor.unwrap_or_default() }
    }
}
