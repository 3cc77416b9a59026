//! The stage of the demonstration once everything stands: who is there, and how people get about.

use std::path::PathBuf;

use crate::backend::Backend;
use crate::client::{Ask, Browser, ClientError, Page};
use crate::ground::Ground;
use crate::partywall::Node;
use crate::provider::{Person, Provider};

/// A tenant as the demonstration knows it.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id, which never changes.
    pub id: String,
    /// The name in its address.
    pub slug: &'static str,
    /// Its name for people.
    pub name: &'static str,
}

/// Everything that stands.
pub struct Stage {
    /// Where it stands.
    pub ground: Ground,
    /// The folder that holds all data, gone at the end unless it is to be kept.
    pub folder: PathBuf,
    /// The product.
    pub node: Node,
    /// Surveys.
    pub backend: Backend,
    /// Contoso's identity provider, which its training organisation uses too.
    pub contoso_provider: Provider,
    /// Fabrikam's.
    pub fabrikam_provider: Provider,
    /// The operator's.
    pub tailspin_provider: Provider,
    /// A customer.
    pub contoso: Tenant,
    /// The customer's organisation for training.
    pub training: Tenant,
    /// Another customer.
    pub fabrikam: Tenant,
}

impl Stage {
    /// The address of a path at a tenant's host.
    #[must_use]
    pub fn at(&self, tenant: &Tenant, path: &str) -> String {
        format!("{}{path}", self.ground.origin(tenant.slug))
    }

    /// The name of a tenant's host, without the port: what cookies go by.
    #[must_use]
    pub fn host(&self, tenant: &Tenant) -> String {
        format!("{}.{}", tenant.slug, crate::ground::BASE_DOMAIN)
    }

    /// Somebody who works at one of the organisations.
    #[must_use]
    pub fn person(&self, email: &str) -> Person {
        let providers = [&self.contoso_provider, &self.fabrikam_provider, &self.tailspin_provider];
        let found = providers.iter().find_map(|provider| provider.organisation().person(email));
        found.expect("the story names people who work somewhere").clone()
    }

    /// Somebody with a fresh browser who goes to a tenant and signs in there.
    pub async fn arrive(&self, email: &str, tenant: &Tenant) -> Result<(Browser, Page), ClientError> {
        let mut browser = Browser::new();
        let page = sign_in(&mut browser, &self.at(tenant, "/"), &self.person(email)).await?;
        Ok((browser, page))
    }

    /// What the backend learns about a request of this browser.
    pub async fn who_am_i(
        &self,
        browser: &mut Browser,
        tenant: &Tenant,
    ) -> Result<serde_json::Value, ClientError> {
        browser.send(&Ask::get(&self.at(tenant, "/api/me"))).await?.json()
    }
}

/// Opens an address and signs in on the way, as far as that is asked for: by the sign-in link of a page, at
/// the provider's login page, or not at all.
pub async fn sign_in(browser: &mut Browser, address: &str, person: &Person) -> Result<Page, ClientError> {
    let mut page = browser.get(address).await?;
    // A landing page, a choice of providers, a login page: no way in has more stations.
    for _ in 0..4 {
        if let Ok(form) = page.form("/login") {
            let form = form.with("email", person.email).with("password", person.password);
            return browser.submit(form).await;
        }
        match page.link("sign-in") {
            Ok(link) => page = browser.get(link.as_str()).await?,
            Err(_) => return Ok(page),
        }
    }
    Ok(page)
}
