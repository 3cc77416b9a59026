//! E0308: a scope cannot be copied to be kept past the request.

pub fn keep(scope: &access::TenantScope) -> access::TenantScope {
    scope.clone()
}
