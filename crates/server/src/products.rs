//! Between the operator's room, which knows the API products, and the gateway, which lets through who has them.

use access::{OperatorPermit, Upkeep};
use control::product::{self, Standing};
use gateway::ProductSpec;
use store::{Store, StoreError};

/// The products that can be had.
pub(crate) async fn load(
    store: &Store,
    upkeep: &OperatorPermit<Upkeep>,
) -> Result<Vec<ProductSpec>, StoreError> {
    let all = product::load(store, upkeep).await?.into_iter();
    let published = all.filter(|product| product.standing == Standing::Published);
    let spec = |product: product::Product| {
        let product::Product { name, public, roles, .. } = product;
        ProductSpec { name, public, roles }
    };
    Ok(published.map(spec).collect())
}
