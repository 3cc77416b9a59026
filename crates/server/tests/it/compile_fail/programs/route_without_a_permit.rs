//! E0277: a handler that asks for no permit cannot be routed.

async fn everything() -> &'static str {
    "everything"
}

pub fn route(routes: web::Routes<web::Web>) -> web::Routes<web::Web> {
    routes.get("/v1/everything", everything)
}
