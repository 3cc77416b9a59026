//! Claims to try rules on.

use super::MOST_TEXT;
use crate::json;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The claims in a text: an object in JSON, or a token, of which nothing is checked. Never to be believed.
///
/// # Errors
/// What is wrong with it.
pub fn sample(text: &str) -> Result<Map<String, Value>, &'static str> {
    let text = text.trim();
    if text.len() > MOST_TEXT {
        return Err("A sample may have 32 KiB.");
    }
    if text.starts_with('{') {
        return json::object(text.as_bytes())
            .ok_or("This is no object in JSON in which each name stands once.");
    }
    let body = text.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    body.and_then(|body| json::object(&body)).ok_or("Give claims as an object in JSON, or a token (JWT).")
}
