//! The people of the town and the organisations they work for.

use super::{Backend, Engine, Node, free_port};
use demo::{
    client::{Ask, Browser, Form, Page},
    clock,
    provider::{self, Organisation, Provider},
};
use http::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use tempfile::TempDir;

/// Somebody with a browser, signed in somewhere or not.
pub(crate) struct Person {
    pub(crate) browser: Browser,
    email: &'static str,
}

/// A town that stands: operator, two organisations, people with roles.
pub(crate) struct Town {
    pub(crate) node: Node,
    pub(crate) backend: Backend,
    pub(crate) contoso: String,
    pub(crate) fabrikam: String,
    pub(crate) deployment: Value,
    pub(crate) folder: TempDir,
    pub(crate) database: String,
    pub(crate) providers: HashMap<&'static str, Provider>,
}

impl Town {
    /// Builds a town: Tailspin runs the platform, Contoso and Fabrikam subscribe. alice is Contoso's first
    /// admin, bob Fabrikam's.
    pub(crate) async fn build(engine: Engine) -> Self {
        Self::build_with(engine, &[]).await
    }

    /// The same with further settings for the node.
    pub(crate) async fn build_with(engine: Engine, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let database = database(engine, &folder).await;
        let node = Node::start(folder.path(), &database, settings).await;
        Self::found(folder, database, node, Backend::start().await).await
    }

    /// The town around a node that runs.
    pub(super) async fn found(folder: TempDir, database: String, node: Node, backend: Backend) -> Self {
        let mut providers = HashMap::new();
        for organisation in [provider::tailspin(), provider::contoso(), provider::fabrikam()] {
            let slug = organisation.slug;
            providers.insert(slug, start_provider(organisation).await);
        }
        let bootstrap = node.run(&["bootstrap"]);
        let upstream = ["deployment", "create", "Main", "--upstream", &backend.origin];
        let deployment = node.run(&upstream);
        for (role, title) in [("reader", "Reader"), ("creator", "Creator"), ("admin", "Admin")] {
            node.run(&["role", "put", role, "--title", title]);
        }
        let (contoso, fabrikam) = (String::new(), String::new());
        let mut town = Town { node, backend, contoso, fabrikam, deployment, folder, database, providers };
        town.accept(&bootstrap, "tailspin", "olivia@tailspin.test").await;
        let (id, invitation) = town.subscribe("contoso", "Contoso");
        town.contoso = id;
        town.accept(&invitation, "contoso", "alice@contoso.test").await;
        let (id, invitation) = town.subscribe("fabrikam", "Fabrikam");
        town.fabrikam = id;
        town.accept(&invitation, "fabrikam", "bob@fabrikam.test").await;
        town
    }

    /// An organisation subscribes; gives its id and the link for its first admin.
    pub(crate) fn subscribe(&self, slug: &str, name: &str) -> (String, Value) {
        let deployment = self.deployment["id"].as_str().expect("a deployment has an id");
        let tenant = self.node.run(&["tenant", "create", slug, "--name", name, "--deployment", deployment]);
        (tenant["id"].as_str().expect("a tenant has an id").to_owned(), tenant["invitation"].clone())
    }

    /// Somebody opens a one-time link and brings their organisation's provider along.
    pub(crate) async fn accept(&self, invitation: &Value, organisation: &str, email: &'static str) -> Person {
        let text =
            |name: &str| invitation[name].as_str().unwrap_or_else(|| panic!("{invitation} has no {name}"));
        let provider = &self.providers[organisation];
        let application = provider.register("Partywall", text("redirect_uri"));
        let mut person = Person { browser: Browser::new(), email };
        let page = person.browser.get(text("link")).await.expect("the link opens");
        let form = page.form("/invitation").unwrap_or_else(|error| panic!("{error}: {}", page.body));
        let form = form
            .with("issuer", provider.issuer())
            .with("client_id", &application.client_id)
            .with("client_secret", &application.client_secret);
        let page = person.browser.submit(form).await.expect("the form is taken");
        let link = page.link("/sign-in").unwrap_or_else(|error| panic!("{error}: {}", page.body));
        let page = person.browser.get(link.as_str()).await.expect("the way to the provider opens");
        let page = self.log_in(&mut person, page).await;
        assert!(page.status.is_success(), "{} at {}: {}", page.status, page.url.path(), page.body);
        person
    }

