//! A tenant's own settings on the wire.

use super::{Changes, change, read};
use crate::{Control, form::Reading};
use access::{ChangeSettings, ReadSettings};
use axum::extract::State;
use domain::Network;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use web::{Allow, Json, Problem, Routes};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/settings", show)
        .says("Shows the tenant's own settings.")
        .answers::<Settings>(200)
        .patch("/v1/tenants/{tenant}/settings", patch)
        .says("Changes the tenant's own settings. Spans hold for sessions that begin afterwards.")
        .takes::<Change>()
        .answers::<Settings>(200)
}

/// A tenant's own settings.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantSettings)]
pub(crate) struct Settings {
    /// Whether strangers may see the sign-in page.
    published: bool,
    /// How long a session lives without being used, in seconds.
    session_idle: u64,
    /// How long a session lives at most, in seconds.
    session_life: u64,
    /// For how many days an API key may live at most; 0 leaves it to the plan.
    key_days: u64,
    /// After how many days without use an API key is switched off; 0 leaves it to the plan.
    key_unused_days: u64,
    /// The networks that the application may be asked from; all if there are none.
    networks: Vec<String>,
    /// Whether API keys are good for nothing but being exchanged for tokens.
    exchanges_keys: bool,
    /// When they last changed.
    changed_at: String,
}

impl From<super::Settings> for Settings {
    fn from(settings: super::Settings) -> Self {
        Settings {
            published: settings.published,
            session_idle: settings.session_idle.as_secs(),
            session_life: settings.session_life.as_secs(),
            key_days: settings.key_days,
            key_unused_days: settings.key_unused_days,
            networks: settings.networks.iter().map(ToString::to_string).collect(),
            exchanges_keys: settings.exchanges_keys,
            changed_at: settings.changed_at.to_string(),
        }
    }
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantSettingsChange)]
pub(crate) struct Change {
    /// Whether strangers may see the sign-in page.
    published: Option<bool>,
    /// How long a session may go unused, in seconds: 5 minutes to 14 days.
    session_idle: Option<u64>,
    /// How long a session may live, in seconds: 15 minutes to 30 days.
    session_life: Option<u64>,
    /// For how many days an API key may live at most; 0 leaves it to the plan.
    key_days: Option<u64>,
    /// After how many days without use an API key is switched off; 0 leaves it to the plan.
    key_unused_days: Option<u64>,
    /// The networks that the application may be asked from, such as `10.0.0.0/8`; all if there are none.
    networks: Option<Vec<String>>,
    /// Whether API keys are good for nothing but being exchanged for tokens.
    exchanges_keys: Option<bool>,
}

fn networks(texts: Vec<String>) -> Result<Vec<Network>, Problem> {
    let mut form = Reading::new();
    let read = texts.iter().filter_map(|text| form.read("networks", text)).collect();
    form.finish().map(|()| read)
}

async fn show(
    Allow(permit): Allow<ReadSettings>,
    State(room): State<Control>,
) -> Result<Json<Settings>, Problem> {
    Ok(Json(read(&room.store, &permit).await?.into()))
}

async fn patch(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
    Json(body): Json<Change>,
) -> Result<Json<Settings>, Problem> {
    let changes = Changes {
        published: body.published,
        session_idle: body.session_idle.map(Duration::from_secs),
        session_life: body.session_life.map(Duration::from_secs),
        key_days: body.key_days,
        key_unused_days: body.key_unused_days,
        networks: body.networks.map(networks).transpose()?,
        exchanges_keys: body.exchanges_keys,
    };
    let changed = change(&room.store, &permit, &changes).await?;
    room.hear_tenant(permit.tenant_id()).await;
    Ok(Json(changed.into()))
}
