//! What a backup says about itself.

use super::BackupError;
use domain::{Chance, Digest, MasterKey, Sealed, seal::SealError};
use serde::{Deserialize, Serialize};

/// The file's name.
pub(super) const NAME: &str = "manifest.json";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) schema_version: i64,
    /// When, for people to read.
    pub(super) taken_at: String,
    /// In the order in which they are restored.
    pub(super) tables: Vec<Table>,
}

/// A table's file, `<name>.jsonl`: an array of values a line, in the order of `columns`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: u64,
    /// Of the file, in hexadecimal, as `sha256sum` prints it.
    pub(super) sha256: String,
}

/// The manifest with its seal, as it lies in the file.
#[derive(Serialize, Deserialize)]
struct Signed {
    #[serde(flatten)]
    manifest: Manifest,
    /// The hash of the manifest, sealed under the master key.
    seal: String,
}

const PURPOSE: &str = "backup manifest";

impl Manifest {
    pub(super) fn to_text(&self, master: &MasterKey, chance: &Chance) -> String {
        let seal = master.seal(PURPOSE, self.hash().bytes(), chance);
        let signed = Signed { manifest: self.clone(), seal: seal.as_str().to_owned() };
        serde_json::to_string_pretty(&signed).expect("names and numbers can be written") + "\n"
    }

    pub(super) fn from_text(text: &str, master: &MasterKey) -> Result<Self, BackupError> {
        let Signed { manifest, seal } =
            serde_json::from_str(text).map_err(|why| BackupError::Manifest(why.to_string()))?;
        if manifest.format != 1 {
            return Err(BackupError::Manifest(format!("its format is {}, not 1", manifest.format)));
        }
        let hash = master.open(PURPOSE, &Sealed::from_text(seal)).map_err(|error| match error {
            SealError::UnknownKey => BackupError::WrongMasterKey,
            SealError::Broken => BackupError::Altered(NAME.into()),
        })?;
        if hash == manifest.hash().bytes() { Ok(manifest) } else { Err(BackupError::Altered(NAME.into())) }
    }

    fn hash(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("names and numbers can be written"))
    }
}

impl Table {
    pub(super) fn file(&self) -> String {
        format!("{}.jsonl", self.name)
    }
}

pub(super) fn hex(digest: Digest) -> String {
    digest.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
