//! Stories about sign-in domains: whom they let in, whom not, and what they tell nobody.

use crate::tests::{
    browser::Browser,
    console::{AtConsole, api, page},
    house::{House, ID},
    provider::{Account, Provider},
};
use domain::ConnectionId;
use http::Method;
use serde_json::{Value, json};
use testkit::{Village, World, for_each_engine};

/// What the look for a proof leaves behind; that it is left only by one is told where domains are proved.
async fn prove(world: &World, village: &Village, domain: &str) {
    world
        .raw(&format!(
            "INSERT INTO domain_claim (tenant_id, host, token, standing, proof, fault, created_at, checked_at, proved_at,
               lost_at, due_at, serves_requests) VALUES ('{}', '{domain}', 't', 'active', 'dns', '', 1, 1, 1, 0, 9, 0)",
            village.id
        ))
        .await;
    world
        .raw(&format!(
            "INSERT INTO people_domain (domain, tenant, created_at) VALUES ('{domain}', '{}', 1)",
            village.id
        ))
        .await;
}

async fn hide(world: &World, house: &House, village: &Village) {
    let sql = format!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{}'", village.id);
    world.raw(&sql).await;
    house.heard(village).await;
}

/// A second way into a village, as its contractors have one.
async fn second_way(
    house: &House,
    admin: &AtConsole<'_>,
    village: &Village,
    provider: &Provider,
    world: &World,
) -> String {
    let new =
        json!({ "issuer": provider.issuer(), "name": "Contractors", "client_id": "c", "client_secret": "s" });
    let made = admin.send(Method::POST, &api(village, "connections"), new).await.json();
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    world.raw(&format!("UPDATE connection SET standing = 'active', tested_at = 1 WHERE id = '{id}'")).await;
    house.heard(village).await;
    id
}

/// Somebody comes in by this connection; gives what they see, and their browser.
async fn come<'h>(
    house: &'h House,
    village: &Village,
    connection: &str,
    provider: &Provider,
    account: &Account,
) -> (Browser<'h>, crate::tests::browser::Reply) {
    let mut browser = Browser::new(house);
    let start = format!("{}/.partywall/sign-in?return=/&connection={connection}", house.origin(village));
    let address = browser.follow(&start).await.location();
    let reply = browser.follow(&provider.authorize(&address, account)).await;
    (browser, reply)
}

fn at(who: &str, address: &str) -> Account {
    Account { email: Some(address.to_owned()), ..Account::of(who) }
}

async fn bind(admin: &AtConsole<'_>, village: &Village, connection: &str, only: bool) -> Value {
    let path = api(village, "sign-in-domains/contoso.test");
    let bound = admin.send(Method::PUT, &path, json!({ "connection": connection, "only": only })).await;
    assert_eq!(bound.status, 200, "{}", bound.body);
    bound.json()
}

#[tokio::test]
async fn an_employee_cannot_come_by_the_contractors_provider_and_a_contractor_can() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let own = contoso.connection.to_string();
        let second = second_way(&house, &admin, contoso, &house.fabrikam, world).await;
        prove(world, contoso, "contoso.test").await;
        let (mut early, _) =
            come(&house, contoso, &second, &house.fabrikam, &at("eve", "eve@contoso.test")).await;
        assert!(early.session_at(&house, contoso).await.is_some(), "nothing is bound yet");

        assert_eq!(bind(&admin, contoso, &own, true).await["only"], true);
        house.heard(contoso).await;
        assert!(early.session_at(&house, contoso).await.is_none(), "what was open ends");
        let again = early.follow(&format!("{}/.partywall/sign-in?return=/", house.origin(contoso))).await;
        assert!(
            early.session_at(&house, contoso).await.is_none(),
            "nor by the session at id.: {}",
            again.status
        );

        for account in [
            at("alice", "alice@contoso.test"),
            at("alice", "Alice@CONTOSO.test."),
            at("alice", "alice@ｃontoso.test"),
            Account::bare("alice").saying("preferred_username", json!("alice@contoso.test")),
        ] {
            let (mut browser, refused) = come(&house, contoso, &second, &house.fabrikam, &account).await;
            assert_eq!(refused.told(), (403, "sign-in.other-connection".into()), "{account:?}");
            assert!(browser.session_at(&house, contoso).await.is_none());
        }
        let (mut guest, _) =
            come(&house, contoso, &second, &house.fabrikam, &at("gus", "gus@elsewhere.test")).await;
        assert!(guest.session_at(&house, contoso).await.is_some(), "guests come by their own provider");
        let (mut alice, _) =
            come(&house, contoso, &own, &house.contoso, &at("alice", "alice@contoso.test")).await;
        assert!(alice.session_at(&house, contoso).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn no_rule_hides_an_employee_from_their_own_way_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let second = second_way(&house, &admin, contoso, &house.fabrikam, world).await;
        prove(world, contoso, "contoso.test").await;
        bind(&admin, contoso, &contoso.connection.to_string(), true).await;
        let rules = api(contoso, &format!("connections/{second}/claim-rules"));
        let set = json!({ "rules": [{ "rule": "add", "claim": "email", "value": "x@elsewhere.test" }] });
        assert_eq!(admin.send(Method::PUT, &rules, set).await.status, 200);
        let alice = at("alice", "alice@contoso.test");
        let (_, refused) = come(&house, contoso, &second, &house.fabrikam, &alice).await;
        assert_eq!(refused.told(), (403, "sign-in.other-connection".into()));
    })
    .await;
}

