//! The same verbs for scripts and single-page clients.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use partywall_reader::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::person::Person;
use crate::refusal::{ApiRefusal, Refusal};
use crate::survey::draft::Draft;
use crate::survey::{Author, Question, Survey, answer, create, delete, find, list, results};

type Api<T> = Result<T, ApiRefusal>;

/// A survey as a script sees it: answers are counted, not shown.
#[derive(Serialize)]
pub(super) struct Shown {
    id: String,
    title: String,
    about: String,
    author: Author,
    created_at: i64,
    questions: Vec<Question>,
    answers: usize,
    answered: bool,
}

impl Shown {
    fn to(person: &Person, survey: Survey) -> Self {
        Self {
            answers: survey.answers.len(),
            answered: survey.answers.contains_key(&person.user.id),
            id: survey.id,
            title: survey.title,
            about: survey.about,
            author: survey.author,
            created_at: survey.created_at,
            questions: survey.questions,
        }
    }
}

/// The whole context, as the reader gave it: also for a visitor who is nobody yet.
pub(super) async fn me(context: Context) -> Json<Context> {
    Json(context)
}

pub(super) async fn list(State(app): State<App>, person: Person) -> Api<Json<Value>> {
    let surveys = list::all(&app, &person).await?;
    let shown: Vec<Shown> = surveys.into_iter().map(|survey| Shown::to(&person, survey)).collect();
    Ok(Json(json!({ "tenant": person.tenant(), "surveys": shown })))
}

pub(super) async fn show(State(app): State<App>, person: Person, Path(id): Path<String>) -> Api<Json<Shown>> {
    let survey = find(&app, &person, &id).await?;
    Ok(Json(Shown::to(&person, survey)))
}

pub(super) async fn create(
    State(app): State<App>,
    person: Person,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Api<(StatusCode, Json<Shown>)> {
    let Json(draft) = draft.map_err(unreadable)?;
    let survey = create::create(&app, &person, &draft).await?;
    Ok((StatusCode::CREATED, Json(Shown::to(&person, survey))))
}

pub(super) async fn delete(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Api<StatusCode> {
    delete::delete(&app, &person, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Answers {
    answers: BTreeMap<String, String>,
}

pub(super) async fn answer(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Result<Json<Answers>, JsonRejection>,
) -> Api<(StatusCode, Json<Value>)> {
    let Json(body) = body.map_err(unreadable)?;
    let count = answer::answer(&app, &person, &id, body.answers).await?;
    Ok((StatusCode::CREATED, Json(json!({ "survey": id, "answers": count }))))
}

pub(super) async fn results(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Api<Json<Value>> {
    let (survey, outcomes) = results::results(&app, &person, &id).await?;
    Ok(Json(json!({ "survey": survey.id, "answers": survey.answers.len(), "questions": outcomes })))
}

fn unreadable(rejection: JsonRejection) -> Refusal {
    Refusal::invalid(rejection.body_text())
}
