//! The settings change.

use super::{IDLE, KEY_DAYS, LIFE, MOST_NETWORKS, SettingError, Settings, rows};
use access::{ChangeSettings, Permit};
use domain::{Change, Event, Network, event::names};
use serde_json::{Value, json};
use std::time::Duration;
use store::Store;

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Whether strangers may see the sign-in page.
    pub published: Option<bool>,
    /// How long a session lives without being used.
    pub session_idle: Option<Duration>,
    /// How long a session lives at most.
    pub session_life: Option<Duration>,
    /// For how many days an API key may live.
    pub key_days: Option<u64>,
    /// After how many days without use an API key is switched off.
    pub key_unused_days: Option<u64>,
    /// From where one may ask.
    pub networks: Option<Vec<Network>>,
    /// Whether API keys are good for nothing but being exchanged.
    pub exchanges_keys: Option<bool>,
}

/// Changes the settings of the permit's tenant; gives them as they are now.
///
/// # Errors
/// [`SettingError`].
pub async fn change(
    store: &Store,
    permit: &Permit<ChangeSettings>,
    changes: &Changes,
) -> Result<Settings, SettingError> {
    store
        .write(permit, async |tx| {
            let old = rows::find(tx).await?.ok_or(SettingError::Gone)?;
            let new = Settings {
                published: changes.published.unwrap_or(old.published),
                session_idle: changes.session_idle.unwrap_or(old.session_idle),
                session_life: changes.session_life.unwrap_or(old.session_life),
                key_days: changes.key_days.unwrap_or(old.key_days),
                key_unused_days: changes.key_unused_days.unwrap_or(old.key_unused_days),
                networks: changes.networks.clone().unwrap_or_else(|| old.networks.clone()),
                exchanges_keys: changes.exchanges_keys.unwrap_or(old.exchanges_keys),
                changed_at: tx.now(),
            };
            check(&new)?;
            rows::put(tx, &new).await?;
            tx.changed(Change::new(tx.tenant(), facts(&old), facts(&new)));
            tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
            Ok(new)
        })
        .await
}

fn check(settings: &Settings) -> Result<(), SettingError> {
    if !IDLE.contains(&settings.session_idle) {
        return Err(SettingError::Idle);
    }
    if !LIFE.contains(&settings.session_life) {
        return Err(SettingError::Life);
    }
    if !KEY_DAYS.contains(&settings.key_days) || !KEY_DAYS.contains(&settings.key_unused_days) {
        return Err(SettingError::KeyDays);
    }
    if settings.networks.len() > MOST_NETWORKS {
        return Err(SettingError::Networks);
    }
    match settings.session_idle > settings.session_life {
        true => Err(SettingError::IdleBeyondLife),
        false => Ok(()),
    }
}

fn facts(settings: &Settings) -> Value {
    json!({
        "published": settings.published,
        "session_idle_seconds": settings.session_idle.as_secs(),
        "session_life_seconds": settings.session_life.as_secs(),
        "key_days": settings.key_days,
        "key_unused_days": settings.key_unused_days,
        "networks": settings.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "exchanges_keys": settings.exchanges_keys,
    })
}