#[tokio::test]
async fn an_address_is_relied_upon_only_at_a_domain_that_this_tenant_has_proved() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let own = contoso.connection.to_string();
        let kept = async |village: &Village, connection: &str, provider: &Provider, account: &Account| {
            let (mut browser, reply) = come(&house, village, connection, provider, account).await;
            let session =
                browser.session_at(&house, village).await.unwrap_or_else(|| panic!("{}", reply.body));
            let id = session["member"]["id"].as_str().unwrap().to_owned();
            let admin = AtConsole::person(world, &house, village, &village.admin).await;
            let shown = admin.get(&api(village, &format!("members/{id}"))).await.json();
            (shown["email_verified"].clone(), session["user"].clone())
        };
        let checked = at("alice", "alice@contoso.test").saying("email_verified", json!(true));
        let (before, alice) = kept(contoso, &own, &house.contoso, &checked).await;
        assert_eq!(before, false, "nobody has proved the domain");
        prove(world, contoso, "contoso.test").await;
        assert_eq!(kept(contoso, &own, &house.contoso, &checked).await.0, true);
        let unchecked = at("bob", "bob@contoso.test");
        assert_eq!(
            kept(contoso, &own, &house.contoso, &unchecked).await.0,
            false,
            "the provider does not say so"
        );
        bind(&admin, contoso, &own, false).await;
        assert_eq!(kept(contoso, &own, &house.contoso, &unchecked).await.0, true, "it is the domain's own");
        let elsewhere = at("carl", "carl@elsewhere.test").saying("email_verified", json!(true));
        assert_eq!(kept(contoso, &own, &house.contoso, &elsewhere).await.0, false);

        // Another tenant's provider says that it is alice, and that the tenant is Contoso (nOAuth, and a claimed tenant).
        let forged = checked.saying("tenant", json!(contoso.id.to_string())).saying("tid", json!("contoso"));
        let theirs = fabrikam.connection.to_string();
        let (verified, user) = kept(fabrikam, &theirs, &house.fabrikam, &forged).await;
        assert_eq!(verified, false, "the domain is not theirs");
        assert_ne!(user, alice, "nobody is linked by an address");
    })
    .await;
}

#[tokio::test]
async fn another_tenant_s_domain_and_connection_cannot_be_bound() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        prove(world, contoso, "contoso.test").await;
        prove(world, fabrikam, "fabrikam.test").await;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let mallory = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let put = async |who: &AtConsole<'_>, village: &Village, domain: &str, connection: ConnectionId| {
            let path = api(village, &format!("sign-in-domains/{domain}"));
            who.send(Method::PUT, &path, json!({ "connection": connection })).await.told()
        };
        let unknown = (404, "item.unknown".to_owned());
        assert_eq!(put(&mallory, fabrikam, "contoso.test", fabrikam.connection).await, unknown);
        assert_eq!(put(&mallory, fabrikam, "nobodys.test", fabrikam.connection).await, unknown);
        let foreign = put(&mallory, fabrikam, "fabrikam.test", contoso.connection).await;
        assert_eq!(foreign, (422, "input.invalid".into()));
        assert_ne!(put(&mallory, contoso, "contoso.test", contoso.connection).await.0, 200);
        let list = mallory.get(&api(fabrikam, "sign-in-domains")).await;
        assert!(list.body.contains("fabrikam.test") && !list.body.contains("contoso.test"), "{}", list.body);
        world
            .raw(&format!("UPDATE connection SET standing = 'off' WHERE id = '{}'", contoso.connection))
            .await;
        let off = AtConsole::operator(&house).because("a look at a binding");
        let off = put(&off, contoso, "contoso.test", contoso.connection).await;
        assert_eq!(off, (409, "sign-in-domain.not-in-use".into()));
        drop(admin);
    })
    .await;
}

