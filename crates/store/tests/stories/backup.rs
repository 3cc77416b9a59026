//! A backup brings everything back, to either engine, or nothing at all.

use access::{ChangeSettings, ListMembers, ReadAuditTrail, RunJob, SequenceAudit};
use domain::{Change, Event, MasterKey, event::names, seal::SealingKey};
use serde_json::json;
use std::{fs, path::Path};
use store::{
    Store, StoreError,
    backup::{BackupError, Stale, Summary, restore, write},
    migrate, sql, values,
};
use tempfile::{TempDir, tempdir};
use testkit::{Town, World, for_each_engine, for_sqlite};

/// A town with a trail, an event and a job.
async fn lived_in(world: &World) -> Town {
    let town = Town::build(world).await;
    for time in 0..3 {
        let permit = world.permit::<ChangeSettings>(&town.contoso, &town.contoso.admin).await;
        let change = Change::new("x", json!(time), json!(time + 1));
        let change = change.personal("name", town.contoso.reader.member, "Rita Reader");
        let lived = world.store.write(&permit, async |tx| {
            tx.changed(change);
            tx.emit(Event::new(names::MEMBER_CHANGED, time)).await?;
            tx.enqueue("mail", "greet", "{\"größe\": \"ü\\n\"}", tx.now()).await
        });
        lived.await.unwrap();
    }
    let keys = world.keyring().await;
    world.store.sequence_audit(&world.background::<SequenceAudit>(&town.contoso), &keys).await.unwrap();
    town
}

async fn backup(world: &World) -> (TempDir, std::path::PathBuf, Summary) {
    let folder = tempdir().unwrap();
    let to = folder.path().join("backup");
    let summary = write(&world.store, &to).await.unwrap();
    (folder, to, summary)
}

/// The store of `world` under the master key of `other`.
fn under_key_of(other: &World, world: &World) -> Store {
    let engine = world.store.engine().clone();
    Store::new(engine, world.clock.clone(), world.chance.clone(), other.store.master().clone())
}

async fn contents(world: &World) -> Vec<(&'static str, Vec<Vec<String>>)> {
    let mut all = Vec::new();
    for table in migrate::tables() {
        let columns = if table == "outbox" { "tenant_id, id, name, subject, body, at" } else { "*" };
        // That it came back is the one thing that was not there before.
        let but = if table == "audit_line" { " WHERE action <> 'backup.restore'" } else { "" };
        let mut rows = world.raw(&format!("SELECT {columns} FROM {table}{but}")).await;
        rows.sort();
        all.push((table, rows));
    }
    all
}

