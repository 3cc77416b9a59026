//! Prints: documents that need no node, and answers as tables.

use super::{Outcome, api::Api};
use crate::{
    assemble,
    config::{self, Flags, settings},
};
use clap::Args;
use serde_json::Value;

/// What to show of the configuration.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Print the page of documentation instead of the values that hold here.
    #[arg(long)]
    page: bool,
}

impl Show {
    pub(super) fn run(&self, flags: &Flags) -> Outcome {
        if self.page {
            say!("{}", settings::page().trim_end());
            return Ok(());
        }
        let gathered = config::gather(flags).map_err(|error| error.to_string())?;
        let rows = settings::SETTINGS.iter().map(|setting| {
            let (text, origin) = gathered.get(setting.key);
            // An address of a database holds its password.
            let text = if setting.key == "database.url" && text.contains('@') { "•••" } else { text };
            vec![setting.key.to_owned(), text.to_owned(), origin.to_owned()]
        });
        table(&["setting", "value", "from"], rows.collect());
        config::Config::load(flags).map(drop).map_err(|error| error.to_string())
    }
}

pub(super) fn openapi() -> Outcome {
    say!("{:#}", assemble::openapi());
    Ok(())
}

pub(super) fn routes() -> Outcome {
    say!("{:#}", assemble::matrix());
    Ok(())
}

/// Prints an answer as it came.
pub(super) fn json(answer: &Value) -> Outcome {
    say!("{answer:#}");
    Ok(())
}

/// Prints a list: as it came, or its items with these members as columns.
pub(super) fn list(api: &Api, answer: &Value, columns: &[&str]) -> Outcome {
    if api.json() {
        return json(answer);
    }
    items(answer, columns);
    Ok(())
}

/// Prints one thing: as it came, or its members one a line.
pub(super) fn one(api: &Api, answer: &Value) -> Outcome {
    if api.json() {
        return json(answer);
    }
    facts(answer);
    Ok(())
}

/// Says that something was done, where the answer itself says nothing.
pub(super) fn done(api: &Api, answer: &Value, words: &str) -> Outcome {
    if api.json() {
        return json(answer);
    }
    say!("{words}");
    Ok(())
}

/// Prints rows under headings, each column as wide as its widest cell.
fn table(headings: &[&str], rows: Vec<Vec<String>>) {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        say!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(&headings.iter().map(|heading| heading.to_uppercase()).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}

/// Prints the list in an answer's `items`, with these members of each item as columns.
fn items(answer: &Value, columns: &[&str]) {
    let rows = answer.get("items").and_then(Value::as_array).into_iter().flatten();
    table(columns, rows.map(|item| columns.iter().map(|column| cell(item.get(*column))).collect()).collect());
    if let Some(next) = answer.get("next").and_then(Value::as_str) {
        say!("… more with --after {next}");
    }
}

/// Prints an answer's members, one a line.
pub(super) fn facts(answer: &Value) {
    let Some(members) = answer.as_object() else { return };
    let width = members.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in members {
        say!("{name:<width$}  {}", cell(Some(value)));
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            values.iter().map(|value| cell(Some(value))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}
