//! Forecasts of sandbox runs: a sandbox whose neighbours pull by one of its traffic patterns is read
//! at an interval, on a clock that is moved by hand, until it is empty; then each forecast is held
//! against what came. Shared by the test and by `cargo bench --bench forecast`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use dhlimit::context::Clock;
use dhlimit::quota::{Forecast, Forecaster, Law, Point, Window};
use dhlimit::sandbox::{Profile, Sandbox, Settings};

/// The reading from which on forecasts are judged.
pub(crate) const JUDGED_FROM: usize = 20;
const ADDRESS: &str = "192.0.2.7";
const HOUR: f64 = 3_600.0;

/// How the neighbours pull; the names of the sandbox's patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Steady,
    Bursty,
    Falling,
}

/// Numbers from 0 to 1 that look random: xorshift64* (Vigna 2016).
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // The first rolls of near seeds are near each other.
        for _ in 0..8 {
            dice.roll();
        }
        dice
    }

    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.roll()
    }
}

/// A clock that is moved by hand.
#[derive(Clone)]
struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One run, in seconds since the sandbox's start.
struct Plan {
    limit: u32,
    window: u64,
    /// Pulls an hour.
    rate: f64,
    /// Between two readings.
    interval: f64,
    /// The first reading.
    begins: f64,
    /// The end of the run, where the count is never empty.
    ends: f64,
}

impl Plan {
    /// Limits of both kinds, windows of both years, readings so dense that 40 to 160 of them see the
    /// count empty itself where nothing comes back, and begun anywhere in the pattern.
    fn of(kind: Use, dice: &mut Dice) -> Self {
        let limit = if dice.roll() < 0.5 { 100 } else { 200 };
        let pulls = f64::from(limit);
        let (window, rate, lasts) = match kind {
            Use::Steady => {
                let window = if dice.roll() < 0.5 { 3_600 } else { 21_600 };
                let lasts = window as f64 * dice.between(0.15, 0.9);
                (window, pulls * HOUR / lasts, lasts)
            }
            // A burst every ten minutes, 6 to 14 of them: only the window of six hours is long enough.
            Use::Bursty => {
                let bursts = dice.between(6.0, 14.0);
                (21_600, pulls * 6.0 / bursts, bursts * 600.0)
            }
            // Falls to nothing within the hour, and not always far enough to empty the count.
            Use::Falling => {
                let part = dice.between(0.9, 2.5);
                let lasts =
                    if part > 1.0 { HOUR * (1.0 - (1.0 - 1.0 / part).sqrt()) } else { HOUR };
                (3_600, pulls * part, lasts)
            }
        };
        let interval = dice.between((lasts / 160.0).max(10.0), (lasts / 40.0).max(10.0)).round();
        let begins = dice.between(0.0, 600.0).round();
        // What begins after the hour is no falling use any more: twice the rate from one moment to the next.
        // A bucket that is emptied little faster than it fills takes many windows.
        let ends = if kind == Use::Falling { HOUR } else { begins + 12.0 * window as f64 };
        Self { limit, window, rate: rate.round(), interval, begins, ends }
    }
}

/// Forecasts of one run, and what came.
struct Run {
    /// When each was made, and what it said.
    foretold: Vec<(DateTime<Utc>, Forecast)>,
    empty: Option<DateTime<Utc>>,
}

