//! The audit trail is in order, shows any tampering, and can be verified far away.

use access::{ChangeSettings, CrossTenant, ReadAuditTrail, ReadPlatformAudit, RecordRefusal, SequenceAudit};
use domain::{Change, Cursor, Moment};
use serde_json::json;
use std::{io::Cursor as Bytes, time::Duration};
use store::{
    StoreError,
    audit::{AuditFilter, Finding, KeptHeads, Known, Outcome, Report, verify_bundle},
    sql, values,
};
use testkit::{Town, Village, World, for_each_engine};

/// Contoso's admin changes something, with a personal value of the reader's, `times` times.
async fn change(world: &World, at: &Village, times: usize) {
    for time in 0..times {
        let permit = world.permit::<ChangeSettings>(at, &at.admin).await;
        let change = Change::new(at.id, json!({ "time": time }), json!({ "time": time + 1 }));
        let change = change.personal("name", at.reader.member, format!("reader {time}"));
        let write = world.store.write(&permit, async |tx| {
            tx.changed(change);
            Ok::<_, StoreError>(())
        });
        write.await.unwrap();
    }
}

async fn sequence(world: &World, at: &Village) -> u64 {
    let keys = world.keyring().await;
    world.store.sequence_audit(&world.background::<SequenceAudit>(at), &keys).await.unwrap()
}

/// A trail of seven lines and two checkpoints, at three and seven.
async fn trail_of_seven(world: &World) -> Town {
    let town = Town::build(world).await;
    change(world, &town.fabrikam, 2).await;
    change(world, &town.contoso, 3).await;
    assert_eq!(sequence(world, &town.contoso).await, 3);
    change(world, &town.contoso, 4).await;
    assert_eq!(sequence(world, &town.contoso).await, 4);
    assert_eq!(sequence(world, &town.contoso).await, 0);
    world.unlock_audit().await;
    town
}

async fn verify(world: &World, town: &Town) -> Report {
    let permit = world.permit::<ReadAuditTrail>(&town.contoso, &town.contoso.admin).await;
    let report = world.store.verify_audit(&permit, vec![]).await.unwrap();
    let file = export(world, town).await;
    assert_eq!(
        verify_bundle(Bytes::new(&file), |_| vec![]).unwrap(),
        report,
        "the export says what the database says"
    );
    report
}

async fn export(world: &World, town: &Town) -> String {
    let permit = world.permit::<ReadAuditTrail>(&town.contoso, &town.contoso.admin).await;
    let mut export = world.store.export_audit(permit);
    let mut file = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        file.push_str(&piece);
    }
    town.canary.is_absent(&file);
    file
}

async fn id_at(world: &World, town: &Town, seq: i64) -> String {
    let of = town.contoso.id;
    world.raw(&format!("SELECT id FROM audit_line WHERE tenant_id = '{of}' AND seq = {seq}")).await[0][0]
        .clone()
}

#[tokio::test]
async fn an_untouched_trail_is_sound_here_and_elsewhere() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let report = verify(world, &town).await;
        assert_eq!((report.lines, report.checkpoints, report.findings), (7, 2, vec![]));
        assert_eq!(report.head.unwrap().size, 7);
        assert_eq!(report.signers.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_line_altered_in_any_column_is_named() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let id = id_at(world, &town, 5).await;
        let texts = [
            "actor",
            "action",
            "target",
            "outcome",
            "reason",
            "request",
            "before_values",
            "after_values",
            "personal",
            "leaf",
        ];
        let columns = texts.map(|column| (column, "'forged'")).into_iter().chain([("at", "77")]);
        for (column, forged) in columns {
            let kept =
                world.raw(&format!("SELECT {column} FROM audit_line WHERE id = '{id}'")).await[0][0].clone();
            world.raw(&format!("UPDATE audit_line SET {column} = {forged} WHERE id = '{id}'")).await;
            let report = verify(world, &town).await;
            assert_eq!(report.findings, [Finding::Altered { seq: 5, id: id.clone() }], "{column}");
            let kept = if column == "at" { kept } else { format!("'{kept}'") };
            world.raw(&format!("UPDATE audit_line SET {column} = {kept} WHERE id = '{id}'")).await;
        }
        assert!(verify(world, &town).await.is_sound());
    })
    .await;
}

