//! Hosts that tenants share: the path or the query names the tenant, and what is one tenant's there is of no
//! use to another (ledger A08, A09, A20, B06).

use crate::town::{BY_QUERY, Engine, Person, SHARED, Town};
use demo::client::{Ask, Page};
use http::Method;
use serde_json::Value;

/// A town in which Contoso and Fabrikam share two hosts.
async fn build(engine: Engine) -> Town {
    let town = Town::build(engine).await;
    town.share_hosts().await;
    town
}

/// Somebody opens a page.
fn ask(town: &Town, host: &str, path: &str) -> Ask {
    Ask::get(&town.at(host, path)).with("accept", "text/html")
}

/// What the backend was asked, as the tenant that the gateway vouches for.
fn seen(page: &Page) -> (String, String) {
    let told: Value = page.json().unwrap_or_else(|_| panic!("{} {} {}", page.url, page.status, page.body));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&told["path"]), text(&told["headers"]["partywall-tenant"]))
}

/// Opens an address in this browser and signs in as `email` where that is asked for.
async fn open(town: &Town, person: Person, email: &'static str, address: &str) -> (Person, Page) {
    let mut person = person.works_as(email);
    let page = person.browser.get(address).await.expect("somebody answers");
    let page = town.log_in(&mut person, page).await;
    (person, page)
}

async fn two_tenants_in_one_browser(engine: Engine) {
    let town = build(engine).await;
    let (contoso, fabrikam) = (town.contoso.as_str(), town.fabrikam.as_str());
    for (host, at_contoso, at_fabrikam, asked) in [
        (SHARED, "/t/contoso/deep/link?x=1", "/t/fabrikam/deep/link?x=1", "/deep/link?x=1"),
        (BY_QUERY, "/deep?x=1&tenant=contoso", "/deep?x=1&tenant=fabrikam", "/deep?x=1&tenant="),
    ] {
        let browser = Person::stranger();
        let (browser, page) = open(&town, browser, "alice@contoso.test", &town.at(host, at_contoso)).await;
        assert_eq!(page.url.as_str(), town.at(host, at_contoso), "she is where she wanted to be");
        let (path, tenant) = seen(&page);
        assert!(path.starts_with(asked) && tenant == contoso, "{path} {tenant}");
        // The same browser, and somebody of Fabrikam's: nothing of alice's opens the door.
        let (mut browser, page) =
            open(&town, browser, "bob@fabrikam.test", &town.at(host, at_fabrikam)).await;
        assert_eq!(page.url.as_str(), town.at(host, at_fabrikam));
        let (path, tenant) = seen(&page);
        assert!(path.starts_with(asked) && tenant == fabrikam, "{path} {tenant}");
        // Both sessions live, side by side.
        for (path, tenant) in [(at_contoso, contoso), (at_fabrikam, fabrikam)] {
            let (status, told) = browser.echo(&town.at(host, path)).await;
            assert_eq!((status, told["headers"]["partywall-tenant"].as_str()), (200, Some(tenant)), "{told}");
            assert!(told["headers"]["cookie"].is_null(), "our cookies stay with us: {told}");
        }
        // Signing out at one ends nothing at the other.
        let leave = town.at(host, &format!("/.partywall/sign-out?tenant={contoso}"));
        let page = browser.browser.get(&leave).await.expect("the page opens");
        let form = page.form("/.partywall/sign-out").unwrap_or_else(|error| panic!("{error}: {}", page.body));
        let going = browser.browser.submit(form).await.expect("the form is taken");
        let on = going.link("/signed-out").expect("the way to id.");
        let page = browser.browser.get(on.as_str()).await.expect("the page opens");
        let again = page.link("/.partywall/sign-in").expect("the way back in");
        assert_eq!(again.host_str(), Some(host), "one signs in again where one was");
        assert_eq!(browser.echo(&town.at(host, at_contoso)).await.0, 401);
        assert_eq!(browser.echo(&town.at(host, at_fabrikam)).await.0, 200);
    }
}

#[tokio::test]
async fn two_tenants_in_one_browser_on_a_host_they_share_on_sqlite() {
    two_tenants_in_one_browser(Engine::Sqlite).await;
}

#[tokio::test]
async fn two_tenants_in_one_browser_on_a_host_they_share_on_postgresql() {
    two_tenants_in_one_browser(Engine::Postgres).await;
}

