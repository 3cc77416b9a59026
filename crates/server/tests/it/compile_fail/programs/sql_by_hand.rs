//! E0451: a statement cannot be made around its check.

pub fn all() -> store::Sql {
    store::Sql { text: "SELECT id FROM member", wants: 1 }
}
