//! What `gate` found, and its forms: a sentence for people, JSON, GitHub's annotation and summary,
//! variables for GitHub's outputs and GitLab's dotenv report.

use serde::{Deserialize, Serialize};

use super::check::{command_line, markdown, sentence};
use super::style::{Palette, Role};
use crate::quota::{Record, State};
use crate::text::one_line;

/// What is known of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Enough pulls remain.
    Open,
    /// Too few remain, or the registry refuses.
    Closed,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

/// What the command did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRun {
    /// Its exit code; 128 and the signal where one ended it.
    pub exit_code: u8,
    /// By how much the count fell while it ran; null where that cannot be told.
    pub used: Option<u64>,
    /// Whether it may have used more: earlier pulls came back while it ran.
    pub used_at_least: bool,
}

/// What `gate` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// `dhlimit/gate/1`.
    pub schema: String,
    /// What is known of the limit.
    pub verdict: Verdict,
    /// Whether the gate lets through: more than `open` only with `--on-unknown pass`.
    pub passes: bool,
    /// The pulls that must remain.
    pub need: u64,
    /// The pulls that remain; null where that is not known or nothing is counted.
    pub have: Option<u64>,
    /// How long was waited.
    pub waited_seconds: u64,
    /// The most pulls that the command may use; null where that was not said.
    pub max_use: Option<u64>,
    /// The reading that decided.
    pub reading: Record,
    /// What the command did; null where none was run.
    pub command: Option<CommandRun>,
}

impl GateReport {
    /// The verdict and its reason: `open: 76 of 100 pulls left (1h window), 1 needed`.
    pub fn sentence(&self) -> String {
        let mut text = format!("{}: {}", self.verdict.as_str(), sentence(&self.reading));
        if self.have.is_some() {
            text.push_str(&format!(", {} needed", self.need));
        }
        if self.reading.limit.is_some_and(|limit| limit < self.need) {
            text.push_str(", more than the limit ever allows");
        }
        if !self.passes && self.reading.state == State::Unlimited {
            text.push_str("; not let through, as --on-unlimited fail says");
        }
        if self.passes && self.verdict == Verdict::Unknown {
            text.push_str("; let through, as --on-unknown pass says");
        }
        if self.waited_seconds > 0 {
            text.push_str(&format!("; waited {}", super::span(self.waited_seconds)));
        }
        if let Some(command) = &self.command {
            let least = if command.used_at_least { "at least " } else { "" };
            text.push_str(&match command.used {
                Some(used) => format!(
                    "; the command used {least}{used} pull{}",
                    if used == 1 { "" } else { "s" }
                ),
                None if self.reading.state == State::Unlimited => String::new(),
                None => "; how many pulls the command used cannot be told".to_owned(),
            });
            if let Some(most) = self.overspent() {
                text.push_str(&format!(", more than the {most} allowed"));
            }
        }
        text
    }

    /// The most pulls that the command was allowed, where it used more.
    pub fn overspent(&self) -> Option<u64> {
        let used = self.command.as_ref().and_then(|command| command.used);
        self.max_use.filter(|most| used.is_some_and(|used| used > *most))
    }

    fn subject(&self) -> String {
        let counted = self
            .reading
            .counted()
            .map(|source| format!(" counted as {source}"))
            .unwrap_or_default();
        format!("{} {}{counted}", self.reading.image, self.reading.identity.label())
    }

    /// Lines below the sentence: what was odd, and what to do.
    fn remarks(&self) -> Vec<String> {
        let warnings =
            self.reading.warnings.iter().map(|warning| format!("! {}", one_line(warning, 300)));
        let advice =
            self.reading.error.iter().map(|error| format!("→ {}", one_line(&error.advice, 300)));
        warnings.chain(advice).collect()
    }

    /// For logs: one line, remarks below.
    pub fn plain(&self) -> String {
        let mut lines =
            format!("{}  {}\n", one_line(&self.subject(), 400), one_line(&self.sentence(), 600));
        self.remarks().iter().for_each(|remark| lines.push_str(&format!("  {remark}\n")));
        lines
    }

