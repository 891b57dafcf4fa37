//! When a count will be empty, from the readings so far. Pure, incremental, of bounded memory.
//!
//! Docker does not publish how a count recovers (protocol notes of November 2026, fact 10), so
//! nothing here assumes a law. What empties a count is the *net* burn: pulls made less pulls given
//! back. It is measured, in three steps:
//!
//! 1. [`Series`] turns readings into net consumption over time. A jump to a full count is held back
//!    until the next reading tells a reset from a false value (fact 11); neither is consumption.
//! 2. Where use comes in bursts, their size and their distance are taken apart, as Croston did for
//!    intermittent demand (Operational Research Quarterly 23, 1972), with trimmed means in the place of
//!    his smoothing: see `burst`.
//! 3. Otherwise lines are laid through consumption, even and changing ones for several mixtures of
//!    noise, by a filter that up to two cliffs do not bend (see `filter`), and weighed by how likely
//!    they make the readings (see `pace`). Time to empty is the median of their first passage.
//!
//! A count that goes up and down says less than it seems to: nothing is stated before it fell by more than
//! its noise, a change of pace counts the less the further it would have to go on, and a time that was
//! stated stays until it is plainly wrong. Burn and time are one statement.
//!
//! The range of bursts is that of a renewal process (Cox, Renewal Theory, 1962), that of lines comes
//! from all of them together. Where recovery will come before the count is empty, the range is
//! open: it may never be.
//!
//! What can be had: `simulation::noise` has counters that say something else at each reading, `simulation` has the error of least squares that know the true form beside
//! ours, and `cargo bench --bench forecast` that of runs against the sandbox.

mod burst;
mod filter;
mod pace;
mod series;
#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers of a simulation"
)]
mod simulation;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use super::Window;
use burst::Bursts;
use pace::Pace;
use series::{Series, Step, usual_rise};

/// Fewer points than this say nothing of a pace.
const LEAST_POINTS: usize = 5;
/// Fewer falls than this are single pulls: not how often they come, only how soon it could be over.
const LEAST_FALLS: usize = 3;
/// A fall of so many times what the count usually rises by is more than its noise.
const NOISE: f64 = 2.5;
/// How much later than pulls begin to come back a time that was stated may come to lie before it is taken back.
const GRACE: f64 = 1.25;
/// Nothing is foretold beyond so many seconds: 30 days.
const HORIZON: f64 = 30.0 * 86_400.0;

/// The count at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When it was read.
    pub at: DateTime<Utc>,
    /// Pulls left.
    pub remaining: u64,
}

/// What a new point is, compared with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The first of a series, or of a new one after the clock stepped back.
    First,
    /// As before.
    Steady,
    /// So many fewer.
    Drop(u64),
    /// So many more.
    Rise(u64),
    /// Full all at once: held back until the next point tells whether that is true.
    Held,
    /// The point before this one was full by mistake; it is forgotten.
    FalseFull,
    /// The count is full again, and truly so.
    Reset,
}

/// What is to be expected. No time in it lies before the `now` it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Forecast {
    /// Net pulls an hour until the count is empty, or now where it will not be; above zero. `None`
    /// where there are too few points, or the count fell too seldom.
    pub burn_per_hour: Option<f64>,
    /// When nothing will be left; `None` where that is not to be expected, or is so already.
    pub empty_at: Option<DateTime<Utc>>,
    /// Earliest and latest time of it, for nine cases in ten; no latest: perhaps never.
    pub empty_range: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
    /// Full again at the latest, if nobody pulls any more: one window after the last pull seen.
    pub full_by: Option<DateTime<Utc>>,
}

/// Seconds until the count is empty, as a model has them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outlook {
    /// Net pulls a second: until the likeliest time, where there is one.
    burn: f64,
    /// The likeliest.
    likely: Option<f64>,
    /// The earliest.
    early: Option<f64>,
    /// The latest.
    late: Option<f64>,
}

impl Outlook {
    /// Its times in their order.
    fn ordered(self) -> Self {
        let early = self.early.into_iter().chain(self.likely).min_by(f64::total_cmp);
        let latest = self.likely.or(early);
        Self { early, late: self.late.map(|late| latest.map_or(late, |at| late.max(at))), ..self }
    }

    /// What is left of it where pulls begin to come back after so many seconds: it will not be empty
    /// earlier than it seems, but perhaps later or never.
    fn before(self, recovers: f64) -> Self {
        let within = |at: &f64| *at <= recovers;
        Self { likely: self.likely.filter(within), late: self.late.filter(within), ..self }
    }
}

/// Follows one identity's count.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use dhlimit::quota::{Change, Forecaster, Point, Window};
///
/// let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
/// let mut forecaster = Forecaster::new(Some(100), Window::from_seconds(3600));
/// for minute in 0..20 {
///     let point = Point { at: start + TimeDelta::minutes(minute), remaining: 100 - 2 * minute as u64 };
///     let change = forecaster.push(point);
///     assert_eq!(change, if minute == 0 { Change::First } else { Change::Drop(2) });
/// }
/// let forecast = forecaster.forecast(start + TimeDelta::minutes(19));
/// assert_eq!(forecast.burn_per_hour.map(f64::round), Some(120.0));
/// assert_eq!(forecast.empty_at.map(|at| (at - start).num_minutes()), Some(49));
/// ```
#[derive(Debug, Clone)]
pub struct Forecaster {
    limit: Option<u64>,
    window: Option<Window>,
    series: Series,
    /// A time to empty was stated: it is taken back only where it is plainly wrong.
    stated: bool,
}

