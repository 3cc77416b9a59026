//! Stories about SAML: people come in by a provider that speaks it, and others try to.

use crate::{
    provider::{due, look_after},
    tests::{
        browser::{Browser, Reply},
        console::{AtConsole, api, page, trail},
        house::{House, ID},
    },
};
use access::LookAfterProviders;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use protocol::saml::{
    OwnKey,
    forge::{Answer, Signs, attribute, ended_key, metadata, read_request},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use testkit::{Village, World, for_each_engine};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const PROVIDER: &str = "https://idp.contoso.test/metadata";
const SIGN_IN: &str = "https://idp.contoso.test/sso";
static KEY: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Contoso").unwrap());
static NEXT: LazyLock<OwnKey> = LazyLock::new(|| OwnKey::generate("Contoso, next").unwrap());

/// How many people there are.
const PEOPLE: &str = "SELECT COUNT(DISTINCT user_id) FROM member";

/// What the provider publishes, with these keys.
fn published(keys: &[&OwnKey]) -> String {
    metadata(PROVIDER, SIGN_IN, keys)
}

/// A connection as the API shows it, made from this metadata.
async fn connect(admin: &AtConsole<'_>, at: &Village, document: &str) -> Value {
    let new = json!({ "metadata": document, "name": "By SAML" });
    let made = admin.send(Method::POST, &api(at, "connections"), new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

fn id_of(connection: &Value) -> String {
    connection["id"].as_str().unwrap().to_owned()
}

/// Leaves for the provider; gives its address.
async fn leave(house: &House, browser: &mut Browser<'_>, at: &Village, id: &str) -> String {
    let begin = format!("{}/.partywall/sign-in?return=/surveys&connection={id}", house.origin(at));
    browser.follow(&begin).await.location()
}

/// No provider gives two assertions one name.
fn next_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("_a{}", COUNT.fetch_add(1, Relaxed))
}

/// The sound answer to a request, about alice.
fn answer_to(house: &House, address: &str) -> Answer {
    assert!(address.starts_with(SIGN_IN), "{address}");
    let (request, entity) = read_request(address).unwrap();
    let mut answer = Answer::of(PROVIDER, &entity, &format!("{entity}/acs"), &request, house.room.now());
    answer.id = next_id();
    answer.attributes += &attribute("displayName", &["Alice Example"]);
    answer
}

/// Posts it as a page of another site does: without a cookie.
async fn post(house: &House, consumer: &str, xml: &str) -> Reply {
    let field = BASE64_STANDARD.encode(xml);
    Browser::new(house)
        .post(consumer, &[("SAMLResponse", &field), ("RelayState", "https://evil.test/")])
        .await
}

/// Posts it and goes where that leads.
async fn bring(house: &House, browser: &mut Browser<'_>, consumer: &str, xml: &str) -> Reply {
    let posted = post(house, consumer, xml).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    browser.follow(&posted.location()).await
}

async fn activate(house: &House, admin: &AtConsole<'_>, at: &Village, id: &str, key: &OwnKey) {
    let shown = admin.form(&page(at, &format!("connections/{id}/test")), &[]).await;
    let mut browser = Browser::new(house);
    let address = browser.follow(&shown.link("/trial?ticket=")).await.location();
    let answer = answer_to(house, &address);
    let tried = bring(house, &mut browser, &answer.recipient, &answer.by(key)).await;
    assert!(tried.body.contains("answer is believed"), "{}", tried.body);
    let path = api(at, &format!("connections/{id}/activate"));
    let active = admin.post(&path).await;
    assert_eq!(active.status, 200, "{}", active.body);
}

#[tokio::test]
async fn an_admin_connects_a_saml_provider_alone_and_people_sign_in_by_it() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let made = connect(&admin, contoso, &published(&[&KEY])).await;
        let id = id_of(&made);
        let entity = format!("http://{ID}/saml/{id}");
        assert_eq!((&made["kind"], &made["issuer"]), (&json!("saml"), &json!(PROVIDER)));
        assert_eq!(
            (&made["client_id"], &made["redirect_uri"]),
            (&json!(entity), &json!(format!("{entity}/acs")))
        );
        let shown = admin.get(&page(contoso, &format!("connections/{id}"))).await.body;
        assert!(shown.contains(&format!("{entity}/acs")) && shown.contains(&format!("{entity}/metadata")));
        let ours = Browser::new(&house).get(&format!("{entity}/metadata")).await;
        assert!(
            ours.body.contains(&format!("entityID=\"{entity}\"")) && ours.body.contains("X509Certificate")
        );

        let early = admin.post(&api(contoso, &format!("connections/{id}/activate"))).await;
        assert_eq!(early.told(), (409, "connection.untested".into()));
        activate(&house, &admin, contoso, &id, &KEY).await;

        let before = world.number(PEOPLE).await;
        for _ in 0..2 {
            let mut alice = Browser::new(&house);
            let address = leave(&house, &mut alice, contoso, &id).await;
            let answer = answer_to(&house, &address);
            let there = bring(&house, &mut alice, &answer.recipient, &answer.by(&KEY)).await;
            assert!(there.location().ends_with("/surveys"), "where she wanted to go: {}", there.location());
            assert!(alice.cookie(&house.host(contoso), "pw_session").is_some());
        }
        assert_eq!(world.number(PEOPLE).await, before + 1, "and is the same person each time");
        let told = trail(world, contoso.id).await;
        assert!(told.contains("\"answer\":\"taken\""), "{told}");
        house.town.canary.is_absent(&shown);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_not_believed_lets_nobody_in_and_ends_nobodys_sign_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let id = id_of(&connect(&admin, contoso, &published(&[&KEY])).await);
        activate(&house, &admin, contoso, &id, &KEY).await;
        let mut alice = Browser::new(&house);
        let address = leave(&house, &mut alice, contoso, &id).await;
        let sound = answer_to(&house, &address);
        let with = |change: fn(&mut Answer)| {
            let mut answer = sound.clone();
            change(&mut answer);
            answer.by(&KEY)
        };
        let evil = sound.assertion("_evil", "").replace(">alice<", ">admin<");
        let whole = sound.by(&KEY);
        let wrapped = whole.replace("<saml:Assertion", &format!("{evil}<saml:Assertion"));
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let mut late = sound.clone();
        (late.until, late.confirmed_until) = (late.made - minutes(10), late.made - minutes(10));
        for (code, xml) in [
            ("saml.signature", with(|answer| answer.signs = Signs::Nothing)),
            ("saml.signature", sound.by(&NEXT)),
            ("saml.addressee", with(|answer| answer.audience = answer.audience.replace("con_", "con_x"))),
            ("saml.addressee", with(|answer| answer.issuer = "https://idp.fabrikam.test".into())),
            ("saml.time", late.by(&KEY)),
            ("saml.malformed", wrapped),
            ("saml.malformed", format!("<!DOCTYPE a>{whole}")),
        ] {
            let page = bring(&house, &mut alice, &sound.recipient, &xml).await;
            assert_eq!(page.code(), code, "{}", page.body);
            assert!(alice.cookie(&house.host(contoso), "pw_session").is_none());
        }
        let there = bring(&house, &mut alice, &sound.recipient, &whole).await;
        assert!(there.location().ends_with("/surveys"), "the sound one is as good as before");
        // Once.
        let again = bring(&house, &mut alice, &sound.recipient, &whole).await;
        assert_eq!(again.code(), "callback.state");
        assert_eq!(world.number("SELECT COUNT(*) FROM brought_answer").await, 0, "nothing is left behind");
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_somebody_elses_request_lets_nobody_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let id = id_of(&connect(&admin, contoso, &published(&[&KEY])).await);
        activate(&house, &admin, contoso, &id, &KEY).await;
        let mut mallory = Browser::new(&house);
        let hers = answer_to(&house, &leave(&house, &mut mallory, contoso, &id).await);
        let posted = post(&house, &hers.recipient, &hers.by(&KEY)).await;
        // Neither a browser that never left, nor one that left with another request.
        let mut victim = Browser::new(&house);
        leave(&house, &mut victim, contoso, &id).await;
        assert_eq!(victim.follow(&posted.location()).await.code(), "callback.state");
        assert!(victim.cookie(&house.host(contoso), "pw_session").is_none());
        // And what was brought is burnt.
        assert_eq!(mallory.follow(&posted.location()).await.code(), "callback.state");
        // Nor does what is said in another protocol: the state is that of a sign-in by SAML.
        let (request, _) = read_request(&leave(&house, &mut victim, contoso, &id).await).unwrap();
        let callback = format!("http://{ID}/callback/{id}?code=x&state={}", &request[1..]);
        assert_eq!(victim.get(&callback).await.code(), "callback.state");
        for query in ["", "?code=x", "?refused=x", "?code=x&refused=y"] {
            let reply = victim.get(&format!("http://{ID}/saml/{id}/continue{query}")).await;
            assert_eq!(reply.code(), "callback.state", "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_tenants_answer_is_good_at_anothers_connection() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        // The same entity id in both: Fabrikam names Contoso's provider, and even with its keys.
        let ours = id_of(&connect(&admin, contoso, &published(&[&KEY])).await);
        let theirs = id_of(&connect(&other, fabrikam, &published(&[&KEY, &NEXT])).await);
        activate(&house, &admin, contoso, &ours, &KEY).await;
        activate(&house, &other, fabrikam, &theirs, &NEXT).await;
        // Fabrikam's key means nothing at Contoso's connection.
        let mut browser = Browser::new(&house);
        let at_contoso = answer_to(&house, &leave(&house, &mut browser, contoso, &ours).await);
        let forged = bring(&house, &mut browser, &at_contoso.recipient, &at_contoso.by(&NEXT)).await;
        assert_eq!(forged.code(), "saml.signature");
        // An answer for one connection, posted to the other.
        let elsewhere = at_contoso.recipient.replace(&ours, &theirs);
        let moved = bring(&house, &mut browser, &elsewhere, &at_contoso.by(&KEY)).await;
        assert_eq!(moved.code(), "saml.addressee");
        // One that is good there, for the request that left from here.
        let mut dressed = at_contoso.clone();
        for part in [&mut dressed.audience, &mut dressed.recipient, &mut dressed.destination] {
            *part = part.replace(&ours, &theirs);
        }
        let dressed = bring(&house, &mut browser, &elsewhere, &dressed.by(&KEY)).await;
        assert_eq!(dressed.code(), "callback.state");
        // Brought to the other's address.
        let posted = post(&house, &at_contoso.recipient, &at_contoso.by(&KEY)).await;
        let swapped = posted.location().replace(&ours, &theirs);
        assert_eq!(browser.follow(&swapped).await.code(), "callback.state");
        assert!(browser.cookie(&house.host(contoso), "pw_session").is_none());
        assert!(browser.cookie(&house.host(fabrikam), "pw_session").is_none());
        // The same name at two providers is two people.
        let before = world.number(PEOPLE).await;
        for (village, id) in [(contoso, &ours), (fabrikam, &theirs)] {
            let mut alice = Browser::new(&house);
            let answer = answer_to(&house, &leave(&house, &mut alice, village, id).await);
            bring(&house, &mut alice, &answer.recipient, &answer.by(&KEY)).await;
            assert!(alice.cookie(&house.host(village), "pw_session").is_some());
        }
        assert_eq!(world.number(PEOPLE).await, before + 2);
    })
    .await;
}

#[tokio::test]
async fn a_shared_provider_signs_for_each_connection_apart_and_only_while_it_is_shared() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let other = AtConsole::person(world, &house, fabrikam, &fabrikam.admin).await;
        let made = connect(&admin, contoso, &published(&[&KEY])).await;
        let provider = made["provider"].as_str().unwrap();
        let share = api(contoso, &format!("providers/{provider}/shares/{}", fabrikam.id));
        let refused =
            other.send(Method::POST, &api(fabrikam, "connections"), json!({ "provider": provider })).await;
        assert_eq!(refused.code(), "provider.unknown");
        assert_eq!(admin.send(Method::PUT, &share, json!({})).await.status, 204);
        let theirs =
            other.send(Method::POST, &api(fabrikam, "connections"), json!({ "provider": provider })).await;
        assert_eq!(theirs.status, 201, "{}", theirs.body);
        let theirs = id_of(&theirs.json());
        activate(&house, &other, fabrikam, &theirs, &KEY).await;
        let mut dana = Browser::new(&house);
        let answer = answer_to(&house, &leave(&house, &mut dana, fabrikam, &theirs).await);
        assert_eq!(admin.delete(&share).await.status, 204);
        let posted = post(&house, &answer.recipient, &answer.by(&KEY)).await;
        assert_eq!(posted.code(), "sign-in.no-connection");
        assert_eq!(admin.send(Method::PUT, &share, json!({})).await.status, 204);
        bring(&house, &mut dana, &answer.recipient, &answer.by(&KEY)).await;
        assert!(dana.cookie(&house.host(fabrikam), "pw_session").is_some());
        // Its metadata is its owner's to change.
        let path = api(fabrikam, &format!("providers/{provider}/metadata"));
        let taken = other.send(Method::PUT, &path, json!({ "metadata": published(&[&NEXT]) })).await;
        assert_eq!(taken.told(), (404, "item.unknown".into()));
    })
    .await;
}

