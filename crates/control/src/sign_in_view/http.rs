//! Sign-ins on the wire.

use super::read;
use crate::Control;
use access::ReadAuditTrail;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Allow, Json, Problem, Query, Routes};

/// The longest span that is given at once: 31 days.
const MOST_HOURS: u64 = 31 * 24;

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .get("/v1/tenants/{tenant}/sign-ins", show)
        .says("Shows who signed in by which provider and who was turned away, hour by hour.")
        .asks::<SignInsQuery>()
        .answers::<SignIns>(200)
}

/// Over how long.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInsQuery {
    /// For the last so many hours, 1 to 744; 24 where nothing is said.
    hours: Option<u64>,
}

/// A tenant's sign-ins.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignIns {
    /// Who came, by hour and provider, the oldest first; hours in which nobody did are left out.
    came: Vec<Came>,
    /// Who was turned away, by hour and reason.
    turned_away: Vec<TurnedAway>,
}

/// Those who came by one connection in one hour.
#[derive(Serialize, ToSchema)]
#[schema(as = CameInAnHour)]
pub(crate) struct Came {
    /// When the hour began.
    begins: String,
    /// The provider that proved them.
    provider: String,
    /// The connection's name; empty if it is no more.
    connection: String,
    /// How many sign-ins.
    sign_ins: i64,
    /// Of how many people.
    people: i64,
}

/// Those who were turned away for one reason in one hour.
#[derive(Serialize, ToSchema)]
#[schema(as = TurnedAwayInAnHour)]
pub(crate) struct TurnedAway {
    /// When the hour began.
    begins: String,
    /// The problem's code.
    reason: String,
    /// How many times.
    times: i64,
}

impl From<super::SignIns> for SignIns {
    fn from(all: super::SignIns) -> Self {
        let came = all.came.into_iter().map(|came| Came {
            begins: came.begins.to_string(),
            provider: came.provider.to_string(),
            connection: came.connection,
            sign_ins: came.sign_ins,
            people: came.people,
        });
        let turned_away = all.turned_away.into_iter().map(|away| TurnedAway {
            begins: away.begins.to_string(),
            reason: away.reason,
            times: away.times,
        });
        SignIns { came: came.collect(), turned_away: turned_away.collect() }
    }
}

async fn show(
    Allow(permit): Allow<ReadAuditTrail>,
    State(room): State<Control>,
    Query(query): Query<SignInsQuery>,
) -> Result<Json<SignIns>, Problem> {
    let hours = query.hours.unwrap_or(24);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(Problem::new("input.invalid").at("/hours", format!("give 1 to {MOST_HOURS} hours")));
    }
    Ok(Json(read(&room.store, &permit, hours).await?.into()))
}
