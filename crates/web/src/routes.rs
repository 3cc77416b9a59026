//! The list of routes. A room makes one [`Routes`], `server` merges them all, and out of the list come the
//! routers, the description of the API, and the matrix by which the attack tests walk every route as
//! everybody.

use crate::{HostKind, guard::Guard, guard::Guarded};
use access::Needs;
use axum::{
    Router,
    handler::Handler,
    routing::{self, MethodRouter},
};
use std::{borrow::Cow, collections::BTreeMap};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        RefOr, Schema,
        path::{Parameter, ParameterIn},
    },
};

/// Where a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surface {
    /// The API, at `api.`, in the console for its pages, and over the socket. Paths begin with `/v1/`.
    Api,
    /// The console's pages.
    Console,
    /// Sign-in.
    Id,
    /// The reserved prefix on tenants' hosts. Paths begin with `/.partywall/`.
    Tenant,
}

impl Surface {
    /// Every surface.
    pub const ALL: [Surface; 4] = [Surface::Api, Surface::Console, Surface::Id, Surface::Tenant];

    /// Its name in the list.
    pub const fn name(self) -> &'static str {
        match self {
            Surface::Api => "api",
            Surface::Console => "console",
            Surface::Id => "id",
            Surface::Tenant => "tenant",
        }
    }

    /// The hosts at which it answers.
    pub const fn hosts(self) -> &'static [HostKind] {
        match self {
            Surface::Api => &[HostKind::Api, HostKind::Console, HostKind::Socket],
            Surface::Console => &[HostKind::Console],
            Surface::Id => &[HostKind::Id],
            Surface::Tenant => &[HostKind::Tenant],
        }
    }
}

/// One route and everything that is known about it.
#[derive(Clone)]
pub struct Route {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path, with `{names}` for what varies.
    pub path: &'static str,
    /// Where it answers.
    pub surface: Surface,
    /// What it asks of its caller.
    pub guard: Guard,
    /// How it is described to those who call it.
    pub doc: Doc,
}

/// How a route is described.
#[derive(Clone, Default)]
pub struct Doc {
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What its query may hold.
    pub query: Vec<Parameter>,
    /// The type of the body it takes.
    pub takes: Option<Type>,
    /// What it answers when all is well: status, and the type of the body.
    pub answers: Vec<(u16, Option<Type>)>,
}

/// A type on the wire, as the description of the API names it.
#[derive(Clone)]
pub struct Type {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its schema.
    pub schema: RefOr<Schema>,
    /// The schemas of the types within.
    pub within: Vec<(String, RefOr<Schema>)>,
}

impl Type {
    pub(crate) fn of<T: ToSchema>() -> Self {
        let mut within = Vec::new();
        T::schemas(&mut within);
        Type { name: T::name(), schema: T::schema(), within }
    }
}

