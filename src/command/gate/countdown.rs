//! What one sees of a wait: one line that counts down on a terminal, a line a look elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::Context;
use crate::render::span;

/// Shows a wait.
pub(super) struct Countdown<'a> {
    context: &'a Context,
    line: Option<ProgressBar>,
    ticking: Option<JoinHandle<()>>,
}

impl<'a> Countdown<'a> {
    /// A line that changes where standard error is a terminal and talk is wanted.
    pub(super) fn new(context: &'a Context) -> Self {
        let line = (context.terminal.stderr && context.talkative).then(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                line.set_style(style);
            }
            line
        });
        Self { context, line, ticking: None }
    }

    /// Why it waits, when it looks again, and when it gives up.
    pub(super) fn show(&mut self, why: &str, next: Instant, gives_up: Option<Instant>) {
        self.stop();
        let Some(line) = self.line.clone() else {
            self.context.say(&words(why, next, gives_up));
            return;
        };
        let why = why.to_owned();
        self.ticking = Some(tokio::spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                line.set_message(words(&why, next, gives_up));
                line.tick();
            }
        }));
    }

    /// Takes the line away.
    pub(super) fn finish(&mut self) {
        self.stop();
        if let Some(line) = &self.line {
            line.finish_and_clear();
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
        self.stop();
    }
}

fn words(why: &str, next: Instant, gives_up: Option<Instant>) -> String {
    let until = |at: Instant| {
        let left = at.saturating_duration_since(Instant::now());
        span(left.as_secs() + u64::from(left.subsec_nanos() > 0))
    };
    let end = gives_up.map(|at| format!(", gives up in {}", until(at))).unwrap_or_default();
    format!("{why}; looks again in {}{end}", until(next))
}
