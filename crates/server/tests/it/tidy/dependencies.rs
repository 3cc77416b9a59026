//! What comes from outside.

use super::{files, must_be_empty, read, root};
use std::{collections::BTreeSet, process::Command};

#[test]
fn there_is_one_of_each_that_must_be_one() {
    let lock: toml::Table = read("Cargo.lock").parse().expect("Cargo.lock is TOML");
    let packages = lock["package"].as_array().expect("it lists packages");
    for name in ["libsqlite3-sys", "rustls", "sqlx", "sqlx-core", "tokio"] {
        let count = packages.iter().filter(|package| package["name"].as_str() == Some(name)).count();
        assert_eq!(count, 1, "{name} must be in Cargo.lock once: two would be two worlds that never meet");
    }
}

#[test]
fn aws_lc_is_the_only_cryptography() {
    // The lock file also lists what no build ever switches on; the tree does not.
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--locked",
            "--edges",
            "normal,build,dev",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("aws-lc-rs"), "the tree was read");
    let others = ["ring", "openssl", "openssl-sys", "native-tls", "boring", "rustls-openssl"];
    let found = others.iter().filter(|other| names.contains(*other)).map(|other| (*other).to_owned());
    must_be_empty(
        found.collect(),
        "Switch the feature off that brings it in; `cargo tree -i NAME` says which.",
    );
}

#[test]
fn every_dependency_gives_its_reason() {
    let page = read("docs/dependencies.md");
    let root: toml::Table = read("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let named = root["workspace"]["dependencies"].as_table().expect("the workspace names its dependencies");
    let from_outside = named.iter().filter(|(_, value)| value.get("path").is_none());
    let silent = from_outside
        .filter(|(name, _)| !page.contains(&format!("| `{name}` |")))
        .map(|(name, _)| name.clone());
    must_be_empty(
        silent.collect(),
        "Write into docs/dependencies.md why each is there and what it would take to leave it.",
    );

    let manifests = files(&["Cargo.toml"]);
    let used = |name: &str| {
        let starts = [format!("\n{name}.workspace"), format!("\n{name} = {{ workspace")];
        manifests
            .iter()
            .any(|(path, text)| path != "Cargo.toml" && starts.iter().any(|start| text.contains(start)))
    };
    let from_outside = named.iter().filter(|(_, value)| value.get("path").is_none());
    let idle = from_outside.filter(|(name, _)| !used(name)).map(|(name, _)| name.clone());
    must_be_empty(idle.collect(), "Take these out of the root manifest: no crate uses them.");

    let listed = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let gone = listed.filter(|name| !named.contains_key(*name)).map(str::to_owned);
    must_be_empty(
        gone.collect(),
        "Take these lines out of docs/dependencies.md: nothing depends on them any more.",
    );
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let mut wrong = Vec::new();
    for (path, text) in files(&["Cargo.toml"]).iter().filter(|(path, _)| path.starts_with("crates/")) {
        let manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(section) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            let own = section
                .iter()
                .filter(|(_, value)| value.get("workspace").is_none() && value.get("path").is_none());
            wrong.extend(own.map(|(name, _)| format!("{path}: {name}")));
        }
    }
    must_be_empty(
        wrong,
        "Name the version under [workspace.dependencies] in the root manifest and inherit it.",
    );
}
