//! A trail that was cut in the database verifies by itself, and not against a head that was kept elsewhere.

use crate::town::{Engine, Town};
use serde_json::Value;

/// The heads of all trails, once each line has its place.
async fn heads(town: &Town, lines: i64) -> String {
    let of_contoso = |head: &Value| head["tenant_id"] == town.contoso.as_str();
    town.eventually(async || {
        let (good, out, err) = town.node.try_run(&["audit", "heads"]);
        assert!(good, "{err}");
        let heads = out.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        let heads: Vec<_> = heads.collect();
        let head = heads.iter().find(|head| of_contoso(head))?;
        // Those of the house, of Contoso and of Fabrikam.
        (heads.len() >= 3 && head["size"].as_i64()? >= lines).then_some(out)
    })
    .await
}

async fn a_cut_is_seen(engine: Engine) {
    let town = Town::build(engine).await;
    let first = heads(&town, 1).await;
    town.node.run(&["audit", "verify", &town.contoso]);
    let size = |text: &str| {
        let head = text.lines().find(|line| line.contains(&town.contoso)).expect("contoso's").to_owned();
        serde_json::from_str::<Value>(&head).expect("JSON")["size"].as_i64().expect("a number")
    };
    let rename = ["tenant", "change", &town.contoso, "--name", "Contoso Group"];
    town.node.run(&rename);
    let kept = town.folder.path().join("heads.jsonl");
    let second = heads(&town, size(&first) + 1).await;
    std::fs::write(&kept, format!("{first}{second}")).expect("the folder can be written");
    let kept = kept.to_str().expect("a plain path");
    let against = ["audit", "verify", &town.contoso, "--head", kept];
    assert!(town.node.try_run(&against).0, "nothing was touched yet");
    let export = town.folder.path().join("export.jsonl");
    let export = export.to_str().expect("a plain path");
    let (good, _, err) = town.node.try_run(&[
        "audit",
        "export",
        "--tenant",
        &town.contoso,
        "--reason",
        "its public keys are kept elsewhere",
        "--to",
        export,
    ]);
    assert!(good, "{err}");
    let by_key = ["audit", "verify", &town.contoso, "--head", kept, "--key", export];
    assert!(town.node.try_run(&by_key).0, "each head bears its signature");
    let forged = town.folder.path().join("forged.jsonl");
    std::fs::write(&forged, second.replace("\"root\":\"", "\"root\":\"AA"))
        .expect("the folder can be written");
    let forged = forged.to_str().expect("a plain path");
    let (good, _, err) =
        town.node.try_run(&["audit", "verify", &town.contoso, "--head", forged, "--key", export]);
    assert!(!good && err.contains("says nothing about the trail"), "{err}");

    let (id, last) = (&town.contoso, size(&first));
    let locks = if engine == Engine::Sqlite {
        "DROP TRIGGER audit_line_stays; DROP TRIGGER audit_checkpoint_stays;"
    } else {
        ""
    };
    town.behind_the_back(&format!(
        "{locks} DELETE FROM audit_line WHERE tenant_id = '{id}' AND seq > {last};
         DELETE FROM audit_checkpoint WHERE tenant_id = '{id}' AND size > {last}"
    ));
    assert!(town.node.try_run(&["audit", "verify", id]).0, "what is left is sound by itself");
    let (good, out, err) = town.node.try_run(&against);
    assert!(!good && out.contains("does not lead to the known checkpoint"), "{out}{err}");
    let (good, _, err) =
        town.node.try_run(&["audit", "verify", "tnt_01h2xcejqtf2nbrexx3vqjhp41", "--head", kept]);
    assert!(!good && err.contains("no head of this trail"), "{err}");
}

#[tokio::test]
async fn a_kept_head_shows_a_cut_on_sqlite() {
    a_cut_is_seen(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_kept_head_shows_a_cut_on_postgresql() {
    a_cut_is_seen(Engine::Postgres).await;
}
