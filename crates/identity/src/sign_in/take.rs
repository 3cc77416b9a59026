//! Taking a provider's answer: once, whichever node it comes to, and before anybody is asked about it. So an
//! answer that is shown again costs the provider nothing. What goes wrong afterwards does not give it back:
//! whoever it was begins again, with a fresh answer.

use crate::{
    Identity,
    sign_in::{SignInError, pending::Pending, rows},
};
use access::{Permit, TakeAnswer};
use domain::Change;
use serde_json::{Value, json};

/// Takes the answer to this pending sign-in.
///
/// # Errors
/// [`SignInError::Replayed`] if it was taken before.
pub(crate) async fn take(
    room: &Identity,
    permit: &Permit<TakeAnswer>,
    pending: &Pending,
) -> Result<(), SignInError> {
    room.store
        .write(permit, async |tx| {
            if !rows::use_up(tx, pending.digest(), pending.ends).await? {
                return Err(SignInError::Replayed);
            }
            tx.changed(Change::new(pending.connection, Value::Null, json!({ "answer": "taken" })));
            Ok(())
        })
        .await
}
