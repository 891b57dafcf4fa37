//! What one sees of a wait: one line that counts down on a terminal, a line a reading elsewhere.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use super::sentence;
use crate::Context;
use crate::gate::Step;
use crate::render::span;
use crate::text::one_line;

/// Shows a wait.
pub(crate) struct Countdown<'a> {
    context: &'a Context,
    /// Standard error is a terminal, and talk is wanted.
    is_line: bool,
    ticking: Option<JoinHandle<()>>,
}

impl<'a> Countdown<'a> {
    /// A line that changes where standard error is a terminal and talk is wanted.
    pub(crate) fn new(context: &'a Context) -> Self {
        Self { context, is_line: context.terminal.stderr && context.talkative, ticking: None }
    }

    /// One step of a wait.
    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Waiting { report, next, timeout } => {
                let have = report.have.map_or_else(|| "?".to_owned(), |have| have.to_string());
                let short =
                    format!("{} {have}/{} needed", report.verdict.as_str(), report.need);
                self.show(&short, &sentence(report), *next, Some(*timeout));
            }
            Step::Doubtful { next, timeout } => {
                let words = "unexpected jump to full; checking again";
                self.show("full at once?", words, *next, *timeout);
            }
            Step::NoWindow => self.context.say(
                "! not waiting: no window is known that could pass; --wait=DURATION waits that long",
            ),
            Step::TimedOut => self.context.say("timed out waiting"),
        }
    }

    /// In short on a terminal, in full elsewhere.
    fn show(&mut self, short: &str, full: &str, next: Instant, timeout: Option<Instant>) {
        self.stop();
        if !self.is_line {
            let end = timeout.map(|at| format!(", timeout in {}", until(at))).unwrap_or_default();
            let line = format!("{}; next check in {}{end}", one_line(full, 400), until(next));
            self.context.say(&line);
            return;
        }
        let (context, short) = (self.context.clone(), short.to_owned());
        self.ticking = Some(tokio::spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                let end = timeout.map(|at| format!(" · timeout {}", until(at))).unwrap_or_default();
                context.pass(&fitting(&format!("{short} · next check {}{end}", until(next))));
            }
        }));
    }

    /// Takes the line away.
    pub(crate) fn finish(&mut self) {
        self.stop();
        if self.is_line {
            self.context.pass("");
        }
    }

    fn stop(&mut self) {
        if let Some(ticking) = self.ticking.take() {
            ticking.abort();
        }
    }
}

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}

/// As much of a line as the terminal is wide now, with room for the `^C` that it may echo.
fn fitting(line: &str) -> String {
    let columns = rustix::termios::tcgetwinsize(std::io::stderr())
        .map_or(80, |size| usize::from(size.ws_col));
    one_line(line, columns.saturating_sub(3).max(1))
}

fn until(at: Instant) -> String {
    let left = at.saturating_duration_since(Instant::now());
    span(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}
