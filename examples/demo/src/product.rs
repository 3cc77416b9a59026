//! What the demonstration knows of the product: the commands it gives, the fields it reads from their
//! answers, the forms it fills in, and the addresses it asks. Nothing else here names them.

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use crate::client::{Ask, Browser, ClientError, Page};
use crate::ground::Ground;
use crate::partywall::{Node, ProductError};
use crate::provider::{Application, Person, Provider};
use crate::stage::sign_in;

/// The set-up met something it did not expect.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The product's binary or one of its commands.
    #[error(transparent)]
    Product(#[from] ProductError),
    /// One of its pages.
    #[error(transparent)]
    Page(#[from] ClientError),
    /// An answer lacks something, or says something else.
    #[error("{0}")]
    Unexpected(String),
}

/// A one-time link, and what its holder has to register at their provider first.
#[derive(Debug)]
pub struct Invitation {
    /// The link itself.
    pub link: String,
    /// The address that the provider will send people back to.
    pub redirect_uri: String,
}

/// A deployment, with what its backend must know.
#[derive(Debug)]
pub struct Deployment {
    /// Its id: the audience of its contexts.
    pub id: String,
    /// Its proof secret.
    pub proof_secret: String,
}

/// The link for the first operator.
pub async fn bootstrap(node: &Node) -> Result<Invitation, SetupError> {
    invitation(&node.tell(&["bootstrap"]).await?)
}

/// A deployment with one backend.
pub async fn create_deployment(node: &Node, name: &str, upstream: &str) -> Result<Deployment, SetupError> {
    let answer = node.tell(&["deployment", "create", name, "--upstream", upstream]).await?;
    Ok(Deployment { id: text(&answer, "/id")?, proof_secret: text(&answer, "/proof_secret")? })
}

/// A role of the application.
pub async fn put_role(node: &Node, name: &str, title: &str, about: &str) -> Result<(), SetupError> {
    node.tell(&["role", "put", name, "--title", title, "--about", about]).await?;
    Ok(())
}

/// The first label of the host at which programs call with API keys.
pub const CALLS: &str = "calls";

/// The first label of the host at which devices call with client certificates.
pub const DEVICES: &str = "devices";

/// What such a key, or such a certificate, must be good for there.
const SCOPE: &str = "surveys.read";

/// Declares a scope, and opens a host at which an API key that has it says whose a request is. `file` is where the
/// routes are written down.
pub async fn open_for_programs(node: &Node, file: &Path) -> Result<(), SetupError> {
    let base = crate::ground::BASE_DOMAIN;
    let routes = json!([
        { "name": "tenants", "host": format!("*.{base}") },
        { "name": "own-hostnames", "host": "*" },
        {
            "name": "calls", "host": format!("{CALLS}.{base}"), "map_by": ["key"], "audience": "api",
            "credentials": ["api_key"], "scopes": [SCOPE],
        },
        {
            "name": "devices", "host": format!("{DEVICES}.{base}"), "map_by": ["certificate"], "audience": "api",
            "credentials": ["certificate"], "scopes": [SCOPE],
        },
    ]);
    let written = std::fs::write(file, routes.to_string());
    written.map_err(|error| unexpected(format!("the routes cannot be written down: {error}")))?;
    node.tell(&["key", "scopes", SCOPE]).await?;
    node.tell(&["route", "put", &file.display().to_string()]).await?;
    Ok(())
}

/// An API key that was just made.
#[derive(Debug)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// The key itself.
    pub secret: String,
}

/// A tenant at a deployment: its id, and the link for its first admin.
pub async fn create_tenant(
    node: &Node,
    slug: &str,
    name: &str,
    deployment: &Deployment,
) -> Result<(String, Invitation), SetupError> {
    let answer =
        node.tell(&["tenant", "create", slug, "--name", name, "--deployment", &deployment.id]).await?;
    let link = answer.get("invitation").unwrap_or(&answer);
    Ok((text(&answer, "/id")?, invitation(link)?))
}

fn invitation(answer: &Value) -> Result<Invitation, SetupError> {
    Ok(Invitation { link: text(answer, "/link")?, redirect_uri: text(answer, "/redirect_uri")? })
}

/// Somebody opens an invitation: makes the application known at their organisation's provider, fills in
/// what that gave them, and proves by signing in there that they are who they say.
pub async fn accept(
    browser: &mut Browser,
    invitation: &Invitation,
    provider: &Provider,
    person: &Person,
) -> Result<Page, SetupError> {
    let application: Application = provider.register("Surveys", &invitation.redirect_uri);
    let page = browser.get(&invitation.link).await?;
    let form = page
        .form("/invitation")?
        .with("issuer", provider.issuer())
        .with("client_id", &application.client_id)
        .with("client_secret", &application.client_secret);
    let page = browser.submit(form).await?;
    let page = sign_in_from(browser, page, person).await?;
    if page.status.is_success() {
        Ok(page)
    } else {
        Err(unexpected(format!("{page:?} after accepting an invitation")))
    }
}

/// Goes on from a page that leads to a provider.
async fn sign_in_from(browser: &mut Browser, page: Page, person: &Person) -> Result<Page, ClientError> {
    match page.form("/login") {
        Ok(form) => browser.submit(form.with("email", person.email).with("password", person.password)).await,
        Err(_) => sign_in(browser, page.url.as_str(), person).await,
    }
}

