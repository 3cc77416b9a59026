//! E0277: only an action that introduces people records a person.

use access::{ManageMember, Permit};
use domain::{Digest, ProviderId, UserId};
use store::{Store, StoreError};

pub async fn invent(
    store: &Store,
    permit: &Permit<ManageMember>,
    user: UserId,
    by: ProviderId,
) -> Result<(), StoreError> {
    let subject = Digest::of(b"anybody");
    store.write(permit, async |tx| tx.introduce(permit, user, "local", by, subject).await).await
}
