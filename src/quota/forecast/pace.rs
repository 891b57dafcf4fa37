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
/// No use is so even that its next pull is known better than this part of one.
const LEAST_DISPERSION: f64 = 0.1;

/// A pace of consumption.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Net pulls a second.
    burn: f64,
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
        let grain = span / f64::from(u32::try_from(steps.len().saturating_sub(1)).unwrap_or(u32::MAX)).max(1.0);
        Some(Self { burn, seen, dispersion: dispersion(&steps, burn).max(LEAST_DISPERSION), grain })
    }

    /// When `remaining` pulls will be gone at this pace.
    pub(super) fn outlook(self, remaining: u64) -> Outlook {
        let left = super::real(i64::try_from(remaining).unwrap_or(i64::MAX));
        let likely = left / self.burn;
        let error = SPREAD * (self.dispersion * (1.0 / left.max(1.0) + 1.0 / self.seen.max(1.0))).sqrt();
        let early = (likely / (1.0 + error) - self.grain).max(0.0);
        let late = (error < 1.0).then(|| likely / (1.0 - error) + self.grain);
        Outlook { burn: self.burn, likely: Some(likely), early: Some(early), late }
    }
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

/// The variance of consumption in blocks of equal time over its mean, from the differences of
/// neighbours, so that a trend does not widen it (von Neumann 1941).
fn dispersion(steps: &[Step], burn: f64) -> f64 {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return 1.0 };
    let blocks = BLOCKS.min(steps.len() / 2).max(2);
    let count = f64::from(u32::try_from(blocks).unwrap_or(2));
    let width = (last.at - first.at) / count;
    let mut edges = Vec::with_capacity(blocks + 1);
    for block in 0..=blocks {
        let edge = first.at + width * f64::from(u32::try_from(block).unwrap_or(0));
        edges.push(gone_at(steps, edge));
    }
    let amounts: Vec<f64> = edges.windows(2).map(|pair| pair.iter().rev().fold(0.0, |sum, edge| edge - sum)).collect();
    let squares: f64 = amounts.windows(2).map(|pair| pair.iter().fold(0.0, |sum: f64, amount| amount - sum).powi(2)).sum();
    squares / (2.0 * (count - 1.0)) / (burn * width).max(f64::MIN_POSITIVE)
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
