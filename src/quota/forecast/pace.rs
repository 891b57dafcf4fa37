//! Use without a pattern: a pace, as the median of the slopes of all pairs of points, and how uneven
//! consumption is around it.

use super::Outlook;
use super::series::Step;

/// The most points that go into one fit: its cost is their square.
const MOST_FITTED: usize = 64;
/// The quantile of nine cases in ten, widened for having few blocks (Student's t of 8).
const SPREAD: f64 = 1.86;
/// Consumption is put into this many blocks to see how uneven it is.
const BLOCKS: usize = 10;
/// Deviations of Mann and Kendall's score beyond which a trend is likelier than none: two cases in three.
const SIGNIFICANT: f64 = 1.0;
/// By how much a trend may be stronger than it looks.
const TREND_MORE: f64 = 1.5;
/// No use is so even that its next pull is known better than this part of one.
const LEAST_DISPERSION: f64 = 0.1;

/// A pace of consumption.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Net pulls a second.
    burn: f64,
    /// By how much that changes a second.
    trend: f64,
    /// The same where it is too slight to count on, for the range.
    possible: f64,
    /// Net pulls that it was learned from.
    seen: f64,
    /// Variance of consumption over its mean.
    dispersion: f64,
    /// Seconds between two points.
    grain: f64,
}

impl Pace {
    /// The pace of these steps; `None` where nothing falls.
    pub(super) fn fit(steps: &[Step]) -> Option<Self> {
        let steps = thin(steps);
        let (first, last) = (steps.first()?, steps.last()?);
        let (span, seen) = (last.at - first.at, last.gone - first.gone);
        if span <= 0.0 || seen <= 0.0 {
            return None;
        }
        let middle = median(slopes(&steps)).filter(|slope| *slope > 0.0);
        let burn = middle.unwrap_or(seen / span);
        let grain = span / number(steps.len().saturating_sub(1)).max(1.0);
        let blocks = Blocks::of(&steps);
        let dispersion = blocks.dispersion().max(LEAST_DISPERSION);
        let Trend { pace, change, is_likely } = blocks.trend();
        let (burn, trend) = if is_likely && pace > 0.0 { (pace, change) } else { (burn, 0.0) };
        Some(Self { burn, trend, possible: change, seen, dispersion, grain })
    }

    /// When `remaining` pulls will be gone at this pace.
    pub(super) fn outlook(self, remaining: u64) -> Outlook {
        let left = super::real(i64::try_from(remaining).unwrap_or(i64::MAX));
        let error = SPREAD * (self.dispersion * (1.0 / left.max(1.0) + 1.0 / self.seen.max(1.0))).sqrt();
        let (slower, faster) = (self.burn * (1.0 - error), self.burn * (1.0 + error));
        // Nobody knows how long a trend lasts: the range reaches from one that ends now to one that grows.
        let early = gone_after(left, faster, self.possible.max(0.0) * TREND_MORE).map(|at| (at - self.grain).max(0.0));
        let late = gone_after(left, slower, self.possible.min(0.0) * TREND_MORE).map(|at| at + self.grain);
        Outlook { burn: self.burn, likely: gone_after(left, self.burn, self.trend), early, late }
    }
}

/// Seconds until so much is gone at a pace that changes by `trend` a second; `None` where it ends before.
fn gone_after(left: f64, pace: f64, trend: f64) -> Option<f64> {
    let under = pace * pace + 2.0 * trend * left;
    // The form of the quadratic's root that bears a trend of zero.
    (pace > 0.0 && under >= 0.0).then(|| 2.0 * left / (pace + under.sqrt()))
}

/// At most [`MOST_FITTED`] steps, evenly, with the last.
fn thin(steps: &[Step]) -> Vec<Step> {
    let every = steps.len().div_ceil(MOST_FITTED).max(1);
    let mut thinned: Vec<Step> = steps.iter().rev().step_by(every).copied().collect();
    thinned.reverse();
    thinned
}

fn slopes(steps: &[Step]) -> Vec<f64> {
    let mut slopes = Vec::new();
    for (place, one) in steps.iter().enumerate() {
        for other in steps.iter().skip(place + 1).filter(|other| other.at > one.at) {
            slopes.push((other.gone - one.gone) / (other.at - one.at));
        }
    }
    slopes
}

pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    let (middle, even) = (values.len() / 2, values.len().is_multiple_of(2));
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(lower.map_or(upper, |lower| f64::midpoint(lower, upper)))
}

/// Consumption in blocks of equal time.
struct Blocks {
    width: f64,
    amounts: Vec<f64>,
}

impl Blocks {
    fn of(steps: &[Step]) -> Self {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Self { width: 0.0, amounts: Vec::new() } };
        let count = BLOCKS.min(steps.len() / 2).max(2);
        let width = (last.at - first.at) / number(count);
        let edges: Vec<f64> = (0..=count).map(|block| gone_at(steps, first.at + width * number(block))).collect();
        Self { width, amounts: edges.iter().zip(edges.iter().skip(1)).map(|(one, other)| other - one).collect() }
    }

    /// The variance of consumption over its mean, from the differences of neighbours, so that a trend
    /// does not widen it (von Neumann 1941).
    fn dispersion(&self) -> f64 {
        let squares: f64 = self.amounts.iter().zip(self.amounts.iter().skip(1)).map(|(one, other)| (other - one).powi(2)).sum();
        let mean = self.amounts.iter().sum::<f64>() / number(self.amounts.len());
        squares / (2.0 * number(self.amounts.len().saturating_sub(1))) / mean.max(f64::MIN_POSITIVE)
    }

    /// The median of the slopes between blocks, and what Mann and Kendall's test says of it.
    fn trend(&self) -> Trend {
        let count = number(self.amounts.len());
        let (mut score, mut slopes) = (0.0_f64, Vec::new());
        for (place, one) in self.amounts.iter().enumerate() {
            for (distance, other) in self.amounts.iter().skip(place + 1).enumerate() {
                score += if other > one {
                    1.0
                } else if other < one {
                    -1.0
                } else {
                    0.0
                };
                slopes.push((other - one) / number(distance + 1));
            }
        }
        let deviation = (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
        let slope = median(slopes).unwrap_or(0.0);
        let at_end = self.amounts.iter().rev().enumerate().map(|(back, amount)| amount + slope * (number(back) + 0.5)).collect();
        let pace = median(at_end).unwrap_or(0.0) / self.width;
        Trend { pace, change: slope / self.width / self.width, is_likely: score.abs() >= SIGNIFICANT * deviation }
    }
}

/// How the pace changes.
struct Trend {
    /// The pace at the end, a second.
    pace: f64,
    /// Its change a second.
    change: f64,
    is_likely: bool,
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Consumption at a time between steps, on the line between them.
fn gone_at(steps: &[Step], at: f64) -> f64 {
    let after = steps.partition_point(|step| step.at < at);
    match (after.checked_sub(1).and_then(|before| steps.get(before)), steps.get(after)) {
        (Some(one), Some(other)) if other.at > one.at => one.gone + (other.gone - one.gone) * (at - one.at) / (other.at - one.at),
        (_, Some(step)) | (Some(step), None) => step.gone,
        (None, None) => 0.0,
    }
}
