//! How the pages look changes.

use super::{BrandError, Look, MOST_LOGO, rows};
use access::{Brand, ChangeSettings, Permit, Picture};
use domain::{BrandColour, Change, Event, Greeting, HelpLink, event::names};
use serde_json::{Value, json};
use store::Store;

/// What is to be different. Within, none takes away what was said.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The colour.
    pub colour: Option<Option<BrandColour>>,
    /// The greeting.
    pub greeting: Option<Option<Greeting>>,
    /// Where to find help.
    pub help: Option<Option<HelpLink>>,
    /// Whether the sign-in page is shown even where there is only one way in.
    pub always_shown: Option<bool>,
    /// The logo.
    pub logo: LogoChange,
}

/// What becomes of the logo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogoChange {
    /// It stays.
    #[default]
    Keep,
    /// There is none any more.
    Remove,
    /// It is this picture.
    Set(Vec<u8>),
}

/// Changes how the pages of the permit's tenant look; gives how they look now.
///
/// # Errors
/// [`BrandError`].
pub async fn change(
    store: &Store,
    permit: &Permit<ChangeSettings>,
    changes: &Changes,
) -> Result<Look, BrandError> {
    store
        .write(permit, async |tx| {
            let old = rows::find(tx).await?.ok_or(BrandError::Gone)?;
            let new = changed(&old, changes, store.chance().token().split_at(22).0)?;
            let now = tx.now();
            rows::put(tx, &new, now).await?;
            match &changes.logo {
                LogoChange::Keep => {}
                LogoChange::Remove => rows::put_logo(tx, None).await?,
                LogoChange::Set(bytes) => rows::put_logo(tx, Some(bytes)).await?,
            }
            let after = Look { brand: Some(new), changed_at: now };
            tx.changed(Change::new(tx.tenant(), facts(&old), facts(&after)));
            tx.emit(Event::new(names::TENANT_CHANGED, tx.tenant())).await?;
            Ok(after)
        })
        .await
}

fn changed(old: &Look, changes: &Changes, mark: &str) -> Result<Brand, BrandError> {
    let old = old.brand.clone();
    let logo = match &changes.logo {
        LogoChange::Keep => old.as_ref().and_then(|old| old.logo),
        LogoChange::Remove => None,
        LogoChange::Set(bytes) if bytes.len() > MOST_LOGO => return Err(BrandError::TooLarge),
        LogoChange::Set(bytes) => Some(Picture::of(bytes).ok_or(BrandError::NoPicture)?),
    };
    let (colour, greeting, help, shown) =
        old.map(|old| (old.colour, old.greeting, old.help, old.always_shown)).unwrap_or_default();
    Ok(Brand {
        mark: mark.into(),
        colour: changes.colour.clone().unwrap_or(colour),
        greeting: changes.greeting.clone().unwrap_or(greeting),
        help: changes.help.clone().unwrap_or(help),
        logo,
        always_shown: changes.always_shown.unwrap_or(shown),
    })
}

fn facts(look: &Look) -> Value {
    let brand = look.brand.as_ref();
    json!({
        "colour": brand.and_then(|brand| brand.colour.as_ref()),
        "greeting": brand.and_then(|brand| brand.greeting.as_ref()),
        "help": brand.and_then(|brand| brand.help.as_ref()),
        "logo": brand.and_then(|brand| brand.logo).map(Picture::media),
        "always_shown": brand.is_some_and(|brand| brand.always_shown),
    })
}
