//! The rows of how an organisation's pages look.

use super::Look;
use access::{Brand, Picture};
use domain::Moment;
use std::str::FromStr;
use store::{FromRow, Row, StoreError, TenantRead, TenantWrite, sql, values};

impl FromRow for Look {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let brand = Brand {
            mark: row.text("brand_mark")?.into(),
            colour: maybe(row, "brand_colour")?,
            greeting: maybe(row, "brand_greeting")?,
            help: maybe(row, "brand_help")?,
            logo: Picture::of_media(&row.text("brand_logo")?),
            always_shown: row.flag("brand_shown")?,
        };
        let said = (!brand.mark.is_empty()).then_some(brand);
        Ok(Look { brand: said, changed_at: row.moment("changed_at")? })
    }
}

fn maybe<T: FromStr<Err: std::fmt::Display>>(row: &Row, column: &str) -> Result<Option<T>, StoreError> {
    if row.text(column)?.is_empty() { Ok(None) } else { row.parse(column).map(Some) }
}

struct Logo(Vec<u8>);
impl FromRow for Logo {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.bytes("bytes").map(Logo)
    }
}

pub(super) async fn find(tx: &mut TenantRead) -> Result<Option<Look>, StoreError> {
    let sql = sql!(
        "SELECT brand_mark, brand_colour, brand_greeting, brand_help, brand_logo, brand_shown, changed_at
         FROM tenant_setting WHERE tenant_id = $1"
    );
    tx.row(sql, values![]).await
}

pub(super) async fn put(tx: &mut TenantWrite, brand: &Brand, now: Moment) -> Result<(), StoreError> {
    let sql = sql!(
        "UPDATE tenant_setting SET brand_mark = $2, brand_colour = $3, brand_greeting = $4, brand_help = $5,
           brand_logo = $6, brand_shown = $7, changed_at = $8
         WHERE tenant_id = $1"
    );
    let text = |told: Option<&str>| told.unwrap_or_default().to_owned();
    let values = values![
        brand.mark.to_string(),
        text(brand.colour.as_ref().map(AsRef::as_ref)),
        text(brand.greeting.as_ref().map(AsRef::as_ref)),
        text(brand.help.as_ref().map(AsRef::as_ref)),
        text(brand.logo.map(Picture::media)),
        brand.always_shown,
        now,
    ];
    tx.run(sql, values).await.map(drop)
}

pub(super) async fn logo(tx: &mut TenantRead) -> Result<Option<Vec<u8>>, StoreError> {
    let found: Option<Logo> =
        tx.row(sql!("SELECT bytes FROM tenant_logo WHERE tenant_id = $1"), values![]).await?;
    Ok(found.map(|Logo(bytes)| bytes))
}

pub(super) async fn put_logo(tx: &mut TenantWrite, bytes: Option<&[u8]>) -> Result<(), StoreError> {
    tx.run(sql!("DELETE FROM tenant_logo WHERE tenant_id = $1"), values![]).await?;
    if let Some(bytes) = bytes {
        tx.run(sql!("INSERT INTO tenant_logo (tenant_id, bytes) VALUES ($1, $2)"), values![bytes]).await?;
    }
    Ok(())
}
