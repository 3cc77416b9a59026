//! A rendered template as an answer.

use crate::Problem;
use askama::Template;
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A template that is sent as a page, with the status 200 unless it says otherwise.
pub struct Page<T: Template> {
    template: T,
    status: StatusCode,
}

impl<T: Template> Page<T> {
    /// A page that went well.
    pub fn new(template: T) -> Self {
        Page { template, status: StatusCode::OK }
    }

    /// A form that is shown again because of what was wrong in it.
    pub fn again(template: T) -> Self {
        Page { template, status: StatusCode::UNPROCESSABLE_ENTITY }
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.template.render() {
            Ok(text) => {
                let mut response = Response::new(Body::from(text));
                *response.status_mut() = self.status;
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
                response
            }
            Err(cause) => Problem::internal(format!("a page does not render: {cause}")).into_response(),
        }
    }
}

/// The media type of pages.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
