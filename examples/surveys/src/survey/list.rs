//! The first page: all surveys of the visitor's organisation, or how to get in.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use partywall_reader::{Context, User};

use crate::app::App;
use crate::frame::Frame;
use crate::person::Person;
use crate::refusal::Refusal;
use crate::survey::{Survey, day};

/// All surveys that the person may see, newest first.
pub(super) async fn all(app: &App, person: &Person) -> Result<Vec<Survey>, Refusal> {
    if !person.may_see() {
        return Err(Refusal::not_allowed("Seeing surveys needs the role reader, creator or admin."));
    }
    let mut surveys = app.shelf.of(person.tenant())?.read(|book| book.surveys.clone()).await?;
    surveys.sort_by_key(|survey| std::cmp::Reverse(survey.created_at));
    Ok(surveys)
}

#[derive(Template)]
#[template(path = "survey/list.html")]
struct Page {
    frame: Frame,
    may_see: bool,
    may_create: bool,
    cards: Vec<Card>,
}

struct Card {
    survey: Survey,
    day: String,
    answered: bool,
    may_see_results: bool,
}

#[derive(Template)]
#[template(path = "survey/welcome.html")]
struct Welcome {
    frame: Frame,
}

pub(super) async fn page(State(app): State<App>, context: Context) -> Result<Response, Refusal> {
    match context.user.clone() {
        Some(user) => member(&app, Person { context, user }).await,
        None => Ok(show(&Welcome { frame: Frame::new(&app, &context, "Welcome") })),
    }
}

async fn member(app: &App, person: Person) -> Result<Response, Refusal> {
    let surveys = if person.may_see() { all(app, &person).await? } else { Vec::new() };
    Ok(show(&Page {
        frame: Frame::new(app, &person.context, "All surveys"),
        may_see: person.may_see(),
        may_create: person.may_create(),
        cards: surveys.into_iter().map(|survey| card(&person, &person.user, survey)).collect(),
    }))
}

fn card(person: &Person, user: &User, survey: Survey) -> Card {
    Card {
        day: day(survey.created_at),
        answered: survey.answers.contains_key(&user.id),
        may_see_results: person.may_see_results(&survey),
        survey,
    }
}

/// A rendered page as a response.
pub(super) fn show(page: &impl Template) -> Response {
    Html(page.render().expect("rendering into a string does not fail")).into_response()
}