    /// Somebody opens an address and signs in on the way where that is asked for.
    pub(crate) async fn visit(&self, email: &'static str, address: &str) -> (Person, Page) {
        let mut person = Person { browser: Browser::new(), email };
        let page = person.browser.get(address).await.expect("somebody answers");
        let page = self.log_in(&mut person, page).await;
        (person, page)
    }

    /// Fills in the provider's login page, if this is one.
    pub(crate) async fn log_in(&self, person: &mut Person, page: Page) -> Page {
        if page.form("/login").is_err() {
            return page;
        }
        let form = self.login_form(person, &page);
        person.browser.submit(form).await.expect("the provider answers")
    }

    /// The provider's login page, filled in.
    pub(crate) fn login_form(&self, person: &Person, page: &Page) -> Form {
        let form = page.form("/login").unwrap_or_else(|error| panic!("{error}: {}", page.body));
        let everybody =
            self.providers.values().filter_map(|provider| provider.organisation().person(person.email));
        let known = everybody.into_iter().next().expect("the story names people who work somewhere");
        form.with("email", known.email).with("password", known.password)
    }

    /// Somebody in the console of a tenant.
    pub(crate) async fn at_console(&self, email: &'static str, tenant: &str) -> Person {
        let (person, page) = self.visit(email, &format!("{}/t/{tenant}", self.node.origin("console"))).await;
        assert!(page.status.is_success(), "{email} at the console: {} {}", page.status, page.body);
        person
    }
}

impl Person {
    /// Asks the API with the console's cookie, as a script in its page would.
    pub(crate) async fn api(&mut self, town: &Town, method: Method, path: &str, body: Value) -> (u16, Value) {
        let console = town.node.origin("console");
        let ask = match &body {
            Value::Null => Ask { method, ..Ask::get(&format!("{console}{path}")) },
            body => Ask::json(method, &format!("{console}{path}"), body),
        };
        let ask = ask.with("accept", "application/json").with("origin", &console);
        let page = self.browser.send(&ask).await.expect("the console answers");
        (page.status.as_u16(), page.json().unwrap_or(Value::Null))
    }

    /// What the backend was told, through the gateway.
    pub(crate) async fn echo(&mut self, address: &str) -> (u16, Value) {
        let ask = Ask::get(address).with("accept", "application/json");
        let page = self.browser.send(&ask).await.expect("the gateway answers");
        (page.status.as_u16(), page.json().unwrap_or(json!(page.body)))
    }
}

async fn start_provider(organisation: Organisation) -> Provider {
    let port = free_port();
    let issuer = format!("http://login.{}.localhost:{port}", organisation.slug);
    let listen = ([127, 0, 0, 1], port).into();
    Provider::start(organisation, listen, issuer, clock::system())
        .await
        .expect("a free port can be listened at")
}

/// A database of the town's own, migrated where nodes do not do that themselves.
pub(crate) async fn database(engine: Engine, folder: &TempDir) -> String {
    match engine {
        Engine::Sqlite => String::new(),
        Engine::Postgres => {
            let url = super::postgres::create().await;
            super::postgres::prepare(folder.path(), &url);
            url
        }
    }
}

impl Person {
    /// Somebody nobody knows.
    pub(crate) fn stranger() -> Self {
        Person { browser: Browser::new(), email: "nobody@nowhere.test" }
    }

    /// The same browser, with somebody else before it.
    pub(crate) fn works_as(self, email: &'static str) -> Self {
        Person { email, ..self }
    }
}

impl Town {
    /// Somebody without any role, at the console of a tenant they are a member of.
    pub(crate) async fn at_console_as_member(&self, email: &'static str, tenant: &str) -> Person {
        let (person, _) = self.visit(email, &format!("{}/t/{tenant}", self.node.origin("console"))).await;
        person
    }

    /// A member's id, as the tenant's admin finds it.
    pub(crate) async fn member_id(&self, admin: &mut Person, email: &str) -> String {
        let path = format!("/v1/tenants/{}/members", self.contoso);
        let (status, list) = admin.api(self, Method::GET, &path, Value::Null).await;
        assert_eq!(status, 200, "{list}");
        let items = list["items"].as_array().expect("a list has items");
        let found = items.iter().find(|member| member["email"] == email);
        found.unwrap_or_else(|| panic!("{email} is not in {list}"))["id"].as_str().expect("an id").to_owned()
    }

    /// Asks until there is an answer, for what other nodes or background loops need a moment for.
    pub(crate) async fn eventually<T>(&self, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        for _ in 0..200 {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it did not come about within ten seconds; the node said:\n{}", self.node.output());
    }
}
