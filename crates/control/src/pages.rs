//! How the forms of the console answer, whichever they are.

use crate::{form, landing::land};
use askama::Template;
use axum::response::{IntoResponse, Response};
use std::future::Future;
use web::{Page, Problem, parts::Wrong};

/// On to a page that says what happened; or the form once more, with what is wrong, if that is about what was typed.
pub(crate) async fn answer<T, Again>(
    path: &str,
    done: Result<&'static str, Problem>,
    again: impl FnOnce(Wrong) -> Again,
) -> Result<Response, Problem>
where
    T: Template,
    Again: Future<Output = Result<T, Problem>>,
{
    match done {
        Ok(happened) => Ok(land(path, happened)),
        Err(problem) => Ok(Page::again(again(form::again(problem)?).await?).into_response()),
    }
}