impl Forecaster {
    /// A forecaster that has seen nothing of a count with this limit and window.
    pub fn new(limit: Option<u64>, window: Option<Window>) -> Self {
        Self { limit, window, series: Series::new(limit, window), stated: false }
    }

    /// Takes in a point, and says what it is. Points come in the order of their times; one before
    /// the last begins a new series.
    pub fn push(&mut self, point: Point) -> Change {
        let change = self.series.push(point);
        if matches!(change, Change::First | Change::Reset) || point.remaining == 0 {
            self.stated = false;
        }
        change
    }

    /// What is to be expected at `now`. Burn and time to empty are one statement: so many pulls an
    /// hour from the last reading until nothing is left. A time that was stated stays through the
    /// noise of readings; it goes where it is plainly wrong.
    pub fn forecast(&mut self, now: DateTime<Utc>) -> Forecast {
        let full_by = self.full_by(now);
        let outlook = self.outlook();
        self.stated = outlook.is_some_and(|outlook| outlook.likely.is_some());
        let Some((last, outlook)) = self.series.last().zip(outlook) else {
            return Forecast { full_by, ..Forecast::default() };
        };
        let time = |seconds: f64| after(last.at, seconds).map(|at| at.max(now));
        Forecast {
            burn_per_hour: Some(outlook.burn * 3600.0)
                .filter(|burn| burn.is_finite() && *burn > 0.0),
            empty_at: outlook.likely.and_then(time),
            empty_range: outlook
                .early
                .and_then(time)
                .map(|early| (early, outlook.late.and_then(time))),
            full_by,
        }
    }

    /// What the readings lead to expect from the last one on; none where they say nothing yet.
    fn outlook(&self) -> Option<Outlook> {
        let last = self.series.last()?;
        let steps = self.series.steps();
        if steps.len() < LEAST_POINTS || last.remaining == 0 {
            return None;
        }
        let bursts = Bursts::fit(&steps)
            .map(|bursts| bursts.outlook(last.remaining, self.limit))
            .filter(|outlook| outlook.burn > 0.0);
        let outlook = match bursts {
            Some(outlook) => outlook,
            None => Pace::fit(&steps, last.remaining)?.outlook(last.remaining, self.stated),
        };
        let outlook = match self.recovers_in(last, outlook.burn) {
            Some(recovers) if self.stated => outlook.before(recovers * GRACE),
            Some(recovers) => outlook.before(recovers),
            None => outlook,
        };
        let outlook = outlook.ordered();
        Some(if !self.stated && falls(&steps) < LEAST_FALLS {
            Outlook { burn: 0.0, likely: None, late: None, ..outlook }
        } else {
            outlook
        })
    }

    /// Seconds until the first pulls come back, under laws that give them back a window later: what a
    /// forecast beyond that would have to know. `None` once the count is seen to rise by itself, or to
    /// fall for a window: then recovery is part of the burn.
    fn recovers_in(&self, last: Point, burn: f64) -> Option<f64> {
        let (began, used) = self.series.use_began()?;
        let before =
            if burn > 0.0 { real(i64::try_from(used).unwrap_or(i64::MAX)) / burn } else { 0.0 };
        let window = real(i64::try_from(self.window?.seconds()).unwrap_or(i64::MAX));
        let watched = real((last.at - began).num_milliseconds()) / 1000.0;
        (watched < window).then(|| (window - before.min(window) - watched).max(0.0))
    }

    fn full_by(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let window = i64::try_from(self.window?.seconds()).ok().and_then(TimeDelta::try_seconds)?;
        self.series.last_pull()?.checked_add_signed(window).filter(|at| *at >= now)
    }
}

/// How often the count fell by more than its noise: what goes up and down says nothing of where it goes.
fn falls(steps: &[Step]) -> usize {
    let noise = NOISE * usual_rise(steps);
    let (mut falls, mut lowest) = (0, steps.first().map_or(0.0, |step| step.gone));
    for step in steps {
        if step.gone > lowest + noise {
            falls += 1;
            lowest = step.gone;
        }
        lowest = lowest.min(step.gone);
    }
    falls
}

/// A time so many seconds later; `None` for what is no time or too far away.
fn after(at: DateTime<Utc>, seconds: f64) -> Option<DateTime<Utc>> {
    if !(0.0..=HORIZON).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the horizon")]
    let millis = (seconds * 1000.0).round() as i64;
    at.checked_add_signed(TimeDelta::try_milliseconds(millis)?)
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds are far below 2^52")]
fn real(number: i64) -> f64 {
    number as f64
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The middle value.
fn median(mut values: Vec<f64>) -> Option<f64> {
    let (middle, even) = (values.len() / 2, values.len().is_multiple_of(2));
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(lower.map_or(upper, |lower| f64::midpoint(lower, upper)))
}
