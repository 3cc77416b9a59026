//! What is true of every file.

use super::{files, must_be_empty, read, root};

/// Longer files are no pleasure to read.
const MOST_LINES: usize = 700;

/// Files that others wrote.
const VENDORED: &[&str] = &["crates/web/assets/htmx.min.js"];

#[test]
fn no_file_is_too_long_to_read() {
    let written = files(&[".rs", ".html", ".css", ".js", ".mjs", ".py", ".sql", ".sh"]);
    let long = written
        .iter()
        .filter(|(path, _)| !VENDORED.contains(&path.as_str()))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"));
    must_be_empty(long.collect(), "Split each of these by verb: one file for one thing that is done.");
}

#[test]
fn nothing_names_a_place_on_the_machine_that_wrote_it() {
    let homes = ["work", "farm", "root", "home"].map(|home| format!("/{home}/"));
    let written =
        files(&[".rs", ".md", ".toml", ".html", ".js", ".mjs", ".json", ".py", ".sh", ".sql", ".css"]);
    let mut wrong = Vec::new();
    for (path, text) in &written {
        for (at, line) in text.lines().enumerate() {
            let named = |home: &String| {
                line.match_indices(home.as_str()).any(|(begins, _)| {
                    let before = line[..begins].chars().next_back();
                    before.is_none_or(|letter| !(letter.is_alphanumeric() || "_./-}".contains(letter)))
                })
            };
            if homes.iter().any(named) {
                wrong.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    must_be_empty(wrong, "Write paths from the root of the checkout, or take them from a setting.");
}

#[test]
fn no_file_holds_unfinished_work() {
    let marks = ["TODO", "FIXME", "XXX"];
    let mut wrong = Vec::new();
    for (path, text) in files(&[".rs", ".mjs", ".js", ".py", ".html", ".css", ".sql"]) {
        if path.ends_with("tidy/files.rs") || VENDORED.contains(&path.as_str()) {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            // What a test starts as a process of its own, to kill it, is a test that nobody else runs.
            let is_off = line.contains("#[ignore") && !line.contains("#[ignore = \"the process that");
            if marks.iter().any(|mark| line.contains(mark)) || is_off {
                wrong.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    must_be_empty(wrong, "Finish it, or take it out and say in docs/requirements.md what is not there yet.");
}

#[test]
fn every_folder_of_code_says_at_its_head_what_it_is() {
    let silent = files(&["lib.rs", "mod.rs", "main.rs"]);
    let silent = silent.iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path.clone());
    must_be_empty(
        silent.collect(),
        "Begin each of these with `//!`: what it owns, what it tells others, what it never does.",
    );
}

#[test]
fn a_silenced_lint_gives_its_reason() {
    let mut wrong = Vec::new();
    for (path, text) in files(&[".rs"]) {
        for (at, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
                wrong.push(format!("{path}:{}: {line}", at + 1));
            }
        }
    }
    must_be_empty(
        wrong,
        "Write `#[expect(…, reason = \"…\")]`, which speaks up when it is no longer needed.",
    );
}

#[test]
fn everything_is_under_one_licence() {
    assert!(root().join("LICENSE").is_file(), "the licence stands at the root");
    let mut wrong = Vec::new();
    for (path, text) in files(&["Cargo.toml"]) {
        let manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let Some(package) = manifest.get("package").and_then(toml::Value::as_table) else { continue };
        let licence = package.get("license");
        let inherits = licence.and_then(|licence| licence.get("workspace")).is_some();
        if !inherits && licence.and_then(toml::Value::as_str) != Some("Apache-2.0") {
            wrong.push(path);
        }
    }
    must_be_empty(wrong, "Write `license.workspace = true` into each of these manifests.");
    assert!(read("Cargo.toml").contains("license = \"Apache-2.0\""));
}