/// S18: what is switched off, or not in use yet, takes no answers.
#[tokio::test]
async fn s18_a_connection_that_is_off_or_a_draft_lets_nobody_in() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let id = id_of(&connect(&admin, contoso, &published(&[&KEY])).await);
        let consumer = format!("http://{ID}/saml/{id}/acs");
        let draft = Answer::of(PROVIDER, &consumer.replace("/acs", ""), &consumer, "_x", house.room.now());
        let mut nobody = Browser::new(&house);
        assert_eq!(bring(&house, &mut nobody, &consumer, &draft.by(&KEY)).await.code(), "callback.state");
        activate(&house, &admin, contoso, &id, &KEY).await;
        let mut alice = Browser::new(&house);
        let answer = answer_to(&house, &leave(&house, &mut alice, contoso, &id).await);
        let posted = post(&house, &answer.recipient, &answer.by(&KEY)).await;
        let off = api(contoso, &format!("connections/{id}/switch-off"));
        assert_eq!(admin.send(Method::POST, &off, json!({ "confirm": true })).await.status, 200);
        assert_eq!(alice.follow(&posted.location()).await.code(), "sign-in.no-connection");
        let answer = Answer { id: next_id(), ..answer };
        assert_eq!(post(&house, &answer.recipient, &answer.by(&KEY)).await.code(), "sign-in.no-connection");
        // An OpenID connection takes none either, and what is no connection of anybody is like it.
        let oidc = format!("http://{ID}/saml/{}/acs", contoso.connection);
        assert_eq!(post(&house, &oidc, &answer.by(&KEY)).await.code(), "sign-in.no-connection");
        let none = format!("http://{ID}/saml/con_01h455vb4pex5vsknk084sn02q/acs");
        assert_eq!(post(&house, &none, &answer.by(&KEY)).await.status, 403);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_begins_at_the_provider_only_where_that_is_switched_on() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let id = id_of(&connect(&admin, contoso, &published(&[&KEY])).await);
        activate(&house, &admin, contoso, &id, &KEY).await;
        let consumer = format!("http://{ID}/saml/{id}/acs");
        let unasked = || {
            let entity = consumer.replace("/acs", "");
            let mut answer = Answer::of(PROVIDER, &entity, &consumer, "_x", house.room.now());
            (answer.answers, answer.response_answers) = (String::new(), String::new());
            answer.id = next_id();
            answer.by(&KEY)
        };
        let mut alice = Browser::new(&house);
        assert_eq!(bring(&house, &mut alice, &consumer, &unasked()).await.code(), "saml.unsolicited");
        let path = api(contoso, &format!("connections/{id}"));
        let changed = admin.send(Method::PATCH, &path, json!({ "idp_initiated": true })).await;
        assert_eq!(changed.json()["idp_initiated"], true, "{}", changed.body);
        // The answer is used up, and a fresh sign-in begins: nobody is signed in as whom another site chose.
        let begun = post(&house, &consumer, &unasked()).await;
        assert!(begun.location().starts_with(&house.origin(contoso)), "{}", begun.location());
        let away = alice.follow(&begun.location()).await.location();
        let answer = answer_to(&house, &away);
        bring(&house, &mut alice, &answer.recipient, &answer.by(&KEY)).await;
        assert!(alice.cookie(&house.host(contoso), "pw_session").is_some());
    })
    .await;
}