#[tokio::test]
async fn a_session_on_a_shared_host_is_worthless_under_another_tenant_s_name() {
    let town = build(Engine::Sqlite).await;
    let (mut alice, _) = town.visit("alice@contoso.test", &town.at(SHARED, "/t/contoso/")).await;
    let name = |tenant: &str| format!("pw_session_{tenant}");
    let session = alice.browser.cookies.get(SHARED, &name(&town.contoso)).expect("a session").to_owned();
    assert_eq!(alice.browser.cookies.get(SHARED, "pw_session"), None);
    let hits = town.backend.hits();
    assert_eq!(alice.echo(&town.at(SHARED, "/t/fabrikam/x")).await.0, 401, "there she is nobody");
    // Renamed, planted under the plain name, and carried to the tenants' own hosts.
    alice.browser.cookies.put(SHARED, &name(&town.fabrikam), &session);
    alice.browser.cookies.put(SHARED, "pw_session", &session);
    let (status, refused) = alice.echo(&town.at(SHARED, "/t/fabrikam/x")).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("tenant.unknown")), "{refused}");
    let whose = town.at(SHARED, &format!("/.partywall/session?tenant={}", town.fabrikam));
    assert_eq!(alice.echo(&whose).await.0, 403);
    for host in ["contoso.partywall.localhost", "fabrikam.partywall.localhost"] {
        alice.browser.cookies.put(host, &name(&town.contoso), &session);
        assert_eq!(alice.echo(&town.at(host, "/x")).await.0, 401, "{host}");
    }
    let leave = format!("/.partywall/sign-out?tenant={}", town.fabrikam);
    let forged = Ask::post(&town.at(SHARED, &leave), "").with("accept", "application/json");
    let page = alice.browser.send(&forged).await.expect("somebody answers");
    assert_eq!(page.status, 403, "{}", page.body);
    assert_eq!(town.backend.hits(), hits, "no refused request reached the backend");
    assert_eq!(alice.echo(&town.at(SHARED, "/t/contoso/x")).await.0, 200, "and alice is still in");
}

/// Follows a sign-in at Contoso up to the address where the hand-over is taken.
async fn hand_over(town: &Town, alice: &mut Person) -> String {
    let mut asking = ask(town, SHARED, "/t/contoso/x");
    loop {
        let page = alice.browser.send(&asking).await.expect("somebody answers");
        asking = match page.leads_to() {
            Some(next) if next.path() == "/.partywall/enter" => return next.to_string(),
            Some(next) => Ask::get(next.as_str()).with("accept", "text/html"),
            None => {
                let form = town.login_form(alice, &page);
                let fields: String =
                    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
                Ask::post(form.action.as_str(), &fields)
            }
        };
    }
}

#[tokio::test]
async fn a_hand_over_for_one_tenant_s_part_of_a_shared_host_is_good_nowhere_else() {
    let town = build(Engine::Sqlite).await;
    let mut alice = Person::stranger().works_as("alice@contoso.test");
    let enter = hand_over(&town, &mut alice).await;
    assert!(enter.starts_with(&town.at(SHARED, "/.partywall/enter?")), "{enter}");
    let (status, answer) = alice.echo(&enter.replace(&town.contoso, &town.fabrikam)).await;
    assert!((400..500).contains(&status), "under Fabrikam's name: {status} {answer}");
    let elsewhere = enter.replace(SHARED, BY_QUERY);
    let bind =
        alice.browser.cookies.get(SHARED, &format!("pw_bind_{}", town.contoso)).expect("bound").to_owned();
    for host in [BY_QUERY, "contoso.partywall.localhost"] {
        alice.browser.cookies.put(host, &format!("pw_bind_{}", town.contoso), &bind);
        alice.browser.cookies.put(host, "pw_bind", &bind);
    }
    let (status, answer) = alice.echo(&elsewhere).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("hand-over.refused")), "{answer}");
    let (status, _) = alice.echo(&enter).await;
    assert!((400..500).contains(&status), "whoever shows a code at the wrong host has burnt it");
    let enter = hand_over(&town, &mut alice).await;
    let own = enter.replace(SHARED, "contoso.partywall.localhost");
    assert_eq!(alice.echo(&own).await.0, 403, "nor at the tenant's own host");
    let enter = hand_over(&town, &mut alice).await;
    let (status, answer) = Person::stranger().echo(&enter).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("hand-over.refused")), "{answer}");
    let enter = hand_over(&town, &mut alice).await;
    let page = alice.browser.get(&enter).await.expect("the hand-over is taken");
    assert_eq!(seen(&page), ("/x".to_owned(), town.contoso.clone()));
}