/// A tenant's admin at the console, signed in.
pub struct Admin {
    browser: Browser,
    console: String,
    tenant: String,
}

impl Admin {
    /// The admin signs in at the console and opens the tenant's pages.
    pub async fn arrive(ground: Ground, tenant: &str, person: &Person) -> Result<Self, SetupError> {
        let console = ground.origin("console");
        let mut browser = Browser::new();
        sign_in(&mut browser, &format!("{console}/t/{tenant}/members"), person).await?;
        Ok(Self { browser, console, tenant: tenant.to_owned() })
    }

    /// Gives a member these roles of the application, beside those of the platform that they hold.
    pub async fn assign(&mut self, email: &str, roles: &[&str]) -> Result<(), SetupError> {
        let members = self.ask(Method::GET, "/members", &Value::Null).await?;
        let items = members.get("items").unwrap_or(&members).as_array().cloned().unwrap_or_default();
        let found = items.iter().find(|member| member["email"] == email);
        let member = found.ok_or_else(|| unexpected(format!("{email} is no member: {members}")))?;
        let held = member["roles"].as_array().cloned().unwrap_or_default();
        let kept = held.iter().filter_map(Value::as_str).filter(|role| role.starts_with("partywall."));
        let roles: Vec<&str> = kept.chain(roles.iter().copied()).collect();
        let path = format!("/members/{}/roles", text(member, "/id")?);
        self.ask(Method::PUT, &path, &json!({ "roles": roles })).await?;
        Ok(())
    }

    /// Lets another tenant connect to the provider of this tenant's only connection.
    pub async fn share_provider_with(&mut self, tenant: &str) -> Result<(), SetupError> {
        let providers = self.ask(Method::GET, "/providers", &Value::Null).await?;
        let items = providers.get("items").unwrap_or(&providers);
        let id = text(items, "/0/id")?;
        let path = format!("/providers/{id}/shares/{tenant}");
        self.ask(Method::PUT, &path, &Value::Null).await?;
        Ok(())
    }

    /// Makes an API key for a program of the tenant.
    pub async fn make_key(&mut self, name: &str, contact: &str) -> Result<Key, SetupError> {
        let program = json!({ "name": name, "contact": contact });
        let subscriber = text(&self.ask(Method::POST, "/subscribers", &program).await?, "/id")?;
        let key = json!({ "subscriber": subscriber, "name": name, "scopes": [SCOPE] });
        let made = self.ask(Method::POST, "/keys", &key).await?;
        Ok(Key { id: text(&made, "/id")?, secret: text(&made, "/secret")? })
    }

    /// Takes an API key back.
    pub async fn revoke_key(&mut self, id: &str) -> Result<(), SetupError> {
        self.ask(Method::DELETE, &format!("/keys/{id}"), &Value::Null).await?;
        Ok(())
    }

    /// What a certificate must be called by which its owner shows that they have the key of this authority.
    pub async fn proof_of(&mut self, authority: &str) -> Result<String, SetupError> {
        let address = format!("{}/v1/tenants/{}/anchors", self.console, self.tenant);
        let ask = Ask::json(Method::POST, &address, &anchor(authority, None));
        let page = self.browser.send(&ask.with("accept", "application/json")).await?;
        let asked = page.body.split("CN=").nth(1).and_then(|rest| rest.split(',').next());
        asked.map(str::to_owned).ok_or_else(|| unexpected(format!("{page:?}: {}", page.body)))
    }

    /// Lays down an authority; gives the anchor's id.
    pub async fn lay_down(&mut self, authority: &str, proof: &str) -> Result<String, SetupError> {
        let made = self.ask(Method::POST, "/anchors", &anchor(authority, Some(proof))).await?;
        text(&made, "/id")
    }

    /// Takes a certificate back, by its fingerprint.
    pub async fn revoke(&mut self, anchor: &str, certificate: &[u8]) -> Result<(), SetupError> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate);
        let mark: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        self.ask(Method::POST, &format!("/anchors/{anchor}/revocations"), &json!({ "mark": mark })).await?;
        Ok(())
    }

    async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Result<Value, SetupError> {
        let address = format!("{}/v1/tenants/{}{path}", self.console, self.tenant);
        let ask = match body {
            Value::Null => Ask { method, ..Ask::get(&address) },
            body => Ask::json(method, &address, body),
        };
        let page = self.browser.send(&ask.with("accept", "application/json")).await?;
        if !page.status.is_success() {
            return Err(unexpected(format!("{page:?}: {}", page.body)));
        }
        Ok(page.json().unwrap_or_default())
    }
}

/// An authority whose certificates are for devices, called by their common names.
fn anchor(authority: &str, proof: Option<&str>) -> Value {
    let rule = json!({ "when": { "subject.cn": "kiosk-*" }, "identity": "subject.cn", "scopes": [SCOPE] });
    json!({ "certificate": authority, "proof": proof, "rules": [rule] })
}

/// A text in an answer, by JSON pointer.
fn text(answer: &Value, pointer: &str) -> Result<String, SetupError> {
    let found = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| unexpected(format!("the product's answer has no {pointer}: {answer}")))
}

/// Something that should not have been.
pub fn unexpected(words: String) -> SetupError {
    SetupError::Unexpected(words)
}
