//! What the parts of a page are made of, for the macros in `components.html`: columns, choices, moments,
//! and what is wrong with a form that is shown again.

use crate::Problem;
use domain::Moment;

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading.
    pub label: &'static str,
    /// Where the list is sorted by it; empty if it is not.
    pub path: String,
    /// `ascending`, `descending` or empty.
    pub order: &'static str,
    /// `number`, `time`, `acts` or empty.
    pub class: &'static str,
}

impl Column {
    /// A column of words by which the list is not sorted.
    pub const fn new(label: &'static str) -> Self {
        Column { label, path: String::new(), order: "", class: "" }
    }

    /// The same with a class.
    pub fn of(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

/// One of several to choose from.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub label: String,
    /// What they may want to know about it, or empty.
    pub hint: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice without a hint.
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: bool) -> Self {
        Choice { value: value.into(), label: label.into(), hint: String::new(), chosen }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// A moment as pages show it.
#[derive(Clone, Debug)]
pub struct At {
    /// Exactly, in RFC 3339.
    pub at: String,
    /// For readers without script.
    pub text: String,
}

impl From<Moment> for At {
    fn from(moment: Moment) -> Self {
        At { at: moment.to_string(), text: moment.words() }
    }
}

/// What is wrong with a form that is shown again; nothing at first.
#[derive(Clone, Debug, Default)]
pub struct Wrong(Option<Problem>);

impl Wrong {
    /// Nothing yet.
    pub const fn nothing() -> Self {
        Wrong(None)
    }

    /// The words at a field, or empty.
    pub fn at(&self, field: &str) -> &str {
        let is_there = |pointer: &str| pointer.strip_prefix('/') == Some(field);
        let found = self.0.iter().flat_map(Problem::errors).find(|error| is_there(&error.pointer));
        found.map(|error| error.detail.as_str()).unwrap_or_default()
    }

    /// The problem, if it is about the whole and no field in `fields` shows it.
    pub fn whole(&self, fields: &[&str]) -> Option<&Problem> {
        self.0.as_ref().filter(|_| fields.iter().all(|field| self.at(field).is_empty()))
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Wrong(Some(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_at_their_field_and_else_above_the_form() {
        let wrong = Wrong::from(Problem::new("input.invalid").at("/name", "too long"));
        assert_eq!((wrong.at("name"), wrong.at("slug")), ("too long", ""));
        assert!(wrong.whole(&["name", "slug"]).is_none());
        assert!(wrong.whole(&["slug"]).is_some(), "no field of this form shows it");
        assert!(Wrong::nothing().whole(&[]).is_none());
    }
}
