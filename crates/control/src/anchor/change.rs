//! An anchor's name and rules change; its authority never does.

use super::{
    Anchor, AnchorError,
    add::first_look,
    check::{checked, is_house},
    rows,
};
use crate::Control;
use access::{ManageAnchors, Permit};
use domain::{AnchorId, AnchorRules, Change, DisplayName, Event, event::names};

/// What an anchor is to be.
#[derive(Clone, Debug)]
pub struct Changed {
    /// What it is called.
    pub name: DisplayName,
    /// What its certificates mean.
    pub rules: AnchorRules,
}

/// Puts name and rules in place of those before.
///
/// # Errors
/// [`AnchorError`].
pub async fn change(
    room: &Control,
    permit: &Permit<ManageAnchors>,
    id: AnchorId,
    changed: Changed,
) -> Result<Anchor, AnchorError> {
    let rules = checked(changed.rules, is_house(permit), room.web.hosts.development)?;
    room.store
        .write(permit, async |tx| {
            let old = rows::find(tx, id).await?.ok_or(AnchorError::Unknown)?;
            let now = tx.now();
            let new = Anchor { name: changed.name, rules, changed_at: now, ..old.clone() };
            rows::change(tx, &new, first_look(&new.rules, now)).await?;
            tx.changed(Change::new(id, old.facts(), new.facts()));
            tx.emit(Event::new(names::ANCHOR_CHANGED, id)).await?;
            Ok(new)
        })
        .await
}
