//! E0080: a tenant's statement names the tenant.

pub static ALL: store::Sql = store::sql!("SELECT id FROM member");
