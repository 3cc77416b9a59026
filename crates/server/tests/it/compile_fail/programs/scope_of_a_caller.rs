//! E0616: a caller alone has no scope to give.

pub fn take(caller: &access::Caller) -> domain::TenantId {
    caller.scope.tenant()
}
