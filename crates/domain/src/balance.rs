//! How requests are shared among the backends of a deployment: what an operator writes, checked as a whole before
//! any of it is in force. Everything has a default that is right for most.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The rules of one deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Balancing {
    /// Who of several gets the next request.
    pub choose: Choose,
    /// How much each backend takes compared with the others, by its address; 1 where nothing is said. One of
    /// weight 0 gets nobody new.
    pub weights: BTreeMap<String, u32>,
    /// Who goes to the same backend again.
    pub affinity: Affinity,
    /// How backends are asked whether they are well; they are not asked where this is left out.
    pub check: Option<HealthCheck>,
    /// When one is left out for a while because of how it answers.
    pub eject: Ejection,
    /// When a request is tried at another one.
    pub retry: Retry,
    /// What backends are asked for without a context, to see whether they answer strangers: `/` where nothing is said,
    /// nothing where this is empty.
    pub stranger_path: Option<String>,
}

/// Who of several backends gets the next request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choose {
    /// The one in turn, unless another that is drawn has less to do.
    #[default]
    Least,
    /// The one in turn.
    Turns,
}

/// Who goes to the same backend again, as long as it is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Affinity {
    /// Nobody.
    #[default]
    None,
    /// A browser, by a cookie.
    Cookie,
    /// Everybody of a tenant.
    Tenant,
    /// A caller: a person, a subscriber, else an address.
    User,
}

/// How a backend is asked whether it is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheck {
    /// What it is asked for, with GET and without a context.
    pub path: String,
    /// The `Host` that is said; its own address where this is empty.
    pub host: String,
    /// The statuses that say it is well.
    pub expect: Vec<Statuses>,
    /// Milliseconds from one question to the next.
    pub interval_ms: u64,
    /// Milliseconds that an answer may take.
    pub timeout_ms: u64,
    /// How many good answers in a row bring one back.
    pub up_after: u32,
    /// How many bad ones in a row take one out.
    pub down_after: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        HealthCheck {
            path: "/healthz".to_owned(),
            host: String::new(),
            expect: vec![Statuses { from: 200, to: 299 }],
            interval_ms: 5_000,
            timeout_ms: 2_000,
            up_after: 2,
            down_after: 2,
        }
    }
}

/// When a backend is left out for a while because of how it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ejection {
    /// So many requests in a row that it did not answer; 0 is never.
    pub failures: u32,
    /// So many of a hundred answers that are no answer or 5xx, and more than twice as many as from the others; 0 is
    /// never.
    pub errors_percent: u32,
    /// Fewer answers than this say nothing.
    pub least: u32,
    /// Milliseconds over which they are counted.
    pub window_ms: u64,
    /// Milliseconds for which it is left out the first time; twice as long each time after.
    pub base_ms: u64,
    /// Milliseconds for which it is left out at most.
    pub most_ms: u64,
    /// So many of a hundred backends may be left out at a time; one of several always may, and never all.
    pub ceiling_percent: u32,
}

impl Default for Ejection {
    fn default() -> Self {
        Ejection {
            failures: 5,
            errors_percent: 0,
            least: 20,
            window_ms: 10_000,
            base_ms: 30_000,
            most_ms: 300_000,
            ceiling_percent: 50,
        }
    }
}

/// When a request that may be sent twice is tried at another backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// How often at most; 0 is never.
    pub tries: u32,
    /// So many of a hundred requests may be tried again.
    pub budget_percent: u32,
    /// Milliseconds that one backend may take before another is tried; 0 is as long as the route says.
    pub try_ms: u64,
    /// The statuses of an answer that are a reason to.
    pub statuses: Vec<Statuses>,
    /// Bytes of a body that is kept so that it can be sent again.
    pub most_body: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            tries: 1,
            budget_percent: 20,
            try_ms: 0,
            statuses: vec![Statuses { from: 502, to: 504 }],
            most_body: 64 * 1024,
        }
    }
}

/// One status or a range of them, written `204` or `200-299`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Statuses {
    from: u16,
    to: u16,
}

/// The text is no status and no range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is written as 204, a range of them as 200-299, between 100 and 599")]
pub struct BadStatuses;

impl Statuses {
    /// Whether this is one of them.
    pub fn hold(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl FromStr for Statuses {
    type Err = BadStatuses;

    fn from_str(text: &str) -> Result<Self, BadStatuses> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| BadStatuses);
        let (from, to) = (number(from)?, number(to)?);
        if from < 100 || to > 599 || from > to {
            return Err(BadStatuses);
        }
        Ok(Statuses { from, to })
    }
}

impl TryFrom<String> for Statuses {
    type Error = BadStatuses;

    fn try_from(text: String) -> Result<Self, BadStatuses> {
        text.parse()
    }
}

impl From<Statuses> for String {
    fn from(statuses: Statuses) -> String {
        statuses.to_string()
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from == self.to {
            true => write!(f, "{}", self.from),
            false => write!(f, "{}-{}", self.from, self.to),
        }
    }
}

/// The heaviest that one backend can be.
pub const MOST_WEIGHT: u32 = 100;
const HOUR_MS: u64 = 3_600_000;
const MOST_KEPT_BODY: u64 = 1 << 20;

impl Balancing {
    /// Whether nothing but defaults is said.
    pub fn is_default(&self) -> bool {
        *self == Balancing::default()
    }

    /// The weight of the backend at this address.
    pub fn weight_of(&self, address: &str) -> u32 {
        self.weights.get(address).copied().unwrap_or(1)
    }

