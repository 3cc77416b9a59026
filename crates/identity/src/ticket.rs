//! Tickets: what this installation says to itself by way of a browser's address bar, sealed and for a short
//! while. No row is kept of one.

use domain::{Chance, Moment, Sealed, seal::SealingKey};
use serde::{Serialize, de::DeserializeOwned};

/// What a ticket says.
pub(crate) trait Ticket: Serialize + DeserializeOwned {
    /// What it is sealed for; no other kind of ticket opens as this one.
    const PURPOSE: &'static str;

    /// When it is over.
    fn ends(&self) -> Moment;

    /// The text that goes into the address.
    fn seal(&self, key: &SealingKey, chance: &Chance) -> String {
        let plain = serde_json::to_vec(self).expect("a ticket is plain data");
        key.seal(Self::PURPOSE, &plain, chance).as_str().to_owned()
    }

    /// The ticket in this text, if it was made here and its time is not over.
    fn open(text: &str, key: &SealingKey, now: Moment) -> Option<Self> {
        let plain = key.open(Self::PURPOSE, &Sealed::from_text(text.to_owned())).ok()?;
        let ticket: Self = serde_json::from_slice(&plain).ok()?;
        (now < ticket.ends()).then_some(ticket)
    }
}
