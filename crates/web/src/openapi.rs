//! The description of the API (OpenAPI 3.1), made from the list of routes. What a route does not say about
//! itself is not in it, so a test of `server` asks that every route of the API says something.

use crate::{FieldError, Route, Surface, Type};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::{
    ToSchema,
    openapi::{
        Components, ComponentsBuilder, Content, HttpMethod, InfoBuilder, License, OpenApi, OpenApiBuilder,
        Paths, Ref, RefOr, Required, Response, ResponseBuilder, Schema, SecurityRequirement, Server,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Type as Kind},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// A refusal or failure (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemOnTheWire {
    /// Where the problem is explained.
    #[serde(rename = "type")]
    kind: String,
    /// The problem in one line.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Which problem it is; stable.
    code: String,
    /// What more there is to say.
    detail: Option<String>,
    /// The request's id.
    instance: Option<String>,
    /// What is wrong with which value.
    errors: Option<Vec<FieldError>>,
}

const TOKEN: &str = "operatorToken";
const CONSOLE: &str = "consoleSession";

/// The description of the API among these routes. Its addresses are relative to where it was fetched.
///
/// # Panics
/// At start, if two different types on the wire have the same name.
pub fn document(routes: &[Route]) -> serde_json::Value {
    serde_json::to_value(describe(routes)).expect("a description is plain data")
}

fn describe(routes: &[Route]) -> OpenApi {
    let mut types = Types::default();
    types.add(&Type::of::<ProblemOnTheWire>());
    let mut paths = Paths::new();
    let described = routes.iter().filter(|route| route.surface == Surface::Api);
    for route in described.filter(|route| route.path.starts_with("/v1/")) {
        paths.add_path_operation(route.path, vec![method(route.method)], operation(route, &mut types));
    }
    let about = "Every answer that is not a success is a problem (RFC 9457) whose code is explained at its type. \
                 Writes with the console's cookie must come from a page of the console or name it as Origin.";
    let license = License::builder().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Partywall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(about))
        .license(Some(license));
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(types.components()))
        .build()
}

fn operation(route: &Route, types: &mut Types) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route)))
        .summary(Some(route.doc.summary))
        .description(Some(format!("The action `{}` of the policy.", route.guard.action)))
        .tag(tag(route.path));
    for name in names_in(route.path) {
        operation = operation.parameter(in_path(name));
    }
    for parameter in &route.doc.query {
        operation = operation.parameter(parameter.clone());
    }
    if let Some(body) = &route.doc.takes {
        let content = Content::new(Some(types.add(body)));
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for (status, body) in &route.doc.answers {
        operation = operation.response(status.to_string(), answer(body.as_ref(), types));
    }
    for range in ["4XX", "5XX"] {
        operation = operation.response(range, Ref::from_response_name("Problem"));
    }
    operation.securities(Some(security(route.guard.scope))).build()
}

fn answer(body: Option<&Type>, types: &mut Types) -> Response {
    let response = ResponseBuilder::new().description("As asked.");
    match body {
        Some(body) => response.content("application/json", Content::new(Some(types.add(body)))).build(),
        None => response.build(),
    }
}

/// With what one may come: an operator token opens no tenant, and what is open needs nothing.
fn security(scope: &str) -> Vec<SecurityRequirement> {
    let one = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    match scope {
        "platform" => vec![one(TOKEN), one(CONSOLE)],
        "open" => vec![],
        _ => vec![one(CONSOLE)],
    }
}

fn in_path(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("The id of the {}.", name.replace('_', " "))))
        .schema(Some(ObjectBuilder::new().schema_type(Kind::String)))
        .build()
}

fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The method and the path's words, for example `get_tenants_tenant_members`.
fn operation_id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/v1/").replace(['{', '}'], "").replace(['/', '-', '.'], "_");
    format!("{}_{words}", route.method.to_lowercase())
}

/// What the path is about: its first noun, or the one within a tenant.
fn tag(path: &str) -> &str {
    let within = path.strip_prefix("/v1/tenants/{tenant}/").or(path.strip_prefix("/v1/"));
    within.and_then(|rest| rest.split('/').next()).unwrap_or("other")
}