#[tokio::test]
async fn a_line_given_to_another_tenant_is_missed() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let (id, to) = (id_at(world, &town, 5).await, town.fabrikam.id);
        world.raw(&format!("UPDATE audit_line SET tenant_id = '{to}' WHERE id = '{id}'")).await;
        assert_eq!(verify(world, &town).await.findings, [Finding::Dropped { from: 5, to: 5 }]);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_line_is_named_wherever_it_stood() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        for seq in [1, 3, 4, 7] {
            let id = id_at(world, &town, seq).await;
            world.raw(&format!("CREATE TABLE kept AS SELECT * FROM audit_line WHERE id = '{id}'")).await;
            world.raw(&format!("DELETE FROM audit_line WHERE id = '{id}'")).await;
            assert_eq!(verify(world, &town).await.findings, [Finding::Dropped { from: seq, to: seq }]);
            world.raw("INSERT INTO audit_line SELECT * FROM kept; DROP TABLE kept").await;
        }
        assert!(verify(world, &town).await.is_sound());
    })
    .await;
}

#[tokio::test]
async fn lines_in_each_others_places_are_named() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let [five, six] = [id_at(world, &town, 5).await, id_at(world, &town, 6).await];
        let place = async |id: &str, seq: i64| {
            world.raw(&format!("UPDATE audit_line SET seq = {seq} WHERE id = '{id}'")).await;
        };
        place(&five, 99).await;
        place(&six, 5).await;
        place(&five, 6).await;
        let findings = verify(world, &town).await.findings;
        assert_eq!(
            findings,
            [Finding::Moved { seq: 5, id: six, from: 6 }, Finding::Moved { seq: 6, id: five, from: 5 }]
        );
    })
    .await;
}

#[tokio::test]
async fn dropping_a_line_and_closing_the_gap_is_seen() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let [five, six, seven] =
            [id_at(world, &town, 5).await, id_at(world, &town, 6).await, id_at(world, &town, 7).await];
        world.raw(&format!("DELETE FROM audit_line WHERE id = '{five}'")).await;
        for (id, seq) in [(&six, 5), (&seven, 6)] {
            world.raw(&format!("UPDATE audit_line SET seq = {seq} WHERE id = '{id}'")).await;
        }
        let findings = verify(world, &town).await.findings;
        assert_eq!(
            findings,
            [
                Finding::Moved { seq: 5, id: six, from: 6 },
                Finding::Moved { seq: 6, id: seven, from: 7 },
                Finding::Dropped { from: 5, to: 5 },
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn an_inserted_line_is_named() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let five = id_at(world, &town, 5).await;
        // At the end, with everything about it right but the checkpoint that does not speak of it.
        let copy = format!(
            "INSERT INTO audit_line SELECT tenant_id, 'aud_forged', 8, leaf, at, actor, action, target, outcome,
             reason, request, before_values, after_values, personal FROM audit_line WHERE id = '{five}'"
        );
        world.raw(&copy).await;
        let forged = Finding::Inserted { seq: 8, id: "aud_forged".into() };
        assert_eq!(verify(world, &town).await.findings, [forged]);
        // In the middle, where a line stands already.
        world.raw("DROP INDEX audit_in_order; UPDATE audit_line SET seq = 5 WHERE id = 'aud_forged'").await;
        let findings = verify(world, &town).await.findings;
        assert!(findings.iter().any(|finding| matches!(finding, Finding::Inserted { seq: 5, .. })), "{findings:?}");
    })
    .await;
}

#[tokio::test]
async fn a_line_altered_together_with_its_hash_is_narrowed_down_to_its_batch() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let (id, permit) = (
            id_at(world, &town, 5).await,
            world.permit::<ReadAuditTrail>(&town.contoso, &town.contoso.admin).await,
        );
        world.raw(&format!("UPDATE audit_line SET actor = 'nobody' WHERE id = '{id}'")).await;
        let file = export(world, &town).await;
        let line = file.lines().find(|line| line.contains(&id)).unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let line: store::audit::StoredLine = serde_json::from_value(line["line"].clone()).unwrap();
        world.raw(&format!("UPDATE audit_line SET leaf = '{}' WHERE id = '{id}'", line.hash_at(5))).await;
        let report = world.store.verify_audit(&permit, vec![]).await.unwrap();
        assert_eq!(report.findings, [Finding::Forged { from: 4, to: 7 }]);
    })
    .await;
}

