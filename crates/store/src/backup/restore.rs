//! Reading one back.

use super::{
    BackupError, Summary, at,
    manifest::{Manifest, NAME, Table, hex},
    stale::{Sieve, Stale},
};
use crate::{
    Store, StoreError, Value,
    engine::{Tx, rows_at_once},
    keyring, migrate,
};
use domain::{digest::Hasher, seal::SealError};
use serde_json::Value as Json;
use std::path::Path;
use tokio::{
    fs::{self, File},
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
};

/// Fills the empty, migrated database of `store` from the backup in `from`. What may have ended since the backup
/// ends or lives on as `stale` says; the trail of every tenant says which.
///
/// # Errors
/// [`BackupError`]; the database is then as empty as before.
pub async fn restore(store: &Store, from: &Path, stale: Stale) -> Result<Summary, BackupError> {
    let path = from.join(NAME);
    let text = fs::read_to_string(&path).await.map_err(at(&path))?;
    let manifest = Manifest::from_text(&text, store.master())?;
    let known = migrate::known_version();
    if manifest.schema_version != known {
        return Err(BackupError::Version { at: manifest.schema_version, known });
    }
    check_names(&manifest)?;
    for table in &manifest.tables {
        check_file(table, from).await?;
    }
    let mut tx = store.engine.begin_copy(true).await?;
    for table in migrate::tables() {
        if !tx.is_empty(table).await? {
            return Err(BackupError::NotEmpty(table.into()));
        }
    }
    let mut sieve = Sieve::new(stale);
    for table in &manifest.tables {
        read_table(&mut tx, table, from, &mut sieve).await?;
    }
    sieve.renew(&mut tx, store).await?;
    sieve.tell(&mut tx, store, &manifest.taken_at).await?;
    // The master key may have been rolled since the keys were sealed; each must open under what we have.
    keyring::check(&mut tx, store.master()).await.map_err(|error| match error {
        StoreError::Sealed(SealError::UnknownKey) => BackupError::WrongMasterKey,
        other => other.into(),
    })?;
    tx.commit().await?;
    let rows = manifest.tables.iter().map(|table| table.rows).sum();
    Ok(Summary { tables: manifest.tables.len(), rows, ended: sieve.ended })
}

async fn check_file(table: &Table, directory: &Path) -> Result<(), BackupError> {
    let path = directory.join(table.file());
    let mut file = File::open(&path).await.map_err(at(&path))?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer).await.map_err(at(&path))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    if hex(hasher.finish()) == table.sha256 { Ok(()) } else { Err(BackupError::Altered(table.file())) }
}

async fn read_table(
    tx: &mut Tx,
    table: &Table,
    directory: &Path,
    sieve: &mut Sieve,
) -> Result<(), BackupError> {
    let path = directory.join(table.file());
    let mut lines = BufReader::new(File::open(&path).await.map_err(at(&path))?).lines();
    let (most, mut rows) = (rows_at_once(table.columns.len()), Vec::new());
    while let Some(line) = lines.next_line().await.map_err(at(&path))? {
        let values = parsed(&line).filter(|values| values.len() == table.columns.len());
        let values = values.ok_or_else(|| BackupError::Altered(table.file()))?;
        if !sieve.lets_through(table, &values) {
            continue;
        }
        rows.push(values);
        if rows.len() == most {
            tx.copy_in(&table.name, &table.columns, std::mem::take(&mut rows)).await?;
        }
    }
    if rows.is_empty() { Ok(()) } else { Ok(tx.copy_in(&table.name, &table.columns, rows).await?) }
}

fn parsed(line: &str) -> Option<Vec<Value>> {
    let values: Vec<Json> = serde_json::from_str(line).ok()?;
    let parsed = values.into_iter().map(|value| match value {
        Json::String(text) => Some(Value::Text(text)),
        Json::Number(number) => number.as_i64().map(Value::Int),
        _ => None,
    });
    parsed.collect()
}

/// Names go into statements, so that they must be the schema's own; the seal says who wrote them.
fn check_names(manifest: &Manifest) -> Result<(), BackupError> {
    let plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let names: Vec<&str> = manifest.tables.iter().map(|table| table.name.as_str()).collect();
    let fits =
        names == migrate::tables() && manifest.tables.iter().all(|table| table.columns.iter().all(plain));
    if fits { Ok(()) } else { Err(BackupError::Manifest("it names other tables than the schema has".into())) }
}
