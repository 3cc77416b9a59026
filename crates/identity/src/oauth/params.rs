//! Parameters of a request. None may stand twice (RFC 6749 section 3.1), one without a value is none, and one that is not
//! known is passed over.

use super::Denied;
use std::collections::BTreeMap;

/// The most bytes that all of them may have.
const MOST: usize = 16 * 1024;

/// The parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads a query.
    pub(crate) fn of_query(query: &str) -> Result<Self, Denied> {
        Self::of(url::form_urlencoded::parse(query.as_bytes()).into_owned())
    }

    pub(crate) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Denied> {
        let (mut all, mut size) = (BTreeMap::new(), 0);
        for (name, value) in pairs {
            size += name.len() + value.len();
            if size > MOST {
                return Err(Denied::request("The request is too long."));
            }
            if value.is_empty() {
                continue;
            }
            if all.insert(name, value).is_some() {
                return Err(Denied::request("A parameter stands twice. Every token is for one audience."));
            }
        }
        Ok(Params(all))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, Denied> {
        self.get(name).ok_or_else(|| Denied::request(format!("The parameter {name} is missing.")))
    }

    pub(crate) fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub(crate) fn drop(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
