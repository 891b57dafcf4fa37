//! Forecasts against each window law under steady, bursty and falling use: how far off, and how
//! often the range holds. Seeds are fixed, so the numbers are the same in every run.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;

use super::*;
use crate::quota::{Law, Quota, Usage};

const RUNS: u64 = 60;
const WINDOW: u64 = 3_600;

#[derive(Debug, Clone, Copy)]
enum Use {
    Steady,
    Bursty,
    Falling,
}

/// Numbers from 0 to 1 that look random: xorshift64* (Vigna 2016).
struct Dice(u64);

impl Dice {
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

/// When pulls are made, in seconds, for three windows.
fn pulls(kind: Use, limit: f64, empty_after: f64, dice: &mut Dice) -> Vec<f64> {
    let (mut times, mut at) = (Vec::new(), 0.0);
    let end = 3.0 * WINDOW as f64;
    let mean = empty_after / limit;
    match kind {
        Use::Steady => {
            while at < end {
                at += mean * dice.between(0.5, 1.5);
                times.push(at);
            }
        }
        Use::Bursty => {
            let bursts = dice.between(6.0, 14.0).round();
            let every = empty_after / bursts;
            while at < end {
                let start = at + every * dice.between(0.0, 0.1);
                let size = (limit / bursts * dice.between(0.85, 1.15)).round().max(1.0);
                (0..size as u32).for_each(|pull| times.push(start + every * 0.08 * f64::from(pull) / size));
                at += every;
            }
        }
        Use::Falling => {
            // Falls evenly to nothing; empties the count on the way in most runs.
            let stops = empty_after * dice.between(1.5, 4.0);
            let rate = limit * dice.between(0.9, 1.6) / (empty_after - empty_after * empty_after / (2.0 * stops));
            let mut made = 0.0;
            loop {
                made += dice.between(0.5, 1.5);
                let rest = 1.0 - 2.0 * made / (rate * stops);
                if rest <= 0.0 {
                    break;
                }
                times.push(stops * (1.0 - rest.sqrt()));
            }
        }
    }
    times
}

struct Outcome {
    errors: Vec<f64>,
    /// Of each run, the part of forecasts whose range held.
    held: Vec<f64>,
}

fn run(law: Law, kind: Use, seed: u64, outcome: &mut Outcome) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        dice.roll();
    }
    let limit = if dice.roll() < 0.5 { 100 } else { 200 };
    let interval = dice.between(10.0, 30.0).round();
    let empty_after = dice.between(40.0 * interval, 0.5 * WINDOW as f64);
    let quota = Quota { law, limit, window: Window::from_seconds(WINDOW).unwrap() };
    let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
    let mut usage = Usage::default();
    let mut forecaster = Forecaster::new(Some(u64::from(limit)), Some(quota.window));
    let mut foretold: Vec<(f64, Forecast)> = Vec::new();
    let mut empty = None;
    let (mut next, mut points) = (0.0, 0);
    let mut read = |usage: &Usage, at: f64| {
        let remaining = u64::from(quota.remaining(usage, Duration::from_secs_f64(at)));
        let now = start + TimeDelta::milliseconds((at * 1000.0) as i64);
        forecaster.push(Point { at: now, remaining });
        points += 1;
        if points >= 20 && remaining > 0 {
            foretold.push((at, forecaster.forecast(now)));
        }
    };
    for at in pulls(kind, f64::from(limit), empty_after, &mut dice) {
        while next <= at && next < WINDOW as f64 * 1.5 {
            read(&usage, next);
            next += interval;
        }
        quota.take(&mut usage, Duration::from_secs_f64(at));
        if quota.remaining(&usage, Duration::from_secs_f64(at)) == 0 {
            empty = Some(at);
            break;
        }
    }
    if foretold.is_empty() {
        return;
    }
    let mut held = 0_u32;
    let seconds = |at: DateTime<Utc>| (at - start).num_milliseconds() as f64 / 1000.0;
    for (at, forecast) in &foretold {
        if let Some((empty, expected)) = empty.zip(forecast.empty_at) {
            outcome.errors.push((seconds(expected) - empty).abs() / (empty - at));
        }
        held += u32::from(match (empty, forecast.empty_range) {
            (Some(empty), Some((early, late))) => seconds(early) <= empty && late.is_none_or(|late| empty <= seconds(late)),
            (Some(_), None) => false,
            (None, range) => range.is_none_or(|(_, late)| late.is_none()),
        });
    }
    outcome.held.push(f64::from(held) / foretold.len() as f64);
}

#[rstest]
fn forecasts_are_near_and_their_ranges_hold(
    #[values(Law::Sliding, Law::Fixed, Law::Bucket)] law: Law,
    #[values(Use::Steady, Use::Bursty, Use::Falling)] kind: Use,
) {
    let mut outcome = Outcome { errors: Vec::new(), held: Vec::new() };
    (1..=RUNS).for_each(|seed| run(law, kind, seed, &mut outcome));
    let error = pace::median(outcome.errors.clone()).unwrap();
    let holds = outcome.held.iter().sum::<f64>() / outcome.held.len() as f64;
    println!(
        "{law:?} {kind:?}: median error {:.1} %, range holds {:.1} % ({} forecasts, {} runs)",
        error * 100.0,
        holds * 100.0,
        outcome.errors.len(),
        outcome.held.len()
    );
    assert!(outcome.held.len() >= 40 && outcome.errors.len() >= 400, "{} runs, {} forecasts", outcome.held.len(), outcome.errors.len());
    // A trend is learned from few pulls with half as much chance again in each pause: falling use stays
    // above the 10 % that the others keep.
    let most = if matches!(kind, Use::Falling) { 0.18 } else { 0.10 };
    assert!(error < most, "{law:?} {kind:?}: median error {error:.3}");
    assert!(holds >= 0.90, "{law:?} {kind:?}: the range holds in {holds:.3}");
}
