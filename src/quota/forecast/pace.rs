//! Use without a pattern: a line through consumption, straight or bent, and when it will have used up
//! what is left.
//!
//! Whether use is even or changes is not decided but weighed (Bayesian model averaging: Hoeting,
//! Madigan, Raftery, Volinsky, Statistical Science 14, 1999): each line counts by how likely it
//! makes the readings, a bent one with a trend held to what is usual (Zellner 1986; Student's t in
//! the place of his normal, as the noise is learned, too). The time to empty is the median of the first
//! passage of all lines together, its range the middle 95 % of it: meant for nine in ten, as what
//! comes need not be what was.

use super::filter::{Line, Lines, ROUNDING, lines};
use super::series::Step;
use super::{HORIZON, Outlook, number};

/// The most points that go into one fit.
const MOST_FITTED: usize = 128;
/// Mixtures of noise that are tried: from readings alone to use alone.
const MIXTURES: [f64; 6] = [0.0, 0.1, 1.0, 10.0, 100.0, 1_000.0];
/// How much likelier it is that use changes than that it is exactly even, while little more is left than was
/// seen to go. Beyond [`WATCHED`] times that it is less likely by the cube of it: noise then looks like a
/// change more often than use does.
const CHANGES: f64 = 10.0;
/// A change is believed to go on for so many times what it was watched for.
const WATCHED: f64 = 2.0;
/// By which part of the mean pace a trend usually changes it while it is watched.
const USUAL_CHANGE: f64 = 0.5;
/// How likely cliffs that were seen are to come again as often.
const CLIFFS_AGAIN: f64 = 0.3;
/// Lines of less weight are left out.
const LEAST_WEIGHT: f64 = 0.01;
/// Between two pulls a count stands still: on average half a pull is under way.
const UNDER_WAY: f64 = 0.5;
/// The part of cases that have to get there before a time is stated.
const STATED: f64 = 0.65;
/// The part of them that keeps it stated.
const KEPT: f64 = 0.15;
/// The part of cases that end before the range, and after it.
const OUTSIDE: f64 = 0.025;
/// Steps of the search for a time, and halvings of the last.
const STRIDE: f64 = 1.15;
const HALVINGS: usize = 30;

/// Lines through consumption, each with its weight; together 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pace {
    lines: Vec<(f64, Line)>,
    /// Pulls gone by the last step.
    gone: f64,
    seconds_a_pull: f64,
    /// Seconds between two points.
    grain: f64,
}

impl Pace {
    /// The pace of these steps; `None` where nothing falls.
    pub(super) fn fit(steps: &[Step], remaining: u64) -> Option<Self> {
        let steps = thin(steps);
        let (first, last) = (steps.first()?, steps.last()?);
        let (span, seen) = (last.at - first.at, last.gone - first.gone);
        let usual = (USUAL_CHANGE * seen / span / span).powi(2);
        let Lines { all, between_cliffs } = lines(&steps, &MIXTURES);
        let share = if between_cliffs.is_empty() { 1.0 } else { CLIFFS_AGAIN };
        let left = super::real(i64::try_from(remaining).unwrap_or(i64::MAX));
        let changes = CHANGES / (left / seen / WATCHED).max(1.0).powi(3);
        let mut weighed = weigh(all, usual, changes, share);
        weighed.extend(weigh(between_cliffs, usual, changes, 1.0 - share));
        if weighed.is_empty() {
            return None;
        }
        let grain = span / number(steps.len().saturating_sub(1)).max(1.0);
        Some(Self { lines: weighed, gone: seen, seconds_a_pull: span / seen, grain })
    }

    /// When `remaining` pulls will be gone at this pace. A time that was `stated` before is kept while as
    /// few as [`KEPT`] of all cases get there: the median of those.
    pub(super) fn outlook(&self, remaining: u64, stated: bool) -> Outlook {
        let empty =
            self.gone + super::real(i64::try_from(remaining).unwrap_or(i64::MAX)) - UNDER_WAY;
        let weighed = |value: fn(&Line) -> f64| {
            self.lines.iter().map(|(weight, line)| weight * value(line)).sum::<f64>()
        };
        let [early, likely, late] =
            [OUTSIDE, 0.5, 1.0 - OUTSIDE].map(|part| self.time_of(part, empty));
        let kept = || {
            let reached = self.part_by(HORIZON, empty);
            (reached >= KEPT).then(|| self.time_of(reached / 2.0, empty)).flatten()
        };
        let likely = if stated {
            likely.or_else(kept)
        } else {
            likely.filter(|_| self.part_by(HORIZON, empty) >= STATED)
        };
        let left = (empty - weighed(|line| line.level)).max(UNDER_WAY);
        let burn =
            likely.filter(|at| *at > 0.0).map_or_else(|| weighed(|line| line.pace), |at| left / at);
        Outlook { burn, likely, early, late }
    }

