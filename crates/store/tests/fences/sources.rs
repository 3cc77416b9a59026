//! Every statement of the workspace, out of its sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whose rows a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Tenant,
    Person,
    Platform,
}

/// A statement and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) scope: Scope,
    pub(crate) text: String,
    pub(crate) file: String,
}

/// Every statement outside of tests.
pub(crate) fn statements() -> Vec<Statement> {
    sources().iter().flat_map(|(file, source)| found_in(file, source)).collect()
}

/// Every source file of the product: its path from the workspace, and its text up to its tests.
pub(crate) fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut files = Vec::new();
    for part in ["crates", "examples"] {
        walk(&root.join(part), &mut files);
    }
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        (file.strip_prefix(&root).unwrap().display().to_string(), product)
    };
    files.into_iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["tests", "target", "node_modules"].contains(&name.as_str()) {
            walk(&path, files);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

/// The statements of one source.
pub(crate) fn found_in(file: &str, source: &str) -> Vec<Statement> {
    let code: String = source
        .lines()
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
        .fold(String::new(), |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        });
    let mut found = Vec::new();
    for (at, mark) in code.match_indices("sql!(") {
        let before = code[..at].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_');
        let prefix: String = before.collect::<Vec<_>>().into_iter().rev().collect();
        let scope = match prefix.as_str() {
            "" => Scope::Tenant,
            "person_" => Scope::Person,
            "operator_" => Scope::Platform,
            _ => continue,
        };
        let text = literal(code[at + mark.len()..].trim_start());
        let text = text.unwrap_or_else(|| panic!("{file}: a statement that is no plain literal"));
        found.push(Statement { scope, text, file: file.to_owned() });
    }
    found
}

/// The value of the string literal that `code` begins with.
fn literal(code: &str) -> Option<String> {
    let mut letters = code.strip_prefix('"')?.chars().peekable();
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => match letters.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                '\n' => while letters.next_if(|c| c.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

#[test]
fn statements_are_found_with_their_scope_and_value() {
    let source = r#"
        // sql!("in a comment")
        let a = sql!("SELECT 1 \"x\"");
        tx.run(
            operator_sql!(
                "SELECT 2 \
                 FROM t"
            ), values![]);
        person_sql!("SELECT 3");
    "#;
    let found: Vec<_> = found_in("f", source).into_iter().map(|one| (one.scope, one.text)).collect();
    let expected = [
        (Scope::Tenant, "SELECT 1 \"x\""),
        (Scope::Platform, "SELECT 2 FROM t"),
        (Scope::Person, "SELECT 3"),
    ];
    assert_eq!(found, expected.map(|(scope, text)| (scope, text.to_owned())));
}

#[test]
fn nobody_makes_a_statement_around_the_macros() {
    for (file, source) in sources().into_iter().filter(|(file, _)| file != "crates/store/src/sql.rs") {
        for maker in ["Sql::scoped", "Sql::unscoped"] {
            assert!(!source.contains(maker), "{file} calls {maker}");
        }
    }
}

#[test]
fn nobody_but_the_store_names_sqlx() {
    for (file, source) in sources().into_iter().filter(|(file, _)| !file.starts_with("crates/store/")) {
        assert!(!source.contains("sqlx::"), "{file} names sqlx");
    }
}
