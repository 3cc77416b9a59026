//! Bounded expressions in CEL, the Common Expression Language (<https://cel.dev>): an operator writes them, strangers
//! bring what they are worked out over.
//!
//! The text is read by the library `cel`. It is worked out here and not by the library, which knows no bound: 294
//! bytes took it 810 MB, and six loops inside each other half a minute. Here every step and every byte that is made
//! is counted ([`MOST_STEPS`], [`MOST_BYTES`]), and what goes beyond is stopped. Whether both mean the same is held
//! by a test that asks both.
//!
//! An expression is checked whole when it is written: what it speaks of, what it calls and every pattern in it. Of a
//! tenant's own id and slug it may make text, and can ask nothing about them: what varies between tenants is data.

mod call;
mod compile;
mod evaluate;
mod node;
#[cfg(test)]
mod tests;
mod value;

pub use compile::BadExpression;
pub use evaluate::Stopped;
pub use value::{Names, Value};

use node::Node;

/// The most bytes of an expression's text.
pub const MOST_SOURCE: usize = 4 * 1024;
/// The most parts that it may have.
pub const MOST_NODES: usize = 500;
/// How deep its parts may lie in each other.
pub const MOST_DEPTH: usize = 32;
/// How deep loops may lie in each other.
pub const MOST_LOOPS: usize = 2;
/// The most steps that working one out may take.
pub const MOST_STEPS: u32 = 10_000;
/// The most bytes that working one out may make.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most items that a list may have.
pub const MOST_ITEMS: usize = 1_000;
/// The most bytes that a pattern may take when it is compiled.
const MOST_PATTERN: usize = 256 * 1024;

/// A name that expressions may speak of, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name.
    pub name: &'static str,
    /// What stands behind it.
    pub kind: Kind,
}

/// What stands behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Value,
    /// Values by any name, such as header fields.
    Table,
    /// Values by these names.
    Record {
        /// The names.
        fields: &'static [&'static str],
        /// Those which say whom it is about: they may be written, and nothing may be asked about them.
        identity: &'static [&'static str],
    },
}

/// What an expression is worked out over. What is not there is none.
pub trait Facts {
    /// The value behind a name.
    fn value(&self, name: &str) -> Option<Value<'_>>;
    /// The value of this name in a table or a record.
    ///
    /// # Errors
    /// [`Stopped::Unclear`] where it can be read in two ways.
    fn field(&self, table: &str, name: &str) -> Result<Option<Value<'_>>, Stopped>;
}

/// An expression that was checked.
#[derive(Debug)]
pub struct Expression {
    source: Box<str>,
    root: Node,
    slots: usize,
    words: Box<[&'static str]>,
    texts: Box<[Box<str>]>,
}

/// What came of working an expression out.
#[derive(Debug)]
pub struct Worked<'v> {
    /// Its value, or why there is none.
    pub value: Result<Value<'v>, Stopped>,
    /// How many steps it took.
    pub steps: u32,
}

impl Expression {
    /// Reads and checks an expression over these words.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(source: &str, words: &[Word]) -> Result<Self, BadExpression> {
        compile::read(source, words)
    }

    /// Works it out.
    pub fn work_out<'v>(&'v self, facts: &'v impl Facts) -> Worked<'v> {
        evaluate::work_out(self, facts)
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it speaks of this.
    pub fn speaks_of(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    /// The texts that stand in it, save for those that only name a field.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}