/// A list of routes over a room's state `S`.
pub struct Routes<S = ()> {
    on: Surface,
    routers: BTreeMap<Surface, Router<S>>,
    list: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Routes::new()
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// At start, if the path does not suit the surface or the permit; see [`Routes`].
            pub fn $name<H, T>(self, path: &'static str, handler: H) -> Self
            where
                H: Handler<T, S>,
                T: Guarded<S> + 'static,
            {
                self.add($text, path, routing::$name(handler), <T as Guarded<S>>::GUARD)
            }
        )*
    };
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet; the first ones are the API's unless [`Routes::on`] says otherwise.
    pub fn new() -> Self {
        Routes { on: Surface::Api, routers: BTreeMap::new(), list: Vec::new() }
    }

    /// The routes that follow answer on this surface.
    pub fn on(mut self, surface: Surface) -> Self {
        self.on = surface;
        self
    }

    methods! {
        /// A route for reading. Its action must not write under a credential: links can be planted.
        get "GET";
        /// A route for making and doing.
        post "POST";
        /// A route for putting a whole thing.
        put "PUT";
        /// A route for changing a part of a thing.
        patch "PATCH";
        /// A route for removing.
        delete "DELETE";
        /// A route for what browsers ask before they ask across origins.
        options "OPTIONS";
    }

    /// Says in one sentence what the last route does.
    pub fn says(mut self, summary: &'static str) -> Self {
        self.last().summary = summary;
        self
    }

    /// Says that the last route takes a body of this type.
    pub fn takes<T: ToSchema>(mut self) -> Self {
        self.last().takes = Some(Type::of::<T>());
        self
    }

    /// Says which query the last route takes.
    pub fn asks<Q: IntoParams>(mut self) -> Self {
        self.last().query = Q::into_params(|| Some(ParameterIn::Query));
        self
    }

    /// Says that the last route answers with this status and a body of this type.
    pub fn answers<T: ToSchema>(mut self, status: u16) -> Self {
        self.last().answers.push((status, Some(Type::of::<T>())));
        self
    }

    /// Says that the last route answers with this status and no body.
    pub fn answers_empty(mut self, status: u16) -> Self {
        self.last().answers.push((status, None));
        self
    }

    fn last(&mut self) -> &mut Doc {
        let last = self.list.last_mut();
        &mut last.expect("a route stands before its description").doc
    }

    fn add(
        mut self,
        method: &'static str,
        path: &'static str,
        handler: MethodRouter<S>,
        guard: Guard,
    ) -> Self {
        let route = Route { method, path, surface: self.on, guard, doc: Doc::default() };
        if let Err(why) = check(&route) {
            panic!("{method} {path} cannot be routed: {why}");
        }
        let router = self.routers.remove(&self.on).unwrap_or_default();
        self.routers.insert(self.on, router.route(path, handler));
        self.list.push(route);
        self
    }

    /// The routes, in the order in which they were added.
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// The same routes with their state given, so that they can be merged with another room's.
    pub fn with_state(self, state: S) -> Routes<()> {
        Routes {
            on: Surface::Api,
            routers: self
                .routers
                .into_iter()
                .map(|(surface, router)| (surface, router.with_state(state.clone())))
                .collect(),
            list: self.list,
        }
    }

    /// Both together.
    pub fn merge(mut self, other: Routes<S>) -> Self {
        for (surface, router) in other.routers {
            let mine = self.routers.remove(&surface).unwrap_or_default();
            self.routers.insert(surface, mine.merge(router));
        }
        self.list.extend(other.list);
        self
    }

    /// The router of one surface.
    pub(crate) fn router(&mut self, surface: Surface) -> Router<S> {
        self.routers.remove(&surface).unwrap_or_default()
    }

    /// The list as data, for `partywall routes`, the policy's picture and the attack matrix.
    pub fn matrix(&self) -> serde_json::Value {
        matrix(&self.list)
    }
}

/// A list of routes as data, in the order of surface, path and method.
pub fn matrix(list: &[Route]) -> serde_json::Value {
    let mut list: Vec<&Route> = list.iter().collect();
    list.sort_by_key(|route| (route.surface, route.path, route.method));
    list.into_iter().map(line).collect()
}

fn line(route: &Route) -> serde_json::Value {
    let needs = match route.guard.needs {
        Needs::Nothing => "nothing".to_owned(),
        Needs::Membership => "membership".to_owned(),
        Needs::Known => "being known".to_owned(),
        Needs::Right(right) => format!("right {right:?}"),
        Needs::Platform => "platform".to_owned(),
    };
    serde_json::json!({
        "surface": route.surface.name(),
        "method": route.method,
        "path": route.path,
        "scope": route.guard.scope,
        "action": route.guard.action,
        "needs": needs,
        "writes": route.guard.writes,
        "tenant_from": route.guard.tenant_from,
        "summary": route.doc.summary,
    })
}

/// Whether path, surface, method and permit suit each other.
fn check(route: &Route) -> Result<(), &'static str> {
    let Route { path, guard, surface, .. } = route;
    if let Some(paths) = guard.only_at {
        return paths
            .contains(path)
            .then_some(())
            .ok_or("its exemption in web::open does not name this path");
    }
    let in_api = path.starts_with("/v1/");
    if (*surface == Surface::Api) != in_api {
        return Err("the API's paths begin with /v1/, and no others do");
    }
    if (*surface == Surface::Tenant) != path.starts_with("/.partywall/") {
        return Err("on a tenant's host, only /.partywall/ is ours");
    }
    let by_address = guard.tenant_from == Some("address");
    if by_address && *surface != Surface::Tenant && !path.contains("/{tenant}") {
        return Err("its action is inside a tenant, so its path must hold {tenant}");
    }
    // What reads the address itself, as a one-time link does, says so by how its name begins.
    let by_another = guard.tenant_from.is_some_and(|from| !from.starts_with("address"));
    if by_another && (path.contains("/{tenant}") || *surface == Surface::Tenant) {
        return Err("its address names a tenant already, so nothing else may");
    }
    if !by_address && path.contains("/{tenant}") && guard.scope == "person" {
        return Err("a person's own things are not at a tenant's address");
    }
    if guard.needs == Needs::Platform {
        return Err("its action is the platform's own; no request ever may");
    }
    let open_to_all = guard.needs == Needs::Nothing;
    if route.method == "GET" && guard.writes && !open_to_all {
        return Err("it writes under a credential, so it must not be a GET");
    }
    Ok(())
}
