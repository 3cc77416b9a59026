//! E0080: `$10` is not `$1`.

pub static ALL: store::Sql = store::sql!("SELECT id FROM member WHERE name = $10");
