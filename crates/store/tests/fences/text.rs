//! What a plan cannot show: the tenant is compared with `$1` or with another row's tenant and with nothing
//! else, an insert gives it `$1`, and `$1` is used for nothing else. The same for a person.

use crate::sources::{Scope, Statement, statements};

/// What is wrong with a statement's text.
pub(crate) fn wrong(statement: &Statement) -> Vec<String> {
    let column = match statement.scope {
        Scope::Tenant => "tenant_id",
        Scope::Person => "user_id",
        Scope::Platform => return vec![],
    };
    let words = words(&statement.text);
    let mut wrong = Vec::new();
    let given = inserted(&words, column);
    for (at, word) in words.iter().enumerate() {
        let last = |at: usize| words.get(at).map_or("", |word| word.rsplit('.').next().unwrap_or_default());
        let (before, after) = (at.checked_sub(1).map_or("", last), last(at + 1));
        let far = |at: Option<usize>| at.map_or("", last);
        if last(at) == column && COMPARISONS.contains(&after) {
            let with = last(at + 2);
            let fits = after == "=" && (with == "$1" || with == column) && !is_set(&words, at);
            if !fits {
                wrong.push(format!("`{column} {after} {with}`"));
            }
        }
        if last(at) == column && COMPARISONS.contains(&before) {
            let with = far(at.checked_sub(2));
            if before != "=" || (with != "$1" && with != column) {
                wrong.push(format!("`{with} {before} {column}`"));
            }
        }
        if word == "$1" {
            let compared = (before == "=" && far(at.checked_sub(2)) == column)
                || (after == "=" && last(at + 2) == column);
            if !compared && Some(at) != given {
                wrong.push("`$1` stands where it is not the scope".into());
            }
        }
    }
    if words.first().is_some_and(|first| first == "INSERT") && given.is_none() {
        wrong.push(format!("the insert does not give `{column}` the scope"));
    }
    wrong
}

const COMPARISONS: [&str; 12] = ["=", "<>", "!=", "<", ">", "<=", ">=", "IN", "NOT", "LIKE", "BETWEEN", "IS"];

/// Words, names with their dots, operators and brackets; texts in quotes are one word.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut word = letter.to_string();
        let joins: fn(char) -> bool = match letter {
            c if c.is_whitespace() => continue,
            '\'' => {
                word.extend(letters.by_ref().take_while(|c| *c != '\''));
                words.push(word);
                continue;
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                |c| c.is_alphanumeric() || c == '_' || c == '.'
            }
            '<' | '>' | '=' | '!' => |c| matches!(c, '<' | '>' | '='),
            _ => |_| false,
        };
        while let Some(more) = letters.next_if(|c| joins(*c)) {
            word.push(more);
        }
        words.push(word);
    }
    words
}

/// Whether the comparison at `at` is an assignment: after SET, before WHERE.
fn is_set(words: &[String], at: usize) -> bool {
    let nearest =
        words[..at].iter().rev().find(|word| ["SET", "WHERE", "ON", "AND"].contains(&word.as_str()));
    nearest.is_some_and(|word| word == "SET")
}

/// Where in an insert the scope's value stands: the `$1` at the place of `column`.
fn inserted(words: &[String], column: &str) -> Option<usize> {
    if words.first()? != "INSERT" {
        return None;
    }
    let open = words.iter().position(|word| word == "(")?;
    let close = open + words[open..].iter().position(|word| word == ")")?;
    let place = words[open + 1..close].iter().filter(|word| *word != ",").position(|word| word == column)?;
    let values = match words.get(close + 1)?.as_str() {
        "VALUES" => close + 3,
        "SELECT" => close + 2,
        _ => return None,
    };
    let (mut depth, mut at_place) = (0, 0);
    for (at, word) in words.iter().enumerate().skip(values) {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => at_place += 1,
            "$1" if depth == 0 && at_place == place => return Some(at),
            _ => {}
        }
    }
    None
}

#[test]
fn every_statement_names_its_scope_and_no_other() {
    let all = statements();
    assert!(all.len() > 100, "only {} statements were found", all.len());
    let wrong: Vec<_> = all
        .iter()
        .flat_map(|one| wrong(one).into_iter().map(move |why| format!("{}: {why}: {}", one.file, one.text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_statement_that_reaches_further_is_refused() {
    let bad = [
        "SELECT id FROM member WHERE tenant_id = $2 AND id = $1",
        "SELECT id FROM member WHERE tenant_id = $1 OR tenant_id = 'tnt_1'",
        "SELECT id FROM member WHERE tenant_id IN ($1, $2)",
        "SELECT id FROM member WHERE tenant_id <> $1",
        "SELECT id FROM member m JOIN session s ON s.tenant_id > m.tenant_id WHERE m.tenant_id = $1",
        "SELECT id FROM member WHERE tenant_id = $1 AND id <> $1",
        "SELECT id FROM member WHERE $1 <> ''",
        "SELECT id FROM member WHERE $2 = tenant_id AND tenant_id = $1",
        "UPDATE member SET tenant_id = $2 WHERE tenant_id = $1",
        "UPDATE member SET standing = 'x', tenant_id = $1 WHERE id = $2",
        "INSERT INTO used_state (tenant_id, digest, ends) VALUES ($2, $1, 1)",
        "INSERT INTO used_state (digest, ends) VALUES ($1, 1)",
        "INSERT INTO used_state (tenant_id, digest, ends) SELECT $2, $3, 1 WHERE $1 <> ''",
    ];
    for text in bad {
        let statement = Statement { scope: Scope::Tenant, text: text.into(), file: String::new() };
        assert!(!wrong(&statement).is_empty(), "{text}");
    }
}

#[test]
fn usual_statements_pass() {
    let good = [
        "SELECT m.id FROM member m JOIN session s ON s.tenant_id = m.tenant_id AND s.member_id = m.id WHERE m.tenant_id = $1",
        "SELECT id FROM member WHERE tenant_id = $1 AND id > $2 ORDER BY tenant_id, id",
        "INSERT INTO traffic (tenant_id, hour) VALUES ($1, $2) ON CONFLICT (tenant_id, hour) DO UPDATE SET hour = excluded.hour",
        "INSERT INTO used_state (digest, tenant_id, ends) SELECT COALESCE($2, ''), $1, 1",
        "UPDATE member SET standing = (SELECT x FROM y WHERE tenant_id = $1 LIMIT 1) WHERE tenant_id = $1",
    ];
    for text in good {
        let statement = Statement { scope: Scope::Tenant, text: text.into(), file: String::new() };
        assert_eq!(wrong(&statement), Vec::<String>::new(), "{text}");
    }
}
