//! The installation's account at the authority, and how much may be asked of it.

use super::{No, Ordering, rows};
use access::{OperatorPermit, Upkeep};
use domain::{Moment, Secret};
use std::time::Duration;
use store::{Store, StoreError};

const HOUR: Duration = Duration::from_secs(3_600);

fn purpose(directory: &str) -> String {
    format!("authority-account:{directory}")
}

/// Counts one more order of this hour. None if it may be made; else when to try again.
pub(super) async fn take_leave(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    ordering: &Ordering,
) -> Result<Option<Moment>, StoreError> {
    let directory = &ordering.directory;
    store
        .operate(permit, async |tx| {
            rows::begin_account(tx, directory).await?;
            let hour_ago = Moment::from_micros(tx.now().micros() - HOUR.as_micros() as i64);
            if rows::count_order(tx, directory, hour_ago, ordering.per_hour).await? {
                return Ok(None);
            }
            let account = rows::account(tx, directory).await?;
            Ok(Some(account.map_or(tx.now() + HOUR, |account| {
                if account.rest_until > tx.now() { account.rest_until } else { account.window_from + HOUR }
            })))
        })
        .await
}

/// Nobody asks the authority for so long.
pub(super) async fn rest(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    ordering: &Ordering,
    span: Duration,
) -> Result<(), StoreError> {
    store.operate(permit, async |tx| rows::rest(tx, &ordering.directory, tx.now() + span).await).await
}

/// The account, opened at the authority the first time. Of two nodes that open one each, the first one's is used.
pub(super) async fn account(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    ordering: &Ordering,
) -> Result<Secret<String>, No> {
    if let Some(kept) = kept(store, permit, ordering).await? {
        return Ok(kept);
    }
    let opened = ordering.authority.open().await?;
    let directory = &ordering.directory;
    store
        .operate(permit, async |tx| {
            let sealed = tx.seal(&purpose(directory), opened.reveal().as_bytes());
            rows::keep_account(tx, directory, &sealed).await
        })
        .await?;
    let kept = kept(store, permit, ordering).await?;
    kept.ok_or_else(|| No::because("the account at the certificate authority could not be kept"))
}

async fn kept(
    store: &Store,
    permit: &OperatorPermit<Upkeep>,
    ordering: &Ordering,
) -> Result<Option<Secret<String>>, StoreError> {
    store
        .survey(permit, async |tx| {
            let account = rows::account(tx, &ordering.directory).await?;
            let Some(account) = account.filter(|account| !account.sealed.as_str().is_empty()) else {
                return Ok(None);
            };
            let opened = tx.master().open(&purpose(&ordering.directory), &account.sealed)?;
            Ok(String::from_utf8(opened).ok().map(Secret::new))
        })
        .await
}
