//! The master key's file.

use crate::config::MasterKeyPlace;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Chance, MasterKey, seal::SealingKey};
use std::{
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Reads the master key; makes it where that is allowed and there is none.
///
/// # Errors
/// Words for the operator, naming the setting.
pub fn master_key(place: &MasterKeyPlace, may_make: bool, chance: &Chance) -> Result<MasterKey, String> {
    if !place.file.exists() {
        if !may_make {
            return Err(format!(
                "master_key.file ({}): there is none. On PostgreSQL every node needs the same one: make it once with \
                 `head -c 32 /dev/urandom | base64`, mode 0600, and keep a copy apart from the backups",
                place.file.display()
            ));
        }
        make(&place.file, chance)?;
    }
    let previous = place.previous.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    Ok(MasterKey::new(read(&place.file)?, previous))
}

fn read(file: &Path) -> Result<SealingKey, String> {
    let say = |why: &str| format!("master_key.file ({}): {why}", file.display());
    let mode = std::fs::metadata(file).map_err(|error| say(&error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(say("others may read it; set its mode to 0600"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| say(&error.to_string()))?;
    let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|_| say("it is not base64"))?;
    bytes.try_into().map(SealingKey::new).map_err(|_| say("it does not hold 32 bytes"))
}

/// Written whole before it has its name, so that a node that dies meanwhile leaves no half of it.
fn make(file: &Path, chance: &Chance) -> Result<(), String> {
    let say = |error: std::io::Error| format!("master_key.file ({}): {error}", file.display());
    let draft = file.with_extension("new");
    let mut handle = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(say)?;
    writeln!(handle, "{}", BASE64_STANDARD.encode(chance.bytes::<32>())).map_err(say)?;
    handle.sync_all().map_err(say)?;
    std::fs::rename(&draft, file).map_err(say)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(directory: &tempfile::TempDir) -> MasterKeyPlace {
        MasterKeyPlace { file: directory.path().join("master.key"), previous: vec![] }
    }

    #[test]
    fn a_key_that_was_made_is_found_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let chance = Chance::system();
        let made = master_key(&place(&directory), true, &chance).expect("made");
        let found = master_key(&place(&directory), false, &chance).expect("found");
        assert_eq!(made.current().id(), found.current().id());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let chance = Chance::system();
        master_key(&place(&directory), true, &chance).expect("made");
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&place(&directory).file, open).expect("set");
        assert!(master_key(&place(&directory), true, &chance).expect_err("refused").contains("0600"));
    }

    #[test]
    fn where_none_may_be_made_its_absence_is_explained() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = master_key(&place(&directory), false, &Chance::system()).expect_err("none");
        assert!(error.contains("every node needs the same one"), "{error}");
    }
}
