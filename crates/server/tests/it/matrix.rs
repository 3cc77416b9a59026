//! The attack matrix: every route there is, walked by everybody who should not get anywhere. The list comes
//! from the binary itself, so that no route can be left out; what is not understood here fails.

use crate::town::{Engine, Person, SHARED, Town};
use demo::client::{Ask, Browser, Page};
use http::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// One line of `partywall routes`.
#[derive(Clone, Debug)]
struct Route {
    surface: String,
    method: Method,
    path: String,
    scope: String,
    needs: String,
    tenant_from: Option<String>,
}

fn routes(town: &Town) -> Vec<Route> {
    let list = town.node.run(&["routes"]);
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let lines = list.as_array().expect("the list is an array");
    assert!(lines.len() > 50, "the list of routes is suspiciously short: {}", lines.len());
    lines
        .iter()
        .map(|line| Route {
            surface: text(line, "surface"),
            method: text(line, "method").parse().expect("a method"),
            path: text(line, "path"),
            scope: text(line, "scope"),
            needs: text(line, "needs"),
            tenant_from: line["tenant_from"].as_str().map(str::to_owned),
        })
        .collect()
}

/// All of them; those at tenants' hosts a second time, at a host that tenants share.
fn everywhere(town: &Town) -> Vec<Route> {
    let mut all = routes(town);
    let shared = all.iter().filter(|route| route.surface == "tenant").cloned();
    let shared: Vec<Route> = shared.map(|route| Route { surface: "shared".into(), ..route }).collect();
    all.extend(shared);
    all
}

/// Somebody who tries.
struct Attacker {
    name: &'static str,
    person: Person,
    token: Option<String>,
}

/// Contoso's ids, put where a route's path has a name.
async fn targets(town: &Town, alice: &mut Person) -> HashMap<&'static str, String> {
    let base = format!("/v1/tenants/{}", town.contoso);
    let mut first = async |what: &str| {
        let (status, list) = alice.api(town, Method::GET, &format!("{base}/{what}"), Value::Null).await;
        assert_eq!(status, 200, "alice lists {what}: {list}");
        list["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{what} are empty: {list}")).to_owned()
    };
    HashMap::from([
        ("member", first("members").await),
        ("connection", first("connections").await),
        ("provider", first("providers").await),
        ("tenant", town.contoso.clone()),
        ("other", town.fabrikam.clone()),
        ("role", "reader".to_owned()),
    ])
}

/// The path with ids in place of names; what has no id here gets a word that fits nowhere.
fn filled(path: &str, ids: &HashMap<&'static str, String>) -> String {
    let mut filled = String::new();
    for segment in path.split('/').skip(1) {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let text = match name {
            Some("id" | "key") => town_id(ids),
            Some(name) => ids.get(name).cloned().unwrap_or_else(|| "contoso-guess".to_owned()),
            None => segment.to_owned(),
        };
        filled.push('/');
        filled.push_str(&text);
    }
    filled
}

fn town_id(ids: &HashMap<&'static str, String>) -> String {
    ids["tenant"].clone()
}

impl Attacker {
    async fn try_at(&mut self, town: &Town, route: &Route, ids: &HashMap<&'static str, String>) -> Page {
        let label = match route.surface.as_str() {
            "api" if self.token.is_some() => "api",
            "api" | "console" => "console",
            "id" => "id",
            "tenant" => "contoso",
            "shared" => "app",
            other => panic!("a new surface: {other}. Say here at which host it is attacked"),
        };
        let origin = town.node.origin(label);
        let mut address = format!("{origin}{}", filled(&route.path, ids));
        if route.surface == "shared" {
            address.push_str(&format!("?tenant={}", town.contoso));
        }
        let mut ask = match route.method {
            Method::GET => Ask::get(&address),
            _ if route.surface == "api" => Ask::json(route.method.clone(), &address, &json!({})),
            _ => Ask { method: route.method.clone(), ..Ask::post(&address, "") },
        };
        ask = ask.with("origin", &origin).with("accept", "application/json");
        if let Some(token) = &self.token {
            ask = ask.with("authorization", &format!("Bearer {token}"));
        }
        self.person.browser.send(&ask).await.expect("the node answers")
    }
}

/// What is Contoso's and may be in no answer to an outsider.
const CANARIES: [&str; 4] = ["alice", "contoso.test", "login.contoso", "Contoso"];

