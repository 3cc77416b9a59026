//! An expression after it was checked: every name found, every call known, every pattern compiled.

use super::call::Call;
use regex::bytes::Regex;

#[derive(Debug)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
    /// A value that is handed in, or a whole table.
    Fact(&'static str),
    Table(&'static str),
    /// What a loop holds.
    Slot(usize),
    Field(&'static str, Box<str>),
    HasField(&'static str, Box<str>),
    Select(Box<Node>, Box<str>),
    Has(Box<Node>, Box<str>),
    Index(Box<[Node; 2]>),
    List(Box<[Node]>),
    Map(Box<[[Node; 2]]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Not(Box<Node>),
    If(Box<[Node; 3]>),
    /// Whether a loop goes on: an error does not end it.
    NotFalse(Box<Node>),
    Equal(Box<[Node; 2]>),
    Differ(Box<[Node; 2]>),
    Order(Order, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Reckon(Sum, Box<[Node; 2]>),
    Negate(Box<Node>),
    /// Adds an item to the list that a loop gathers, in place.
    Push(usize, Box<Node>),
    Loop(Box<Loop>),
    Matches(Box<Node>, Box<Regex>),
    Call(Call, Box<[Node]>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Sum {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What the macros `all`, `exists`, `exists_one`, `filter` and `map` become.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) over: Node,
    /// The slot of the item; what is gathered stands in the next.
    pub(super) slot: usize,
    pub(super) begin: Node,
    pub(super) goes_on: Node,
    pub(super) step: Node,
    pub(super) result: Node,
}
