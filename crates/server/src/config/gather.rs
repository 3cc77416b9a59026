//! Gathers the texts of all settings, each with where it came from.

use super::{
    ConfigError, Fault, Flags,
    settings::{SETTINGS, environment_name},
};
use std::{collections::BTreeMap, path::Path};

/// The texts, before they mean anything.
#[derive(Clone, Debug, Default)]
pub struct Gathered(BTreeMap<String, (String, String)>);

impl Gathered {
    /// The text of a setting and where it came from.
    pub fn get(&self, key: &str) -> (&str, &str) {
        match self.0.get(key) {
            Some((text, origin)) => (text, origin),
            None => (default_of(key), "default"),
        }
    }
}

fn default_of(key: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.key == key).map_or("", |setting| setting.default)
}

/// The file, then the environment, then the flags.
///
/// # Errors
/// [`ConfigError`] for a file that cannot be read and for settings that there are not.
pub fn gather(flags: &Flags) -> Result<Gathered, ConfigError> {
    let mut gathered = Gathered::default();
    let mut faults = Vec::new();
    from_file(flags, &mut gathered, &mut faults);
    from_environment(&mut gathered);
    for pair in &flags.set {
        match pair.split_once('=') {
            Some((key, text)) => put(key.trim(), text.trim(), "--set", &mut gathered, &mut faults),
            None => faults.push(fault(pair, "--set", "write --set key=value")),
        }
    }
    if faults.is_empty() { Ok(gathered) } else { Err(ConfigError(faults)) }
}

fn from_file(flags: &Flags, gathered: &mut Gathered, faults: &mut Vec<Fault>) {
    let usual = Path::new("partywall.toml");
    let Some(path) = flags.file.as_deref().or_else(|| usual.exists().then_some(usual)) else { return };
    let origin = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            return faults.push(fault("--config", &origin, &format!("the file cannot be read: {error}")));
        }
    };
    match text.parse::<toml::Table>() {
        Ok(table) => flatten("", &table, &origin, gathered, faults),
        Err(error) => faults.push(fault("--config", &origin, &format!("the file is not TOML: {error}"))),
    }
}

fn flatten(
    before: &str,
    table: &toml::Table,
    origin: &str,
    gathered: &mut Gathered,
    faults: &mut Vec<Fault>,
) {
    for (name, value) in table {
        let key = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, origin, gathered, faults),
            toml::Value::Array(items) => {
                let texts: Vec<String> = items.iter().map(plain).collect();
                put(&key, &texts.join(","), origin, gathered, faults);
            }
            other => put(&key, &plain(other), origin, gathered, faults),
        }
    }
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn from_environment(gathered: &mut Gathered) {
    for setting in SETTINGS {
        let name = environment_name(setting.key);
        if let Ok(text) = std::env::var(&name) {
            gathered.0.insert(setting.key.to_owned(), (text, name));
        }
    }
}

fn put(key: &str, text: &str, origin: &str, gathered: &mut Gathered, faults: &mut Vec<Fault>) {
    if SETTINGS.iter().any(|setting| setting.key == key) {
        gathered.0.insert(key.to_owned(), (text.to_owned(), origin.to_owned()));
    } else {
        let near = nearest(key).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        faults.push(fault(key, origin, &format!("there is no such setting{near}")));
    }
}

/// The setting that shares its last name or most of its letters.
fn nearest(key: &str) -> Option<&'static str> {
    let last = |text: &'_ str| text.rsplit('.').next().unwrap_or_default().to_owned();
    let shared = |other: &str| key.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let same = SETTINGS.iter().find(|setting| last(setting.key) == last(key));
    same.or_else(|| {
        SETTINGS.iter().max_by_key(|setting| shared(setting.key)).filter(|near| shared(near.key) > 3)
    })
    .map(|setting| setting.key)
}

pub(super) fn fault(key: &str, origin: &str, why: &str) -> Fault {
    Fault { key: key.to_owned(), origin: origin.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[&str]) -> Result<Gathered, ConfigError> {
        gather(&Flags { file: None, set: pairs.iter().map(|pair| (*pair).to_owned()).collect() })
    }

    #[test]
    fn an_unknown_setting_is_an_error_that_names_the_one_that_was_meant() {
        let error = set(&["listen.publik=127.0.0.1:1"]).expect_err("there is no such setting");
        assert!(
            error
                .to_string()
                .contains("listen.publik (--set): there is no such setting; did you mean `listen.public`?"),
            "{error}"
        );
    }

    #[test]
    fn what_nobody_said_has_its_default() {
        let gathered = set(&["session.idle=1h"]).expect("all known");
        assert_eq!(gathered.get("session.idle"), ("1h", "--set"));
        assert_eq!(gathered.get("session.life"), ("7d", "default"));
    }
}