#[tokio::test]
async fn an_altered_checkpoint_is_named_and_nothing_is_appended_to_it() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        for column in ["root", "frontier", "signature", "key_id"] {
            let kept = world.raw(&format!("SELECT {column} FROM audit_checkpoint WHERE size = 7")).await[0]
                [0]
            .clone();
            world.raw(&format!("UPDATE audit_checkpoint SET {column} = 'x' WHERE size = 7")).await;
            assert_eq!(verify(world, &town).await.findings, [Finding::Checkpoint { size: 7 }], "{column}");
            change(world, &town.contoso, 1).await;
            let keys = world.keyring().await;
            let refused =
                world.store.sequence_audit(&world.background::<SequenceAudit>(&town.contoso), &keys).await;
            assert!(matches!(refused, Err(StoreError::Unreadable { .. })), "{column}");
            world.raw(&format!("UPDATE audit_checkpoint SET {column} = '{kept}' WHERE size = 7")).await;
        }
        world.raw("UPDATE audit_checkpoint SET at = 1 WHERE size = 3").await;
        assert_eq!(verify(world, &town).await.findings, [Finding::Checkpoint { size: 3 }]);
    })
    .await;
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_missed_by_whoever_kept_a_checkpoint() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let permit = world.permit::<ReadAuditTrail>(&town.contoso, &town.contoso.admin).await;
        let known = Vec::from_iter(verify(world, &town).await.head);
        assert!(world.store.verify_audit(&permit, known.clone()).await.unwrap().is_sound());
        world.raw("DELETE FROM audit_line WHERE seq > 3; DELETE FROM audit_checkpoint WHERE size > 3").await;
        assert!(verify(world, &town).await.is_sound(), "what is left is a sound trail of three");
        let report = world.store.verify_audit(&permit, known.clone()).await.unwrap();
        assert_eq!(report.findings, [Finding::Truncated { size: 7 }]);
        let rewritten = Known { root: "another".into(), size: 3 };
        let report = world.store.verify_audit(&permit, vec![rewritten]).await.unwrap();
        assert_eq!(report.findings, [Finding::Truncated { size: 3 }]);
    })
    .await;
}

/// Every tenant's head, as a file that is kept elsewhere.
async fn heads(world: &World) -> String {
    let permit = world.operator::<ReadPlatformAudit>().await;
    let (mut file, mut after) = (String::new(), String::new());
    loop {
        let page = world.store.audit_heads(&permit, &Cursor::new(after, Some(1))).await.unwrap();
        for head in page.items {
            file += &(serde_json::to_string(&head).unwrap() + "\n");
        }
        let Some(next) = page.next else { return file };
        after = next;
    }
}

#[tokio::test]
async fn heads_that_were_kept_elsewhere_show_that_a_trail_was_cut() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        change(world, &town.contoso, 3).await;
        change(world, &town.fabrikam, 1).await;
        for village in [&town.contoso, &town.fabrikam] {
            sequence(world, village).await;
        }
        let mut kept = heads(world).await;
        assert_eq!(kept.lines().count(), 2, "one of each trail that has a checkpoint");
        change(world, &town.contoso, 4).await;
        sequence(world, &town.contoso).await;
        kept += &heads(world).await;
        world.unlock_audit().await;
        let permit = world.permit::<ReadAuditTrail>(&town.contoso, &town.contoso.admin).await;
        let own = async || {
            let kept = KeptHeads::read(Bytes::new(&kept)).unwrap();
            let here =
                world.store.verify_audit(&permit, kept.of(&town.contoso.id.to_string())).await.unwrap();
            let file = export(world, &town).await;
            let elsewhere = verify_bundle(Bytes::new(&file), |tenant| kept.of(tenant)).unwrap();
            assert_eq!(here, elsewhere);
            here.findings
        };
        assert_eq!(own().await, [], "the trail has passed through each of them");
        world.raw("DELETE FROM audit_line WHERE seq > 3; DELETE FROM audit_checkpoint WHERE size > 3").await;
        assert!(verify(world, &town).await.is_sound(), "cut at a checkpoint it is a sound trail by itself");
        assert_eq!(own().await, [Finding::Truncated { size: 7 }]);
        // What is written afterwards does not heal it.
        change(world, &town.contoso, 9).await;
        sequence(world, &town.contoso).await;
        assert!(verify(world, &town).await.is_sound());
        assert_eq!(own().await, [Finding::Truncated { size: 7 }]);
        assert!(KeptHeads::read(Bytes::new("{}")).is_err());
    })
    .await;
}

