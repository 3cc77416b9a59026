//! A new survey.

use aws_lc_rs::rand;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::frame::Frame;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::draft::{self, Draft};
use crate::survey::list::show;
use crate::survey::{Author, Survey};

/// No organisation fills the file with more.
const MOST_SURVEYS: usize = 500;

/// Puts a new survey into the person's book.
pub(super) async fn create(app: &App, person: &Person, draft: &Draft) -> Result<Survey, Refusal> {
    allowed(person)?;
    let checked = draft.check()?;
    let survey = Survey {
        id: new_id(),
        title: checked.title,
        about: checked.about,
        author: Author::from(&person.user),
        created_at: app.now(),
        questions: checked.questions,
        answers: Default::default(),
    };
    let kept = survey.clone();
    app.shelf
        .of(person.tenant())?
        .write(move |book| {
            if book.surveys.len() >= MOST_SURVEYS {
                return Err(Refusal::invalid(format!(
                    "There are {MOST_SURVEYS} surveys already; delete one first."
                )));
            }
            book.surveys.push(kept);
            Ok(())
        })
        .await?;
    Ok(survey)
}

fn allowed(person: &Person) -> Result<(), Refusal> {
    if person.may_create() {
        Ok(())
    } else {
        Err(Refusal::not_allowed("Creating surveys needs the role creator or admin."))
    }
}

/// Nothing to count up from: an id says nothing about how many surveys there are, here or elsewhere.
fn new_id() -> String {
    let mut bytes = [0_u8; 12];
    rand::fill(&mut bytes).expect("the system has randomness");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn page(State(app): State<App>, person: Person) -> Result<Response, Refusal> {
    allowed(&person)?;
    Ok(show(&form(&app, &person, Draft::blank(), None)))
}

pub(super) async fn submit(State(app): State<App>, person: Person, body: Bytes) -> Result<Response, Refusal> {
    allowed(&person)?;
    let (draft, wants_more) = Draft::from_form(&body);
    if wants_more {
        return Ok(show(&form(&app, &person, draft.with_more_rows(), None)));
    }
    match create(&app, &person, &draft).await {
        Ok(survey) => Ok(Redirect::to(&format!("/surveys/{}", survey.id)).into_response()),
        Err(refusal) if refusal.status == StatusCode::UNPROCESSABLE_ENTITY => {
            Ok((refusal.status, show(&form(&app, &person, draft, Some(refusal.detail)))).into_response())
        }
        Err(refusal) => Err(refusal),
    }
}

fn form(app: &App, person: &Person, draft: Draft, trouble: Option<String>) -> draft::Page {
    let frame = Frame::new(app, &person.context, "New survey");
    draft::Page { frame, draft, action: "/surveys/new".to_owned(), back: "/".to_owned(), trouble }
}
