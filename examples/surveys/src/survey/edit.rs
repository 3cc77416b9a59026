//! A survey written again. Answers stay with the questions that stay.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::frame::Frame;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::draft::{self, Draft};
use crate::survey::list::show;
use crate::survey::{Survey, find};

/// Changes the title, the description and the questions.
pub(super) async fn edit(app: &App, person: &Person, id: &str, draft: &Draft) -> Result<(), Refusal> {
    find(app, person, id).await?;
    let checked = draft.check()?;
    app.shelf
        .of(person.tenant())?
        .write(|book| {
            let survey = book.survey_mut(id).ok_or_else(Refusal::not_found)?;
            allowed(person, survey)?;
            survey.title = checked.title;
            survey.about = checked.about;
            survey.questions = checked.questions;
            Ok(())
        })
        .await
}

fn allowed(person: &Person, survey: &Survey) -> Result<(), Refusal> {
    if person.may_edit(survey) {
        Ok(())
    } else {
        Err(Refusal::not_allowed("A survey is edited by the creator who wrote it."))
    }
}

pub(super) async fn page(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let survey = find(&app, &person, &id).await?;
    allowed(&person, &survey)?;
    Ok(show(&form(&app, &person, &id, Draft::from(&survey), None)))
}

pub(super) async fn submit(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    allowed(&person, &find(&app, &person, &id).await?)?;
    let (draft, wants_more) = Draft::from_form(&body);
    if wants_more {
        return Ok(show(&form(&app, &person, &id, draft.with_more_rows(), None)));
    }
    match edit(&app, &person, &id, &draft).await {
        Ok(()) => Ok(Redirect::to(&format!("/surveys/{id}")).into_response()),
        Err(refusal) if refusal.status == StatusCode::UNPROCESSABLE_ENTITY => {
            Ok((refusal.status, show(&form(&app, &person, &id, draft, Some(refusal.detail)))).into_response())
        }
        Err(refusal) => Err(refusal),
    }
}

fn form(app: &App, person: &Person, id: &str, draft: Draft, trouble: Option<String>) -> draft::Page {
    let frame = Frame::new(app, &person.context, "Edit survey");
    draft::Page {
        frame,
        draft,
        action: format!("/surveys/{id}/edit"),
        back: format!("/surveys/{id}"),
        trouble,
    }
}
