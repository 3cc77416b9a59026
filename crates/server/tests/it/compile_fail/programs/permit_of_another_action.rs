//! E0308: a permit for looking does not open what is done under another.

use access::{ListMembers, ManageMember, Permit};

pub fn suspend(_: &Permit<ManageMember>) {}

pub fn look(permit: &Permit<ListMembers>) {
    suspend(permit);
}
