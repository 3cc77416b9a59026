//! A survey goes, with all that was answered.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::frame::Frame;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::list::show;
use crate::survey::{Survey, find};

/// Takes the survey out of the book.
pub(super) async fn delete(app: &App, person: &Person, id: &str) -> Result<(), Refusal> {
    allowed(person, &find(app, person, id).await?)?;
    app.shelf
        .of(person.tenant())?
        .write(|book| {
            book.surveys.retain(|survey| survey.id != id);
            Ok(())
        })
        .await
}

fn allowed(person: &Person, survey: &Survey) -> Result<(), Refusal> {
    if person.may_delete(survey) {
        Ok(())
    } else {
        Err(Refusal::not_allowed("A survey is deleted by the creator who wrote it or by an admin."))
    }
}

#[derive(Template)]
#[template(path = "survey/delete.html")]
struct Page {
    frame: Frame,
    survey: Survey,
}

pub(super) async fn page(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let survey = find(&app, &person, &id).await?;
    allowed(&person, &survey)?;
    Ok(show(&Page { frame: Frame::new(&app, &person.context, "Delete survey"), survey }))
}

pub(super) async fn submit(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    delete(&app, &person, &id).await?;
    Ok(Redirect::to("/").into_response())
}
