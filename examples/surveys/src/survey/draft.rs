//! A survey as somebody typed it, before it is known to be one.

use std::collections::BTreeMap;

use askama::Template;
use serde::Deserialize;
use url::form_urlencoded;

use crate::frame::Frame;
use crate::refusal::Refusal;
use crate::survey::{Kind, Question, Survey};

const LONGEST_TITLE: usize = 120;
const LONGEST_ABOUT: usize = 1_000;
const LONGEST_PROMPT: usize = 300;
const LONGEST_OPTION: usize = 100;
const MOST_QUESTIONS: usize = 30;
const MOST_OPTIONS: usize = 20;

/// How many empty rows a form offers, at first and when asked for more.
const FRESH_ROWS: usize = 3;

/// What was typed or sent.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Draft {
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) about: String,
    #[serde(default)]
    pub(super) questions: Vec<Row>,
}

/// One question as typed. An id stands there when the question was kept before.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Row {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) prompt: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) options: Vec<String>,
}

/// A draft that can become a survey.
pub(super) struct Checked {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) questions: Vec<Question>,
}

/// The page on which a survey is written, new or again.
#[derive(Template)]
#[template(path = "survey/draft.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) draft: Draft,
    pub(super) action: String,
    pub(super) back: String,
    pub(super) trouble: Option<String>,
}

impl Draft {
    /// An empty one, with rows to fill in.
    pub(super) fn blank() -> Self {
        Self::default().with_more_rows()
    }

    /// What was posted, and whether the person asked for more rows rather than to save.
    pub(super) fn from_form(body: &[u8]) -> (Self, bool) {
        let mut draft = Self::default();
        let mut rows: BTreeMap<usize, Row> = BTreeMap::new();
        let mut wants_more = false;
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "title" => draft.title = value.into_owned(),
                "about" => draft.about = value.into_owned(),
                "more" => wants_more = true,
                _ => place(&mut rows, &name, &value),
            }
        }
        draft.questions = rows.into_values().collect();
        (draft, wants_more)
    }

    pub(super) fn with_more_rows(mut self) -> Self {
        let rows = (self.questions.len() + FRESH_ROWS).min(MOST_QUESTIONS);
        self.questions.resize_with(rows, Row::default);
        self
    }

    /// Is it a survey? Rows left empty do not count.
    pub(super) fn check(&self) -> Result<Checked, Refusal> {
        let title = self.title.trim();
        let about = self.about.trim();
        if title.is_empty() {
            return Err(Refusal::invalid("Give the survey a title."));
        }
        within(title, LONGEST_TITLE, "The title")?;
        within(about, LONGEST_ABOUT, "The description")?;
        let questions = self.questions()?;
        Ok(Checked { title: title.to_owned(), about: about.to_owned(), questions })
    }

    fn questions(&self) -> Result<Vec<Question>, Refusal> {
        let asked: Vec<&Row> = self.questions.iter().filter(|row| !row.prompt.trim().is_empty()).collect();
        if asked.is_empty() {
            return Err(Refusal::invalid("Ask at least one question."));
        }
        if asked.len() > MOST_QUESTIONS {
            return Err(Refusal::invalid(format!("A survey has at most {MOST_QUESTIONS} questions.")));
        }
        // A new question gets a number that none before it had, so that old answers stay with theirs.
        let mut highest = asked.iter().filter_map(|row| number(&row.id)).max().unwrap_or(0);
        asked.into_iter().map(|row| row.check(&mut highest)).collect()
    }
}

impl From<&Survey> for Draft {
    fn from(survey: &Survey) -> Self {
        let row = |question: &Question| Row {
            id: question.id.clone(),
            prompt: question.prompt.clone(),
            kind: question.kind.name().to_owned(),
            options: if let Kind::Choice { options } = &question.kind { options.clone() } else { Vec::new() },
        };
        Self {
            title: survey.title.clone(),
            about: survey.about.clone(),
            questions: survey.questions.iter().map(row).collect(),
        }
    }
}

impl Row {
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind || (self.kind.is_empty() && kind == "text")
    }

    pub(super) fn lines(&self) -> String {
        self.options.join("\n")
    }

    fn check(&self, highest: &mut u32) -> Result<Question, Refusal> {
        let prompt = self.prompt.trim().to_owned();
        within(&prompt, LONGEST_PROMPT, "A question")?;
        let kind = self.kind(&prompt)?;
        let number = number(&self.id).unwrap_or_else(|| {
            *highest += 1;
            *highest
        });
        Ok(Question { id: format!("q{number}"), prompt, kind })
    }

    fn kind(&self, prompt: &str) -> Result<Kind, Refusal> {
        match self.kind.as_str() {
            "" | "text" => Ok(Kind::Text),
            "scale" => Ok(Kind::Scale),
            "choice" => Ok(Kind::Choice { options: self.checked_options(prompt)? }),
            other => {
                Err(Refusal::invalid(format!("A question is text, scale or choice, and “{other}” is none.")))
            }
        }
    }

    fn checked_options(&self, prompt: &str) -> Result<Vec<String>, Refusal> {
        let mut options: Vec<String> = Vec::new();
        for option in self.options.iter().map(|option| option.trim()).filter(|option| !option.is_empty()) {
            within(option, LONGEST_OPTION, "An option")?;
            if !options.iter().any(|known| known == option) {
                options.push(option.to_owned());
            }
        }
        if (2..=MOST_OPTIONS).contains(&options.len()) {
            Ok(options)
        } else {
            Err(Refusal::invalid(format!(
                "“{prompt}” needs 2 to {MOST_OPTIONS} different options to choose from."
            )))
        }
    }
}

/// Fields of questions are named `q-<row>-<field>`.
fn place(rows: &mut BTreeMap<usize, Row>, name: &str, value: &str) {
    let mut parts = name.splitn(3, '-');
    let (Some("q"), Some(row), Some(field)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let Some(row) = row.parse().ok().filter(|row| *row < MOST_QUESTIONS) else {
        return;
    };
    let row = rows.entry(row).or_default();
    match field {
        "id" => row.id = value.to_owned(),
        "prompt" => row.prompt = value.to_owned(),
        "kind" => row.kind = value.to_owned(),
        "options" => row.options = value.lines().map(str::to_owned).collect(),
        _ => {}
    }
}

fn number(id: &str) -> Option<u32> {
    id.strip_prefix('q')?.parse().ok().filter(|number| *number < 10_000)
}

fn within(text: &str, longest: usize, what: &str) -> Result<(), Refusal> {
    if text.chars().count() <= longest {
        Ok(())
    } else {
        Err(Refusal::invalid(format!("{what} may have at most {longest} characters.")))
    }
}
