//! What one sees while the rounds go by: a bar that falls on a terminal, with rate and end; a line
//! every tenth of the way elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::Context;
use crate::quota::Reading;
use crate::render::span;
use crate::render::stress::round_line;
use crate::stress::{Round, RoundOutcome, Task, Watcher};

/// Lines of a run of known length, where there is no bar.
const LINES: u64 = 10;
/// A line no later than this after the last one.
const SILENCE: Duration = Duration::from_secs(30);

/// Shows rounds as they end.
pub(crate) struct Progress<'a> {
    context: &'a Context,
    bar: Option<ProgressBar>,
    began: Instant,
    /// Pulls left at first.
    first: Option<u64>,
    /// Pulls to go at first, as far as is known.
    whole: Option<u64>,
    /// Pulls that are left when a bound is reached.
    floor: u64,
    /// When the last line was written, and after how many rounds.
    line: (Instant, u64),
}

impl<'a> Progress<'a> {
    /// A bar of the limit's length where standard error is a terminal and talk is wanted.
    pub(crate) fn new(context: &'a Context, task: &Task<'_>) -> Self {
        let (limit, left) =
            (task.reading.count().map(|count| count.limit), task.reading.remaining());
        let floor = task.floor.unwrap_or(0);
        let to_floor = left.map(|left| left.saturating_sub(floor));
        let whole = to_floor.into_iter().chain(task.count).min();
        let bar = (context.terminal.stderr && context.talkative).then(|| bar(limit, left));
        let began = Instant::now();
        Self { context, bar, began, first: left, whole, floor, line: (began, 0) }
    }

    /// Pulls a minute so far, and how long the rest takes at that rate.
    fn rate(&self, left: Option<u64>, rounds: u64) -> Option<(f64, Duration)> {
        let elapsed = self.began.elapsed().as_secs_f64();
        let pulled = self.first.zip(left).map(|(first, left)| first.saturating_sub(left))?;
        let rest = self
            .whole
            .map(|whole| whole.saturating_sub(rounds))
            .unwrap_or_default()
            .min(left?.saturating_sub(self.floor));
        if pulled == 0 || elapsed < 0.2 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of pulls are far below 2^52")]
        let (pulled, rest) = (pulled as f64, rest as f64);
        let rate = pulled / elapsed;
        Some((rate * 60.0, Duration::try_from_secs_f64(rest / rate).unwrap_or_default()))
    }

    /// Whether a round is worth a line: the first, what did not pull, every tenth of the way.
    fn is_due(&self, round: &Round) -> bool {
        let step = self.whole.map_or(LINES, |whole| (whole / LINES).max(1));
        round.n == 1
            || round.outcome != RoundOutcome::Pulled
            || round.failure.is_some()
            || round.n - self.line.1 >= step
            || self.line.0.elapsed() >= SILENCE
    }
}

impl Watcher for Progress<'_> {
    fn round(&mut self, round: &Round, _: &Reading) {
        let rate = self.rate(round.remaining_after, round.n);
        if let Some(bar) = &self.bar {
            bar.set_position(round.remaining_after.unwrap_or(0));
            let pace = rate
                .map(|(rate, rest)| format!(", {rate:.0}/min, {} to go", span(rest.as_secs())))
                .unwrap_or_default();
            bar.set_message(format!("pull {}{pace}", round.n));
        } else if self.is_due(round) {
            self.context.say(&round_line(round));
            self.line = (Instant::now(), round.n);
        }
    }

    fn recovering(&mut self, after_seconds: u64, reading: &Reading) {
        if let Some(remaining) = reading.remaining() {
            self.context.say(&format!("after {}: {remaining} left", span(after_seconds)));
        }
    }

    fn ended(&mut self, _: crate::stress::StoppedBy) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar of the limit's length; the words beside it must fit a narrow terminal.
fn bar(limit: Option<u64>, left: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(limit, ProgressDrawTarget::stderr());
    let template =
        if limit.is_some() { "{wide_bar} {pos}/{len} left  {msg}" } else { "{spinner} {msg}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏░"));
    }
    bar.set_position(left.unwrap_or(0));
    bar
}
