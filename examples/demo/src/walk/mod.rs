//! The story that `cargo demo --script` walks: what a newcomer would try, and what somebody would try who
//! wants in where they do not belong.

mod calling;
mod crossing;
mod crossing_by_hand;
mod entering;
mod lasting;
mod leaving;
mod presenting;
mod working;

use std::fmt::Display;

use crate::client::Page;
use crate::stage::Stage;
use crate::story::Story;

/// The title of Fabrikam's own survey. Nobody else may ever see it.
pub const FABRIKAMS: &str = "Which oak for the board room?";

/// The title of Contoso's own survey.
pub const CONTOSOS: &str = "Where do we ride in June?";

/// The title of the survey in Contoso's training organisation.
pub const TRAININGS: &str = "How was the brake course?";

/// Walks the whole story.
pub async fn walk(story: &mut Story, stage: &mut Stage) {
    entering::walk(story, stage).await;
    working::walk(story, stage).await;
    calling::walk(story, stage).await;
    presenting::walk(story, stage).await;
    crossing::walk(story, stage).await;
    crossing_by_hand::walk(story, stage).await;
    leaving::walk(story, stage).await;
    lasting::walk(story, stage).await;
}

type Seen<T> = Result<T, String>;

/// An error in words.
fn words(error: impl Display) -> String {
    error.to_string()
}

/// The page, if it shows this.
fn shows(page: &Page, what: &str) -> Seen<()> {
    if page.body.contains(what) { Ok(()) } else { Err(format!("{page:?} without “{what}”")) }
}

/// The page's answer, if it shows nothing of Fabrikam.
fn keeps_out(page: &Page) -> Seen<String> {
    if page.body.contains(FABRIKAMS) {
        return Err(format!("{page:?} showed Fabrikam's survey"));
    }
    Ok(answer(page))
}

/// What came back, in a few words.
fn answer(page: &Page) -> String {
    let to = page.leads_to().map(|url| format!(" to {}{}", url.host_str().unwrap_or_default(), url.path()));
    format!("{}{}", page.status, to.unwrap_or_default())
}

/// A step whose proof is an answer worth showing.
fn tried(story: &mut Story, claim: &str, seen: Seen<String>) {
    if let Some(answer) = story.step(claim, seen) {
        story.note(format!("  answered {answer}"));
    }
}