#[tokio::test]
async fn an_export_cut_short_or_with_a_strangers_key_does_not_pass() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        let file = export(world, &town).await;
        let (short, _) = file.trim_end().rsplit_once('\n').unwrap();
        assert!(verify_bundle(Bytes::new(short), |_| vec![]).is_err());
        assert!(verify_bundle(Bytes::new(""), |_| vec![]).is_err());
        let mut lines: Vec<_> = file.lines().collect();
        lines.retain(|line| !line.starts_with(r#"{"key""#));
        let report = verify_bundle(Bytes::new(lines.join("\n")), |_| vec![]).unwrap();
        assert!(report.findings.contains(&Finding::Checkpoint { size: 7 }));
    })
    .await;
}

#[tokio::test]
async fn erasing_a_person_erases_their_values_and_leaves_the_proof() {
    for_each_engine(async |world| {
        let town = trail_of_seven(world).await;
        assert!(export(world, &town).await.contains("reader 0"));
        let permit = world.background::<access::RunJob>(&town.contoso);
        let erase = sql!("DELETE FROM member_key WHERE tenant_id = $1 AND member_id = $2");
        let reader = town.contoso.reader.member;
        let erased = world.store.write(&permit, async |tx| tx.run(erase, values![reader]).await).await;
        assert_eq!(erased.unwrap(), 1);
        assert!(!export(world, &town).await.contains("reader 0"));
        assert!(verify(world, &town).await.is_sound());
        // A new key for the same member opens nothing old.
        change(world, &town.contoso, 1).await;
        sequence(world, &town.contoso).await;
        let file = export(world, &town).await;
        assert_eq!(file.matches("\"opened\"").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn no_statement_of_ours_changes_a_line() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        change(world, &town.contoso, 2).await;
        sequence(world, &town.contoso).await;
        change(world, &town.contoso, 1).await;
        let permit = world.background::<access::RunJob>(&town.contoso);
        let run = async |statement| {
            let run = world.store.write(&permit, async |tx| tx.run(statement, &[]).await).await;
            run.unwrap_or(0)
        };
        assert_eq!(run(sql!("DELETE FROM audit_line WHERE tenant_id = $1")).await, 0);
        assert_eq!(run(sql!("UPDATE audit_line SET actor = 'nobody' WHERE tenant_id = $1")).await, 0);
        assert_eq!(run(sql!("UPDATE audit_line SET leaf = '' WHERE tenant_id = $1 AND seq > 0")).await, 0);
        assert_eq!(run(sql!("UPDATE audit_line SET seq = 0 WHERE tenant_id = $1 AND seq > 0")).await, 0);
        assert_eq!(run(sql!("UPDATE audit_checkpoint SET root = '' WHERE tenant_id = $1")).await, 0);
        assert_eq!(run(sql!("DELETE FROM audit_checkpoint WHERE tenant_id = $1")).await, 0);
        sequence(world, &town.contoso).await;
        assert!(verify(world, &town).await.is_sound());
    })
    .await;
}

#[tokio::test]
async fn two_sequencers_at_once_make_one_trail() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        change(world, &town.contoso, 40).await;
        let (here, there) = (world.store.clone(), world.another_store().await);
        let keys = world.keyring().await;
        let [one, two] = [(); 2].map(|()| world.background::<SequenceAudit>(&town.contoso));
        let (one, two) = tokio::join!(here.sequence_audit(&one, &keys), there.sequence_audit(&two, &keys));
        assert_eq!(one.unwrap() + two.unwrap(), 40);
        assert!(verify(world, &town).await.is_sound());
        there.engine().close().await;
    })
    .await;
}

