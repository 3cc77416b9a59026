//! The key set on the wire (RFC 7517).

use crate::Identity;
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::jose::published_key_set;
use web::{Open, Routes, Surface, open::KeySet};

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        .on(Surface::Id)
        .get("/.well-known/jwks.json", publish)
        .says("Gives the keys that context tokens are verified with.")
}

/// How long a reader may keep the set, in seconds. A new key is published for longer before it signs.
const KEEP: &str = "public, max-age=300";

async fn publish(_: Open<KeySet>, State(room): State<Identity>) -> Response {
    let keyring = room.keyring.load();
    let keys = keyring.context.iter().map(|(id, key)| (id.to_string(), key.public()));
    let keys: Vec<_> = keys.collect();
    let set = published_key_set(keys.iter().map(|(id, key)| (id.as_str(), *key)));
    ([(header::CACHE_CONTROL, KEEP)], Json(set)).into_response()
}
