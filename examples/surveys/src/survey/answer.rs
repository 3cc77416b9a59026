//! Somebody answers.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use url::form_urlencoded;

use crate::app::App;
use crate::live::Answered;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::list::show;
use crate::survey::{Answer, Author, Kind, Question, Survey, find, show};

const LONGEST_WORDS: usize = 4_000;

type Values = BTreeMap<String, String>;

/// Keeps the person's answer in place of an earlier one, and tells those who are watching.
pub(super) async fn answer(app: &App, person: &Person, id: &str, values: Values) -> Result<usize, Refusal> {
    find(app, person, id).await?;
    let (at, by) = (app.now(), Author::from(&person.user));
    let place = app.shelf.of(person.tenant())?;
    let told = place.write(move |book| {
        let survey = book.survey_mut(id).ok_or_else(Refusal::not_found)?;
        let values = check(survey, &values)?;
        survey.answers.insert(by.id.clone(), Answer { by, at, values });
        Ok::<_, Refusal>(Answered {
            survey: survey.id.clone(),
            title: survey.title.clone(),
            answers: survey.answers.len(),
        })
    });
    let told = told.await?;
    let answers = told.answers;
    app.live.tell(&person.tenant().id, told);
    Ok(answers)
}

/// What fits the questions. A question may be left open, but not all of them.
fn check(survey: &Survey, values: &Values) -> Result<Values, Refusal> {
    let mut kept = Values::new();
    for question in &survey.questions {
        let said = values.get(&question.id).map_or("", |value| value.trim());
        if !said.is_empty() {
            fits(question, said)?;
            kept.insert(question.id.clone(), said.to_owned());
        }
    }
    if kept.is_empty() { Err(Refusal::invalid("Answer at least one question.")) } else { Ok(kept) }
}

fn fits(question: &Question, said: &str) -> Result<(), Refusal> {
    let prompt = &question.prompt;
    match question.kind {
        Kind::Text if said.chars().count() > LONGEST_WORDS => {
            Err(Refusal::invalid(format!("“{prompt}” takes at most {LONGEST_WORDS} characters.")))
        }
        Kind::Text => Ok(()),
        Kind::Scale | Kind::Choice { .. } if question.kind.options().iter().any(|option| option == said) => {
            Ok(())
        }
        Kind::Scale | Kind::Choice { .. } => {
            Err(Refusal::invalid(format!("“{prompt}” does not have the option “{said}”.")))
        }
    }
}

pub(super) async fn submit(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let values = form_urlencoded::parse(&body).into_owned().collect();
    match answer(&app, &person, &id, values).await {
        Ok(_) => Ok(Redirect::to(&format!("/surveys/{id}")).into_response()),
        Err(refusal) if refusal.status == StatusCode::UNPROCESSABLE_ENTITY => {
            let survey = find(&app, &person, &id).await?;
            let page = show::page_of(&app, &person, survey, Some(refusal.detail));
            Ok((refusal.status, show(&page)).into_response())
        }
        Err(refusal) => Err(refusal),
    }
}
