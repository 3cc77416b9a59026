//! Surveys: questions that members of one organisation ask each other. Tells watchers when somebody
//! answers. Never shows one tenant's surveys to another: every verb goes through the caller's own book.

mod answer;
mod create;
mod delete;
mod draft;
mod edit;
mod json;
mod list;
mod results;
mod show;

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::{get, post};
use partywall_reader::User;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::app::App;
use crate::person::Person;
use crate::refusal::Refusal;

/// One survey with all that was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Survey {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) author: Author,
    pub(crate) created_at: i64,
    pub(crate) questions: Vec<Question>,
    /// By user: whoever answers again changes their mind.
    pub(crate) answers: BTreeMap<String, Answer>,
}

/// Who wrote something, with the name they had then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) prompt: String,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

/// How a question is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Kind {
    /// In words.
    Text,
    /// From one to five.
    Scale,
    /// With one of these.
    Choice { options: Vec<String> },
}

/// What one person said, by question. A question left open is not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) by: Author,
    pub(crate) at: i64,
    pub(crate) values: BTreeMap<String, String>,
}

impl From<&User> for Author {
    fn from(user: &User) -> Self {
        Self { id: user.id.clone(), name: user.display_name().to_owned() }
    }
}

impl Kind {
    /// What can be picked; nothing for a question answered in words.
    pub(crate) fn options(&self) -> Vec<String> {
        match self {
            Self::Text => Vec::new(),
            Self::Scale => (1..=5).map(|step| step.to_string()).collect(),
            Self::Choice { options } => options.clone(),
        }
    }

    /// Its name in forms and in the API.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Scale => "scale",
            Self::Choice { .. } => "choice",
        }
    }
}

/// The survey of this id in the person's own organisation, as they may see it. One that they may not see
/// and one that is not there are answered alike.
async fn find(app: &App, person: &Person, id: &str) -> Result<Survey, Refusal> {
    let survey = app.shelf.of(person.tenant())?.read(|book| book.survey(id).cloned()).await?;
    survey.filter(|_| person.may_see()).ok_or_else(Refusal::not_found)
}

/// A day as people write it.
fn day(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .map_or_else(|_| String::new(), |at| format!("{} {} {}", at.day(), at.month(), at.year()))
}

pub(crate) fn pages() -> Router<App> {
    Router::new()
        .route("/", get(list::page))
        .route("/surveys/new", get(create::page).post(create::submit))
        .route("/surveys/{id}", get(show::page))
        .route("/surveys/{id}/answer", post(answer::submit))
        .route("/surveys/{id}/edit", get(edit::page).post(edit::submit))
        .route("/surveys/{id}/results", get(results::page))
        .route("/surveys/{id}/delete", get(delete::page).post(delete::submit))
}

pub(crate) fn api() -> Router<App> {
    Router::new()
        .route("/api/me", get(json::me))
        .route("/api/surveys", get(json::list).post(json::create))
        .route("/api/surveys/{id}", get(json::show).delete(json::delete))
        .route("/api/surveys/{id}/answers", post(json::answer))
        .route("/api/surveys/{id}/results", get(json::results))
}