    /// For a terminal.
    pub fn table(&self, colour: bool) -> String {
        let (mark, role) = match self.verdict {
            Verdict::Open => ("✓", Role::Good),
            Verdict::Closed => ("✗", Role::Bad),
            Verdict::Unknown => ("?", Role::Caution),
        };
        let palette = Palette::new(colour);
        let mut lines =
            format!("{} {}\n", palette.paint(role, mark), one_line(&self.sentence(), 600));
        lines
            .push_str(&format!("  {}\n", palette.paint(Role::Dim, one_line(&self.subject(), 400))));
        self.remarks().iter().for_each(|remark| lines.push_str(&format!("  {remark}\n")));
        lines
    }

    /// GitHub's annotation: one workflow command.
    pub fn annotation(&self) -> String {
        let level = match self.verdict {
            _ if self.overspent().is_some() => "error",
            Verdict::Open => "notice",
            Verdict::Unknown if self.passes => "warning",
            Verdict::Closed | Verdict::Unknown => "error",
        };
        let advice = self
            .reading
            .error
            .as_ref()
            .map(|error| format!(". {}", error.advice))
            .unwrap_or_default();
        let odd: String =
            self.reading.warnings.iter().map(|warning| format!(". {warning}")).collect();
        let title =
            format!("Gate for {}, {}", self.reading.registry, self.reading.identity.label());
        command_line(level, &title, &format!("{}{advice}{odd}", self.sentence()))
    }

    /// The job summary, in Markdown.
    pub fn summary(&self) -> String {
        format!(
            "### Pull limit gate\n\n{}\n\n{}\n",
            markdown(&self.sentence()),
            markdown(&self.subject())
        )
    }

    /// What is known, as names and values: numbers and fixed words, never foreign text.
    pub fn outputs(&self) -> Vec<(&'static str, String)> {
        let number = |name, value: Option<u64>| value.map(|value| (name, value.to_string()));
        let mut outputs = vec![("verdict", self.verdict.as_str().to_owned())];
        outputs.extend(number("remaining", self.reading.remaining));
        outputs.extend(number("limit", self.reading.limit));
        outputs.extend(number("used", self.command.as_ref().and_then(|command| command.used)));
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::fixtures::{limited, with};
    use super::*;

    fn report(verdict: Verdict, reading: Record) -> GateReport {
        GateReport {
            schema: "dhlimit/gate/1".into(),
            verdict,
            passes: verdict == Verdict::Open,
            need: 5,
            have: reading.remaining,
            waited_seconds: 0,
            max_use: None,
            reading,
            command: None,
        }
    }

    #[test]
    fn the_sentence_gives_verdict_and_reason() {
        let mut open = report(Verdict::Open, limited());
        assert_eq!(open.sentence(), "open: 76 of 100 pulls left (1h window), 5 needed");
        open.waited_seconds = 61;
        open.command = Some(CommandRun { exit_code: 0, used: Some(1), used_at_least: false });
        assert!(
            open.sentence().ends_with("; waited 1m 1s; the command used 1 pull"),
            "{}",
            open.sentence()
        );
        open.max_use = Some(0);
        assert!(
            open.sentence().ends_with("used 1 pull, more than the 0 allowed"),
            "{}",
            open.sentence()
        );
        assert!(open.annotation().starts_with("::error"), "{}", open.annotation());
        let mut closed = report(Verdict::Closed, with(State::Exhausted, Some(0)));
        closed.need = 101;
        assert!(
            closed.sentence().ends_with("101 needed, more than the limit ever allows"),
            "{}",
            closed.sentence()
        );
        let mut unknown = report(Verdict::Unknown, with(State::Failed, None));
        unknown.passes = true;
        assert!(
            unknown.sentence().ends_with("let through, as --on-unknown pass says"),
            "{}",
            unknown.sentence()
        );
        assert!(unknown.plain().contains("\n  → check the network\n"), "{}", unknown.plain());
    }

    #[test]
    fn foreign_text_is_neither_command_nor_markup() {
        let mut reading = limited();
        reading.warnings = vec!["50%\n::error::forged".into()];
        reading.source = Some("<b>\n::set-output".into());
        let report = report(Verdict::Open, reading);
        assert_eq!(report.annotation().lines().count(), 1);
        assert!(
            report.annotation().starts_with("::notice title=Gate for docker.io%2C anonymous::"),
            "{}",
            report.annotation()
        );
        assert!(report.summary().contains("&lt;b>"), "{}", report.summary());
        assert!(report.plain().lines().all(|line| !line.starts_with("::")), "{}", report.plain());
        assert_eq!(
            report.outputs(),
            [("verdict", "open".to_owned()), ("remaining", "76".into()), ("limit", "100".into())]
        );
    }
}
