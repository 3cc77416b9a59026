//! This room's routes: the API of operators under `/v1/platform/`, and of a tenant's own admins under
//! `/v1/tenants/{tenant}/`.

use crate::{
    Control, assume, audit_view, deployment, hostname, invitation, plan, resting_name, role, route, setting,
    tenant, token, usage_view,
};
use web::{Pages, Routes};

/// All of them.
pub fn routes() -> Routes<Control> {
    tenant::http::routes()
        .merge(invitation::http::routes())
        .merge(hostname::http::routes())
        .merge(resting_name::http::routes())
        .merge(deployment::http::routes())
        .merge(route::http::routes())
        .merge(plan::http::routes())
        .merge(role::http::routes())
        .merge(token::http::routes())
        .merge(assume::http::routes())
        .merge(setting::http::routes())
        .merge(audit_view::http::routes())
        .merge(usage_view::http::routes())
}

/// This room's pages, put into the console's list.
pub fn pages(pages: Pages) -> Pages {
    pages
}
