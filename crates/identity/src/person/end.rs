//! Ending, and telling every node.

use crate::Identity;
use access::{Credential, EndPersonSession, Origin, PersonPermit};
use domain::{Digest, Event, event::names};
use store::{FromRow, Row, StoreError, person_sql, values};

/// Ends one session of the permit's person.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn end(
    room: &Identity,
    permit: &PersonPermit<EndPersonSession>,
    session: Digest,
) -> Result<(), StoreError> {
    room.store
        .write_person(permit, async |tx| {
            let sql = person_sql!("DELETE FROM person_session WHERE user_id = $1 AND digest = $2");
            if tx.run(sql, values![session]).await? == 1 {
                tx.emit(ended(session));
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    room.web.warden.hear_of_platform(ended(session)).await;
    Ok(())
}

struct Held(Digest);

impl FromRow for Held {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.digest("digest").map(Held)
    }
}

/// Ends every session of the permit's person at `id.` and in the console, in every browser.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn end_all(
    room: &Identity,
    permit: &PersonPermit<EndPersonSession>,
) -> Result<(), StoreError> {
    let held = room
        .store
        .write_person(permit, async |tx| {
            let held: Vec<Held> =
                tx.rows(person_sql!("SELECT digest FROM person_session WHERE user_id = $1"), &[]).await?;
            tx.run(person_sql!("DELETE FROM person_session WHERE user_id = $1"), &[]).await?;
            held.iter().for_each(|Held(session)| tx.emit(ended(*session)));
            Ok::<_, StoreError>(held)
        })
        .await?;
    for Held(session) in held {
        room.web.warden.hear_of_platform(ended(session)).await;
    }
    Ok(())
}

/// Ends the session that a browser presents, if it is one: another is about to take its place.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn end_presented(
    room: &Identity,
    credential: &Credential,
    origin: Origin,
) -> Result<(), StoreError> {
    let Ok(permit) = room.web.warden.person::<EndPersonSession>(credential, origin).await else {
        return Ok(());
    };
    let Some(session) = permit.session().map(|session| session.digest) else { return Ok(()) };
    end(room, &permit, session).await
}

fn ended(session: Digest) -> Event {
    Event::new(names::PERSON_SESSION_ENDED, session).with("session", session)
}
