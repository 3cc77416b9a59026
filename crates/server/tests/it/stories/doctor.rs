//! `partywall doctor` looks at an installation that people use.

use crate::town::{Engine, Town};
use serde_json::Value;

/// What the doctor found, and whether it is content.
fn examine(town: &Town, more: &[&str]) -> (bool, Vec<Value>) {
    let (_, out, err) = town.node.try_run(&[&["doctor"], more].concat());
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out}{err}"));
    let findings = report["findings"].as_array().expect("a list").clone();
    (report["sound"] == true, findings)
}

/// The findings about something, as state and words with the remedy.
fn about(findings: &[Value], what: &str) -> Vec<(String, String)> {
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let those = findings.iter().filter(|finding| finding["about"] == what);
    those
        .map(|finding| {
            (text(finding, "state"), format!("{}; {}", text(finding, "words"), text(finding, "remedy")))
        })
        .collect()
}

async fn the_doctor_is_called(engine: Engine) {
    let mut town = Town::build(engine).await;
    let (sound, findings) = examine(&town, &[]);
    assert!(sound, "{findings:#?}");
    for what in ["configuration", "node", "readiness", "database", "master key", "change feed", "jobs"] {
        let found = about(&findings, what);
        assert!(found.iter().all(|(state, _)| state == "ok") && found.len() == 1, "{what}: {found:?}");
    }
    let walls = about(&findings, "walls");
    assert_eq!(walls.len(), usize::from(engine == Engine::Postgres), "{walls:?}");
    // Three organisations, each with a provider on loopback.
    let providers = about(&findings, "provider");
    assert_eq!(providers.len(), 3, "{providers:?}");
    assert!(
        providers.iter().all(|(state, words)| state == "mind" && words.contains("in plain HTTP")),
        "{providers:?}"
    );

    // One provider goes away, another calls itself by another name, a job dies.
    let fabrikam = town.providers["fabrikam"].issuer().to_owned();
    town.providers.remove("fabrikam");
    let contoso = town.providers["contoso"].issuer().to_owned();
    town.behind_the_back(&format!(
        "UPDATE connection SET issuer = '{contoso}/' WHERE issuer = '{contoso}';
         INSERT INTO job (tenant_id, id, class, kind, body, standing, run_at, tries, fence, failure)
           VALUES ('{}', 'job_01h2xcejqtf2nbrexx3vqjhp41', 'mail', 'greet', '', 'dead', 0, 12, 12, 'nobody answers')",
        town.contoso
    ));
    let (sound, findings) = examine(&town, &[]);
    assert!(!sound, "{findings:#?}");
    let providers = about(&findings, "provider");
    let of =
        |issuer: &str| providers.iter().find(|(_, words)| words.contains(issuer)).expect("it is among them");
    let (state, words) = of(&fabrikam);
    assert!(state == "wrong" && words.contains("firewall"), "{words}");
    let (state, words) = of(&format!("{contoso}/"));
    assert!(
        state == "wrong" && words.contains("another issuer") && words.contains("letter by letter"),
        "{words}"
    );
    assert!(about(&findings, "jobs")[0].1.contains("1 are dead"), "{findings:#?}");

    let (sound, findings) = examine(&town, &["--no-providers"]);
    assert!(sound && about(&findings, "provider").is_empty(), "{findings:#?}");
    let jobs = town.node.run(&["jobs", "--dead"]);
    assert_eq!(jobs["items"][0]["failure"], "nobody answers");
    let id = jobs["items"][0]["id"].as_str().expect("an id").to_owned();
    assert!(town.node.private("/metrics").await.1.contains("partywall_jobs_dead "));
    town.node.run(&["jobs", "drop", &id]);
    assert_eq!(town.node.run(&["jobs", "--dead"])["items"], serde_json::json!([]));
}

// The providers answer while the command runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_is_wrong_and_what_to_do_on_sqlite() {
    the_doctor_is_called(Engine::Sqlite).await;
}

// The providers answer while the command runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_is_wrong_and_what_to_do_on_postgresql() {
    the_doctor_is_called(Engine::Postgres).await;
}