/// A place where a document lies, which can be changed.
async fn served(text: &Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/metadata", listener.local_addr().unwrap());
    let text = text.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let body = text.lock().unwrap().clone();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    address
}

async fn refresh(world: &World, house: &House) -> usize {
    let all = due(&house.room, &world.upkeep()).await.unwrap();
    for one in &all {
        let permit = house.room.web.warden.background::<LookAfterProviders>(one.tenant, world.origin());
        look_after(&house.room, &permit, one).await.unwrap();
    }
    all.len()
}

#[tokio::test]
async fn a_provider_changes_its_certificate_and_nobody_has_to_do_anything() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let document = Arc::new(Mutex::new(published(&[&KEY])));
        let new = json!({ "metadata_url": served(&document).await, "name": "By SAML" });
        let made = admin.send(Method::POST, &api(contoso, "connections"), new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = id_of(&made.json());
        let provider = api(contoso, &format!("providers/{}", made.json()["provider"].as_str().unwrap()));
        activate(&house, &admin, contoso, &id, &KEY).await;
        assert_eq!(refresh(world, &house).await, 0, "it was read just now");
        let signs_in = async |key: &OwnKey| {
            let mut alice = Browser::new(&house);
            let answer = answer_to(&house, &leave(&house, &mut alice, contoso, &id).await);
            bring(&house, &mut alice, &answer.recipient, &answer.by(key)).await;
            alice.cookie(&house.host(contoso), "pw_session").is_some()
        };
        // What cannot be used takes nothing away, and is told.
        world.pass(Duration::from_secs(3_700));
        *document.lock().unwrap() = published(&[]);
        assert_eq!(refresh(world, &house).await, 1);
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let shown = admin.get(&provider).await.json();
        assert!(shown["published"]["fault"].as_str().unwrap().contains("no certificate"), "{shown}");
        assert!(signs_in(&KEY).await, "and people go on signing in");
        *document.lock().unwrap() = published(&[&NEXT]).replace(PROVIDER, "https://idp.evil.test");
        world.pass(Duration::from_secs(700));
        assert_eq!(refresh(world, &house).await, 1);
        assert!(!signs_in(&NEXT).await, "another entity's metadata is not this provider's");
        // An answer under a key that nobody knows yet has the metadata fetched sooner.
        *document.lock().unwrap() = published(&[&KEY, &NEXT]);
        world.pass(Duration::from_secs(120));
        assert!(!signs_in(&NEXT).await);
        assert_eq!(refresh(world, &house).await, 1);
        assert!(signs_in(&NEXT).await && signs_in(&KEY).await, "both count while they overlap");
        let shown = admin.get(&provider).await.json();
        assert_eq!(shown["published"]["certificates"].as_array().unwrap().len(), 2, "{shown}");
        assert!(shown["published"]["fault"].is_null());
    })
    .await;
}

