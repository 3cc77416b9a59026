//! Products' rows, and what the routes' document says about them.

use super::{Bundled, Product};
use domain::ProductName;
use serde_json::Value;
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Product {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Product {
            name: row.parse("name")?,
            title: row.parse("title")?,
            standing: row.parse("standing")?,
            public: row.flag("public")?,
            entitlement: row.text("entitlement")?,
            roles: row.words("roles")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

/// Installations have few products; all of them are one page.
pub(crate) async fn all(tx: &mut OperatorRead) -> Result<Vec<Product>, StoreError> {
    let sql = operator_sql!(
        "SELECT name, title, standing, public, entitlement, roles, changed_at FROM product ORDER BY name"
    );
    tx.rows(sql, values![]).await
}

pub(super) async fn find(tx: &mut OperatorRead, name: &ProductName) -> Result<Option<Product>, StoreError> {
    let sql = operator_sql!(
        "SELECT name, title, standing, public, entitlement, roles, changed_at FROM product WHERE name = $1"
    );
    tx.row(sql, values![name]).await
}

pub(super) async fn put(tx: &mut OperatorWrite, product: &Product) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "INSERT INTO product (name, title, standing, public, entitlement, roles, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (name) DO UPDATE SET title = excluded.title, standing = excluded.standing,
           public = excluded.public, entitlement = excluded.entitlement,
           roles = excluded.roles, changed_at = excluded.changed_at"
    );
    let roles: Vec<&str> = product.roles.iter().map(AsRef::as_ref).collect();
    let values = values![
        &product.name,
        &product.title,
        product.standing.name(),
        product.public,
        product.entitlement.as_str(),
        roles.join(" "),
        product.changed_at,
    ];
    tx.run(sql, values).await.map(drop)
}

/// The routes of a document that belong to products. The document was checked, or will be.
pub(crate) fn bundled(document: &Value) -> Vec<Bundled> {
    let text = |route: &Value, key: &str| route[key].as_str().unwrap_or_default().to_owned();
    let listed = document.as_array().or_else(|| document["routes"].as_array());
    let routes = listed.into_iter().flatten().filter(|route| route["product"].is_string());
    routes
        .map(|route| Bundled {
            route: text(route, "name"),
            product: text(route, "product"),
            open: route["open"].as_bool().unwrap_or_default(),
        })
        .collect()
}
