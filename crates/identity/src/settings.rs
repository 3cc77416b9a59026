//! How long things last in this room. Every one of them is a setting.

use domain::Region;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Spans and bounds that the operator may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a sign-in may take, from leaving for the provider to coming back.
    pub pending: Duration,
    /// How many sign-ins one browser may have under way; the oldest makes room.
    pub most_pending: usize,
    /// How long a hand-over may take.
    pub hand_over: Duration,
    /// How long a session at a tenant's host lives without being used; a tenant may shorten it.
    pub session_idle: Duration,
    /// How long it lives at most; a tenant may shorten it.
    pub session_life: Duration,
    /// How long a person's session at `id.` or in the console lives without being used.
    pub person_idle: Duration,
    /// How long it lives at most.
    pub person_life: Duration,
    /// How long a provider may take for one answer.
    pub provider_patience: Duration,
    /// How long a provider's metadata and keys are taken to be true.
    pub provider_memory: Duration,
    /// How often at most a provider is asked again, when it is away or a token names an unknown key.
    pub provider_retry: Duration,
    /// How far a provider's clock may differ from ours.
    pub leeway: Duration,
    /// How long a token lives that an API key is exchanged for.
    pub token_life: Duration,
    /// How long a code lives that a browser brings to an application.
    pub code_life: Duration,
    /// How long an application may go on refreshing, if nothing else is registered.
    pub refresh_life: Duration,
    /// For how long a refresh token is taken again that was used, because its answer may have been lost.
    pub refresh_grace: Duration,
    /// How long an ID token lives.
    pub id_token_life: Duration,
    /// The region in which new people are at home.
    pub home_region: Region,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            pending: 10 * MINUTE,
            most_pending: 4,
            hand_over: Duration::from_secs(30),
            session_idle: 8 * HOUR,
            session_life: 7 * DAY,
            person_idle: 8 * HOUR,
            person_life: 7 * DAY,
            provider_patience: Duration::from_secs(5),
            provider_memory: HOUR,
            provider_retry: MINUTE,
            leeway: MINUTE,
            token_life: 5 * MINUTE,
            code_life: MINUTE,
            refresh_life: 30 * DAY,
            refresh_grace: Duration::from_secs(30),
            id_token_life: 10 * MINUTE,
            home_region: Region::default(),
        }
    }
}