    /// Everything that is wrong with it for a deployment with backends at these addresses.
    pub fn faults(&self, addresses: &[&str]) -> Vec<String> {
        let mut faults = Faults(Vec::new());
        for (address, weight) in &self.weights {
            faults.unless(addresses.contains(&address.as_str()), || {
                format!("weights: `{address}` is none of the backends")
            });
            faults.within("weights", u64::from(*weight), 0, u64::from(MOST_WEIGHT));
        }
        let somebody = addresses.is_empty() || addresses.iter().any(|address| self.weight_of(address) > 0);
        faults.unless(somebody, || "weights: somebody must take requests, so one is more than 0".into());
        if let Some(check) = &self.check {
            check.look(&mut faults);
        }
        let stranger = self.stranger_path.as_deref().unwrap_or("/");
        faults.unless(stranger.is_empty() || is_path(stranger), || {
            "stranger_path: a path begins with / and has no blanks; an empty one is for never".into()
        });
        self.eject.look(&mut faults);
        self.retry.look(&mut faults);
        faults.0
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 1_024 && is_plain(text)
}

struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, good: bool, words: impl FnOnce() -> String) {
        if !good {
            self.0.push(words());
        }
    }

    fn within(&mut self, key: &str, value: u64, least: u64, most: u64) {
        self.unless((least..=most).contains(&value), || {
            format!("{key}: {value} is not between {least} and {most}")
        });
    }
}

impl HealthCheck {
    fn look(&self, faults: &mut Faults) {
        faults.unless(is_path(&self.path), || "check.path: a path begins with / and has no blanks".into());
        faults.unless(is_plain(&self.host) && self.host.len() <= 255 && !self.host.contains('/'), || {
            "check.host: a host and perhaps a port".into()
        });
        faults
            .unless(!self.expect.is_empty(), || "check.expect: some status must say that it is well".into());
        faults.within("check.interval_ms", self.interval_ms, 100, HOUR_MS);
        faults.within("check.timeout_ms", self.timeout_ms, 10, 60_000);
        faults.within("check.up_after", self.up_after.into(), 1, 100);
        faults.within("check.down_after", self.down_after.into(), 1, 100);
    }

    /// Whether an answer of this status says that it is well.
    pub fn expects(&self, status: u16) -> bool {
        self.expect.iter().any(|statuses| statuses.hold(status))
    }
}

impl Ejection {
    fn look(&self, faults: &mut Faults) {
        faults.within("eject.failures", self.failures.into(), 0, 10_000);
        faults.within("eject.errors_percent", self.errors_percent.into(), 0, 100);
        faults.within("eject.least", self.least.into(), 1, 1_000_000);
        faults.within("eject.window_ms", self.window_ms, 1_000, HOUR_MS);
        faults.within("eject.base_ms", self.base_ms, 100, HOUR_MS);
        faults.within("eject.most_ms", self.most_ms, self.base_ms, 24 * HOUR_MS);
        faults.within("eject.ceiling_percent", self.ceiling_percent.into(), 0, 100);
    }
}

impl Retry {
    fn look(&self, faults: &mut Faults) {
        faults.within("retry.tries", self.tries.into(), 0, 5);
        faults.within("retry.budget_percent", self.budget_percent.into(), 0, 100);
        faults.within("retry.try_ms", self.try_ms, 0, HOUR_MS);
        faults.within("retry.most_body", self.most_body, 0, MOST_KEPT_BODY);
        faults.unless(self.statuses.iter().all(|statuses| statuses.from >= 500), || {
            "retry.statuses: only an answer of 500 and more is a reason to try again".into()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Balancing, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_said_is_the_default_and_has_no_fault() {
        let nothing = read("{}").unwrap();
        assert!(nothing.is_default());
        assert_eq!(nothing.faults(&["http://a:1"]), Vec::<String>::new());
        let checked = read(r#"{"check": {}}"#).unwrap();
        assert_eq!(checked.check.as_ref().unwrap().path, "/healthz");
        assert!(!checked.is_default());
        let text = serde_json::to_string(&checked).unwrap();
        assert_eq!(read(&text).unwrap(), checked, "it survives the way through text");
    }

    #[test]
    fn a_range_of_statuses_is_read_as_it_is_written() {
        for (text, holds, holds_not) in [("204", 204, 205), ("200-399", 302, 400), ("500 - 599", 599, 404)] {
            let statuses: Statuses = text.parse().unwrap();
            assert!(statuses.hold(holds) && !statuses.hold(holds_not), "{text}");
        }
        for bad in ["", "20", "600", "299-200", "2xx", "200-"] {
            assert_eq!(bad.parse::<Statuses>(), Err(BadStatuses), "{bad}");
        }
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let wrong = read(
            r#"{"weights": {"http://b:1": 1, "http://a:1": 0},
                "check": {"path": "healthz", "expect": [], "interval_ms": 1},
                "eject": {"ceiling_percent": 101}, "retry": {"statuses": ["404"]}}"#,
        );
        let faults = wrong.unwrap().faults(&["http://a:1"]).join("\n");
        for said in [
            "`http://b:1` is none of the backends",
            "somebody must take requests",
            "check.path",
            "check.expect",
            "check.interval_ms",
            "eject.ceiling_percent",
            "retry.statuses",
        ] {
            assert!(faults.contains(said), "{said} is not in\n{faults}");
        }
        assert!(read(r#"{"chekc": {}}"#).is_err(), "an unknown key");
    }
}
