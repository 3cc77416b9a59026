//! What was found, and how it is told.

use super::super::{Outcome, print};
use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Good,
    /// To be kept in mind.
    Mind,
    /// Wrong.
    Wrong,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: State,
    /// What was looked at, in a word or as a setting's name.
    pub(super) about: String,
    /// What was found.
    pub(super) words: String,
    /// What to do about it; empty where nothing has to be done.
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn good(about: &str, words: impl Into<String>) -> Self {
        Finding { state: State::Good, about: about.into(), words: words.into(), remedy: String::new() }
    }

    pub(super) fn mind(about: &str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { state: State::Mind, about: about.into(), words: words.into(), remedy: remedy.into() }
    }

    pub(super) fn wrong(about: &str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { state: State::Wrong, about: about.into(), words: words.into(), remedy: remedy.into() }
    }

    fn to_json(&self) -> Value {
        let state = match self.state {
            State::Good => "ok",
            State::Mind => "mind",
            State::Wrong => "wrong",
        };
        json!({ "state": state, "about": self.about, "words": self.words, "remedy": self.remedy })
    }

    fn to_text(&self) -> String {
        let mark = match self.state {
            State::Good => "ok   ",
            State::Mind => "mind ",
            State::Wrong => "WRONG",
        };
        let Finding { about, words, remedy, .. } = self;
        let what_to_do = if remedy.is_empty() { String::new() } else { format!("\n         → {remedy}") };
        format!("  {mark}  {about}: {words}{what_to_do}")
    }
}

/// Tells them all; fails if anything is wrong.
pub(super) fn say(findings: &[Finding], json: bool) -> Outcome {
    let wrong = findings.iter().filter(|finding| finding.state == State::Wrong).count();
    if json {
        let all: Vec<Value> = findings.iter().map(Finding::to_json).collect();
        print::json(&json!({ "sound": wrong == 0, "findings": all }))?;
    } else {
        findings.iter().for_each(|finding| say!("{}", finding.to_text()));
    }
    match wrong {
        0 => Ok(()),
        _ => Err(format!("{wrong} of {} findings are wrong", findings.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_is_wrong_and_what_to_do() {
        let wrong = Finding::wrong("disk", "7 MiB are free", "make room");
        assert_eq!(wrong.to_text(), "  WRONG  disk: 7 MiB are free\n         → make room");
        assert_eq!(Finding::good("disk", "all is free").to_text(), "  ok     disk: all is free");
        assert_eq!(wrong.to_json()["state"], "wrong");
        assert!(say(&[wrong], true).is_err());
        assert!(say(&[Finding::mind("x", "y", "z")], true).is_ok());
    }
}