#[tokio::test]
async fn the_platform_learns_whose_lines_wait() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        change(world, &town.contoso, 1).await;
        assert_eq!(world.store.tenants_with_waiting_lines(&world.upkeep()).await.unwrap(), [town.contoso.id]);
        sequence(world, &town.contoso).await;
        assert_eq!(world.store.tenants_with_waiting_lines(&world.upkeep()).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_trail_is_read_newest_first_page_by_page_and_by_filter() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        for _ in 0..5 {
            change(world, &town.contoso, 1).await;
            world.pass(Duration::from_secs(60));
        }
        change(world, &town.canary.0, 1).await;
        let permit = world.permit::<ReadAuditTrail>(&town.contoso, &town.contoso.admin).await;
        let all = AuditFilter::default();
        let first =
            world.store.audit_lines(&permit, &all, &Cursor::new(String::new(), Some(3))).await.unwrap();
        let second = Cursor::new(first.next.clone().unwrap(), Some(3));
        let second = world.store.audit_lines(&permit, &all, &second).await.unwrap();
        assert_eq!((first.items.len(), second.items.len(), &second.next), (3, 2, &None));
        town.canary.is_absent(&format!("{first:?}{second:?}"));
        let times: Vec<Moment> = first.items.iter().chain(&second.items).map(|line| line.at).collect();
        assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
        let line = &second.items[1];
        assert_eq!((line.action.as_str(), &line.before), ("setting.change", &json!({ "time": 0 })));
        assert_eq!(line.personal[0].value.as_deref(), Some("reader 0"));

        let count = async |filter: AuditFilter| {
            world.store.audit_lines(&permit, &filter, &Cursor::default()).await.unwrap().items.len()
        };
        assert_eq!(count(AuditFilter { action: "member.manage".into(), ..all.clone() }).await, 0);
        assert_eq!(count(AuditFilter { actor: town.contoso.admin.user.to_string(), ..all.clone() }).await, 5);
        assert_eq!(count(AuditFilter { outcome: Outcome::Failed, ..all.clone() }).await, 0);
        assert_eq!(count(AuditFilter { outcome: Outcome::Done, ..all.clone() }).await, 5);
        assert_eq!(
            count(AuditFilter { from: Some(times[2]), until: Some(times[0]), ..all.clone() }).await,
            2
        );
    })
    .await;
}

#[tokio::test]
async fn a_refused_attempt_is_seen_by_the_tenant_attacked_and_by_the_operator() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let fabrikam = world.resolved(&town.fabrikam);
        let refused =
            world.warden.permit::<ReadAuditTrail>(&fabrikam, &town.contoso.admin, world.origin()).await;
        assert!(refused.is_err());
        let attempt: CrossTenant = world.witness.refused().remove(0);
        for trail in [&town.fabrikam, &town.house] {
            world.store.record_refusal(&world.background::<RecordRefusal>(trail), &attempt, 1).await.unwrap();
        }
        let permit = world.permit::<ReadAuditTrail>(&town.fabrikam, &town.fabrikam.admin).await;
        let seen =
            world.store.audit_lines(&permit, &AuditFilter::default(), &Cursor::default()).await.unwrap();
        let line = &seen.items[0];
        assert_eq!(
            (line.action.as_str(), line.outcome.as_str(), line.reason.as_str()),
            ("security.cross-tenant", "refused", "a session of another tenant")
        );
        assert!(!format!("{line:?}").contains(&town.contoso.id.to_string()), "a tenant learns of no other");
        let permit = world.operator::<ReadPlatformAudit>().await;
        let seen =
            world.store.house_lines(&permit, &AuditFilter::default(), &Cursor::default()).await.unwrap();
        assert_eq!(seen.items[0].after, json!({ "from": town.contoso.id.to_string() }));
    })
    .await;
}
