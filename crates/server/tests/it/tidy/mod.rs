//! House rules as tests. Each reads the tree and says, for everything that strays, what to do about it.

mod dependencies;
mod files;
mod map;
mod names;
mod pictures;
mod requirements;
mod walls;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The root of the checkout.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate lies two folders below the root").to_owned()
}

/// What is written in a file of the tree.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}; it must exist"))
}

/// Every file of the tree whose name ends in one of `endings`, by its path from the root.
fn files(endings: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    gather(&root(), endings, &mut found);
    assert!(!found.is_empty(), "no file ends in {endings:?}");
    found
}

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &[".git", "node_modules", "target", "var", "__pycache__", "compile_fail"];

fn gather(folder: &Path, endings: &[&str], found: &mut BTreeMap<String, String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                gather(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let short = path.strip_prefix(root()).expect("it was found below the root").display().to_string();
            found.insert(short, String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned());
        }
    }
}

/// The code of a Rust file, line by line with its number, without its comments and without what stands
/// under `#[cfg(test)]` at its end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let body = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let numbered = body.lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered
        .map(|(at, line)| (at, line.split("//").next().unwrap_or_default()))
        .filter(|(_, line)| !line.trim().is_empty())
}

/// The crate that a path lies in, if it lies in one.
fn crate_of(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split('/').next()
}

/// Fails with all that is wrong, and with what to do about it.
fn must_be_empty(wrong: Vec<String>, what_to_do: &str) {
    assert!(wrong.is_empty(), "\n{}\n\n{what_to_do}\n", wrong.join("\n"));
}

/// What stands between backticks in a text, outside of code blocks.
fn quoted(text: &str) -> Vec<String> {
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let prose = prose.join("\n");
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The cells of the rows of the first table below the line that begins with `heading`.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let below = text.lines().skip_while(|line| !line.starts_with(heading)).skip(1);
    let rows = below.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells: Vec<Vec<String>> = rows
        .skip(2)
        .map(|row| {
            row.trim()
                .trim_matches('|')
                .replace("\\|", "∣")
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!cells.is_empty(), "there is no table below a line that begins with `{heading}`");
    cells
}