fn run(law: Law, kind: Use, seed: u64) -> Run {
    let plan = Plan::of(kind, &mut Dice::of(seed));
    let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
    let clock = Hand(Arc::new(Mutex::new(start)));
    let name = format!("{kind:?}").to_lowercase();
    let settings = Settings {
        limit: Some(plan.limit),
        window: Window::from_seconds(plan.window),
        law,
        traffic: Some(format!("{name}:{}/h", plan.rate).parse().unwrap()),
        clock: Arc::new(clock.clone()),
        ..Settings::of(Profile::Of2026)
    };
    let sandbox = Sandbox::new(settings).unwrap();
    let set = |seconds: f64| {
        let now = start + TimeDelta::milliseconds((seconds * 1000.0) as i64);
        *clock.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
        now
    };
    // Seen for the first time, and full, when it is first read.
    set(plan.begins);
    sandbox.set_remaining(ADDRESS, plan.limit).unwrap();
    let mut forecaster =
        Forecaster::new(Some(plan.limit.into()), Window::from_seconds(plan.window));
    let (mut foretold, mut readings) = (Vec::new(), 0);
    let (mut at, mut next) = (plan.begins, plan.begins);
    while at < plan.ends {
        let now = set(at);
        let state = sandbox
            .snapshot()
            .identities
            .into_iter()
            .find(|state| state.identity == ADDRESS)
            .unwrap();
        let remaining = state.remaining.unwrap();
        if remaining == 0 {
            return Run { foretold, empty: Some(now) };
        }
        if at >= next {
            forecaster.push(Point { at: now, remaining: remaining.into() });
            readings += 1;
            if readings >= JUDGED_FROM {
                foretold.push((now, forecaster.forecast(now)));
            }
            next += plan.interval;
        }
        // Between readings it is looked at so that the moment it is empty is known to the second.
        let stride = if remaining > plan.limit / 10 { 5.0 } else { 1.0 };
        at = (at + stride).min(next);
    }
    Run { foretold, empty: None }
}

/// How the forecasts of many runs were.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Runs with a forecast.
    pub(crate) runs: usize,
    /// Forecasts in them.
    pub(crate) forecasts: usize,
    /// Relative errors of the time to empty, where one was foretold and came.
    pub(crate) errors: Vec<f64>,
    /// The same of the 20th readings alone.
    pub(crate) first_errors: Vec<f64>,
    /// Forecasts of runs that came to empty that gave no time.
    pub(crate) silent: usize,
    /// Ranges that held.
    pub(crate) held: usize,
    /// The same of the 20th readings alone.
    pub(crate) first_held: usize,
    /// Widths of ranges with an end, relative to the time to empty.
    pub(crate) widths: Vec<f64>,
    /// Runs in which nine ranges in ten held.
    pub(crate) runs_held: usize,
}

impl Outcome {
    /// Runs with these seeds.
    pub(crate) fn of(law: Law, kind: Use, seeds: impl Iterator<Item = u64>) -> Self {
        let mut outcome = Self::default();
        seeds.for_each(|seed| outcome.judge(&run(law, kind, seed)));
        outcome
    }

    fn judge(&mut self, run: &Run) {
        if run.foretold.is_empty() {
            return;
        }
        let mut held = 0;
        for (place, (now, forecast)) in run.foretold.iter().enumerate() {
            if let Some(empty) = run.empty {
                match forecast.empty_at {
                    Some(foretold) => {
                        let error = (foretold - empty).abs().as_seconds_f64()
                            / (empty - *now).as_seconds_f64();
                        self.errors.push(error);
                        self.first_errors.extend((place == 0).then_some(error));
                    }
                    None => self.silent += 1,
                }
                if let Some((early, Some(late))) = forecast.empty_range {
                    self.widths
                        .push((late - early).as_seconds_f64() / (empty - *now).as_seconds_f64());
                }
            }
            let holds = match (run.empty, forecast.empty_range) {
                (Some(empty), Some((early, late))) => {
                    early <= empty && late.is_none_or(|late| empty <= late)
                }
                (Some(_), None) => false,
                (None, range) => range.is_none_or(|(_, late)| late.is_none()),
            };
            held += usize::from(holds);
            self.first_held += usize::from(holds && place == 0);
        }
        self.runs += 1;
        self.forecasts += run.foretold.len();
        self.held += held;
        self.runs_held += usize::from(held * 10 >= run.foretold.len() * 9);
    }
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A part of a whole.
pub(crate) fn part(some: usize, all: usize) -> f64 {
    some as f64 / all.max(1) as f64
}
