//! API products, and what tenants have subscribed to. An operator reaches into a tenant only by break-glass, so that
//! every command about its subscriptions needs a reason.

use super::{
    Outcome,
    api::{Api, escaped},
    key::Within,
    print,
};
use clap::Subcommand;
use serde_json::json;

/// What to do with API products.
#[derive(Debug, Subcommand)]
pub(super) enum Product {
    /// List products and the routes that belong to them.
    List,
    /// Make a product, as a draft, or put anew what it is.
    Put {
        /// Its name, by which routes know it.
        name: String,
        /// What people call it.
        #[arg(long)]
        title: String,
        /// For everybody, without a subscription.
        #[arg(long)]
        public: bool,
        /// What a tenant's plan must switch on, so that it may subscribe.
        #[arg(long, default_value = "")]
        entitlement: String,
        /// A role that opens it to people; may be given several times, and one is enough. Any member's without.
        #[arg(long)]
        role: Vec<String>,
    },
    /// Publish a product. Refused while a route of it lets in who proves nothing, unless it is public.
    Publish {
        /// Its name.
        name: String,
    },
    /// Retire a product: its routes refuse everybody within seconds.
    Retire {
        /// Its name.
        name: String,
    },
    /// List what a tenant has subscribed to.
    Subscriptions {
        #[command(flatten)]
        within: Within,
    },
    /// Subscribe a tenant to a product.
    Subscribe {
        /// The product's name.
        name: String,
        /// The subscriber whom it is for; everybody in the tenant if it is left out.
        #[arg(long)]
        subscriber: Option<String>,
        #[command(flatten)]
        within: Within,
    },
    /// Cancel a subscription.
    Cancel {
        /// The product's name.
        name: String,
        /// The subscriber whom it is for; the one for everybody if it is left out.
        #[arg(long)]
        subscriber: Option<String>,
        #[command(flatten)]
        within: Within,
    },
}

const PRODUCTS: &str = "/v1/platform/products";

impl Product {
    pub(super) async fn run(self, api: &Api) -> Outcome {
        let of = |name: &str, act: &str| format!("{PRODUCTS}/{}{act}", escaped(name));
        match self {
            Product::List => {
                let columns = ["name", "title", "standing", "public", "entitlement", "roles", "routes"];
                print::list(api, &api.get(PRODUCTS).await?, &columns)
            }
            Product::Put { name, title, public, entitlement, role } => {
                let body =
                    json!({ "title": title, "public": public, "entitlement": entitlement, "roles": role });
                print::one(api, &api.put(&of(&name, ""), body).await?)
            }
            Product::Publish { name } => print::one(api, &api.post(&of(&name, "/publish"), json!({})).await?),
            Product::Retire { name } => print::one(api, &api.post(&of(&name, "/retire"), json!({})).await?),
            Product::Subscriptions { within } => {
                let answer = api.inside(within.reason()).get(&within.path("subscriptions")).await?;
                print::list(api, &answer, &["product", "subscriber", "created_at"])
            }
            Product::Subscribe { name, subscriber, within } => {
                let body = json!({ "product": name, "subscriber": subscriber });
                print::one(api, &api.inside(within.reason()).post(&within.path("subscriptions"), body).await?)
            }
            Product::Cancel { name, subscriber, within } => {
                let whose = subscriber.map(|id| format!("?subscriber={}", escaped(&id))).unwrap_or_default();
                let path = within.path(&format!("subscriptions/{}{whose}", escaped(&name)));
                print::one(api, &api.inside(within.reason()).delete(&path).await?)
            }
        }
    }
}