#[tokio::test]
async fn an_address_leads_to_its_connection_and_says_nothing_about_the_person() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let fabrikam = &house.town.fabrikam;
        let admin = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        prove(world, fabrikam, "fabrikam.test").await;
        let path = api(fabrikam, "sign-in-domains/fabrikam.test");
        let own = fabrikam.connection.to_string();
        assert_eq!(admin.send(Method::PUT, &path, json!({ "connection": own })).await.status, 200);

        let mut carol = Browser::new(&house);
        let start = format!("{}/.partywall/sign-in?return=/x", house.origin(fabrikam));
        let choices = carol.follow(&start).await;
        assert!(choices.body.contains("name=\"address\"") && choices.body.contains("Partners"));
        let mut seen = Vec::new();
        for address in ["carol@fabrikam.test", "nobody@Fabrikam.TEST"] {
            let led = carol.post(&choices.at, &[("address", address)]).await;
            assert!(!led.body.contains("Partners") && !led.body.contains(address), "{}", led.body);
            seen.push(led.link(&format!("connection={own}")));
        }
        assert_eq!(seen[0], seen[1], "whether there is such a person makes no difference");
        let leaving = carol.get(&format!("http://{ID}{}", seen[0])).await;
        assert!(leaving.location().starts_with(&house.fabrikam.issuer()));
        let unknown = carol.post(&choices.at, &[("address", "carol@nobodys.test")]).await;
        assert!(unknown.body.contains("Partners"), "all ways are offered");

        // At the central page: a published organisation is found, an unpublished one is as one that is not there.
        let mut stranger = Browser::new(&house);
        let entry = |address: &str| format!("http://{ID}/?organisation={}", address.replace('@', "%40"));
        let found = stranger.get(&entry("carol@fabrikam.test")).await;
        let link = found.link("domain=fabrikam.test");
        let on = stranger.follow(&format!("http://{ID}{link}")).await;
        assert!(on.location().starts_with(&house.fabrikam.issuer()), "the right connection, and no choice");
        hide(world, &house, fabrikam).await;
        let hidden = stranger.get(&entry("x@fabrikam.test")).await;
        let nobody = stranger.get(&entry("x@nobodyss.test")).await;
        let bare = |reply: &crate::tests::browser::Reply| {
            let text = reply.body.replace("x@fabrikam", "*").replace("x@nobodyss", "*");
            text.split("Request <code>").next().unwrap_or_default().to_owned()
        };
        assert_eq!(bare(&hidden), bare(&nobody));
    })
    .await;
}

#[tokio::test]
async fn a_published_tenant_lists_its_ways_in_with_links_that_work() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let fabrikam = &house.town.fabrikam;
        let mut script = Browser::script(&house);
        let path = format!("{}/.partywall/connections?return=/x", house.origin(fabrikam));
        let listed: Vec<Value> = serde_json::from_str(&script.get(&path).await.body).unwrap();
        assert_eq!(listed.len(), 2);
        for way in &listed {
            let mut browser = Browser::new(&house);
            let leaving = browser.follow(way["sign_in"].as_str().unwrap()).await;
            assert!(leaving.status.is_redirection(), "{}", leaving.body);
        }
        let own = format!("UPDATE connection SET standing = 'off' WHERE id = '{}'", fabrikam.connection);
        world.raw(&own).await;
        let left = script.get(&path).await.body;
        assert!(!left.contains(&fabrikam.connection.to_string()), "{left}");
        let gone = listed.iter().find(|way| way["connection"] == fabrikam.connection.to_string()).unwrap();
        let mut browser = Browser::new(&house);
        let refused = browser.follow(gone["sign_in"].as_str().unwrap()).await;
        assert_eq!(
            refused.told(),
            (409, "sign-in.no-connection".into()),
            "and nobody is led in by another way"
        );

        hide(world, &house, fabrikam).await;
        let hidden = script.get(&path).await;
        assert_eq!(hidden.status, 403);
        let none = script.get(&path.replace("fabrikam", "nobodys")).await;
        assert_eq!((none.status, none.body), (hidden.status, hidden.body));
    })
    .await;
}

#[tokio::test]
async fn a_domain_is_bound_on_a_page_and_locking_oneself_out_must_be_meant() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        house.link(world, contoso, contoso.admin.user, "root").await;
        prove(world, contoso, "contoso.test").await;
        let root = at("root", "root@contoso.test");
        come(&house, contoso, &contoso.connection.to_string(), &house.contoso, &root).await;
        house.heard(contoso).await;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let second = second_way(&house, &admin, contoso, &house.fabrikam, world).await;
        let here = page(contoso, "sign-in-domains");
        assert!(admin.get(&here).await.body.contains("contoso.test"));
        let fields = [("domain", "contoso.test"), ("connection", second.as_str()), ("only", "on")];
        let refused = admin.form(&here, &fields).await;
        assert_eq!(refused.told(), (422, "sign-in-domain.unconfirmed".into()), "{}", refused.body);
        assert!(refused.body.contains("Lock me out"));
        let own = contoso.connection.to_string();
        let bound =
            admin.form(&here, &[("domain", "contoso.test"), ("connection", &own), ("only", "on")]).await;
        assert_eq!(bound.status, 303, "{}", bound.body);
        assert!(admin.get(&here).await.body.contains("Closed to them"));
        let open = admin.form(&here, &[("domain", "contoso.test"), ("connection", "")]).await;
        assert_eq!(open.status, 303);
    })
    .await;
}
