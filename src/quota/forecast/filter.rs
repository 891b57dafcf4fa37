//! Consumption as a straight or bent line with noise: a Kalman filter (1960) over level, pace and
//! trend, as structural time series have it (Harvey, Forecasting, Structural Time Series Models and
//! the Kalman Filter, 1989). Noise is of two kinds, and its mixture is learned: a count in whole
//! pulls is off by part of one at each reading, and forgets it; uneven use adds up.

use super::number;
use super::series::Step;

/// Nothing was known of pace and trend before: so large a variance, beside 1 for one reading.
const UNKNOWN: f64 = 1e7;
/// Innovations that tell nothing: they go into pace and trend.
const LEARNING: usize = 2;
/// More cliffs than these are no cliffs but the nature of the use.
const MOST_CLIFFS: usize = 2;
/// A cliff is so many deviations beyond what was expected (Huber, Annals of Mathematical Statistics 35, 1964),
const CLIFF: f64 = 4.0;
/// and so many pulls.
const CLIFF_LEAST: f64 = 3.0;
/// The variance of what rounding to whole pulls takes away.
pub(super) const ROUNDING: f64 = 1.0 / 12.0;

/// Variances and covariances of level, pace and trend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) level: f64,
    pub(super) level_pace: f64,
    pub(super) level_trend: f64,
    pub(super) pace: f64,
    pub(super) pace_trend: f64,
    pub(super) trend: f64,
}

/// A line at the time of the last step: pulls, pulls a second, and a second of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// Pulls gone since the first step, without the noise of readings.
    pub(super) level: f64,
    pub(super) pace: f64,
    pub(super) trend: f64,
    pub(super) spread: Spread,
    /// Variance that a second of use adds.
    pub(super) walk: f64,
    /// Innovations that it was learned from.
    pub(super) freedom: f64,
    /// The logarithm of how likely the steps are, beside those of other mixtures.
    pub(super) evidence: f64,
}

/// What a step was beyond expectation: square, its variance beside one reading's, and pulls.
#[derive(Debug, Clone, Copy)]
struct Innovation {
    square: f64,
    variance: f64,
    pulls: f64,
}

/// The lines of these steps, one for each mixture of noise.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lines {
    /// Through all steps.
    pub(super) all: Vec<Line>,
    /// Through those between cliffs; empty where there are none.
    pub(super) between_cliffs: Vec<Line>,
}

/// The lines of these steps. A mixture is the variance that use adds over all of the time, beside that of
/// one reading. None where nothing falls.
pub(super) fn lines(steps: &[Step], mixtures: &[f64]) -> Lines {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Lines::default() };
    let units = Units { time: last.at - first.at, pulls: last.gone - first.gone };
    if units.time <= 0.0 || units.pulls <= 0.0 || steps.len() <= LEARNING + 2 {
        return Lines::default();
    }
    let run = |cliffs: &[usize]| {
        mixtures.iter().map(|walk| units.filter(steps, *walk, cliffs)).collect::<Vec<_>>()
    };
    let all = run(&[]);
    let likeliest =
        all.iter().max_by(|(one, _), (other, _)| one.evidence.total_cmp(&other.evidence));
    let cliffs = likeliest.map(|(_, innovations)| cliffs(innovations)).unwrap_or_default();
    let between = if cliffs.is_empty() { Vec::new() } else { run(&cliffs) };
    let only =
        |found: Vec<(Line, Vec<Innovation>)>| found.into_iter().map(|(line, _)| line).collect();
    Lines { all: only(all), between_cliffs: only(between) }
}

/// Which steps are cliffs: beyond what the others (all but the largest two) lead to expect.
fn cliffs(innovations: &[Innovation]) -> Vec<usize> {
    let mut ratios: Vec<f64> =
        innovations.iter().skip(LEARNING).map(|one| one.square / one.variance).collect();
    ratios.sort_by(f64::total_cmp);
    ratios.truncate(ratios.len().saturating_sub(MOST_CLIFFS));
    let usual = ratios.iter().sum::<f64>() / number(ratios.len()).max(1.0);
    let is_cliff = |one: &Innovation| {
        one.square > CLIFF * CLIFF * usual * one.variance && one.pulls >= CLIFF_LEAST
    };
    let found: Vec<usize> = innovations
        .iter()
        .enumerate()
        .skip(LEARNING)
        .filter(|(_, one)| is_cliff(one))
        .map(|(place, _)| place)
        .collect();
    if found.len() <= MOST_CLIFFS { found } else { Vec::new() }
}

/// What the filter calls 1: all of the time, all of the pulls.
#[derive(Debug, Clone, Copy)]
struct Units {
    time: f64,
    pulls: f64,
}