    /// The time by which so large a part of all cases have got there; `None` where fewer ever do.
    fn time_of(&self, part: f64, empty: f64) -> Option<f64> {
        let is_there = |time: f64| self.part_by(time, empty) >= part;
        if is_there(0.0) {
            return Some(0.0);
        }
        let (mut before, mut after) = (0.0, self.grain / 8.0);
        while !is_there(after) {
            (before, after) = (after, after * STRIDE);
            if after > HORIZON {
                return None;
            }
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(before, after);
            if is_there(middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Some(after)
    }

    /// The part of all cases that have come to `empty` by a time.
    fn part_by(&self, time: f64, empty: f64) -> f64 {
        let part = |(weight, line): &(f64, Line)| {
            let (gone, variance) = line.gone_in(time);
            // On the way there, use goes on as uneven as it has been: so much a pull.
            let uneven = line.walk * (empty - line.level).max(0.0) * self.seconds_a_pull;
            weight
                * below(
                    (gone - empty) / (variance.max(0.0) + uneven + ROUNDING).sqrt(),
                    line.freedom,
                )
        };
        self.lines.iter().map(part).sum()
    }
}

/// Lines with their weights, together `share`: each with the trend that it seems to have, held to what is
/// usual, and without one.
fn weigh(lines: Vec<Line>, usual: f64, changes: f64, share: f64) -> Vec<(f64, Line)> {
    let best = lines.iter().map(|line| line.evidence).max_by(f64::total_cmp).unwrap_or_default();
    let both = |line: Line| {
        let (variance, freedom) = (line.spread.trend, line.freedom);
        let square = line.trend * line.trend / variance;
        let held = variance / (variance + usual);
        let student = |square: f64| (-(freedom + 1.0) / 2.0 * (square / freedom).ln_1p()).exp();
        // How likely each makes the trend that is seen (Dickey, Annals of Mathematical Statistics 42, 1971).
        let even = (line.evidence - best).exp() * student(square) / variance.sqrt();
        let curved =
            (line.evidence - best).exp() * student(square * held) / (variance + usual).sqrt();
        let changing = line.with_trend(line.trend * (1.0 - held), variance * (1.0 - held));
        [(even, line.with_trend(0.0, 0.0)), (changes * curved, changing)]
    };
    let mut weighed: Vec<(f64, Line)> = lines.into_iter().flat_map(both).collect();
    let sum = |weighed: &[(f64, Line)]| weighed.iter().map(|(weight, _)| weight).sum::<f64>();
    let least = LEAST_WEIGHT * sum(&weighed);
    weighed.retain(|(weight, _)| *weight >= least);
    let kept = sum(&weighed);
    for (weight, _) in &mut weighed {
        *weight *= share / kept;
    }
    weighed
}

/// At most [`MOST_FITTED`] steps, evenly, with the last.
fn thin(steps: &[Step]) -> Vec<Step> {
    let every = steps.len().div_ceil(MOST_FITTED).max(1);
    let mut thinned: Vec<Step> = steps.iter().rev().step_by(every).copied().collect();
    thinned.reverse();
    thinned
}

/// The distribution of Student's t, through the normal one (Wallace, Annals of Mathematical Statistics 30, 1959).
fn below(value: f64, freedom: f64) -> f64 {
    let normal = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0)
        * (freedom * (value * value / freedom).ln_1p()).sqrt();
    // The normal one to seven digits: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.2.17.
    let part = 1.0 / (1.0 + 0.231_641_9 * normal);
    let series = part
        * (0.319_381_530
            + part
                * (-0.356_563_782
                    + part * (1.781_477_937 + part * (-1.821_255_978 + part * 1.330_274_429))));
    let above = (-normal * normal / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if value > 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// From tables of Student's t.
    #[rstest]
    #[case(0.0, 5.0, 0.5)]
    #[case(1.812, 10.0, 0.95)]
    #[case(-2.086, 20.0, 0.025)]
    #[case(2.576, 1e6, 0.995)]
    fn the_distribution_is_that_of_the_tables(
        #[case] value: f64,
        #[case] freedom: f64,
        #[case] part: f64,
    ) {
        assert!((below(value, freedom) - part).abs() < 0.001, "{}", below(value, freedom));
    }
}