fn method(name: &str) -> HttpMethod {
    match name {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// The types met on the way, by name.
#[derive(Default)]
struct Types(BTreeMap<String, RefOr<Schema>>);

impl Types {
    /// Takes a type in and gives what stands for it where it is used: a reference to an object by its
    /// name, anything else itself.
    fn add(&mut self, of: &Type) -> RefOr<Schema> {
        for (name, schema) in &of.within {
            self.put(name, schema);
        }
        match &of.schema {
            RefOr::T(Schema::Array(_)) | RefOr::Ref(_) => of.schema.clone(),
            schema => {
                self.put(&of.name, schema);
                Ref::from_schema_name(of.name.as_ref()).into()
            }
        }
    }

    fn put(&mut self, name: &str, schema: &RefOr<Schema>) {
        let held = self.0.entry(name.to_owned()).or_insert_with(|| schema.clone());
        assert!(held == schema, "two different types on the wire are called {name}; rename one");
    }

    fn components(self) -> Components {
        let problem = ResponseBuilder::new()
            .description("A refusal or failure.")
            .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))));
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("pwo_…")
            .description(Some("An operator token. It opens no tenant."));
        let cookie = crate::cookie::Jar::new(true).name(crate::cookie::CONSOLE);
        let console = ApiKeyValue::with_description(
            cookie,
            "The console's session; at the console's host only.".to_owned(),
        );
        ComponentsBuilder::new()
            .schemas_from_iter(self.0)
            .response("Problem", problem.build())
            .security_scheme(TOKEN, SecurityScheme::Http(token.build()))
            .security_scheme(CONSOLE, SecurityScheme::ApiKey(ApiKey::Cookie(console)))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing::*, *};
    use access::{CreateTenant, ListMembers, ReadTenants};

    #[derive(serde::Deserialize, Serialize, ToSchema)]
    struct Tenant {
        name: String,
        standing: Option<String>,
    }

    fn routes() -> Routes<Web> {
        Routes::new()
            .get("/v1/tenants", async |_: AllowOperator<ReadTenants>, _: Query<Paging>| "")
            .says("Lists tenants.")
            .asks::<Paging>()
            .answers::<Listing<Tenant>>(200)
            .post("/v1/tenants", async |_: AllowOperator<CreateTenant>, _: Json<Tenant>| "")
            .says("Creates a tenant.")
            .takes::<Tenant>()
            .answers::<Tenant>(201)
            .get("/v1/tenants/{tenant}/members", async |_: Allow<ListMembers>| "")
            .says("Lists members.")
            .answers::<Vec<Tenant>>(200)
    }

    #[tokio::test]
    async fn the_description_is_served_and_speaks_of_every_route_of_the_api() {
        let reply = world(routes()).await.get(HostKind::Api, "/v1/openapi.json", &[]).await;
        assert_eq!(reply.header("content-type"), "application/json");
        let json: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
        assert_eq!(json["openapi"], "3.1.0");
        assert_eq!(json["servers"][0]["url"], "/");
        let list = &json["paths"]["/v1/tenants"]["get"];
        assert_eq!(list["summary"], "Lists tenants.");
        assert_eq!(list["parameters"][0]["name"], "after");
        let listing = &list["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(listing, "#/components/schemas/Listing_Tenant");
        assert!(json["components"]["schemas"]["Listing_Tenant"].is_object());
        let members = &json["paths"]["/v1/tenants/{tenant}/members"]["get"];
        assert_eq!(members["parameters"][0]["in"], "path");
        assert_eq!(members["security"], serde_json::json!([{ "consoleSession": [] }]));
        assert_eq!(json["paths"]["/v1/openapi.json"]["get"]["security"], serde_json::json!([]));
    }

    #[tokio::test]
    async fn every_reference_in_the_description_leads_somewhere() {
        let reply = world(routes()).await.get(HostKind::Api, "/v1/openapi.json", &[]).await;
        let json: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
        let references = reply.body.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next());
        let references: Vec<&str> = references.collect();
        assert!(references.len() > 5);
        for reference in references {
            assert!(json.pointer(reference).is_some(), "{reference}");
        }
    }
}
