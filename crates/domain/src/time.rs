//! Time as a value that is handed in. SQL never asks for it, libraries' own checks are switched off.

#[cfg(feature = "movable-clock")]
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};
use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A point in time: microseconds since 1970-01-01T00:00:00Z. This is also its form in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// The beginning of Unix time; in a column, "never".
    pub const NEVER: Moment = Moment(0);

    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Moment(micros)
    }

    /// From whole seconds since the Unix epoch, the form of a JWT's dates (RFC 7519 section 2).
    pub const fn from_seconds(seconds: i64) -> Self {
        Moment(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// For people who see no other zone: "4 Mar 2026, 09:12 UTC".
    pub fn words(self) -> String {
        match ::time::OffsetDateTime::from_unix_timestamp(self.seconds()) {
            Ok(time) => {
                let month = time.month().to_string();
                let (day, month, year) = (time.day(), &month[..3], time.year());
                format!("{day} {month} {year}, {:02}:{:02} UTC", time.hour(), time.minute())
            }
            Err(_) => String::new(),
        }
    }

    /// As HTTP writes dates (RFC 9110 section 5.6.7): "Wed, 04 Mar 2026 09:12:00 GMT".
    pub fn http_date(self) -> String {
        match ::time::OffsetDateTime::from_unix_timestamp(self.seconds()) {
            Ok(time) => {
                let (weekday, month) = (time.weekday().to_string(), time.month().to_string());
                let (hour, minute, second) = time.to_hms();
                let (day, year) = (time.day(), time.year());
                format!(
                    "{}, {day:02} {} {year:04} {hour:02}:{minute:02}:{second:02} GMT",
                    &weekday[..3],
                    &month[..3]
                )
            }
            Err(_) => String::new(),
        }
    }

    /// What HTTP writes as a date; none for anything else.
    pub fn from_http_date(text: &str) -> Option<Self> {
        let format = &::time::format_description::well_known::Rfc2822;
        let time = ::time::OffsetDateTime::parse(text, format).ok().filter(|_| text.ends_with(" GMT"))?;
        Some(Moment::from_seconds(time.unix_timestamp()))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = ::time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .ok()
            .and_then(|time| time.format(&::time::format_description::well_known::Rfc3339).ok())
            .ok_or(fmt::Error)?;
        f.write_str(&text)
    }
}

/// The text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a moment has the form 2026-03-04T09:12:00Z")]
pub struct BadMoment;

/// RFC 3339, in any zone.
impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let format = &::time::format_description::well_known::Rfc3339;
        let time = ::time::OffsetDateTime::parse(text, format).map_err(|_| BadMoment)?;
        let micros = time.unix_timestamp_nanos().div_euclid(1_000);
        i64::try_from(micros).map(Moment).map_err(|_| BadMoment)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, span: Duration) -> Moment {
        Moment(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// Where "now" comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until it is moved.
    #[cfg(feature = "movable-clock")]
    Movable(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`.
    #[cfg(feature = "movable-clock")]
    pub fn movable(start: Moment) -> Self {
        Clock::Movable(Arc::new(AtomicI64::new(start.0)))
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        match self {
            Clock::System => system_now(),
            #[cfg(feature = "movable-clock")]
            Clock::Movable(micros) => Moment(micros.load(Relaxed)),
        }
    }

    /// Moves a movable clock forward; the system's stays where it is.
    #[cfg(feature = "movable-clock")]
    pub fn advance(&self, span: Duration) {
        if let Clock::Movable(micros) = self {
            micros.fetch_add(span.as_micros() as i64, Relaxed);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system_now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_well_and_exactly() {
        let moment = Moment::from_seconds(1_772_615_520);
        assert_eq!(moment.words(), "4 Mar 2026, 09:12 UTC");
        assert_eq!(moment.to_string(), "2026-03-04T09:12:00Z");
        assert_eq!("2026-03-04T10:12:00+01:00".parse(), Ok(moment));
        assert_eq!("2026-03-04".parse::<Moment>(), Err(BadMoment));
    }
}
