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
//! 3. Otherwise the pace is the median of the slopes of all pairs of points (Theil 1950; Sen,
//!    Journal of the American Statistical Association 63, 1968), its trend the same over the rates
//!    of blocks where the test of Mann (1945) and Kendall finds one: see `pace`.
//!
//! The range is that of a renewal process (Cox, Renewal Theory, 1962): its width comes from how
//! uneven consumption has been so far. Where recovery will come before the count is empty, the
//! range is open: it may never be.

mod burst;
mod pace;
mod series;
#[cfg(test)]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a simulation")]
mod simulation;

use chrono::{DateTime, TimeDelta, Utc};

use super::Window;
use burst::Bursts;
use pace::Pace;
use series::Series;

/// Fewer points than this say nothing of a pace.
const LEAST_POINTS: usize = 5;
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
    /// Net pulls an hour, above zero; `None` where there are too few points or nothing falls.
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
    /// Net pulls a second.
    burn: f64,
    /// The likeliest.
    likely: Option<f64>,
    /// The earliest.
    early: Option<f64>,
    /// The latest.
    late: Option<f64>,
}

impl Outlook {
    /// What is left of it where pulls begin to come back after so many seconds.
    fn before(self, recovers: f64) -> Self {
        let within = |at: &f64| *at <= recovers;
        Self { likely: self.likely.filter(within), early: self.early.filter(within), late: self.late.filter(within), ..self }
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
/// assert_eq!(forecast.empty_at, Some(start + TimeDelta::minutes(50)));
/// ```
#[derive(Debug, Clone)]
pub struct Forecaster {
    limit: Option<u64>,
    window: Option<Window>,
    series: Series,
}

impl Forecaster {
    /// A forecaster that has seen nothing of a count with this limit and window.
    pub fn new(limit: Option<u64>, window: Option<Window>) -> Self {
        Self { limit, window, series: Series::new(limit, window) }
    }

    /// Takes in a point, and says what it is. Points come in the order of their times; one before
    /// the last begins a new series.
    pub fn push(&mut self, point: Point) -> Change {
        self.series.push(point)
    }

    /// What is to be expected at `now`.
    pub fn forecast(&self, now: DateTime<Utc>) -> Forecast {
        let mut forecast = Forecast { full_by: self.full_by(now), ..Forecast::default() };
        let Some(last) = self.series.last() else { return forecast };
        let steps = self.series.steps();
        if steps.len() < LEAST_POINTS || last.remaining == 0 {
            return forecast;
        }
        let bursts = Bursts::fit(&steps).map(|bursts| bursts.outlook(last.remaining, self.limit)).filter(|outlook| outlook.burn > 0.0);
        let Some(mut outlook) = bursts.or_else(|| Pace::fit(&steps).map(|pace| pace.outlook(last.remaining))) else { return forecast };
        if let Some(recovers) = self.recovers_in(last, outlook.burn) {
            outlook = outlook.before(recovers);
        }
        forecast.burn_per_hour = Some(outlook.burn * 3600.0).filter(|burn| burn.is_finite() && *burn > 0.0);
        let time = |seconds: f64| after(last.at, seconds).map(|at| at.max(now));
        forecast.empty_at = outlook.likely.and_then(time);
        forecast.empty_range = outlook.early.and_then(time).map(|early| (early, outlook.late.and_then(time)));
        forecast
    }

    /// Seconds until the first pulls come back, under laws that give them back a window later: what a
    /// forecast beyond that would have to know. `None` once the count is seen to rise by itself: then
    /// recovery is part of the burn.
    fn recovers_in(&self, last: Point, burn: f64) -> Option<f64> {
        let (began, used) = self.series.use_began()?;
        let before = if burn > 0.0 { real(i64::try_from(used).unwrap_or(i64::MAX)) / burn } else { 0.0 };
        let window = real(i64::try_from(self.window?.seconds()).unwrap_or(i64::MAX));
        Some((window - before.min(window) - real((last.at - began).num_milliseconds()) / 1000.0).max(0.0))
    }

    fn full_by(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let window = i64::try_from(self.window?.seconds()).ok().and_then(TimeDelta::try_seconds)?;
        self.series.last_pull()?.checked_add_signed(window).filter(|at| *at >= now)
    }
}

/// A time so many seconds later; `None` for what is no time or too far away.
fn after(at: DateTime<Utc>, seconds: f64) -> Option<DateTime<Utc>> {
    if !(0.0..=HORIZON).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the horizon")]
    let millis = (seconds * 1000.0) as i64;
    at.checked_add_signed(TimeDelta::try_milliseconds(millis)?)
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds are far below 2^52")]
fn real(number: i64) -> f64 {
    number as f64
}
