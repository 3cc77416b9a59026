//! `docs/requirements.md` is true: every requirement is listed, and what is said to work is tested.

use super::{files, must_be_empty, read, root, table};
use std::collections::BTreeSet;

const PAGE: &str = "docs/requirements.md";

/// How many requirements each section has.
const SECTIONS: &[(char, u32)] = &[
    ('A', 23),
    ('B', 35),
    ('C', 12),
    ('D', 24),
    ('E', 22),
    ('F', 18),
    ('G', 38),
    ('H', 10),
    ('I', 8),
    ('J', 12),
    ('K', 7),
];

/// One row of the page.
struct Row {
    id: String,
    state: String,
    /// What is missing, for one that works in part.
    missing: String,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let page = read(PAGE);
    let sections = SECTIONS.iter().flat_map(|(section, _)| table(&page, &format!("## {section}.")));
    let rows = sections.map(|cells| {
        assert!(cells.len() == 4, "{PAGE}: a row has four cells: id, what, state, proof: {cells:?}");
        let (state, missing) = cells[2].split_once(':').unwrap_or((&cells[2], ""));
        Row {
            id: cells[0].clone(),
            state: state.trim().to_owned(),
            missing: missing.trim().to_owned(),
            tests: super::quoted(&cells[3]),
        }
    });
    rows.collect()
}

#[test]
fn every_requirement_is_listed_once() {
    let listed: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    let wanted = SECTIONS
        .iter()
        .flat_map(|(section, last)| (1..=*last).map(move |number| format!("{section}{number:02}")));
    let wanted: Vec<String> = wanted.collect();
    let once: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "{PAGE} lists a requirement twice");
    assert_eq!(listed, wanted, "{PAGE} lists all requirements in order");
}

#[test]
fn what_is_said_to_work_names_tests_that_exist() {
    let sources = files(&[".rs", ".mjs", ".js", ".py"]);
    let exists = |test: &str| {
        root().join(test).is_file()
            || sources
                .values()
                .any(|text| text.contains(&format!("fn {test}(")) || text.contains(&format!("def {test}(")))
    };
    let mut wrong = Vec::new();
    for row in rows() {
        let Row { id, state, missing, tests } = &row;
        match state.as_str() {
            "works" if !missing.is_empty() => wrong.push(format!("{id} works, and yet something is missing")),
            "works" | "part" if tests.is_empty() => wrong.push(format!("{id} names no test")),
            "part" if missing.is_empty() => wrong.push(format!("{id} does not say what is missing")),
            "works" | "part" | "not yet" => {}
            other => wrong.push(format!("{id} is `{other}`, which is none of works, part: …, not yet")),
        }
        if state == "not yet" && !tests.is_empty() {
            wrong.push(format!("{id} is not there yet, and yet it names a test"));
        }
        wrong.extend(
            tests
                .iter()
                .filter(|test| !exists(test))
                .map(|test| format!("{id} names `{test}`, which is no test")),
        );
    }
    must_be_empty(
        wrong,
        "Say in docs/requirements.md what is so. A row works when a test shows it from outside.",
    );
}
