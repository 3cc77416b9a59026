//! Screening for what attacks look like: in the path, the parameters and the header of a request. Each value is read as
//! whoever is behind us may read it, each rule that fits adds to its score, and one value with enough is an attack.
//!
//! Bodies are looked into where a route says so, up to its bound. This is a screen and no wall: it keeps away what is
//! tried everywhere, and whoever writes queries without parameters behind it is not safe.

mod body;
mod plain;
mod rules;
#[cfg(test)]
mod tests;

use super::{Say, screen::Mode};
pub(crate) use body::find_in_body;
use http::{HeaderMap, HeaderName, header, request::Parts};
use plain::{Plain, is_harmless};
use regex::bytes::{RegexSet, RegexSetBuilder};
use rules::{RULES, Rule};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What a value needs to be an attack, where nothing else is said.
const ENOUGH: u32 = 5;

/// The rules for attacks as an operator writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackSpec {
    /// Whether it refuses or only says what it would have refused.
    #[serde(default)]
    pub mode: Mode,
    /// What a value must score: 5 is one sure sign.
    #[serde(default = "enough")]
    pub score: u32,
    /// Families that are not looked for.
    #[serde(default)]
    pub except: Vec<Family>,
    /// Parameters, fields of forms and members of JSON that may hold anything, such as a search in a site about
    /// programming.
    #[serde(default)]
    pub except_parameters: Vec<String>,
    /// Whether bodies are looked into.
    #[serde(default)]
    pub bodies: Bodies,
}

/// How far bodies are looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bodies {
    /// Not at all.
    #[default]
    No,
    /// So many bytes as `body_read` of the route says; what follows is not seen.
    Begin,
    /// To the end: one that is longer than `body_read` is stopped at.
    Whole,
}

fn enough() -> u32 {
    ENOUGH
}

/// A family of attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Into a query of a database.
    Sql,
    /// Into a page: scripts.
    Script,
    /// Out of a folder.
    Path,
    /// Into a command line, or code.
    Command,
    /// Into a look-up that logging does (CVE-2021-44228).
    Lookup,
    /// Into a template.
    Template,
    /// Headers, documents, directories, addresses inside.
    Other,
}

/// The same, checked.
#[derive(Debug)]
pub(crate) struct Attacks {
    spec: AttackSpec,
    /// The most that is read of a body.
    most: u64,
}

/// Fields that say nothing that is read by more than the gateway, or that have a form of their own.
const PASSED_OVER: [HeaderName; 14] = [
    header::AUTHORIZATION,
    header::HOST,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::IF_NONE_MATCH,
    header::IF_MATCH,
    header::ETAG,
    header::TE,
    header::UPGRADE,
];

/// One automaton for all of them: a value is looked through once, in time that grows with its length alone.
static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = RULES.iter().map(|rule| rule.pattern);
    let built = RegexSetBuilder::new(patterns)
        .unicode(false)
        .ignore_whitespace(true)
        .size_limit(64 << 20)
        .dfa_size_limit(32 << 20)
        .build();
    built.expect("a test compiles them")
});

impl Attacks {
    pub(crate) fn of(spec: &AttackSpec, most: u64, say: Say<'_>) -> Self {
        if !(1..=100).contains(&spec.score) {
            say("policies.screen", "attacks: score is 1 to 100; 5 is one sure sign".into());
        }
        LazyLock::force(&SET);
        Attacks { spec: spec.clone(), most }
    }

    pub(crate) fn blocks(&self) -> bool {
        self.spec.mode == Mode::Block
    }

    /// What in this request looks like an attack, in words that name the rule and the place, never the value.
    pub(crate) fn finds(&self, parts: &Parts) -> Option<String> {
        let path = parts.uri.path().as_bytes();
        let is_plain = is_harmless(path.strip_prefix(b"/").unwrap_or(path));
        if let Some(found) = if is_plain { None } else { self.in_value(path, false) } {
            return Some(format!("{found}, in the path."));
        }
        match self.in_pairs(parts.uri.query().unwrap_or_default().as_bytes()) {
            Some(found) => Some(format!("{found}, in a parameter.")),
            None => self.in_headers(&parts.headers),
        }
    }

    /// In pairs as a query and a form have them.
    fn in_pairs(&self, pairs: &[u8]) -> Option<String> {
        pairs.split(|byte| *byte == b'&').find_map(|pair| {
            let mut sides = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
            if self.is_excepted(name) {
                return None;
            }
            self.in_value(value, true).or_else(|| self.in_value(name, true))
        })
    }

    fn is_excepted(&self, name: &[u8]) -> bool {
        self.spec.except_parameters.iter().any(|except| except.as_bytes() == name)
    }

    fn in_headers(&self, headers: &HeaderMap) -> Option<String> {
        let looked_at = headers.iter().filter(|(name, _)| !PASSED_OVER.contains(name));
        for (name, value) in looked_at {
            if let Some(found) = self.in_value(value.as_bytes(), false) {
                return Some(format!("{found}, in the header `{name}`."));
            }
        }
        None
    }

    fn in_value(&self, value: &[u8], blank: bool) -> Option<String> {
        if is_harmless(value) {
            return None;
        }
        let plain = Plain::of(value, blank);
        let texts = [Some(&plain.text), plain.joined.as_ref()];
        texts.into_iter().flatten().find_map(|text| self.score(text, plain.holds_nul))
    }

    fn score(&self, text: &[u8], holds_nul: bool) -> Option<String> {
        let mut sum = 0;
        let mut surest: Option<&Rule> = None;
        let matched = SET.matches(text);
        let signs = RULES
            .iter()
            .enumerate()
            .filter(|(at, rule)| matched.matched(*at) || (holds_nul && rule.name == "other.nul"));
        for (_, rule) in signs.filter(|(_, rule)| !self.spec.except.contains(&rule.family)) {
            sum += rule.score;
            if surest.is_none_or(|before| before.score < rule.score) {
                surest = Some(rule);
            }
        }
        let surest = surest.filter(|_| sum >= self.spec.score)?;
        Some(format!("attacks: this looks like the rule `{}`", surest.name))
    }
}
