//! E0277: a request's body cannot hold a scope.

pub fn read<'de, D: serde::Deserializer<'de>>(body: D) -> Option<access::TenantScope> {
    serde::Deserialize::deserialize(body).ok()
}
