//! What one sees while the rounds go by: a bar that falls on a terminal, a line a round elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Context;
use crate::render::stress::{Round, round_line};

/// Shows rounds as they end.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar of the limit's length where standard error is a terminal and talk is wanted.
    pub(super) fn new(context: &Context, limit: Option<u64>, left: Option<u64>) -> Self {
        let bar = (context.terminal.stderr && context.talkative).then(|| {
            let bar = ProgressBar::with_draw_target(limit, ProgressDrawTarget::stderr());
            let template = if limit.is_some() {
                "{bar:40} {pos}/{len} left  {msg}"
            } else {
                "{spinner} {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏░"));
            }
            bar.set_position(left.unwrap_or(0));
            bar
        });
        Self { bar }
    }

    /// A round is over.
    pub(super) fn round(&self, context: &Context, round: &Round) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(round.remaining_after.unwrap_or(0));
                bar.set_message(format!("round {}", round.n));
            }
            None => context.say(&round_line(round)),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
