//! What was answered, for those who may know.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;

use crate::app::App;
use crate::frame::Frame;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::list::show;
use crate::survey::{Kind, Question, Survey, find};

/// All answers to one question.
#[derive(Serialize)]
pub(super) struct Outcome {
    prompt: String,
    /// How often each option was picked.
    counts: Vec<Count>,
    /// What was said in words, and by whom.
    words: Vec<Words>,
}

#[derive(Serialize)]
struct Count {
    option: String,
    count: usize,
}

#[derive(Serialize)]
struct Words {
    said: String,
    by: String,
}

/// The survey and its outcome, question by question.
pub(super) async fn results(app: &App, person: &Person, id: &str) -> Result<(Survey, Vec<Outcome>), Refusal> {
    let survey = find(app, person, id).await?;
    if !person.may_see_results(&survey) {
        return Err(Refusal::not_allowed("Results are for the creator who asked and for admins."));
    }
    let outcomes = survey.questions.iter().map(|question| outcome(&survey, question)).collect();
    Ok((survey, outcomes))
}

fn outcome(survey: &Survey, question: &Question) -> Outcome {
    let said = || {
        let answers = survey.answers.values();
        answers.filter_map(|answer| Some((answer.values.get(&question.id)?, &answer.by.name)))
    };
    let in_words = question.kind == Kind::Text;
    let count = |option: String| Count { count: said().filter(|(said, _)| **said == option).count(), option };
    let words = |(said, by): (&String, &String)| Words { said: said.clone(), by: by.clone() };
    Outcome {
        prompt: question.prompt.clone(),
        counts: question.kind.options().into_iter().map(count).collect(),
        words: said().filter(|_| in_words).map(words).collect(),
    }
}

#[derive(Template)]
#[template(path = "survey/results.html")]
struct Page {
    frame: Frame,
    survey: Survey,
    outcomes: Vec<Outcome>,
}

pub(super) async fn page(
    State(app): State<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (survey, outcomes) = results(&app, &person, &id).await?;
    let frame = Frame::new(&app, &person.context, format!("Results: {}", survey.title));
    Ok(show(&Page { frame, survey, outcomes }))
}
