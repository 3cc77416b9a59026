//! Which words may be said in which files. The crates' walls are held by `map`; these are the finer ones.

use super::{code, crate_of, files, must_be_empty, read};

/// A word, and the only places that may say it.
struct Wall {
    word: &'static str,
    may: fn(path: &str) -> bool,
    what_to_do: &'static str,
}

const ROOMS: &[&str] = &["gateway", "identity", "data", "hub", "control"];

fn is_room(path: &str) -> bool {
    crate_of(path).is_some_and(|name| ROOMS.contains(&name))
}

fn is_in(path: &str, crates: &[&str]) -> bool {
    crate_of(path).is_some_and(|name| crates.contains(&name))
}

/// Tests, and everything outside of `crates/`, may say anything.
fn is_free(path: &str) -> bool {
    crate_of(path).is_none()
        || is_in(path, &["testkit"])
        || path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.ends_with("testing.rs")
        || is_module_of_tests(path)
}

/// Whether a crate's root takes this file in for its tests only.
fn is_module_of_tests(path: &str) -> bool {
    let Some((krate, file)) = path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/")) else {
        return false;
    };
    let name = file.trim_end_matches(".rs");
    !name.contains('/')
        && read(&format!("crates/{krate}/src/lib.rs")).contains(&format!("#[cfg(test)]\nmod {name};"))
}

/// The files of a room that speak HTTP: `http.rs`, `routes.rs`, `pages.rs`, or files of a folder of that name.
fn speaks_http(path: &str) -> bool {
    ["http", "routes", "pages"]
        .iter()
        .any(|name| path.ends_with(&format!("/{name}.rs")) || path.contains(&format!("/{name}/")))
}

const WALLS: &[Wall] = &[
    Wall {
        word: "sqlx",
        may: |path| is_in(path, &["store"]),
        what_to_do: "Only `store` names sqlx. Ask the store, by a permit and a closure.",
    },
    Wall {
        word: "axum",
        may: |path| is_in(path, &["web", "server"]) || (is_room(path) && speaks_http(path)),
        what_to_do: "Only `web`, `server` and a room's http.rs, routes.rs and pages.rs name axum. Move what speaks \
                     HTTP there, and let the verb take and give the product's own words.",
    },
    Wall {
        word: "jsonwebtoken",
        may: |path| is_in(path, &["protocol"]),
        what_to_do: "Only `protocol` names the JOSE library.",
    },
    Wall {
        word: "bergshamra_dsig",
        may: |path| is_in(path, &["protocol"]),
        what_to_do: "Only `protocol` believes signed XML.",
    },
    Wall {
        word: "uppsala",
        may: |path| is_in(path, &["protocol"]),
        what_to_do: "Only `protocol` reads XML: there is one view of it.",
    },
    Wall {
        word: "cel",
        may: |path| is_in(path, &["protocol"]),
        what_to_do: "Only `protocol` names the library that reads CEL, and works expressions out within bounds.",
    },
    Wall {
        word: "clap",
        may: |path| is_in(path, &["server"]),
        what_to_do: "Only `server` reads the command line.",
    },
    Wall {
        word: "operator_sql!",
        // Applications are registered by the operator and asked about wherever tokens are given.
        may: |path| is_in(path, &["store", "control"]) || path == "crates/identity/src/application/rows.rs",
        what_to_do: "The platform's own rows are `store`'s and `control`'s. A tenant's statement is `sql!`, a \
                     person's `person_sql!`. If a room must reach the platform's rows, say why in the list in this test.",
    },
];

#[test]
fn what_has_one_home_is_named_only_there() {
    let written = files(&[".rs"]);
    for wall in WALLS {
        let mut wrong = Vec::new();
        for (path, text) in written.iter().filter(|(path, _)| !is_free(path) && !(wall.may)(path)) {
            for (at, line) in code(text).filter(|(_, line)| says(line, wall.word)) {
                wrong.push(format!("{path}:{at}: {}", line.trim()));
            }
        }
        must_be_empty(wrong, wall.what_to_do);
    }
}

/// Whether a line holds a word as a word, not as a part of one.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let joins =
            |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        !joins(before) && !joins(after)
    })
}

#[test]
fn a_file_of_rows_holds_no_http_and_a_file_of_http_holds_no_sql() {
    let mut wrong = Vec::new();
    for (path, text) in files(&[".rs"]).iter().filter(|(path, _)| is_room(path)) {
        let forbidden: &[&str] = if path.ends_with("/rows.rs") {
            &["axum", "http", "StatusCode", "Problem", "web"]
        } else if speaks_http(path) {
            &["sql!", "person_sql!", "operator_sql!"]
        } else {
            continue;
        };
        for (at, line) in code(text) {
            if forbidden.iter().any(|word| says(line, word)) {
                wrong.push(format!("{path}:{at}: {}", line.trim()));
            }
        }
    }
    must_be_empty(
        wrong,
        "A handler reads its input, calls a verb and shapes the answer; a verb decides; a file of rows fetches or puts.",
    );
}

#[test]
fn a_noun_does_nothing_by_itself() {
    let mut wrong = Vec::new();
    for (path, text) in files(&["mod.rs"]).iter().filter(|(path, _)| is_room(path)) {
        for (at, line) in code(text).filter(|(_, line)| says(line, "sql!") || line.contains("store.write(")) {
            wrong.push(format!("{path}:{at}: {}", line.trim()));
        }
    }
    must_be_empty(
        wrong,
        "A noun's mod.rs says what it is. Put SQL into rows.rs and acts into a file named by the verb.",
    );
}

#[test]
fn rooms_hear_of_each_other_by_events_only() {
    let mut wrong = Vec::new();
    for (path, text) in files(&[".rs"]).iter().filter(|(path, _)| is_room(path)) {
        let mine = crate_of(path);
        for (at, line) in code(text) {
            let names = |room: &&&str| Some(**room) != mine && line.contains(&format!("{room}::"));
            let imports = ROOMS.iter().filter(names).any(|room| {
                let at = line.find(&format!("{room}::")).unwrap_or_default();
                !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || "_:".contains(letter))
            });
            if imports && !line.contains("self::") && !line.contains("crate::") && !line.contains("super::") {
                wrong.push(format!("{path}:{at}: {}", line.trim()));
            }
        }
    }
    must_be_empty(wrong, "Tell what happened with `tx.emit`, and let the other room listen.");
}

#[test]
fn nothing_that_serves_a_request_reads_the_clock_the_environment_or_chance_by_itself() {
    // clippy.toml bans the calls; this is about who may lift the ban.
    let mut wrong = Vec::new();
    for (path, text) in files(&[".rs"]).iter().filter(|(path, _)| !is_free(path)) {
        let may = path.starts_with("crates/domain/src/time.rs") || is_in(path, &["server"]);
        for (at, line) in
            code(text).filter(|_| !may).filter(|(_, line)| line.contains("clippy::disallowed_methods"))
        {
            wrong.push(format!("{path}:{at}: {}", line.trim()));
        }
    }
    must_be_empty(wrong, "Take a Clock or a Chance as an argument; settings come from `server`.");
}
