//! Values into statements and columns out of rows. The waist speaks few types: text, integers, and what
//! is made of them; the engines agree on these to the byte.

use crate::{
    StoreError,
    audit::record::{base64_of, bytes_of},
};
use domain::{Digest, Id, Moment, Secret, id::Kind};
use serde::de::DeserializeOwned;
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use std::{fmt::Display, str::FromStr};

/// A value for a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text; ids, names, JSON, digests.
    Text(String),
    /// A whole number; times in microseconds, flags as 0 and 1.
    Int(i64),
}

/// The values of a statement after the scope's own: `values![member.id, now, "active"]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}
impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.clone())
    }
}
/// Bytes, in base64url.
impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Value::Text(base64_of(bytes))
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}
impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Int(number.into())
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Int(flag.into())
    }
}
impl From<Moment> for Value {
    fn from(moment: Moment) -> Self {
        Value::Int(moment.micros())
    }
}
impl From<std::time::Duration> for Value {
    fn from(span: std::time::Duration) -> Self {
        Value::Int(i64::try_from(span.as_micros()).unwrap_or(i64::MAX))
    }
}
impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        Value::Text(digest.to_string())
    }
}
impl<K: Kind> From<Id<K>> for Value {
    fn from(id: Id<K>) -> Self {
        Value::Text(id.to_string())
    }
}
impl From<&domain::Sealed> for Value {
    fn from(sealed: &domain::Sealed) -> Self {
        Value::Text(sealed.as_str().to_owned())
    }
}

macro_rules! by_text {
    ($($name:ty),*) => { $(impl From<&$name> for Value {
        fn from(name: &$name) -> Self {
            Value::Text(name.to_string())
        }
    })* };
}
by_text!(
    domain::Slug,
    domain::Hostname,
    domain::DisplayName,
    domain::ProductName,
    domain::RoleName,
    domain::ReturnPath,
    domain::Standing,
    serde_json::Value
);

/// One row of an answer.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    /// A text column.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], as for every method here.
    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::Postgres(row) => row.try_get(column)?,
        })
    }

    /// An integer column.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        Ok(match self {
            Row::Sqlite(row) => row.try_get(column)?,
            Row::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A flag: anything but 0 is true.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// A time.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn moment(&self, column: &str) -> Result<Moment, StoreError> {
        self.int(column).map(Moment::from_micros)
    }

    /// A span of time in microseconds.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn span(&self, column: &str) -> Result<std::time::Duration, StoreError> {
        Ok(std::time::Duration::from_micros(self.int(column)?.max(0) as u64))
    }

    /// A text column that holds something with a text form: an id, a name, a standing.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|why: T::Err| unreadable(column, why))
    }

    /// A text column that holds several such things, parted by spaces.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn words<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Vec<T>, StoreError> {
        let text = self.text(column)?;
        let words = text.split(' ').filter(|word| !word.is_empty());
        words.map(|word| word.parse().map_err(|why: T::Err| unreadable(column, why))).collect()
    }

    /// A digest.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn digest(&self, column: &str) -> Result<Digest, StoreError> {
        Digest::parse(&self.text(column)?).ok_or_else(|| unreadable(column, "not a digest"))
    }

    /// A column of bytes.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        bytes_of(&self.text(column)?).ok_or_else(|| unreadable(column, "not base64url"))
    }

    /// A JSON column.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|why| unreadable(column, why))
    }

    /// A sealed column, still sealed.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn sealed(&self, column: &str) -> Result<domain::Sealed, StoreError> {
        self.text(column).map(domain::Sealed::from_text)
    }

    /// A sealed column, opened under `key` for `purpose`, as text.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], [`StoreError::Sealed`].
    pub fn opened(
        &self,
        column: &str,
        master: &domain::MasterKey,
        purpose: &str,
    ) -> Result<Secret<String>, StoreError> {
        let plain = master.open(purpose, &self.sealed(column)?)?;
        String::from_utf8(plain).map(Secret::new).map_err(|why| unreadable(column, why))
    }
}

/// What a column holds is not what it should be.
pub(crate) fn unreadable(column: &str, why: impl Display) -> StoreError {
    StoreError::Unreadable { column: column.to_owned(), why: why.to_string() }
}

/// Something that can be read from one row.
pub trait FromRow: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], naming the column.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}
