//! This room's routes and pages: the API and the pages of operators under `/v1/platform/` and `/platform`,
//! and of a tenant's own admins under `/v1/tenants/{tenant}/` and `/t/{tenant}`.

use crate::{
    Control, anchor, assume, audit_view, brand, certificate, deployment, home, hostname, invitation, issuer,
    job, kept_answer, key_secret, maintenance, overview, own_domain, plan, product, region, resting_name,
    role, route, scope, setting, sign_in_view, subscription, tenant, token, usage_view,
};
use access::{
    ReadAnchors, ReadAuditTrail, ReadDomains, ReadJobs, ReadPlatformAudit, ReadPlatformSettings,
    ReadSettings, ReadSubscriptions, ReadTenantHome, ReadTenants,
};
use axum::extract::FromRef;
use web::{Pages, Routes, Section, Web};

/// All of them.
pub fn routes() -> Routes<Control> {
    api().merge(console())
}

fn api() -> Routes<Control> {
    tenant::http::routes()
        .merge(invitation::http::routes())
        .merge(hostname::http::routes())
        .merge(maintenance::http::routes())
        .merge(certificate::http::routes())
        .merge(own_domain::http::routes())
        .merge(resting_name::http::routes())
        .merge(deployment::http::routes())
        .merge(region::http::routes())
        .merge(route::http::routes())
        .merge(kept_answer::http::routes())
        .merge(plan::http::routes())
        .merge(product::http::routes())
        .merge(subscription::http::routes())
        .merge(role::http::routes())
        .merge(scope::http::routes())
        .merge(key_secret::http::routes())
        .merge(issuer::http::routes())
        .merge(anchor::http::routes())
        .merge(token::http::routes())
        .merge(job::http::routes())
        .merge(assume::http::routes())
        .merge(setting::http::routes())
        .merge(brand::http::routes())
        .merge(brand::http::files())
        .merge(audit_view::http::routes())
        .merge(usage_view::http::routes())
        .merge(sign_in_view::http::routes())
}

fn console() -> Routes<Control> {
    overview::pages::routes()
        .merge(tenant::pages::routes())
        .merge(resting_name::pages::routes())
        .merge(deployment::pages::routes())
        .merge(region::pages::routes())
        .merge(route::pages::routes())
        .merge(plan::pages::routes())
        .merge(product::pages::routes())
        .merge(subscription::pages::routes())
        .merge(role::pages::routes())
        .merge(scope::pages::routes())
        .merge(issuer::pages::routes())
        .merge(token::pages::routes())
        .merge(job::pages::routes())
        .merge(audit_view::pages::routes())
        .merge(home::pages::routes())
        .merge(maintenance::http::console())
        .merge(own_domain::pages::routes())
        .merge(anchor::pages::routes())
        .merge(setting::pages::routes())
        .merge(brand::pages::routes())
        .merge(usage_view::pages::routes())
}

/// This room's pages in the console's navigation.
pub fn pages() -> Pages {
    Pages::new()
        .tenant::<ReadTenantHome>("/t/{tenant}", "Overview", Section::Top, "overview")
        .tenant::<ReadAuditTrail>("/t/{tenant}/audit", "Audit", Section::Activity, "audit")
        .tenant::<ReadSettings>("/t/{tenant}/usage", "Usage", Section::Activity, "usage")
        .tenant::<ReadSubscriptions>("/t/{tenant}/products", "API products", Section::Settings, "plans")
        .tenant::<ReadDomains>("/t/{tenant}/domains", "Domains", Section::Settings, "hostnames")
        .tenant::<ReadAnchors>("/t/{tenant}/anchors", "Trust anchors", Section::SignIn, "keys")
        .tenant::<ReadSettings>("/t/{tenant}/brand", "Look", Section::Settings, "look")
        .tenant::<ReadSettings>("/t/{tenant}/settings", "Settings", Section::Settings, "settings")
        .platform::<ReadTenants>("/platform", "Overview", "overview")
        .platform::<ReadTenants>("/platform/tenants", "Tenants", "tenants")
        .platform::<ReadPlatformSettings>("/platform/deployments", "Deployments", "deployments")
        .platform::<ReadPlatformSettings>("/platform/regions", "Regions", "link")
        .platform::<ReadPlatformSettings>("/platform/routes", "Routes", "link")
        .platform::<ReadPlatformSettings>("/platform/products", "API products", "plans")
        .platform::<ReadPlatformSettings>("/platform/scopes", "Scopes", "keys")
        .platform::<ReadPlatformSettings>("/platform/plans", "Plans", "plans")
        .platform::<ReadPlatformSettings>("/platform/roles", "Roles", "roles")
        .platform::<ReadPlatformSettings>("/platform/issuers", "Token issuers", "link")
        .platform::<ReadPlatformSettings>("/platform/tokens", "Tokens", "keys")
        .platform::<ReadJobs>("/platform/jobs", "Jobs", "jobs")
        .platform::<ReadPlatformAudit>("/platform/audit", "Audit", "audit")
}

impl FromRef<Control> for Web {
    fn from_ref(room: &Control) -> Web {
        room.web.clone()
    }
}