async fn walk(engine: Engine) {
    let town = Town::build(engine).await;
    town.share_hosts().await;
    let mut alice = town.at_console("alice@contoso.test", &town.contoso).await;
    let ids = targets(&town, &mut alice).await;
    let token = town.node.run(&["token", "create", "scanner", "--rights", "manage"]);
    let token = token["secret"].as_str().unwrap_or_else(|| panic!("no token in {token}")).to_owned();
    let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
    let (fabrikam_browser, _) =
        town.visit("bob@fabrikam.test", &format!("{}/", town.node.origin("fabrikam"))).await;
    // Bob pastes what he has at his own host into Contoso's, and names Contoso's what he has where both share a host.
    let stolen =
        fabrikam_browser.browser.cookies.get("fabrikam.partywall.localhost", "pw_session").map(str::to_owned);
    let stolen = stolen.expect("bob is signed in at his own host");
    bob.browser.cookies.put("contoso.partywall.localhost", "pw_session", &stolen);
    let (shared_browser, _) = town.visit("bob@fabrikam.test", &town.at(SHARED, "/t/fabrikam/")).await;
    let stolen = shared_browser.browser.cookies.get(SHARED, &format!("pw_session_{}", town.fabrikam));
    let stolen = stolen.expect("bob is signed in at the shared host").to_owned();
    bob.browser.cookies.put(SHARED, &format!("pw_session_{}", town.contoso), &stolen);
    let aaron = town.at_console_as_member("aaron@contoso.test", &town.contoso).await;
    let mut attackers = [
        Attacker { name: "nobody", person: Person::stranger(), token: None },
        Attacker { name: "fabrikam's admin", person: bob, token: None },
        Attacker { name: "an operator's script", person: Person::stranger(), token: Some(token) },
        Attacker { name: "contoso's weakest member", person: aaron, token: None },
    ];
    let mut wrong = Vec::new();
    for route in everywhere(&town) {
        for attacker in &mut attackers {
            let page = attacker.try_at(&town, &route, &ids).await;
            if let Some(why) = verdict(attacker.name, &route, &page) {
                wrong.push(format!(
                    "{} {} ({}) as {}: {} {why}",
                    route.method, route.path, route.surface, attacker.name, page.status
                ));
            }
        }
    }
    // After all of that, Contoso is as it was.
    let (status, members) =
        alice.api(&town, Method::GET, &format!("/v1/tenants/{}/members", town.contoso), Value::Null).await;
    assert_eq!(status, 200, "alice still gets in: {members}");
    assert!(wrong.is_empty(), "{} of the walks went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with an answer, if anything is.
fn verdict(attacker: &str, route: &Route, page: &Page) -> Option<String> {
    let status = page.status.as_u16();
    if status >= 500 {
        return Some(format!("a fault of ours: {}", page.body));
    }
    let outsider = attacker != "contoso's weakest member";
    let at_contoso = route.scope == "tenant" && route.tenant_from.as_deref() == Some("address");
    // The registry names its tenants to whoever runs it; who belongs to them it never names.
    let registry = route.scope == "platform" && attacker == "an operator's script";
    let leaks =
        CANARIES.iter().find(|canary| page.body.contains(**canary) && !(registry && **canary == "Contoso"));
    // A published sign-in page names its tenant to everybody; that is what publishing is.
    let public = route.needs == "nothing" && matches!(route.surface.as_str(), "id" | "tenant" | "shared");
    if outsider
        && !public
        && let Some(canary) = leaks
    {
        return Some(format!("the answer holds `{canary}`"));
    }
    let refused = matches!(status, 401 | 403 | 404 | 405) || (status == 303 && attacker == "nobody");
    let must_refuse = match route.scope.as_str() {
        "platform" => attacker != "an operator's script",
        "tenant" if at_contoso && outsider => {
            let with_a_session = matches!(route.surface.as_str(), "tenant" | "shared");
            route.needs != "nothing" || attacker == "fabrikam's admin" && with_a_session
        }
        "tenant" if at_contoso => route.needs.starts_with("right"),
        _ => false,
    };
    (must_refuse && !refused)
        .then(|| format!("should have been refused: {}", page.body.chars().take(200).collect::<String>()))
}

#[tokio::test]
async fn nobody_gets_where_they_should_not_on_sqlite() {
    walk(Engine::Sqlite).await;
}

#[tokio::test]
async fn nobody_gets_where_they_should_not_on_postgresql() {
    walk(Engine::Postgres).await;
}

/// For another tenant's id and for one that nobody has, an outsider gets the same bytes (ledger A22).
#[tokio::test]
async fn unknown_and_foreign_look_the_same() {
    let town = Town::build(Engine::Sqlite).await;
    let mut bob = town.at_console("bob@fabrikam.test", &town.fabrikam).await;
    let nobodys = "tnt_01h2xcejqtf2nbrexx3vqjhp41";
    let list = routes(&town)
        .into_iter()
        .filter(|route| route.path.contains("/{tenant}") && route.needs != "nothing");
    for route in list.filter(|route| matches!(route.surface.as_str(), "api" | "console")) {
        let mut seen = Vec::new();
        for tenant in [town.contoso.as_str(), nobodys] {
            let ids = HashMap::from([("tenant", tenant.to_owned())]);
            let mut attacker = Attacker { name: "bob", person: bob, token: None };
            seen.push(shape(&attacker.try_at(&town, &route, &ids).await));
            bob = attacker.person;
        }
        assert_eq!(seen[0], seen[1], "{} {}", route.method, route.path);
    }
    // The same at the gateway, by host.
    let mut browser = Browser::new();
    let mut at = async |label: &str| {
        let ask = Ask::get(&format!("{}/x", town.node.origin(label))).with("accept", "application/json");
        shape(&browser.send(&ask).await.expect("the gateway answers"))
    };
    assert_eq!(at("nosuch").await, at("nosuchtoo").await);
}

/// Everything about an answer that could tell one refusal from another.
fn shape(page: &Page) -> (u16, Vec<(String, String)>, String) {
    let varying = ["partywall-request-id", "date"];
    let mut headers: Vec<(String, String)> = page
        .headers
        .iter()
        .filter(|(name, _)| !varying.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    (page.status.as_u16(), headers, page.body.clone())
}
