//! Programs that must not compile: each is a way around a wall, and each is refused with the error that its
//! first line names. `good.rs` says the same things properly and must compile, so that a program that fails
//! for a wrong reason, such as a name that has moved, does not pass for a good test.
//!
//! The programs are compiled by rustc itself, against the very libraries that this test was built with.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn each_way_around_a_wall_is_refused_for_its_own_reason() {
    let libraries = Libraries::find();
    let mut wrong = Vec::new();
    let programs = programs();
    assert!(programs.len() >= 20, "{} programs were found", programs.len());
    for program in programs {
        let text = fs::read_to_string(&program).expect("a program can be read");
        let expected: BTreeSet<String> = promised(&text).into_iter().collect();
        let found = libraries.compile(&program);
        let codes: BTreeSet<String> = found.iter().map(|(code, _)| code.clone()).collect();
        if codes != expected {
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let messages: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
            wrong.push(format!("{name}: expected {expected:?}, found {codes:?}\n{}", messages.join("\n")));
        }
    }
    assert!(
        wrong.is_empty(),
        "\n{}\n\nA program that compiles has found a hole in a wall: mend the wall, not the program.\n",
        wrong.join("\n")
    );
}

/// The error code that a program's first line promises: `//! E0451: …`; none for one that must compile.
fn promised(text: &str) -> Option<String> {
    let code = text.strip_prefix("//! ")?.split(':').next()?;
    code.starts_with('E').then(|| code.to_owned())
}

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/compile_fail/programs");
    let entries = fs::read_dir(folder).expect("the programs lie beside this file");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    paths
}

/// The libraries that the programs use, as built for this test.
struct Libraries {
    files: BTreeMap<String, PathBuf>,
}

const USED: &[&str] = &["access", "domain", "serde", "store", "web"];

impl Libraries {
    /// Asks cargo where they lie. Everything is built already, so that this takes a moment only.
    fn find() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["test", "--workspace", "--test", "it", "--no-run", "--locked", "--message-format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut files = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
            let name = message["target"]["name"].as_str().unwrap_or_default();
            let is_library = message["target"]["kind"][0].as_str().is_some_and(|kind| kind == "lib");
            let is_test = message["profile"]["test"].as_bool().unwrap_or_default();
            let paths = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
            if let Some(path) = paths.into_iter().find(|path| path.ends_with(".rlib"))
                && USED.contains(&name)
                && is_library
                && !is_test
            {
                files.insert(name.to_owned(), PathBuf::from(path));
            }
        }
        assert_eq!(files.len(), USED.len(), "not all of {USED:?} were found: {files:?}");
        Libraries { files }
    }

    /// Compiles a program as far as its meaning; gives the errors by code, with what rustc said.
    fn compile(&self, program: &Path) -> Vec<(String, String)> {
        let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let mut command = Command::new(rustc);
        command.args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "--error-format",
            "json",
        ]);
        command.arg("--out-dir").arg(folder).arg(program);
        for (name, path) in &self.files {
            let beside = path.parent().expect("a library lies in a folder");
            command.arg("--extern").arg(format!("{name}={}", path.display()));
            command.arg("-L").arg(format!("dependency={}", beside.display()));
        }
        let output = command.output().expect("rustc lies beside cargo");
        errors(&String::from_utf8_lossy(&output.stderr))
    }
}

/// The errors in what rustc said. The closing count of errors is none.
fn errors(said: &str) -> Vec<(String, String)> {
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["level"] == "error");
    let named = errors.filter_map(|message| {
        let rendered = message["rendered"].as_str().unwrap_or_default().to_owned();
        match message["code"]["code"].as_str() {
            Some(code) => Some((code.to_owned(), rendered)),
            None if rendered.starts_with("error: aborting due to") => None,
            None => Some(("an error without a code".to_owned(), rendered)),
        }
    });
    named.collect()
}
