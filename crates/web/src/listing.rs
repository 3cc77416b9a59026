//! Lists on the wire: one page at a time, and where the next one begins.

use domain::{Cursor, Page};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type},
    },
};

/// Where a list goes on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// The `next` of the page before; left out at the beginning.
    #[serde(default)]
    pub after: String,
    /// How many at most, 1 to 200; 50 where nothing is said.
    pub limit: Option<u32>,
}

impl From<Paging> for Cursor {
    fn from(paging: Paging) -> Self {
        Cursor::new(paging.after, paging.limit)
    }
}

/// A part of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Listing<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// What to give as `after` for the next page; null at the end.
    pub next: Option<String>,
}

impl<T, U: Into<T>> From<Page<U>> for Listing<T> {
    fn from(page: Page<U>) -> Self {
        Listing { items: page.items.into_iter().map(Into::into).collect(), next: page.next }
    }
}

/// By hand, because the derived name leaves out what is listed, and two lists would share one schema.
impl<T: ToSchema> ToSchema for Listing<T> {
    fn name() -> Cow<'static, str> {
        format!("Listing_{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        schemas.push((T::name().into(), T::schema()));
    }
}

impl<T: ToSchema> PartialSchema for Listing<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        let next = SchemaType::from_iter([Type::String, Type::Null]);
        let next = ObjectBuilder::new()
            .schema_type(next)
            .description(Some("What to give as `after` for the next page; null at the end."));
        ObjectBuilder::new()
            .property("items", items)
            .required("items")
            .property("next", next)
            .required("next")
            .into()
    }
}
