//! Findings as they come: shown at once where the form allows it, in the order of their lines where the
//! answer is one JSON document, all at the end where it is a table.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failures, plain, table};
use crate::diagnosis::Finding;
use crate::render::Look;
use crate::render::template::{Template, TemplateError};

/// How findings are shown.
#[derive(Debug)]
pub enum Form {
    /// One JSON document.
    Json,
    /// A JSON object a line.
    Jsonl,
    /// A table for people.
    Table,
    /// A line each, and each advice once.
    Plain,
    /// `--format`: a line each by a template.
    Template(Template),
}

/// The answer in the making.
#[derive(Debug)]
pub struct Stream {
    form: Form,
    pending: String,
    found: u64,
    failures: Failures,
    /// The JSON document's latest findings, by line and number: those that one of an earlier line may
    /// still come before.
    held: BTreeMap<(u64, u64), String>,
    /// Findings that the JSON document has.
    written: u64,
    failed: Option<StreamError>,
    /// What plain output has advised: each advice is given once.
    advised: BTreeSet<&'static str>,
}

/// Why a finding cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The template wants what a finding does not have.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It does not make JSON.
    #[error("a finding makes no JSON")]
    Json(#[from] serde_json::Error),
}

/// The most findings that are held for one of an earlier line: far more than a failure has lines.
const HELD: usize = 1_024;

/// How the JSON document begins; its findings follow, one a line, in the order of their lines: a
/// failure is found where its last line is, and is told by its first.
const DOCUMENT_HEAD: &str = "{\n  \"schema\": \"dhlimit/explain/1\",\n  \"findings\": [";

impl Stream {
    /// An answer without findings yet.
    pub fn new(form: Form) -> Self {
        let pending =
            if matches!(form, Form::Json) { DOCUMENT_HEAD.to_owned() } else { String::new() };
        Self {
            form,
            pending,
            found: 0,
            failures: Failures::default(),
            held: BTreeMap::new(),
            written: 0,
            failed: None,
            advised: BTreeSet::new(),
        }
    }

    /// Whether findings are shown as they come.
    pub fn is_shown_at_once(&self) -> bool {
        matches!(self.form, Form::Template(_) | Form::Plain | Form::Jsonl)
    }

    /// Whether anything was found or shown.
    pub fn has_begun(&self) -> bool {
        self.found > 0 || self.pending.is_empty() && matches!(self.form, Form::Json)
    }

    /// Whether nothing was found, and the form has no words for that.
    pub fn is_silent(&self) -> bool {
        self.found == 0 && self.is_shown_at_once()
    }

    /// Takes one finding; what goes wrong is told by the next [`Self::text`].
    pub fn take(&mut self, finding: Finding) {
        if self.failed.is_none()
            && let Err(error) = self.add(finding)
        {
            self.failed = Some(error);
        }
    }

    fn add(&mut self, finding: Finding) -> Result<(), StreamError> {
        self.found += 1;
        match &self.form {
            Form::Template(template) => {
                let line = template.render(&serde_json::to_value(&finding)?)?;
                self.pending.extend([line.as_str(), "\n"]);
            }
            Form::Json => {
                self.held.insert((finding.line, self.found), serde_json::to_string(&finding)?);
                self.write_held(HELD);
            }
            Form::Jsonl => {
                self.pending.extend([&serde_json::to_string(&finding)?, "\n"]);
            }
            Form::Table => self.failures.add(finding),
            Form::Plain => {
                self.pending.extend([plain(&finding).as_str(), "\n"]);
                if self.advised.insert(finding.advice) {
                    self.pending.extend(["  → ", finding.advice, "\n"]);
                }
            }
        }
        Ok(())
    }

    /// What is to be shown since the last time.
    pub fn text(&mut self) -> Result<String, StreamError> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut self.pending)),
        }
    }

    /// Writes the first of the findings held, until so many are left.
    fn write_held(&mut self, left: usize) {
        while self.held.len() > left
            && let Some((_, finding)) = self.held.pop_first()
        {
            self.pending.extend([if self.written == 0 { "\n    " } else { ",\n    " }, &finding]);
            self.written += 1;
        }
    }

    /// The rest of the answer, at the end of the input.
    pub fn end(&mut self, look: Look) -> Result<String, StreamError> {
        match self.form {
            Form::Json => {
                self.write_held(0);
                self.pending.push_str(if self.found == 0 { "]\n}\n" } else { "\n  ]\n}\n" });
            }
            Form::Table => self.pending.push_str(&table(&self.failures, look)),
            _ => {}
        }
        self.text()
    }
}
