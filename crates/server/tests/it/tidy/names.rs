//! The names on the wire: `docs/wire.md` and the code say the same.

use super::{code, files, must_be_empty, quoted, read, table};
use std::collections::BTreeSet;

const PAGE: &str = "docs/wire.md";

/// What stands between backticks in the first column of a table.
fn first_column(heading: &str) -> BTreeSet<String> {
    table(&read(PAGE), heading).iter().flat_map(|row| quoted(&row[0])).collect()
}

fn must_be_equal(page: &BTreeSet<String>, code: &BTreeSet<String>, what: &str) {
    let only_page = page.difference(code).map(|name| format!("only {PAGE} has the {what} `{name}`"));
    let only_code = code.difference(page).map(|name| format!("only the code has the {what} `{name}`"));
    must_be_empty(
        only_page.chain(only_code).collect(),
        "A name on the wire is a promise. Add what is new to docs/wire.md; never change or remove what was released.",
    );
}

#[test]
fn the_prefixes_of_ids_are_those_of_the_page() {
    let known = domain::id::PREFIXES.iter().map(|prefix| format!("{prefix}_")).collect();
    must_be_equal(&first_column("## Id prefixes"), &known, "id prefix");
}

#[test]
fn the_cookies_are_those_of_the_page() {
    let page = first_column("## Cookies").into_iter();
    let page = page.map(|name| name.split('<').next().unwrap_or_default().to_owned()).collect();
    let known = web::cookie::NAMES.iter().map(|name| (*name).to_owned()).collect();
    must_be_equal(&page, &known, "cookie");
}

#[test]
fn the_headers_to_the_backend_are_those_of_the_page() {
    let page = first_column("## Headers to the backend").into_iter().map(|name| name.to_lowercase());
    let page: BTreeSet<String> = page.filter(|name| name.starts_with("partywall-")).collect();
    let sources = files(&[".rs"]);
    let gateway = sources
        .iter()
        .filter(|(path, _)| path.starts_with("crates/gateway/src/") && !path.ends_with("tests.rs"));
    let known = gateway.flat_map(|(_, text)| code(text)).flat_map(|(_, line)| literals(line));
    let known = known.filter(|name| name.starts_with("partywall-") && name.len() > "partywall-".len());
    // The proof's first line is no header.
    let known: BTreeSet<String> = known.filter(|name| !name.starts_with("partywall-proof-")).collect();
    must_be_equal(&page, &known, "header");
}

#[test]
fn every_front_replaces_every_header_to_the_backend() {
    let page = first_column("## Headers to the backend").into_iter().map(|name| name.to_lowercase());
    let page: Vec<String> = page.filter(|name| name.starts_with("partywall-")).collect();
    assert!(page.len() > 6, "the page was read: {page:?}");
    let mut missing = Vec::new();
    // Envoy is told by the answer itself what to replace and what to take out.
    for file in ["nginx.conf", "partywall.lua", "Caddyfile", "traefik.yml"] {
        let text = read(&format!("docs/fronts/{file}")).to_lowercase();
        let lacks = page.iter().filter(|name| !says_word(&text, name));
        missing.extend(lacks.map(|name| format!("docs/fronts/{file} does not replace {name}")));
    }
    let told = read("crates/gateway/src/decide/mod.rs");
    for line in
        read("crates/gateway/src/headers.rs").lines().filter(|line| line.contains("from_static(\"partywall-"))
    {
        let Some(name) = line.split("const ").nth(1).and_then(|rest| rest.split(':').next()) else {
            continue;
        };
        if !says_word(&told, &format!("names::{name}")) {
            missing.push(format!("crates/gateway/src/decide/mod.rs does not tell names::{name}"));
        }
    }
    must_be_empty(missing, "What a proxy in front does not replace, its clients can say of themselves.");
}

/// Whether this stands in the text, and not only as the beginning of something longer.
fn says_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let after = text[at + word.len()..].chars().next();
        !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-')
    })
}

#[test]
fn the_events_are_those_of_the_page() {
    let text = read(PAGE);
    let (_, events) = text.split_once("## Events").expect("the page has a part on events");
    let page = quoted(events.split("\n## ").next().unwrap_or_default());
    let page = page.into_iter().filter(|name| name.contains('.') && !name.contains('/')).collect();
    let known = domain::event::names::ALL.iter().map(|name| (*name).to_owned()).collect();
    must_be_equal(&page, &known, "event");
}

/// Whose codes no client of ours ever reads: a backend's reader raises them, in the backend.
const RAISED_ELSEWHERE: &[&str] = &["crates/protocol/src/proof.rs"];

#[test]
fn every_code_of_a_fault_is_in_the_catalogue() {
    let mut wrong = Vec::new();
    for (path, text) in files(&[".rs"]) {
        if !path.starts_with("crates/")
            || path.contains("/tests")
            || RAISED_ELSEWHERE.contains(&path.as_str())
        {
            continue;
        }
        for code in codes_of_faults(&text) {
            if web::catalogue::find(&code).is_none() {
                wrong.push(format!("{path}: `{code}`"));
            }
        }
    }
    must_be_empty(wrong, "Add the code to crates/web/src/catalogue.rs, with the words that a client reads.");
}

/// The codes that a file's `fn code(&self) -> &'static str` may give, and those it makes problems of.
fn codes_of_faults(text: &str) -> BTreeSet<String> {
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for rest in body.split("fn code(&self) -> &'static str {").skip(1) {
        found.extend(literals(&rest[..end_of_block(rest)]).filter(|text| is_code(text)));
    }
    for rest in body.split("Problem::new(\"").skip(1) {
        found.extend(rest.split('"').next().map(str::to_owned));
    }
    found
}

fn end_of_block(text: &str) -> usize {
    let mut depth = 1;
    for (at, letter) in text.char_indices() {
        depth += match letter {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '.' || letter == '-')
}

/// The string literals of a piece of code. Ours hold no escaped quotes where this is asked.
fn literals(code: &str) -> impl Iterator<Item = String> {
    code.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>().into_iter()
}
