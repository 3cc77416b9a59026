//! How far a connection is. A step consumes the stage and gives the next; a refusal says what it was and
//! what was asked.

use super::ConnectionError;
use crate::sign_in::ConnectionStanding;
use domain::Moment;
use std::fmt;

/// How far a connection is. `tested` is when a test last succeeded with the client as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Being set up; nobody signs in by it.
    Draft {
        /// See [`Stage`].
        tested: Option<Moment>,
    },
    /// In use.
    Active {
        /// See [`Stage`]. None if the client was changed since; then nobody knows whether it still works.
        tested: Option<Moment>,
    },
    /// Switched off.
    Off {
        /// See [`Stage`].
        tested: Option<Moment>,
    },
}

/// What can be done to a connection as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into use for the first time.
    Activate,
    /// Out of use for a while.
    SwitchOff,
    /// Into use again.
    SwitchOn,
    /// Away for good.
    Remove,
}

/// A step that does not begin where the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The connection is {}; {}", .was.standing(), .asked)]
pub struct Refused {
    /// Where it is.
    pub was: Stage,
    /// What was asked.
    pub asked: Step,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Activate => "only a draft is activated",
            Step::SwitchOff => "only an active one is switched off",
            Step::SwitchOn => "only one that is off is switched on",
            Step::Remove => "an active one is switched off before it is removed",
        })
    }
}

impl Stage {
    /// From its columns.
    pub(crate) fn of(standing: ConnectionStanding, tested_at: Moment) -> Self {
        let tested = (tested_at != Moment::NEVER).then_some(tested_at);
        match standing {
            ConnectionStanding::Draft => Stage::Draft { tested },
            ConnectionStanding::Active => Stage::Active { tested },
            ConnectionStanding::Off => Stage::Off { tested },
        }
    }

    /// Its name.
    pub fn standing(self) -> ConnectionStanding {
        match self {
            Stage::Draft { .. } => ConnectionStanding::Draft,
            Stage::Active { .. } => ConnectionStanding::Active,
            Stage::Off { .. } => ConnectionStanding::Off,
        }
    }

    /// When a test last succeeded with the client as it is now.
    pub fn tested(self) -> Option<Moment> {
        match self {
            Stage::Draft { tested } | Stage::Active { tested } | Stage::Off { tested } => tested,
        }
    }

    /// Whether it has never been in use.
    pub fn is_draft(self) -> bool {
        matches!(self, Stage::Draft { .. })
    }

    /// Whether people sign in by it.
    pub fn is_active(self) -> bool {
        matches!(self, Stage::Active { .. })
    }

    /// Into use for the first time.
    ///
    /// # Errors
    /// [`ConnectionError::Untested`], [`ConnectionError::Stage`].
    pub fn activate(self) -> Result<Stage, ConnectionError> {
        match self {
            Stage::Draft { tested: Some(at) } => Ok(Stage::Active { tested: Some(at) }),
            Stage::Draft { tested: None } => Err(ConnectionError::Untested),
            was => Err(Refused { was, asked: Step::Activate }.into()),
        }
    }

    /// Out of use.
    ///
    /// # Errors
    /// [`ConnectionError::Stage`].
    pub fn switch_off(self) -> Result<Stage, ConnectionError> {
        match self {
            Stage::Active { tested } => Ok(Stage::Off { tested }),
            was => Err(Refused { was, asked: Step::SwitchOff }.into()),
        }
    }

    /// Into use again.
    ///
    /// # Errors
    /// [`ConnectionError::Untested`] if its client was changed meanwhile, [`ConnectionError::Stage`].
    pub fn switch_on(self) -> Result<Stage, ConnectionError> {
        match self {
            Stage::Off { tested: Some(at) } => Ok(Stage::Active { tested: Some(at) }),
            Stage::Off { tested: None } => Err(ConnectionError::Untested),
            was => Err(Refused { was, asked: Step::SwitchOn }.into()),
        }
    }

    /// Away for good: nothing comes after.
    ///
    /// # Errors
    /// [`ConnectionError::Stage`].
    pub fn remove(self) -> Result<(), ConnectionError> {
        match self {
            Stage::Draft { .. } | Stage::Off { .. } => Ok(()),
            was => Err(Refused { was, asked: Step::Remove }.into()),
        }
    }

    /// The same with another client: what was tested before says nothing any more. An active one stays in
    /// use, because changing its secret in time is what keeps people from being locked out.
    pub fn with_another_client(self) -> Stage {
        match self {
            Stage::Draft { .. } => Stage::Draft { tested: None },
            Stage::Active { .. } => Stage::Active { tested: None },
            Stage::Off { .. } => Stage::Off { tested: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Fault;

    const THEN: Option<Moment> = Some(Moment::from_seconds(1));

    #[test]
    fn a_connection_goes_into_use_only_when_it_was_tested_as_it_is() {
        assert_eq!(Stage::Draft { tested: THEN }.activate().unwrap(), Stage::Active { tested: THEN });
        let untested = [Stage::Draft { tested: None }.activate(), Stage::Off { tested: None }.switch_on()];
        for refused in untested {
            assert_eq!(refused.unwrap_err().code(), "connection.untested");
        }
        let changed = Stage::Draft { tested: THEN }.with_another_client();
        assert_eq!(changed.activate().unwrap_err().code(), "connection.untested");
    }

    #[test]
    fn another_secret_does_not_lock_people_out() {
        assert!(Stage::Active { tested: THEN }.with_another_client().is_active());
    }

    #[test]
    fn a_refusal_says_what_it_was_and_what_was_asked() {
        let refused = Stage::Active { tested: THEN }.remove().unwrap_err();
        assert_eq!(
            refused.detail().unwrap(),
            "The connection is active; an active one is switched off before it is removed."
        );
        assert!(Stage::Off { tested: THEN }.activate().is_err());
        assert!(Stage::Draft { tested: THEN }.switch_off().is_err());
    }
}
