//! The page that browsers get while a tenant's application is being worked on.

use crate::{HostKind, Plain};
use access::Tenant;
use askama::Template;

#[derive(Template)]
#[template(path = "plain.html")]
struct MaintenancePage {
    plain: Plain,
    body: &'static str,
}

/// The page, in the tenant's name. It asks for the same address again after so many seconds, and so leads back to
/// where somebody wanted to go once the work is done.
pub fn maintenance_page(tenant: &Tenant, seconds: u32) -> String {
    let plain = Plain::at(HostKind::Tenant, String::new())
        .of(tenant)
        .title("We are working on this")
        .describe(
            "It will be back shortly, and nothing is lost. This page goes on by itself as soon as it is.",
        )
        .refresh(seconds);
    MaintenancePage { plain, body: "" }.render().expect("a template that only holds texts can be written")
}
