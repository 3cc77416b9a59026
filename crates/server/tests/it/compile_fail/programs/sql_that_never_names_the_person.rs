//! E0080: a person's statement names the person.

pub static ALL: store::PersonSql = store::person_sql!("SELECT digest FROM person_session");
