//! What people type into forms, read once. Everything that is wrong is said at once, each at its field.

use std::{fmt::Display, str::FromStr};
use web::{Problem, parts::Wrong};

/// A form on its way from texts to meanings.
pub(crate) struct Reading(Option<Problem>);

impl Reading {
    /// Nothing is wrong yet.
    pub(crate) fn new() -> Self {
        Reading(None)
    }

    /// Says what is wrong at a field.
    pub(crate) fn say(&mut self, field: &str, words: impl Display) {
        let problem = self.0.take().unwrap_or_else(|| Problem::new("input.invalid"));
        self.0 = Some(problem.at(format!("/{field}"), sentence(&words.to_string())));
    }

    /// A field that must mean something.
    pub(crate) fn read<T: FromStr<Err: Display>>(&mut self, field: &str, text: &str) -> Option<T> {
        text.trim().parse().map_err(|why: T::Err| self.say(field, why)).ok()
    }

    /// A field that may be left empty.
    pub(crate) fn optional<T: FromStr<Err: Display>>(&mut self, field: &str, text: &str) -> Option<T> {
        let text = text.trim();
        if text.is_empty() { None } else { self.read(field, text) }
    }

    /// Whether anything was wrong.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        self.0.map_or(Ok(()), Err)
    }
}

/// What is wrong with a form that is to be shown again. A problem that is not about what was typed is
/// handed back and answered by itself.
pub(crate) fn again(problem: Problem) -> Result<Wrong, Problem> {
    match problem.status().as_u16() {
        409 | 422 => Ok(problem.into()),
        _ => Err(problem),
    }
}

/// The words with a capital at the beginning and a full stop at the end.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if words.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The address of a list with these values in its query; empty ones are left out.
pub(crate) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        empty if empty.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{DisplayName, Slug};

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut form = Reading::new();
        assert!(form.read::<DisplayName>("name", " Acme ").is_some());
        assert!(form.read::<Slug>("slug", "A!").is_none());
        assert!(form.optional::<Slug>("other", " ").is_none());
        form.say("reason", "give one");
        let problem = form.finish().expect_err("two fields are wrong");
        let wrong = again(problem).expect("it is about the form");
        assert!(wrong.at("slug").starts_with("A slug has 2 to 40"));
        assert_eq!((wrong.at("reason"), wrong.at("other")), ("Give one.", ""));
    }

    #[test]
    fn an_address_says_only_what_narrows() {
        assert_eq!(address("/x", &[("a", ""), ("b", "c d&")]), "/x?b=c+d%26");
        assert_eq!(address("/x", &[("a", "")]), "/x");
    }
}