impl Units {
    fn filter(self, steps: &[Step], walk: f64, cliffs: &[usize]) -> (Line, Vec<Innovation>) {
        let (mut level, mut pace, mut trend) = (0.0, 0.0, 0.0);
        let mut of = Spread {
            level: 1.0,
            level_pace: 0.0,
            level_trend: 0.0,
            pace: UNKNOWN,
            pace_trend: 0.0,
            trend: UNKNOWN,
        };
        let (mut squares, mut logarithms, mut freedom) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut innovations = Vec::with_capacity(steps.len());
        let start = steps.first().map_or(0.0, |step| step.gone);
        for (place, (one, other)) in steps.iter().zip(steps.iter().skip(1)).enumerate() {
            let time = (other.at - one.at) / self.time;
            level += pace * time + trend * time * time / 2.0;
            pace += trend * time;
            of = of.after(time);
            let is_cliff = cliffs.contains(&place);
            of.level += if is_cliff { UNKNOWN } else { walk * time };
            let beyond = (other.gone - start) / self.pulls - level;
            let variance = of.level + 1.0;
            innovations.push(Innovation {
                square: beyond * beyond,
                variance,
                pulls: beyond.abs() * self.pulls,
            });
            if place >= LEARNING && !is_cliff {
                squares += beyond * beyond / variance;
                logarithms += variance.ln();
                freedom += 1.0;
            }
            level += of.level / variance * beyond;
            pace += of.level_pace / variance * beyond;
            trend += of.level_trend / variance * beyond;
            of = of.once_seen(variance);
        }
        // The noise cannot be less than that of rounding, however even the use.
        let least = ROUNDING / self.pulls / self.pulls / (1.0 + walk / number(steps.len()));
        let noise = (squares / freedom.max(1.0)).max(least);
        let evidence = -0.5 * (logarithms + freedom * noise.ln());
        let (pulls, seconds) = (self.pulls, self.time);
        let spread = of.times(noise * pulls * pulls, seconds);
        let line = Line {
            level: level * pulls,
            pace: pace * pulls / seconds,
            trend: trend * pulls / seconds / seconds,
            spread,
            walk: walk * noise * pulls * pulls / seconds,
            freedom,
            evidence,
        };
        (line, innovations)
    }
}

impl Spread {
    /// Some time later.
    fn after(self, time: f64) -> Self {
        let half = time * time / 2.0;
        let pace_trend = self.pace_trend + time * self.trend;
        let pace = self.pace + time * (self.pace_trend + pace_trend);
        let level_trend = self.level_trend + time * self.pace_trend + half * self.trend;
        let level_pace =
            self.level_pace + time * self.pace + half * self.pace_trend + time * level_trend;
        let level_now = self.level + time * self.level_pace + half * self.level_trend;
        let level = level_now
            + time * (self.level_pace + time * self.pace + half * self.pace_trend)
            + half * level_trend;
        Self { level, level_pace, level_trend, pace, pace_trend, trend: self.trend }
    }

    /// After a reading of that much variance in all.
    fn once_seen(self, variance: f64) -> Self {
        let (level, pace, trend) =
            (self.level / variance, self.level_pace / variance, self.level_trend / variance);
        Self {
            level: self.level - level * self.level,
            level_pace: self.level_pace - level * self.level_pace,
            level_trend: self.level_trend - level * self.level_trend,
            pace: self.pace - pace * self.level_pace,
            pace_trend: self.pace_trend - pace * self.level_trend,
            trend: self.trend - trend * self.level_trend,
        }
    }

    /// In pulls and seconds.
    fn times(self, variance: f64, seconds: f64) -> Self {
        let square = seconds * seconds;
        Self {
            level: self.level * variance,
            level_pace: self.level_pace * variance / seconds,
            level_trend: self.level_trend * variance / square,
            pace: self.pace * variance / square,
            pace_trend: self.pace_trend * variance / square / seconds,
            trend: self.trend * variance / square / square,
        }
    }
}

impl Line {
    /// The same line where its trend is known to be this, give or take that variance.
    pub(super) fn with_trend(self, trend: f64, variance: f64) -> Self {
        let of = self.spread;
        let (level, pace) = (of.level_trend / of.trend, of.pace_trend / of.trend);
        let (moved, known) = (trend - self.trend, of.trend - variance);
        Self {
            level: self.level + level * moved,
            pace: self.pace + pace * moved,
            trend,
            spread: Spread {
                level: of.level - level * level * known,
                level_pace: of.level_pace - level * pace * known,
                level_trend: level * variance,
                pace: of.pace - pace * pace * known,
                pace_trend: pace * variance,
                trend: variance,
            },
            ..self
        }
    }

    /// What is gone so many seconds from now, and the variance of that; where the pace ends before, then.
    pub(super) fn gone_in(self, seconds: f64) -> (f64, f64) {
        let ends =
            if self.trend < 0.0 { (self.pace / -self.trend).max(0.0) } else { f64::INFINITY };
        let time = seconds.min(ends);
        let (half, of) = (time * time / 2.0, self.spread);
        let gone = self.level + self.pace * time + self.trend * half;
        let variance = of.level
            + 2.0 * (time * of.level_pace + half * of.level_trend + time * half * of.pace_trend)
            + time * time * of.pace
            + half * half * of.trend;
        (gone, variance)
    }
}
