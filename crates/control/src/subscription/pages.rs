//! The tenant's page of API products.

use super::{Offered, Subscription, cancel, list, offered, subscribe};
use crate::{Control, form::Reading, landing::Landing, pages};
use access::{ManageSubscriptions, Permit, ReadSubscriptions, TenantAction};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{ProductName, Right, SubscriberId};
use serde::Deserialize;
use web::{
    Allow, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{At, Column, Wrong},
};

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get("/t/{tenant}/products", show)
        .says("The API products that there are, and what the tenant has subscribed to.")
        .post("/t/{tenant}/products", post)
        .says("Subscribes to a product.")
        .post("/t/{tenant}/products/cancel", post_cancel)
        .says("Cancels a subscription.")
}

/// A product and for whom, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    product: String,
    subscriber: String,
}

impl Sent {
    fn read(&self) -> Result<(ProductName, Option<SubscriberId>), Problem> {
        let mut form = Reading::new();
        let product = form.read("product", &self.product);
        let subscriber = form.optional("subscriber", &self.subscriber);
        form.finish()?;
        let product =
            product.ok_or_else(|| Problem::internal("a form without a mistake has all its values"))?;
        Ok((product, subscriber))
    }
}

struct Line {
    product: String,
    subscriber: String,
    whose: String,
    since: At,
}

impl Line {
    fn of(subscription: Subscription) -> Self {
        let subscriber = subscription.subscriber.map(|subscriber| subscriber.to_string());
        Line {
            product: subscription.product.to_string(),
            whose: match &subscriber {
                None => "Everybody here".to_owned(),
                Some(id) if subscription.subscriber_name.is_empty() => id.clone(),
                Some(_) => subscription.subscriber_name,
            },
            subscriber: subscriber.unwrap_or_default(),
            since: subscription.created_at.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "subscription/list.html")]
struct ProductsPage {
    frame: Frame,
    path: String,
    columns: Vec<Column>,
    lines: Vec<Line>,
    offered: Vec<Offered>,
    may_manage: bool,
    sent: Sent,
    wrong: Wrong,
}

async fn page<A: TenantAction>(
    room: &Control,
    permit: &Permit<A>,
    frame: Frame,
    sent: Sent,
    wrong: Wrong,
) -> Result<ProductsPage, Problem> {
    Ok(ProductsPage {
        frame: frame.title("API products").describe("What programs of this organisation may call."),
        path: format!("/t/{}/products", permit.tenant_id()),
        columns: vec![
            Column::new("Product"),
            Column::new("For"),
            Column::new("Since").of("time"),
            Column::new("What to do").of("acts"),
        ],
        lines: list(&room.store, permit).await?.into_iter().map(Line::of).collect(),
        offered: offered(room, permit).await?,
        may_manage: permit.caller().rights().has(Right::ManageKeys),
        sent,
        wrong,
    })
}

async fn show(
    Allow(permit): Allow<ReadSubscriptions>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<ProductsPage>, Problem> {
    page(&room, &permit, landing.tell(frame), Sent::default(), Wrong::nothing()).await.map(Page::new)
}

/// The page again with what is wrong, or on to where it says what happened.
async fn answer(
    room: &Control,
    permit: &Permit<ManageSubscriptions>,
    frame: Frame,
    sent: Sent,
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    let path = format!("/t/{}/products", permit.tenant_id());
    pages::answer(&path, done, |wrong| page(room, permit, frame, sent, wrong)).await
}

async fn post(
    Allow(permit): Allow<ManageSubscriptions>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let done = match sent.read() {
        Ok((product, subscriber)) => subscribe(&room, &permit, product, subscriber)
            .await
            .map(|_| "product-subscribed")
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    answer(&room, &permit, frame, sent, done).await
}

async fn post_cancel(
    Allow(permit): Allow<ManageSubscriptions>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let (product, subscriber) = sent.read().map_err(|_| Problem::new("item.unknown"))?;
    let done = cancel(&room, &permit, &product, subscriber).await;
    let done = done.map(|()| "product-cancelled").map_err(Problem::from);
    answer(&room, &permit, frame, Sent::default(), done).await
}
