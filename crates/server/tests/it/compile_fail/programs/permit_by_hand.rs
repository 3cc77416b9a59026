//! E0624: only the warden makes permits.

pub fn forge(caller: access::Caller) -> access::Permit<access::ListMembers> {
    access::Permit::new(caller)
}
