//! E0308: a permit cannot be copied to be kept past the request.

use access::{ListMembers, Permit};

pub fn keep(permit: &Permit<ListMembers>) -> Permit<ListMembers> {
    permit.clone()
}