#[tokio::test]
async fn everything_comes_back_on_either_engine() {
    for_each_engine(async |old| {
        let town = lived_in(old).await;
        let (_folder, from, written) = backup(old).await;
        for_each_engine(async |new| {
            let store = under_key_of(old, new);
            assert_eq!(restore(&store, &from, Stale::Lives).await.unwrap(), written);
            assert_eq!(contents(new).await, contents(old).await);

            let warden = access::Warden::new(
                std::sync::Arc::new(store.directory()),
                new.witness.clone(),
                new.clock.clone(),
                access::Bounds::default(),
            );
            warden.fill().await.unwrap();
            let at = warden.resolve_id(town.contoso.id).unwrap();
            let permit = warden.permit::<ListMembers>(&at, &town.contoso.admin, new.origin()).await.unwrap();
            assert_eq!(permit.caller().person().unwrap().name.as_deref(), Some("admin.contoso"));
            let permit =
                warden.permit::<ReadAuditTrail>(&at, &town.contoso.admin, new.origin()).await.unwrap();
            let report = store.verify_audit(&permit, vec![]).await.unwrap();
            assert_eq!((report.lines, report.is_sound()), (3, true));
            // New events go on after the old ones.
            let permit = warden.background::<RunJob>(town.contoso.id, new.origin());
            let emit =
                store.write(&permit, async |tx| tx.emit(Event::new(names::MEMBER_CHANGED, "new")).await);
            emit.await.unwrap();
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_may_have_ended_since_the_backup_does_not_live_again() {
    for_each_engine(async |old| {
        let town = lived_in(old).await;
        old.raw(
            "INSERT INTO operator_token VALUES ('tok_1', 'digest', 'ci', '[]', 'usr_1', 1, 9000000000000000)",
        )
        .await;
        let (_folder, from, _) = backup(old).await;
        assert!(!old.raw("SELECT digest FROM session").await.is_empty(), "somebody is signed in");
        let pending = "SELECT sealed FROM platform_key WHERE purpose = 'pending'";
        for_each_engine(async |new| {
            let store = under_key_of(old, new);
            assert!(restore(&store, &from, Stale::Ends).await.unwrap().ended > 1);
            for table in ["session", "person_session", "hand_over", "operator_token"] {
                assert!(new.raw(&format!("SELECT * FROM {table}")).await.is_empty(), "{table}");
            }
            assert!(new.raw("SELECT * FROM invitation WHERE used_at = 0").await.is_empty());
            // What was sealed for a sign-in under way opens under no key any more.
            let (before, after) = (old.raw(pending).await, new.raw(pending).await);
            assert!(after.len() == 1 && after != before);
            // Both the operator and the tenants read of it.
            let told = "SELECT after_values FROM audit_line WHERE action = 'backup.restore'";
            let tenants = new.raw("SELECT id FROM tenant").await.len();
            let told = new.raw(told).await;
            assert_eq!(told.len(), tenants);
            assert!(told.iter().all(|line| line[0].contains(r#""sessions":"ended""#)), "{told:?}");

            let warden = access::Warden::new(
                std::sync::Arc::new(store.directory()),
                new.witness.clone(),
                new.clock.clone(),
                access::Bounds::default(),
            );
            warden.fill().await.unwrap();
            let at = warden.resolve_id(town.contoso.id).unwrap();
            assert!(warden.permit::<ListMembers>(&at, &town.contoso.admin, new.origin()).await.is_err());
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn more_rows_than_one_statement_takes_come_back() {
    for_each_engine(async |old| {
        let town = lived_in(old).await;
        let permit = old.background::<RunJob>(&town.contoso);
        let many = old.store.write(&permit, async |tx| {
            for at in 0..2_001 {
                tx.count(&format!("fact {at}"), "facts", at).await?;
            }
            Ok::<_, StoreError>(())
        });
        many.await.unwrap();
        let (_folder, from, written) = backup(old).await;
        for_each_engine(async |new| {
            assert_eq!(restore(&under_key_of(old, new), &from, Stale::Lives).await.unwrap(), written);
            assert_eq!(contents(new).await, contents(old).await);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_backup_holds_no_secret_and_no_personal_value() {
    for_each_engine(async |world| {
        lived_in(world).await;
        let (_folder, from, _) = backup(world).await;
        for file in fs::read_dir(&from).unwrap() {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&file.unwrap().metadata().unwrap().permissions());
            assert_eq!(mode & 0o077, 0, "they are their owner's alone");
        }
        let whole: String = fs::read_dir(&from)
            .unwrap()
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        assert!(whole.contains("contoso"), "these are the files");
        for secret in ["Rita Reader", "admin.contoso@people.test", "secret of contoso"] {
            assert!(!whole.contains(secret), "{secret}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_an_empty_database_is_filled() {
    for_each_engine(async |world| {
        lived_in(world).await;
        let (_folder, from, _) = backup(world).await;
        let before = contents(world).await;
        assert!(matches!(restore(&world.store, &from, Stale::Lives).await, Err(BackupError::NotEmpty(_))));
        assert_eq!(contents(world).await, before);
        assert!(
            matches!(write(&world.store, &from).await, Err(BackupError::Exists(_))),
            "nor is a backup overwritten"
        );
    })
    .await;
}

#[tokio::test]
async fn a_damaged_or_altered_backup_is_refused_before_the_first_row() {
    for_each_engine(async |old| {
        lived_in(old).await;
        let (_folder, from, _) = backup(old).await;
        for_each_engine(async |new| {
            let store = under_key_of(old, new);
            for (file, was, is) in [
                ("member.jsonl", "active", "paused"),
                ("manifest.json", "\"rows\": 4", "\"rows\": 5"),
                ("manifest.json", "\"sha256\": \"", "\"sha256\": \"0"),
            ] {
                let path = from.join(file);
                let kept = fs::read_to_string(&path).unwrap();
                assert!(kept.contains(was), "{file}");
                fs::write(&path, kept.replacen(was, is, 1)).unwrap();
                let refused = restore(&store, &from, Stale::Lives).await;
                assert!(matches!(&refused, Err(BackupError::Altered(named)) if named == file), "{refused:?}");
                fs::write(&path, kept).unwrap();
            }
            fs::rename(from.join("session.jsonl"), from.join("elsewhere")).unwrap();
            assert!(matches!(restore(&store, &from, Stale::Lives).await, Err(BackupError::File { .. })));
            fs::rename(from.join("elsewhere"), from.join("session.jsonl")).unwrap();
            assert!(is_empty(new).await);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn another_master_key_is_refused() {
    for_each_engine(async |old| {
        lived_in(old).await;
        let (_folder, from, _) = backup(old).await;
        for_each_engine(async |new| {
            assert!(matches!(
                restore(&new.store, &from, Stale::Lives).await,
                Err(BackupError::WrongMasterKey)
            ));
            assert!(is_empty(new).await);
            // One that was rolled since still opens what the old one sealed.
            let fresh = SealingKey::generate(&new.chance);
            let rolled = MasterKey::new(fresh, vec![old.store.master().current().clone()]);
            let store = Store::new(new.store.engine().clone(), new.clock.clone(), new.chance.clone(), rolled);
            assert!(restore(&store, &from, Stale::Lives).await.is_ok());
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_row_that_cannot_land_leaves_the_database_empty() {
    for_sqlite(async |old| {
        lived_in(old).await;
        // Sessions of members that are not there: by a fault, or by hand. SQLite lets one do that.
        old.raw("DELETE FROM member_role; DELETE FROM member_profile; DELETE FROM member").await;
        let (_folder, from, _) = backup(old).await;
        for_each_engine(async |new| {
            let refused = restore(&under_key_of(old, new), &from, Stale::Lives).await;
            assert!(matches!(refused, Err(BackupError::Store(StoreError::Conflict(_)))), "{refused:?}");
            assert!(is_empty(new).await);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_backup_is_one_moment_while_others_write() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let permit = world.background::<RunJob>(&town.contoso);
        let folder = tempdir().unwrap();
        let to = folder.path().join("backup");
        let writing = async {
            for time in 0..60 {
                let pair = world.store.write(&permit, async |tx| {
                    tx.count(&format!("fact {time}"), "pairs", 1).await?;
                    let state = sql!("INSERT INTO used_state (tenant_id, digest, ends) VALUES ($1, $2, 0)");
                    tx.run(state, values![format!("state {time}")]).await
                });
                pair.await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(write(&world.store, &to), writing);
        written.unwrap();
        assert_eq!(lines(&to, "usage_fact"), lines(&to, "used_state"));
    })
    .await;
}

fn lines(backup: &Path, table: &str) -> usize {
    fs::read_to_string(backup.join(format!("{table}.jsonl"))).unwrap().lines().count()
}

async fn is_empty(world: &World) -> bool {
    contents(world).await.iter().all(|(_, rows)| rows.is_empty())
}
