//! Statements that are checked while they are compiled.
//!
//! A tenant's statement names `$1`, which the waist binds to the tenant; a person's names `$1`, bound to
//! the person. Further values follow from `$2`. How many a statement wants is counted while compiling,
//! because SQLite would silently take NULL for one that is missing.

/// A statement over one tenant's rows. Made by [`sql!`](crate::sql) only.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    text: &'static str,
    wants: usize,
}

/// A statement over one person's rows. Made by [`person_sql!`](crate::person_sql) only.
#[derive(Clone, Copy, Debug)]
pub struct PersonSql {
    text: &'static str,
    wants: usize,
}

/// A statement over the platform's rows. Made by [`operator_sql!`](crate::operator_sql) only.
#[derive(Clone, Copy, Debug)]
pub struct OperatorSql {
    text: &'static str,
    wants: usize,
}

macro_rules! statement {
    ($name:ident) => {
        impl $name {
            pub(crate) fn text(self) -> &'static str {
                self.text
            }
            /// How many values it wants, the scope's own included.
            pub(crate) fn wants(self) -> usize {
                self.wants
            }
        }
    };
}
statement!(Sql);
statement!(PersonSql);
statement!(OperatorSql);

impl Sql {
    #[doc(hidden)]
    pub const fn scoped(text: &'static str) -> Self {
        assert!(names_first(text), "this SQL never mentions the tenant ($1)");
        Sql { text, wants: highest(text) }
    }
}

impl PersonSql {
    #[doc(hidden)]
    pub const fn scoped(text: &'static str) -> Self {
        assert!(names_first(text), "this SQL never mentions the person ($1)");
        PersonSql { text, wants: highest(text) }
    }
}

impl OperatorSql {
    #[doc(hidden)]
    pub const fn unscoped(text: &'static str) -> Self {
        OperatorSql { text, wants: highest(text) }
    }
}

/// A statement over one tenant's rows: `sql!("SELECT id FROM member WHERE tenant_id = $1")`.
#[macro_export]
macro_rules! sql {
    ($text:literal) => {
        const { $crate::Sql::scoped($text) }
    };
}

/// A statement over one person's rows: `person_sql!("SELECT digest FROM person_session WHERE user_id = $1")`.
#[macro_export]
macro_rules! person_sql {
    ($text:literal) => {
        const { $crate::PersonSql::scoped($text) }
    };
}

/// A statement over the platform's rows: `operator_sql!("SELECT id FROM plan WHERE name = $1")`.
#[macro_export]
macro_rules! operator_sql {
    ($text:literal) => {
        const { $crate::OperatorSql::unscoped($text) }
    };
}

const fn names_first(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 1 < bytes.len() {
        if bytes[at] == b'$' && number_at(bytes, at + 1) == 1 {
            return true;
        }
        at += 1;
    }
    false
}

const fn highest(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut most) = (0, 0);
    while at + 1 < bytes.len() {
        if bytes[at] == b'$' {
            let number = number_at(bytes, at + 1);
            if number > most {
                most = number;
            }
        }
        at += 1;
    }
    most
}

const fn number_at(bytes: &[u8], mut at: usize) -> usize {
    let mut number = 0;
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        number = number * 10 + (bytes[at] - b'0') as usize;
        at += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_is_not_one() {
        assert!(!names_first("SELECT id FROM member WHERE x = $10"));
        assert!(names_first("SELECT id FROM member WHERE tenant_id = $1"));
    }

    #[test]
    fn values_are_counted() {
        assert_eq!(sql!("SELECT id FROM member WHERE tenant_id = $1 AND x = $3 AND y = $2").wants(), 3);
        assert_eq!(operator_sql!("SELECT 1").wants(), 0);
    }
}
