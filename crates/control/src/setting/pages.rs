//! The page of a tenant's own settings.

use super::{Changes, Settings, change, read};
use crate::{
    Control,
    form::{self, Reading},
    landing::{Landing, land},
};
use access::{ChangeSettings, Permit, ReadSettings, TenantAction};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::time::Duration;
use web::{Allow, Form, Frame, Page, Problem, Query, Routes, Surface, parts::Wrong};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/settings", show)
        .says("The tenant's own settings.")
        .post("/t/{tenant}/settings", post)
        .says("Changes the tenant's own settings.")
}

/// The form, as it was sent; spans in minutes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    published: Option<String>,
    session_idle: String,
    session_life: String,
    key_days: String,
    key_unused_days: String,
    networks: String,
    exchanges_keys: Option<String>,
}

impl Sent {
    fn of(settings: &Settings) -> Self {
        let minutes = |span: Duration| (span.as_secs() / 60).to_string();
        Sent {
            published: settings.published.then(|| "on".to_owned()),
            session_idle: minutes(settings.session_idle),
            session_life: minutes(settings.session_life),
            key_days: settings.key_days.to_string(),
            key_unused_days: settings.key_unused_days.to_string(),
            networks: settings.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            exchanges_keys: settings.exchanges_keys.then(|| "on".to_owned()),
        }
    }

    fn read(&self) -> Result<Changes, Problem> {
        let mut form = Reading::new();
        let mut minutes = |field: &str, text: &str| match text.trim().parse::<u64>() {
            Ok(minutes) => Some(Duration::from_secs(minutes.saturating_mul(60))),
            Err(_) => {
                form.say(field, "give a whole number of minutes");
                None
            }
        };
        let days = |text: &str| text.trim().parse::<u64>().ok();
        let (key_days, key_unused_days) = (days(&self.key_days), days(&self.key_unused_days));
        let changes = Changes {
            key_days,
            key_unused_days,
            published: Some(self.published.is_some()),
            session_idle: minutes("session_idle", &self.session_idle),
            session_life: minutes("session_life", &self.session_life),
            networks: None,
            exchanges_keys: Some(self.exchanges_keys.is_some()),
        };
        let words = self.networks.split_whitespace();
        let networks = words.filter_map(|word| form.read("networks", word)).collect();
        let changes = Changes { networks: Some(networks), ..changes };
        form.finish().map(|()| changes)
    }
}

#[derive(Template)]
#[template(path = "setting/show.html")]
struct SettingsPage {
    frame: Frame,
    path: String,
    sent: Sent,
    is_published: bool,
    exchanges_keys: bool,
    wrong: Wrong,
    id: String,
    organisation: String,
    in_maintenance: bool,
    maintenance_path: String,
    origin: String,
    hostnames: Vec<String>,
}

fn page<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    frame: Frame,
    sent: Sent,
    wrong: Wrong,
) -> Result<SettingsPage, Problem> {
    let tenant = permit.caller().tenant();
    let tenant = tenant.ok_or_else(|| Problem::internal("a permit of a request came without its tenant"))?;
    let record = &tenant.record;
    Ok(SettingsPage {
        frame: frame.title("Settings").describe("What this organisation decides for itself."),
        path: format!("/t/{}/settings", record.id),
        is_published: sent.published.is_some(),
        exchanges_keys: sent.exchanges_keys.is_some(),
        id: record.id.to_string(),
        organisation: record.name.to_string(),
        in_maintenance: room.web.clock.now() < record.maintenance.until,
        maintenance_path: format!("/t/{}/maintenance", record.id),
        origin: room.web.hosts.tenant_origin(&record.slug),
        hostnames: record.hostnames.iter().map(ToString::to_string).collect(),
        sent,
        wrong,
    })
}

async fn show(
    Allow(permit): Allow<ReadSettings>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<SettingsPage>, Problem> {
    let sent = Sent::of(&read(&room.store, &permit).await?);
    page(&room, &permit, landing.tell(frame), sent, Wrong::nothing()).map(Page::new)
}

async fn post(
    Allow(permit): Allow<ChangeSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let changed = match sent.read() {
        Ok(changes) => change(&room.store, &permit, &changes).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => {
            room.hear_tenant(permit.tenant_id()).await;
            Ok(land(&format!("/t/{}/settings", permit.tenant_id()), "saved"))
        }
        Err(problem) => {
            let wrong = form::again(problem)?;
            Ok(Page::again(page(&room, &permit, frame, sent, wrong)?).into_response())
        }
    }
}
