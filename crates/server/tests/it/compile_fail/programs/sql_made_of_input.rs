//! E0716: a statement's text stands in the program; it cannot be made of what somebody sent.

pub fn search(name: &str) -> store::Sql {
    store::Sql::scoped(&format!("SELECT id FROM member WHERE tenant_id = $1 AND name = '{name}'"))
}
