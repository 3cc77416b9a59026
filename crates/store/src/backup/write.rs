//! Writing one.

use super::{
    BackupError, Summary, at,
    manifest::{Manifest, NAME, Table, hex},
};
use crate::{Store, migrate};
use domain::digest::Hasher;
use std::path::{Path, PathBuf};
use tokio::{
    fs::{self, File},
    io::{AsyncWriteExt, BufWriter},
};

/// Writes a backup into the new directory `to`. It appears under that name when it is complete.
///
/// # Errors
/// [`BackupError`].
pub async fn write(store: &Store, to: &Path) -> Result<Summary, BackupError> {
    if fs::try_exists(to).await.map_err(at(to))? {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let part = PathBuf::from(format!("{}.part", to.display()));
    // What an earlier attempt left behind is of no use to anyone.
    if fs::try_exists(&part).await.map_err(at(&part))? {
        fs::remove_dir_all(&part).await.map_err(at(&part))?;
    }
    fs::create_dir_all(&part).await.map_err(at(&part))?;
    keep_to_ourselves(&part).await?;
    let summary = write_into(store, &part).await?;
    fs::rename(&part, to).await.map_err(at(to))?;
    Ok(summary)
}

/// Names of tenants, hashes of sessions: nobody else on the machine need read them.
async fn keep_to_ourselves(directory: &Path) -> Result<(), BackupError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let ours = std::fs::Permissions::from_mode(0o700);
        fs::set_permissions(directory, ours).await.map_err(at(directory))?;
    }
    Ok(())
}

/// A file for its owner alone, wherever the directory is carried later.
async fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map_err(at(path))
}

async fn write_into(store: &Store, directory: &Path) -> Result<Summary, BackupError> {
    let mut tx = store.engine.begin_copy(false).await?;
    let mut tables = Vec::new();
    for name in migrate::tables() {
        tables.push(write_table(&mut tx, name, directory).await?);
    }
    tx.end_read().await;
    let summary =
        Summary { tables: tables.len(), rows: tables.iter().map(|table| table.rows).sum(), ended: 0 };
    let manifest = Manifest {
        format: 1,
        schema_version: migrate::known_version(),
        taken_at: store.clock().now().to_string(),
        tables,
    };
    let path = directory.join(NAME);
    let mut file = create(&path).await?;
    let text = manifest.to_text(store.master(), store.chance());
    file.write_all(text.as_bytes()).await.map_err(at(&path))?;
    file.sync_all().await.map_err(at(&path))?;
    Ok(summary)
}

async fn write_table(
    tx: &mut crate::engine::Tx,
    name: &'static str,
    directory: &Path,
) -> Result<Table, BackupError> {
    let mut table = Table { name: name.into(), columns: vec![], rows: 0, sha256: String::new() };
    let path = directory.join(table.file());
    let mut file = BufWriter::new(create(&path).await?);
    let mut hasher = Hasher::default();
    tx.copy_out(name, async |columns, values| {
        if table.columns.is_empty() {
            table.columns = columns;
        }
        table.rows += 1;
        let mut line = serde_json::to_vec(&values).expect("texts and numbers can be written");
        line.push(b'\n');
        hasher.update(&line);
        file.write_all(&line).await.map_err(at(&path))
    })
    .await?;
    file.flush().await.map_err(at(&path))?;
    file.into_inner().sync_all().await.map_err(at(&path))?;
    table.sha256 = hex(hasher.finish());
    Ok(table)
}
