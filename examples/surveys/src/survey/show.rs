//! One survey, to be answered.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::app::App;
use crate::frame::Frame;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::list::show;
use crate::survey::{Kind, Question, Survey, day, find};

#[derive(Template)]
#[template(path = "survey/show.html")]
pub(super) struct Page {
    frame: Frame,
    survey: Survey,
    day: String,
    fields: Vec<Field>,
    answered: bool,
    may_edit: bool,
    may_see_results: bool,
    may_delete: bool,
    trouble: Option<String>,
}

/// A question with what this person said before.
struct Field {
    question: Question,
    said: String,
}

impl Field {
    fn in_words(&self) -> bool {
        self.question.kind == Kind::Text
    }
}

pub(super) async fn page(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let survey = find(&app, &person, &id).await?;
    Ok(show(&page_of(&app, &person, survey, None)))
}

pub(super) fn page_of(app: &App, person: &Person, survey: Survey, trouble: Option<String>) -> Page {
    let before = survey.answers.get(&person.user.id);
    let said = |question: &Question| before.and_then(|answer| answer.values.get(&question.id)).cloned();
    let fields = survey
        .questions
        .iter()
        .map(|question| Field { said: said(question).unwrap_or_default(), question: question.clone() });
    Page {
        frame: Frame::new(app, &person.context, survey.title.clone()),
        day: day(survey.created_at),
        fields: fields.collect(),
        answered: before.is_some(),
        may_edit: person.may_edit(&survey),
        may_see_results: person.may_see_results(&survey),
        may_delete: person.may_delete(&survey),
        survey,
        trouble,
    }
}
