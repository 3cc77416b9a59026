//! Surveys, asked the way the gateway asks: one context and one proof to a request.

mod gateway;

use axum::http::StatusCode;
use gateway::{CONTOSO, FABRIKAM, House};
use serde_json::json;

const LUNCH: &str = "title=Lunch&about=What+shall+we+eat%3F&q-0-prompt=Which+day%3F&q-0-kind=choice\
     &q-0-options=Monday%0D%0AFriday&q-1-prompt=How+hungry+are+you%3F&q-1-kind=scale&q-2-prompt=Wishes%3F&save=yes";

#[tokio::test]
async fn nobody_reaches_anything_without_a_context() {
    let house = House::new();
    for path in ["/", "/surveys/new", "/api/surveys", "/spa", "/live", "/assets/surveys.css", "/no-such-page"]
    {
        let answer = house.bare(path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.body, "This address answers only through its gateway.\n", "{path}");
    }
}

#[tokio::test]
async fn a_stranger_is_welcomed_and_sent_to_sign_in() {
    let house = House::new();
    let stranger = house.nobody(&CONTOSO);
    let page = stranger.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("/.partywall/sign-in?return=%2F"));
    let answer = stranger.get("/surveys/new?x=1").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location, "/.partywall/sign-in?return=%2Fsurveys%2Fnew%3Fx%3D1");
    assert_eq!(stranger.get("/api/surveys").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_bar_says_who_you_are_where_and_as_what() {
    let house = House::new();
    let page = house.person(&CONTOSO, "alice", &["admin", "reader"]).get("/").await;
    for words in ["Contoso", "alice@contoso.test", "admin", "/.partywall/switch", "/.partywall/sign-out"] {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(page.body.contains("https://console.example.com/t/tnt_contoso"));
}

#[tokio::test]
async fn a_creator_asks_a_reader_answers_and_the_creator_reads_it() {
    let house = House::new();
    let creator = house.person(&CONTOSO, "carol", &["creator"]);
    let reader = house.person(&CONTOSO, "aaron", &["reader"]);

    let made = creator.post("/surveys/new", LUNCH).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let page = reader.get(&made.location).await;
    assert!(page.body.contains("Which day?") && page.body.contains("Friday"));

    let answered =
        reader.post(&format!("{}/answer", made.location), "q1=Friday&q2=4&q3=Soup%2C+please").await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.body);
    let results = creator.get(&format!("{}/results", made.location)).await;
    assert!(results.body.contains("Soup, please") && results.body.contains("aaron"));
    assert_eq!(reader.get(&format!("{}/results", made.location)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn answering_again_changes_ones_mind() {
    let house = House::new();
    let admin = house.person(&CONTOSO, "alice", &["admin"]);
    let survey = admin.post("/surveys/new", LUNCH).await.location;
    admin.post(&format!("{survey}/answer"), "q1=Friday").await;
    admin.post(&format!("{survey}/answer"), "q1=Monday").await;
    let results = admin.get(&format!("/api{survey}/results")).await.json();
    assert_eq!(results["answers"], 1);
    assert_eq!(results["questions"][0]["counts"][0], json!({ "option": "Monday", "count": 1 }));
}

#[tokio::test]
async fn roles_reach_as_far_as_their_table_says() {
    let house = House::new();
    let creator = house.person(&CONTOSO, "carol", &["creator"]);
    let other = house.person(&CONTOSO, "chris", &["creator"]);
    let reader = house.person(&CONTOSO, "aaron", &["reader"]);
    let admin = house.person(&CONTOSO, "alice", &["admin"]);
    let nothing = house.person(&CONTOSO, "nils", &[]);
    let survey = creator.post("/surveys/new", LUNCH).await.location;

    assert_eq!(reader.post("/surveys/new", LUNCH).await.status, StatusCode::FORBIDDEN);
    assert_eq!(nothing.get(&survey).await.status, StatusCode::NOT_FOUND);
    assert!(nothing.get("/").await.body.contains("You have no role here yet"));
    assert_eq!(other.get(&format!("{survey}/edit")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.get(&format!("{survey}/edit")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.get(&format!("{survey}/results")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.get(&format!("{survey}/results")).await.status, StatusCode::OK);
    assert_eq!(reader.post(&format!("{survey}/delete"), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.post(&format!("{survey}/delete"), "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(creator.get(&survey).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_survey_of_another_tenant_is_not_there_by_any_verb() {
    let house = House::new();
    let bob = house.person(&FABRIKAM, "bob", &["admin"]);
    let alice = house.person(&CONTOSO, "alice", &["admin", "creator", "reader"]);
    let secret = bob.post("/surveys/new", LUNCH).await.location;
    for path in ["", "/edit", "/results", "/delete"] {
        assert_eq!(alice.get(&format!("{secret}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/answer", "/edit", "/delete"] {
        let answer = alice.post(&format!("{secret}{path}"), "q1=Friday&title=x&q-0-prompt=y").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(alice.get(&format!("/api{secret}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.get("/api/surveys").await.json()["surveys"], json!([]));
    assert_eq!(bob.get("/api/surveys").await.json()["surveys"][0]["title"], "Lunch");
}

#[tokio::test]
async fn answers_stay_with_their_question_when_a_survey_is_edited() {
    let house = House::new();
    let creator = house.person(&CONTOSO, "carol", &["creator"]);
    let survey = creator.post("/surveys/new", LUNCH).await.location;
    creator.post(&format!("{survey}/answer"), "q3=Soup").await;
    let edit = "title=Lunch&q-0-prompt=New%3F&q-1-id=q3&q-1-prompt=Any+wishes%3F&save=yes";
    assert_eq!(creator.post(&format!("{survey}/edit"), edit).await.status, StatusCode::SEE_OTHER);
    let results = creator.get(&format!("/api{survey}/results")).await.json();
    assert_eq!(results["questions"][0]["words"], json!([]));
    assert_eq!(results["questions"][1]["words"][0]["said"], "Soup");
}

#[tokio::test]
async fn a_draft_that_is_no_survey_comes_back_with_the_reason_and_the_words() {
    let house = House::new();
    let creator = house.person(&CONTOSO, "carol", &["creator"]);
    let page = creator.post("/surveys/new", "title=%3Cb%3EHm&q-0-prompt=Which%3F&q-0-kind=choice").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("needs 2 to 20 different options"));
    assert!(page.body.contains("&#60;b&#62;Hm"), "typed text comes back, and comes back escaped");
    let more = creator.post("/surveys/new", "title=Hm&q-0-prompt=Which%3F&more=yes").await;
    assert_eq!(more.status, StatusCode::OK);
    assert!(more.body.contains("Question 4"));
}

#[tokio::test]
async fn the_api_does_what_the_pages_do() {
    let house = House::new();
    let creator = house.person(&CONTOSO, "carol", &["creator"]);
    let draft = json!({ "title": "Desk", "questions": [{ "prompt": "Sit or stand?", "kind": "choice", "options": ["Sit", "Stand"] }] });
    let made = creator.send("POST", "/api/surveys", draft).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let wrong = creator
        .send("POST", &format!("/api/surveys/{id}/answers"), json!({ "answers": { "q1": "Lie" } }))
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = creator
        .send("POST", &format!("/api/surveys/{id}/answers"), json!({ "answers": { "q1": "Stand" } }))
        .await;
    assert_eq!(right.json()["answers"], 1);
    assert_eq!(
        creator.send("DELETE", &format!("/api/surveys/{id}"), json!({})).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn a_form_on_a_sibling_tenants_page_changes_nothing_here() {
    let house = House::new();
    let admin = house.person(&CONTOSO, "alice", &["admin"]);
    for (name, value) in [
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://fabrikam.example.com"),
        ("origin", "null"),
    ] {
        let answer = admin.with(name, value).post("/surveys/new", LUNCH).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    let own = admin.with("origin", "https://contoso.example.com").post("/surveys/new", LUNCH).await;
    assert_eq!(own.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn surveys_are_still_there_after_a_restart() {
    let house = House::new();
    let survey = house.person(&CONTOSO, "carol", &["creator"]).post("/surveys/new", LUNCH).await.location;
    let house = house.restarted();
    assert_eq!(house.person(&CONTOSO, "carol", &["creator"]).get(&survey).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_watcher_hears_of_answers_in_the_same_tenant_only() {
    let house = House::new();
    let alice = house.person(&CONTOSO, "alice", &["admin"]);
    let bob = house.person(&FABRIKAM, "bob", &["admin"]);
    let (ours, theirs) =
        (alice.post("/surveys/new", LUNCH).await.location, bob.post("/surveys/new", LUNCH).await.location);

    let mut watching = alice.watch("/live").await;
    assert!(watching.next().await.contains("watching"));
    bob.post(&format!("{theirs}/answer"), "q1=Friday").await;
    alice.post(&format!("{ours}/answer"), "q1=Monday").await;
    let news = watching.next().await;
    assert!(
        news.contains("event: answered") && news.contains(ours.trim_start_matches("/surveys/")),
        "{news}"
    );
}

#[tokio::test]
async fn every_answer_carries_the_content_policy() {
    let house = House::new();
    let page = house.nobody(&CONTOSO).get("/spa").await;
    assert!(page.policy.starts_with("default-src 'none'; script-src 'self'"));
    assert!(
        !page.body.contains("<style") && !page.body.contains("style=") && !page.body.contains("<script>")
    );
}
