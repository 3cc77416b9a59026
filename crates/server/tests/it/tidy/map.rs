//! The map is true: what `ARCHITECTURE.md` names exists, and the crates depend as its table says.

use super::{files, must_be_empty, quoted, read, root, table};
use std::collections::{BTreeMap, BTreeSet};

const MAP: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Floors";

#[test]
fn every_path_that_the_documents_name_exists() {
    let mut wrong = Vec::new();
    for page in files(&[".md"]).keys().filter(|page| !page.contains("decisions/")) {
        let text = read(page);
        let paths = quoted(&text).into_iter().filter(|named| is_path(named));
        wrong.extend(
            paths.filter(|named| !exists(page, named)).map(|named| format!("{page} names `{named}`")),
        );
        wrong.extend(links(&text).filter(|to| !exists(page, to)).map(|to| format!("{page} links to {to}")));
    }
    must_be_empty(wrong, "Mend the document: nothing lies there any more.");
}

/// Whether a quoted text means a file or folder of the tree: `crates/store/src/sql.rs`, `docs/wire.md`.
fn is_path(named: &str) -> bool {
    let begins = ["crates/", "docs/", "examples/", "readers/", "bench/", "tests/", ".ci/", ".cargo/"];
    let plain = named.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter));
    plain && begins.iter().any(|begin| named.starts_with(begin))
}

fn exists(page: &str, named: &str) -> bool {
    let beside = std::path::Path::new(page).parent().map(|folder| root().join(folder).join(named));
    root().join(named).exists() || beside.is_some_and(|path| path.exists())
}

/// The targets of links to other files of the tree.
fn links(text: &str) -> impl Iterator<Item = String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|to| !to.contains("://") && !to.starts_with('#') && !to.contains(' '));
    local.map(|to| to.split('#').next().unwrap_or_default().to_owned()).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_document_is_on_the_list_of_documents() {
    let list = read("docs/README.md");
    let pages = files(&[".md"]).into_keys().filter_map(|path| path.strip_prefix("docs/").map(str::to_owned));
    let unlisted = pages.filter(|page| !page.contains('/') && page != "README.md");
    let unlisted = unlisted.filter(|page| !list.contains(&format!("({page})")));
    must_be_empty(unlisted.collect(), "Say in docs/README.md which question each of these pages answers.");
}

#[test]
fn every_crate_has_its_paragraph() {
    let map = read(MAP);
    let missing = crates().into_keys().filter(|name| !map.contains(&format!("### `{name}`")));
    must_be_empty(
        missing.collect(),
        "Give each of these crates a heading and a paragraph in ARCHITECTURE.md.",
    );
}

#[test]
fn the_crates_depend_as_the_table_says() {
    let said: BTreeMap<String, BTreeSet<String>> = table(&read(MAP), HEADING)
        .into_iter()
        .map(|row| (quoted(&row[1]).concat(), quoted(&row[3]).into_iter().collect()))
        .collect();
    let mut wrong = Vec::new();
    for (name, manifest) in crates() {
        let depends = internal(&manifest, "dependencies");
        match said.get(&name) {
            Some(said) if *said == depends => {}
            Some(said) => {
                wrong.push(format!("{name}: the table says {said:?}, its Cargo.toml says {depends:?}"))
            }
            None => wrong.push(format!("{name} is not in the table")),
        }
    }
    must_be_empty(
        wrong,
        "Change the code if the wall is right, the table in ARCHITECTURE.md if the wall moved.",
    );
}

#[test]
fn dependencies_go_down_and_rooms_never_meet() {
    let floors: BTreeMap<String, u32> = table(&read(MAP), HEADING)
        .into_iter()
        .filter_map(|row| Some((quoted(&row[1]).concat(), row[0].parse().ok()?)))
        .collect();
    let mut wrong = Vec::new();
    for (name, manifest) in crates() {
        let Some(mine) = floors.get(&name) else { continue };
        for other in internal(&manifest, "dependencies") {
            match floors.get(&other) {
                Some(floor) if floor < mine => {}
                _ => wrong.push(format!("{name} (floor {mine}) depends on {other}")),
            }
        }
    }
    must_be_empty(wrong, "Move what both need to a floor below, or tell it by an event.");
}

#[test]
fn what_is_for_tests_stays_out_of_the_product() {
    let mut wrong = Vec::new();
    for (name, manifest) in crates() {
        if name == "testkit" {
            continue;
        }
        if internal(&manifest, "dependencies").contains("testkit") {
            wrong.push(format!("{name} depends on testkit"));
        }
        for (dependency, features) in features(&manifest) {
            let for_tests = ["movable-clock", "testing", "test-util"];
            if for_tests.iter().any(|feature| features.contains(*feature)) {
                wrong.push(format!("{name} switches on {features:?} of {dependency}"));
            }
        }
    }
    must_be_empty(wrong, "Put it under [dev-dependencies].");
}

#[test]
fn heavy_things_have_one_door() {
    // A dependency, and the only crates whose manifests may name it for what is released.
    let doors: &[(&str, &[&str])] = &[
        ("aws-lc-rs", &["domain"]),
        ("axum", &["web", "control", "identity", "data", "hub", "server"]),
        ("clap", &["server"]),
        ("jsonwebtoken", &["protocol"]),
        ("rustls-native-certs", &["outbound", "server"]),
        ("sqlx", &["store"]),
        ("toml", &["server"]),
    ];
    let mut wrong = Vec::new();
    for (name, manifest) in crates() {
        let named = names(&manifest, "dependencies");
        let strays =
            doors.iter().filter(|(what, who)| named.contains(*what) && !who.contains(&name.as_str()));
        wrong.extend(strays.map(|(what, who)| format!("{name} names {what}, which belongs to {who:?}")));
    }
    must_be_empty(wrong, "Ask the crate that owns it.");
}

/// The product's crates by name, with their manifests.
fn crates() -> BTreeMap<String, toml::Table> {
    let manifests = files(&["Cargo.toml"]).into_iter().filter(|(path, _)| path.starts_with("crates/"));
    let parsed = manifests.map(|(path, text)| {
        let manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        (manifest["package"]["name"].as_str().expect("a package has a name").to_owned(), manifest)
    });
    parsed.collect()
}

fn names(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    let section = manifest.get(section).and_then(toml::Value::as_table);
    section.map(|section| section.keys().cloned().collect()).unwrap_or_default()
}

fn internal(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    let ours: BTreeSet<String> = crates().into_keys().collect();
    names(manifest, section).intersection(&ours).cloned().collect()
}

/// The features that a manifest switches on for what is released.
fn features(manifest: &toml::Table) -> Vec<(String, BTreeSet<String>)> {
    let Some(section) = manifest.get("dependencies").and_then(toml::Value::as_table) else {
        return Vec::new();
    };
    let on = section.iter().filter_map(|(name, value)| {
        let list = value.get("features")?.as_array()?;
        Some((name.clone(), list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()))
    });
    on.collect()
}
