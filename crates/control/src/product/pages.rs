//! The operator's page of API products.

use super::{Bundled, Described, Product, Standing, http::named, list, put, stand};
use crate::{Control, form::Reading, landing::Landing, pages};
use access::{ChangePlatformSettings, OperatorPermit, ReadPlatformSettings};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{DisplayName, ProductName, RoleName, event::names};
use serde::Deserialize;
use web::{
    AllowOperator, Form, Frame, Page, Problem, Query, Routes, Surface,
    parts::{Choice, Column, Wrong},
};

const PATH: &str = "/platform/products";

pub(crate) fn routes() -> Routes<Control> {
    Routes::new()
        .on(Surface::Console)
        .get(PATH, show)
        .says("API products.")
        .post(PATH, post)
        .says("Makes a product, or puts anew what it is.")
        .post("/platform/products/stand", post_stand)
        .says("Publishes or retires a product.")
}

/// The form, as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    name: String,
    title: String,
    public: String,
    entitlement: String,
    roles: String,
}

impl Sent {
    fn read(&self) -> Result<(ProductName, Described), Problem> {
        let mut form = Reading::new();
        let name = form.read::<ProductName>("name", &self.name);
        let title = form.read::<DisplayName>("title", &self.title);
        let words = self.roles.split([',', ' ']).filter(|word| !word.is_empty());
        let roles: Vec<RoleName> = words.filter_map(|word| form.read("roles", word)).collect();
        form.finish()?;
        let (Some(name), Some(title)) = (name, title) else {
            return Err(Problem::internal("a form without a mistake has all its values"));
        };
        let entitlement = self.entitlement.trim().to_owned();
        Ok((name, Described { title, public: self.public == "yes", entitlement, roles }))
    }
}

/// How one is to stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stood {
    name: String,
    standing: String,
}

struct Line {
    name: String,
    title: String,
    standing: &'static str,
    tone: &'static str,
    whose: String,
    roles: String,
    routes: Vec<String>,
    is_published: bool,
}

impl Line {
    fn of(product: Product, routes: &[Bundled]) -> Self {
        let own = routes.iter().filter(|route| route.product == product.name.as_str());
        Line {
            routes: own.map(|route| route.route.clone()).collect(),
            name: product.name.to_string(),
            title: product.title.to_string(),
            standing: product.standing.name(),
            tone: match product.standing {
                Standing::Draft => "info",
                Standing::Published => "good",
                Standing::Retired => "mute",
            },
            whose: match (product.public, product.entitlement.as_str()) {
                (true, _) => "Everybody".to_owned(),
                (false, "") => "Tenants that subscribe".to_owned(),
                (false, name) => format!("Tenants that subscribe, with {name}"),
            },
            roles: product.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            is_published: product.standing == Standing::Published,
        }
    }
}

#[derive(Template)]
#[template(path = "product/list.html")]
struct ProductsPage {
    frame: Frame,
    columns: Vec<Column>,
    lines: Vec<Line>,
    sent: Sent,
    public: Vec<Choice>,
    wrong: Wrong,
}

fn page(
    frame: Frame,
    (products, routes): (Vec<Product>, Vec<Bundled>),
    sent: Sent,
    wrong: Wrong,
) -> ProductsPage {
    let hint = "Without a subscription, and on open routes without proving anything.";
    ProductsPage {
        frame: frame
            .title("API products")
            .describe("What programs may subscribe to. Routes say which product they belong to."),
        columns: vec![
            Column::new("Product"),
            Column::new("Standing"),
            Column::new("For"),
            Column::new("Routes"),
            Column::new("What to do").of("acts"),
        ],
        lines: products.into_iter().map(|product| Line::of(product, &routes)).collect(),
        public: vec![Choice::new("yes", "It is public", sent.public == "yes").hint(hint)],
        sent,
        wrong,
    }
}

async fn show(
    AllowOperator(permit): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    Query(landing): Query<Landing>,
    frame: Frame,
) -> Result<Page<ProductsPage>, Problem> {
    let found = list(&room.store, &permit).await?;
    Ok(Page::new(page(landing.tell(frame), found, Sent::default(), Wrong::nothing())))
}

/// On, or the page again with what is wrong.
async fn answer(
    room: &Control,
    permit: &OperatorPermit<ReadPlatformSettings>,
    frame: Frame,
    sent: Sent,
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    if done.is_ok() {
        room.hear_platform(names::DEPLOYMENT_CHANGED).await;
    }
    let again = async |wrong| Ok(page(frame, list(&room.store, permit).await?, sent, wrong));
    pages::answer(PATH, done, again).await
}

async fn post(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    AllowOperator(reader): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let done = match sent.read() {
        Ok((name, described)) => put(&room.store, &permit, name, described).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    answer(&room, &reader, frame, sent, done.map(|_| "product-saved")).await
}

async fn post_stand(
    AllowOperator(permit): AllowOperator<ChangePlatformSettings>,
    AllowOperator(reader): AllowOperator<ReadPlatformSettings>,
    State(room): State<Control>,
    frame: Frame,
    Form(sent): Form<Stood>,
) -> Result<Response, Problem> {
    let standing: Standing = sent.standing.parse().map_err(|_| Problem::new("input.invalid"))?;
    let happened = if standing == Standing::Published { "product-published" } else { "product-retired" };
    let done = stand(&room.store, &permit, &named(&sent.name)?, standing).await;
    answer(&room, &reader, frame, Sent::default(), done.map(|_| happened).map_err(Problem::from)).await
}
