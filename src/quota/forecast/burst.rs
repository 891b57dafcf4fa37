//! Use in bursts: a nightly build, a deployment, a scale-up. A slope through such a staircase is off
//! by up to a burst, so size and distance of the bursts are taken apart (Croston 1972), and the
//! count is followed burst by burst until it is empty.

use super::series::{Step, usual_rise};
use super::{NOISE, Outlook, median};

/// Fewer bursts than this make no pattern.
const LEAST_BURSTS: usize = 3;
/// Smaller ones than this are single pulls.
const LEAST_SIZE: f64 = 3.0;
/// Idle for this part of the time, or it is no bursts.
const LEAST_IDLE: f64 = 0.4;
/// Rises of this part of a burst are the noise of a counter that goes up and down, and no pattern.
const MOST_RISE: f64 = 0.4;
/// More bursts than this are no forecast any more.
const MOST_AHEAD: u32 = 1_000;
/// How uneven bursts are at the least: few of them cannot show it.
const LEAST_SPREAD: f64 = 0.08;
/// Nine cases in ten, widened for having seen few bursts.
const SPREAD: f64 = 2.0;

#[derive(Debug, Clone, Copy)]
struct Burst {
    start: f64,
    end: f64,
    size: f64,
}

/// A pattern of bursts. Times are seconds since the first step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bursts {
    now: f64,
    last_start: f64,
    /// What the burst under way has taken so far.
    under_way: Option<f64>,
    size: f64,
    every: f64,
    length: f64,
    /// Pulls given back a second while idle.
    given_back: f64,
    size_spread: f64,
    every_spread: f64,
    seen: f64,
    grain: f64,
}

impl Bursts {
    /// The pattern of these steps; `None` where they have none.
    pub(super) fn fit(steps: &[Step]) -> Option<Self> {
        let (first, last) = (steps.first()?, steps.last()?);
        let noise = usual_rise(steps);
        let (bursts, idle, back) = part(steps, NOISE * noise);
        let complete: Vec<Burst> =
            bursts.iter().copied().filter(|burst| burst.end < last.at).collect();
        if bursts.len() < LEAST_BURSTS
            || complete.len() + 1 < LEAST_BURSTS
            || idle < LEAST_IDLE * (last.at - first.at)
        {
            return None;
        }
        let newest = bursts.last()?;
        let sizes: Vec<f64> = complete.iter().map(|burst| burst.size).collect();
        let gaps: Vec<f64> = bursts
            .iter()
            .zip(bursts.iter().skip(1))
            .map(|(one, other)| other.start - one.start)
            .collect();
        let size = middle(sizes.clone())?;
        let every = middle(gaps.clone())?;
        let length = median(complete.iter().map(|burst| burst.end - burst.start).collect())?;
        // The pattern is broken where two bursts in a row did not come.
        if size < LEAST_SIZE || every <= 0.0 || last.at - newest.start > 2.5 * every {
            return None;
        }
        if noise > MOST_RISE * size {
            return None;
        }
        let grain = (last.at - first.at)
            / super::real(i64::try_from(steps.len()).unwrap_or(i64::MAX)).max(1.0);
        Some(Self {
            now: last.at,
            last_start: newest.start,
            under_way: (newest.end >= last.at).then_some(newest.size),
            size,
            every,
            length,
            given_back: (back / idle.max(1.0)).max(0.0),
            size_spread: spread(&sizes, size),
            every_spread: spread(&gaps, every).max(grain / every / 2.0),
            seen: super::real(i64::try_from(sizes.len()).unwrap_or(1)),
            grain,
        })
    }

    /// When `remaining` pulls will be gone, seconds from now.
    pub(super) fn outlook(self, remaining: u64, limit: Option<u64>) -> Outlook {
        let left = super::real(i64::try_from(remaining).unwrap_or(i64::MAX));
        let limit = limit
            .map_or(f64::INFINITY, |limit| super::real(i64::try_from(limit).unwrap_or(i64::MAX)));
        let ahead = (left / self.size).ceil().max(1.0);
        let error = SPREAD * (1.0 / ahead + 1.0 / self.seen).sqrt();
        let (size, every) = (self.size_spread * error, self.every_spread * error);
        let likely = self.follow(left, limit, 1.0, 1.0);
        let early = self
            .follow(left, limit, 1.0 + size, (1.0 - every).max(0.2))
            .map(|at| (at - self.grain - self.length).max(0.0));
        let late = self
            .follow(left, limit, (1.0 - size).max(0.05), 1.0 + every)
            .map(|at| at + self.grain + self.length);
        let burn = likely
            .filter(|at| *at > 0.0)
            .map_or(self.size / self.every - self.given_back, |at| left / at);
        Outlook { burn, likely, early, late }
    }

    /// Burst by burst with sizes and distances so many times the usual.
    fn follow(self, mut left: f64, limit: f64, size_times: f64, every_times: f64) -> Option<f64> {
        let (size, every) = (self.size * size_times, self.every * every_times);
        let mut now = self.now;
        if let Some(taken) = self.under_way {
            let rest = (size - taken).max(0.0);
            if rest >= left {
                return Some(self.length * left / size);
            }
            left -= rest;
            now += self.length * rest / size;
        }
        for turn in 1..=MOST_AHEAD {
            let start = (self.last_start + every * f64::from(turn)).max(now);
            left = (left + self.given_back * (start - now)).min(limit);
            if size >= left {
                return Some(start + self.length * left / size - self.now);
            }
            left -= size;
            now = start + self.length;
        }
        None
    }
}

/// The bursts, the seconds between them, and what was given back in those; a fall of no more than `noise` is
/// no burst.
fn part(steps: &[Step], noise: f64) -> (Vec<Burst>, f64, f64) {
    let (mut bursts, mut idle, mut back) = (Vec::<Burst>::new(), 0.0, 0.0);
    let mut active = false;
    for (one, other) in steps.iter().zip(steps.iter().skip(1)) {
        let taken = other.gone - one.gone;
        if taken <= noise {
            idle += other.at - one.at;
            back -= taken;
            active = false;
            continue;
        }
        match bursts.last_mut().filter(|_| active) {
            Some(burst) => {
                burst.end = other.at;
                burst.size += taken;
            }
            None => bursts.push(Burst {
                start: f64::midpoint(one.at, other.at),
                end: other.at,
                size: taken,
            }),
        }
        active = true;
    }
    (bursts, idle, back)
}

/// The mean without the outer fifths: nearly as steady as a mean, and no outlier moves it far (Tukey 1962).
fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 5;
    let kept = values.get(cut..values.len() - cut).filter(|kept| !kept.is_empty())?;
    Some(kept.iter().sum::<f64>() / super::real(i64::try_from(kept.len()).ok()?))
}

/// How far values lie from their middle, relative to it: the median of the distances, scaled to a
/// standard deviation (Hampel 1974).
fn spread(values: &[f64], middle: f64) -> f64 {
    let distances = values.iter().map(|value| (value - middle).abs()).collect();
    (median(distances).unwrap_or(0.0) * 1.4826 / middle).clamp(LEAST_SPREAD, 1.0)
}
