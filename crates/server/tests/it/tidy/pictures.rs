//! Documents that are drawn from the code. `WRITE_DOCS=1` in the environment draws them anew.

use super::{read, root};
use access::{Line, Needs, POLICY};
use domain::{PlatformRole, Right, RightSet};
use std::{fs, process::Command};

/// Fails unless the document at `path` is `drawn`, or writes it where that was asked for.
fn must_be(path: &str, drawn: &str) {
    if asked_to_write() {
        fs::write(root().join(path), drawn).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let written = fs::read_to_string(root().join(path)).unwrap_or_default();
    if written != drawn {
        let differs = written.lines().zip(drawn.lines()).find(|(written, drawn)| written != drawn);
        let (written, drawn) = differs.unwrap_or(("(the lengths differ)", ""));
        panic!(
            "\n{path} is not what the code says:\n  written: {written}\n  drawn:   {drawn}\n\nRead the change of \
             {path} that `WRITE_DOCS=1 cargo test -p server --test it pictures` makes, and commit it if it is meant.\n"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment and nothing else")]
fn asked_to_write() -> bool {
    std::env::var_os("WRITE_DOCS").is_some()
}

/// The binary under test: the release build where the test command made one.
#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment and nothing else")]
fn binary() -> String {
    std::env::var("PARTYWALL_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_partywall").to_owned())
}

#[test]
fn the_policy_picture_is_what_the_policy_page_says() {
    must_be("docs/policy.md", &policy());
}

#[test]
fn the_settings_page_is_what_the_binary_says() {
    let output = Command::new(binary()).args(["config", "--page"]).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    must_be("docs/configuration.md", &String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_policy_gives_what_it_promises_to_give() {
    // Three lines of the picture that a change must never turn over by accident.
    let page = read("docs/policy.md");
    for line in [
        "| `member.assign-roles` | writes | — | — | — | yes | assumed | — |",
        "| `tenant.create` | writes | — | — | — | — | yes | — |",
        "| `sign-in.start` | reads | yes | yes | yes | yes | yes | — |",
    ] {
        assert!(page.contains(line), "docs/policy.md lacks the line\n{line}");
    }
}

fn policy() -> String {
    let mut page = String::from(HEAD);
    for (scope, heading, about) in SCOPES {
        page.push_str(&format!("\n## {heading}\n\n{about}\n\n{COLUMNS}"));
        for line in POLICY.iter().filter(|line| line.scope == *scope) {
            page.push_str(&row(line));
        }
    }
    page.push_str("\n## What each action is\n\n| action | in words | needs |\n|---|---|---|\n");
    for line in POLICY {
        page.push_str(&format!("| `{}` | {} | {} |\n", line.name, line.about.trim(), needs(line.needs)));
    }
    page
}

const HEAD: &str = "# Who may do what

Drawn from `crates/access/src/policy.rs` and `crates/domain/src/right.rs`; a test keeps the two equal. A change of
policy is a change of this page, so that whoever reviews it sees what it gives and to whom.

- **nobody**: anybody at all, signed in or not.
- **member**: an active member of the tenant, whatever their roles in the application.
- **auditor**, **admin**: a member with the platform's role `partywall.auditor` or `partywall.admin` there.
- **operator**: a member of the tenant `house` with `partywall.operator`, the machine's own socket, or an operator
  token (a token made for reading has only what reads). *assumed*: only after assuming the tenant with a reason, which
  the tenant's audit trail holds. What anybody may do in a tenant, an operator may as a person; a token and the socket
  are of no use there without a reason.
- **platform**: the product's own background work. No request ever is the platform.
";

const COLUMNS: &str = "| action | | nobody | member | auditor | admin | operator | platform |
|---|---|---|---|---|---|---|---|
";

/// Scope, heading, and what the columns mean there.
const SCOPES: &[(&str, &str, &str)] = &[
    ("tenant", "In a tenant", "Each reaches that one tenant and no other."),
    (
        "person",
        "With what is one's own",
        "Each reaches what belongs to the person who signed in, and nobody else's.",
    ),
    (
        "platform",
        "With the platform",
        "Each reaches the registry and the platform's own rows, and no tenant's.",
    ),
];

fn row(line: &Line) -> String {
    let kind = if line.writes { "writes" } else { "reads" };
    let cells = match line.needs {
        Needs::Platform => ["—", "—", "—", "—", "—", "yes"],
        Needs::Nothing => ["yes", "yes", "yes", "yes", "yes", "—"],
        Needs::Membership if line.scope == "person" => ["—", "own", "own", "own", "own", "—"],
        Needs::Membership | Needs::Known => ["—", "yes", "yes", "yes", "assumed", "—"],
        Needs::Right(right) => {
            let operator =
                if line.scope == "tenant" { "assumed" } else { yes(PlatformRole::Operator, right) };
            [
                "—",
                by(member(), right),
                yes(PlatformRole::Auditor, right),
                yes(PlatformRole::Admin, right),
                operator,
                "—",
            ]
        }
    };
    format!("| `{}` | {kind} | {} |\n", line.name, cells.join(" | "))
}

/// What every member has, whatever their roles.
fn member() -> RightSet {
    RightSet::of(&[Right::UseApplication])
}

fn yes(role: PlatformRole, right: Right) -> &'static str {
    by(role.rights(), right)
}

fn by(rights: RightSet, right: Right) -> &'static str {
    if rights.has(right) { "yes" } else { "—" }
}

fn needs(needs: Needs) -> String {
    match needs {
        Needs::Nothing => "nothing".to_owned(),
        Needs::Membership => "being a member, or oneself".to_owned(),
        Needs::Known => "being a member, or a subscriber with an API key".to_owned(),
        Needs::Right(right) => format!("the right {right:?}"),
        Needs::Platform => "being the platform".to_owned(),
    }
}