#[tokio::test]
async fn metadata_that_is_broken_or_ended_makes_no_connection_that_could_be_activated() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let contoso = &house.town.contoso;
        let admin = AtConsole::person(world, &house, contoso, &contoso.admin).await;
        let path = api(contoso, "connections");
        let broken = published(&[&KEY]).replace("MII", "AAA");
        for document in [published(&[]), broken, "<x/>".into(), "<!DOCTYPE a><a/>".into(), String::new()] {
            let refused = admin.send(Method::POST, &path, json!({ "metadata": document })).await;
            assert!(refused.status.is_client_error() || refused.status.as_u16() == 502, "{}", refused.body);
        }
        let both = json!({ "metadata": "x", "issuer": "https://a.test", "client_id": "c" });
        assert_eq!(admin.send(Method::POST, &path, both).await.code(), "input.invalid");
        let ended = ended_key("Contoso, long ago");
        let id = id_of(&connect(&admin, contoso, &published(&[&ended])).await);
        let shown = admin.form(&page(contoso, &format!("connections/{id}/test")), &[]).await;
        let mut browser = Browser::new(&house);
        let answer = answer_to(&house, &browser.follow(&shown.link("/trial?ticket=")).await.location());
        bring(&house, &mut browser, &answer.recipient, &answer.by(&ended)).await;
        let refused = admin.post(&api(contoso, &format!("connections/{id}/activate"))).await;
        assert_eq!(refused.told(), (409, "connection.certificate".into()));
        // A failed test says why, in words.
        let shown = admin.form(&page(contoso, &format!("connections/{id}/test")), &[]).await;
        let answer = answer_to(&house, &browser.follow(&shown.link("/trial?ticket=")).await.location());
        let failed = bring(&house, &mut browser, &answer.recipient, &answer.by(&NEXT)).await;
        assert!(failed.body.contains("none of the certificates"), "{}", failed.body);
    })
    .await;
}