#[tokio::test]
async fn on_a_shared_host_one_returns_to_the_tenant_s_own_part_only() {
    let town = build(Engine::Sqlite).await;
    let begin = |back: &str| {
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        format!("/.partywall/sign-in?tenant={}&return={back}", town.contoso)
    };
    let mut anybody = Person::stranger();
    for forged in [
        "/t/fabrikam/x",
        "/t/contoso/../fabrikam/x",
        "/t/contoso/%2e%2e/fabrikam/x",
        "/.partywall/sign-out?tenant=x",
        "/",
        "//evil.test/t/contoso/",
        "http://evil.test/t/contoso/",
    ] {
        let page = anybody.browser.send(&ask(&town, SHARED, &begin(forged))).await.expect("an answer");
        assert_eq!(page.status, 422, "{forged}: {}", page.body);
    }
    // The same at `id.`, where somebody could be led by a link.
    let id = |host: &str, back: &str| {
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let bind = "A".repeat(43);
        format!("/t/{}/sign-in?for=tenant&bind={bind}&host={host}&return={back}", town.contoso)
    };
    let at_id =
        |path: &str| Ask::get(&format!("{}{path}", town.node.origin("id"))).with("accept", "text/html");
    let page = anybody.browser.send(&at_id(&id(SHARED, "/t/fabrikam/x"))).await.expect("an answer");
    assert_eq!(page.status, 422, "{}", page.body);
    let (mut alice, _) = town.visit("alice@contoso.test", &town.at(SHARED, "/t/contoso/")).await;
    let page = alice.browser.send(&at_id(&id("evil.test", "/t/contoso/x"))).await.expect("an answer");
    let to = page.leads_to().expect("her session at id. hands over at once");
    assert_eq!(to.host_str(), Some("contoso.partywall.localhost"), "a strange host is passed over: {to}");
    // Without a word about it, one comes to the tenant's front page.
    let bare = format!("/.partywall/sign-in?tenant={}", town.contoso);
    let page = alice.browser.send(&ask(&town, SHARED, &bare)).await.expect("an answer");
    assert_eq!(page.leads_to().map(|to| to.path().to_owned()).as_deref(), Some("/t/contoso/"));
    // A tenant that is not named, or named twice, is none.
    for odd in ["/.partywall/sign-in", "/.partywall/sign-in?tenant=contoso&tenant=fabrikam"] {
        let page = anybody.browser.send(&ask(&town, SHARED, odd)).await.expect("an answer");
        assert_eq!(page.status, 403, "{odd}");
    }
}

#[tokio::test]
async fn an_application_s_cookies_stay_in_the_part_of_their_tenant() {
    let town = build(Engine::Sqlite).await;
    let (alice, _) = town.visit("alice@contoso.test", &town.at(SHARED, "/t/contoso/")).await;
    let (mut both, _) = open(&town, alice, "bob@fabrikam.test", &town.at(SHARED, "/t/fabrikam/")).await;
    let set = town.at(SHARED, "/t/contoso/set-cookie?sid=contosos");
    let page = both.browser.send(&Ask::get(&set)).await.expect("the backend answers");
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, told) = both.echo(&town.at(SHARED, "/t/contoso/x")).await;
    assert_eq!(told["headers"]["cookie"], "sid=contosos", "{told}");
    let (_, told) = both.echo(&town.at(SHARED, "/t/fabrikam/x")).await;
    assert!(told["headers"]["cookie"].is_null(), "{told}");
}

#[tokio::test]
async fn one_person_switches_between_tenants_of_a_shared_host() {
    let town = build(Engine::Sqlite).await;
    let (mut alice, _) = town.visit("alice@contoso.test", &town.at(SHARED, "/t/contoso/")).await;
    let switch = format!("/.partywall/switch?tenant={}&to={}", town.contoso, town.fabrikam);
    let page = alice.browser.get(&town.at(SHARED, &switch)).await.expect("somebody answers");
    // Her session at `id.` does not open Fabrikam: its own provider asks who she is.
    assert!(page.form("/login").is_ok(), "{} {}", page.url, page.body);
    assert!(
        page.way.iter().any(|station| station.starts_with(&town.at(SHARED, "/.partywall/sign-in"))),
        "{:?}",
        page.way
    );
    let (status, _) = alice.api(&town, Method::GET, "/v1/self", Value::Null).await;
    assert_ne!(status, 200, "nobody is signed in at the console by that");
}
