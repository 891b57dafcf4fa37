//! Forecasts on a count that is moved at a known pace and read every quarter of a second: even, noisy,
//! wrongly full once, both, and in bursts. Docker Hub's counter is eventually consistent, so that what
//! it says of one moment differs from node to node; a full count appears in between now and then.
//!
//! Held to three things: how far off the time to empty is, that burn and time say the same, and that a
//! time once stated is not taken back while nothing happens.

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;

use super::super::*;
use super::Draw;

const LIMIT: u64 = 5_000;
const INTERVAL: f64 = 0.25;
/// Judged from this reading on: before it too little was seen.
const FROM: usize = 20;
const SEEDS: u64 = 25;

/// How a count falls, and how it is read.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// Pulls a second.
    pace: f64,
    /// The standard deviation of a reading.
    noise: f64,
    /// Seconds after which one reading is wrongly full.
    full: Option<f64>,
    /// Pulls come so many at once.
    burst: f64,
    /// Readings.
    readings: usize,
}

#[derive(Debug, Default)]
struct Outcome {
    errors: Vec<f64>,
    contradictions: Vec<f64>,
    burns: Vec<f64>,
    taken_back: u32,
    silent: u32,
}

fn run(kind: Kind, seed: u64, outcome: &mut Outcome) {
    let mut draw = Draw::new(seed);
    let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
    let mut forecaster = Forecaster::new(Some(LIMIT), Window::from_seconds(3_600));
    let gone_by = |at: f64| (kind.pace * at / kind.burst).floor() * kind.burst;
    let empty = (LIMIT as f64 / kind.burst).ceil() * kind.burst / kind.pace;
    let (mut stated, mut blip) = (false, kind.full);
    for place in 0..kind.readings {
        let at = place as f64 * INTERVAL;
        let left = LIMIT as f64 - gone_by(at) + kind.noise * draw.normal();
        let mut remaining = left.round().clamp(0.0, LIMIT as f64) as u64;
        let is_blip = blip.is_some_and(|from| at >= from);
        if is_blip {
            (remaining, blip) = (LIMIT, None);
        }
        let now = start + TimeDelta::milliseconds((at * 1_000.0) as i64);
        forecaster.push(Point { at: now, remaining });
        let forecast = forecaster.forecast(now);
        let seconds = forecast.empty_at.map(|at| (at - now).as_seconds_f64());
        outcome.taken_back += u32::from(stated && seconds.is_none());
        stated |= seconds.is_some();
        if place < FROM || is_blip {
            continue;
        }
        outcome.silent += u32::from(seconds.is_none());
        if let Some(seconds) = seconds {
            outcome.errors.push((seconds / (empty - at) - 1.0).abs());
            let burn = forecast.burn_per_hour.unwrap_or(f64::INFINITY);
            let implied = (LIMIT as f64 - gone_by(at)) / seconds * 3_600.0;
            outcome.contradictions.push((burn / implied - 1.0).abs());
            outcome.burns.push((burn / (kind.pace * 3_600.0) - 1.0).abs());
        }
    }
}

#[rstest]
#[case::steady(Kind { pace: 20.0, noise: 0.0, full: None, burst: 1.0, readings: 80 })]
#[case::slow(Kind { pace: 2.0, noise: 0.0, full: None, burst: 1.0, readings: 80 })]
#[case::noisy(Kind { pace: 8.0, noise: 4.0, full: None, burst: 1.0, readings: 80 })]
#[case::very_noisy(Kind { pace: 40.0, noise: 32.0, full: None, burst: 1.0, readings: 100 })]
#[case::full_once(Kind { pace: 20.0, noise: 0.0, full: Some(6.0), burst: 1.0, readings: 80 })]
#[case::full_early(Kind { pace: 20.0, noise: 0.0, full: Some(2.0), burst: 1.0, readings: 80 })]
#[case::both(Kind { pace: 20.0, noise: 8.0, full: Some(6.0), burst: 1.0, readings: 80 })]
#[case::both_worse(Kind { pace: 40.0, noise: 32.0, full: Some(10.0), burst: 1.0, readings: 100 })]
#[case::bursts(Kind { pace: 20.0, noise: 0.0, full: None, burst: 50.0, readings: 100 })]
#[case::large_bursts(Kind { pace: 20.0, noise: 0.0, full: None, burst: 100.0, readings: 160 })]
#[case::noisy_bursts(Kind { pace: 20.0, noise: 4.0, full: None, burst: 100.0, readings: 160 })]
#[case::bursts_and_full(Kind { pace: 20.0, noise: 0.0, full: Some(14.0), burst: 100.0, readings: 160 })]
fn noise_bends_no_forecast(#[case] kind: Kind) {
    let mut outcome = Outcome::default();
    (1..=SEEDS).for_each(|seed| run(kind, seed, &mut outcome));
    let error = median(outcome.errors.clone()).unwrap_or(1.0);
    let worst = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let burn = median(outcome.burns.clone()).unwrap_or(1.0);
    let beside = worst(&outcome.contradictions);
    let said = format!(
        "median error {error:.3}, worst {:.3}, burn off by {burn:.3} and at most {beside:.3} beside its time, taken back {}, silent {} of {}",
        worst(&outcome.errors),
        outcome.taken_back,
        outcome.silent,
        outcome.errors.len() + outcome.silent as usize
    );
    println!("{kind:?}: {said}");
    assert!(outcome.errors.len() > 2 * outcome.silent as usize, "says too little: {said}");
    assert!(error <= 0.05 && burn <= 0.05, "{said}");
    assert!(beside <= 0.05, "burn and time contradict each other: {said}");
    assert_eq!(outcome.taken_back, 0, "a time was taken back: {said}");
}
