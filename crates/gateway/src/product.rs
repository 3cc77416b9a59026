//! API products at the door: whether a route's product can be had, whether the caller has subscribed to it, and what
//! answers say of a version that will not be there for ever.

use crate::{gateway::Gateway, onlook::Onlooker, problem, refuse::No, role::check_roles, route::Route};
use access::{Caller, Tenant};
use domain::{Moment, ProductName, RoleName};
use http::{HeaderMap, HeaderName, HeaderValue, header::LINK};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A product that can be had. One that is not named is a draft, or retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSpec {
    /// Its name.
    pub name: ProductName,
    /// Whether it is for everybody, without a subscription.
    pub public: bool,
    /// Which roles open it to people: one of these is enough; any member's if there are none.
    pub roles: Vec<RoleName>,
}

/// The products that can be had, and to whom they are open.
#[derive(Debug, Default)]
pub(crate) struct Products(HashMap<ProductName, ProductSpec>);

impl Products {
    pub(crate) fn of(all: Vec<ProductSpec>) -> Self {
        Products(all.into_iter().map(|product| (product.name.clone(), product)).collect())
    }
}

/// Which version of its product a route is, as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionSpec {
    /// What it is called, such as `2`.
    pub name: String,
    /// Since when, or from when on, it should not be used any more (RFC 9745), as in `2026-03-04T00:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// When it goes (RFC 8594).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
    /// An address that says what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The same, checked: what answers say of it.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) name: Box<str>,
    says: Box<[(HeaderName, HeaderValue)]>,
}

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

impl Version {
    pub(crate) fn of(spec: &VersionSpec, has_product: bool, say: &mut dyn FnMut(String)) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=30).contains(&spec.name.len()) || !spec.name.bytes().all(plain) {
            say("its name has 1 to 30 letters, digits, `-`, `_` and `.`".into());
        }
        if !has_product {
            say("is of a product; name that under `product`".into());
        }
        let mut moment = |text: &Option<String>| {
            let text = text.as_deref()?;
            text.parse::<Moment>().map_err(|bad| say(format!("`{text}`: {bad}"))).ok()
        };
        let (deprecated, sunset) = (moment(&spec.deprecated), moment(&spec.sunset));
        if sunset.is_some_and(|sunset| deprecated.is_some_and(|deprecated| sunset < deprecated)) {
            say("`sunset` is not before `deprecated` (RFC 9745 section 4)".into());
        }
        let link = spec.link.as_deref().filter(|link| {
            let is_address = link.starts_with("https://") && !link.contains(['<', '>', '"', ' ']);
            if !is_address {
                say("`link` is an address that begins with https://".into());
            }
            is_address
        });
        let relation = if sunset.is_some() { "sunset" } else { "deprecation" };
        let texts = [
            (DEPRECATION, deprecated.map(|at| format!("@{}", at.seconds()))),
            (SUNSET, sunset.map(Moment::http_date)),
            (LINK, link.map(|link| format!("<{link}>; rel=\"{relation}\"; type=\"text/html\""))),
        ];
        let mut says = Vec::new();
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            match HeaderValue::try_from(text) {
                Ok(value) => says.push((name, value)),
                Err(_) => say(format!("what it says in `{name}` cannot be sent")),
            }
        }
        Version { name: spec.name.as_str().into(), says: says.into() }
    }

    /// Says in an answer's header how long the version will be there. What a backend says about it is replaced; its
    /// links stay.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.says {
            if *name == LINK {
                headers.append(name, value.clone());
            } else {
                headers.insert(name, value.clone());
            }
        }
    }
}

impl Gateway {
    /// Whether a product can be had and this caller has it; gives whether it is public.
    pub(crate) fn has_product(
        &self,
        product: &ProductName,
        tenant: &Tenant,
        caller: &Caller,
    ) -> Result<bool, No> {
        let products = self.0.products.load();
        let offered = products.0.get(product).ok_or_else(|| No::because(problem::PRODUCT_CLOSED))?;
        let is_public = offered.public;
        let subscriber = caller.key().map(|holder| holder.subscriber);
        let has = is_public || tenant.record.subscriptions.open(product, subscriber);
        if !has {
            return Err(No::because(problem::SUBSCRIPTION));
        }
        check_roles(&offered.roles, caller).map(|()| is_public)
    }

    /// Whether the route's product can be had, and this caller has it.
    pub(crate) fn check_product(
        &self,
        route: &Route,
        tenant: &Tenant,
        caller: &Caller,
        onlooker: &mut impl Onlooker,
    ) -> Result<(), No> {
        let Some(product) = &route.product else { return Ok(()) };
        let is_public = self.has_product(product, tenant, caller)?;
        onlooker.passed("product", || {
            let version = route.version.as_ref().map(|version| format!(" in version {}", version.name));
            let how = if is_public { "is public" } else { "is subscribed to" };
            format!("`{product}`{} {how}", version.unwrap_or_default())
        });
        Ok(())
    }
}
