//! What one sees of a wait: one line that counts down on a terminal, a line a look elsewhere.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::Context;
use crate::render::span;
use crate::text::one_line;

/// Shows a wait.
pub(super) struct Countdown<'a> {
    context: &'a Context,
    /// Standard error is a terminal, and talk is wanted.
    is_line: bool,
    ticking: Option<JoinHandle<()>>,
}

impl<'a> Countdown<'a> {
    /// A line that changes where standard error is a terminal and talk is wanted.
    pub(super) fn new(context: &'a Context) -> Self {
        Self { context, is_line: context.terminal.stderr && context.talkative, ticking: None }
    }

    /// Why it waits, when it looks again, and when it gives up.
    pub(super) fn show(&mut self, why: &str, next: Instant, gives_up: Option<Instant>) {
        self.stop();
        if !self.is_line {
            self.context.say(&format!("{why}; {}", times(next, gives_up)));
            return;
        }
        let (context, why) = (self.context.clone(), why.to_owned());
        self.ticking = Some(tokio::spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                // What changes stands first: the rest is cut where there is no room.
                context.pass(&fitting(&format!("{}: {why}", times(next, gives_up))));
            }
        }));
    }

    /// Takes the line away.
    pub(super) fn finish(&mut self) {
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

fn times(next: Instant, gives_up: Option<Instant>) -> String {
    let until = |at: Instant| {
        let left = at.saturating_duration_since(Instant::now());
        span(left.as_secs() + u64::from(left.subsec_nanos() > 0))
    };
    let end = gives_up.map(|at| format!(", gives up in {}", until(at))).unwrap_or_default();
    format!("looks again in {}{end}", until(next))
}
