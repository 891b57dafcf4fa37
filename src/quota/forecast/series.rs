//! Readings as net consumption over time: what jumped is told apart, what is old is thinned out.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{Change, Point, real};
use crate::quota::Window;

/// The most points kept; beyond it every second one of the older half goes.
const MOST_POINTS: usize = 256;
/// How far back to look where the window is not known: the longest that Docker Hub has had.
const SECONDS_DEFAULT: u64 = 21_600;
/// A jump to a full count is nothing to be suspicious of where it is no larger than so many pulls,
const SUSPICIOUS: u64 = 2;
/// or than so many times what the count usually moves by from one point to the next, up to this part of
/// the limit.
const SUSPICIOUS_TIMES: u64 = 4;
const SUSPICIOUS_PART: u64 = 20;
/// So many moves tell what is usual.
const MOVES: usize = 15;

/// Net consumption up to a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// Seconds since the first step; never falling.
    pub(super) at: f64,
    /// Pulls gone since the first step, less those given back.
    pub(super) gone: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Series {
    limit: Option<u64>,
    horizon: i64,
    kept: VecDeque<(DateTime<Utc>, i64)>,
    last: Option<Point>,
    held: Option<Point>,
    gone: i64,
    last_pull: Option<DateTime<Utc>>,
    /// The first point of this use, and how many pulls had been used by then; `None` while full or once it rises.
    use_began: Option<(DateTime<Utc>, u64)>,
}

impl Series {
    pub(super) fn new(limit: Option<u64>, window: Option<Window>) -> Self {
        let seconds = window.map_or(SECONDS_DEFAULT, Window::seconds);
        let horizon = i64::try_from(seconds).unwrap_or(i64::MAX);
        Self {
            limit,
            horizon,
            kept: VecDeque::new(),
            last: None,
            held: None,
            gone: 0,
            last_pull: None,
            use_began: None,
        }
    }

    pub(super) fn push(&mut self, point: Point) -> Change {
        let Some(last) = self.last.filter(|last| point.at >= last.at) else {
            *self = Self { kept: VecDeque::new(), last: None, held: None, gone: 0, ..self.clone() };
            self.last_pull =
                self.is_full(point.remaining).then_some(()).map_or(Some(point.at), |()| None);
            self.began(point);
            self.keep(point, 0);
            return Change::First;
        };
        if let Some(held) = self.held.take() {
            if self.was_false(last, point) {
                self.step(last, point);
                return Change::FalseFull;
            }
            self.keep(held, 0);
            self.last_pull = None;
            self.began(held);
            self.step(held, point);
            return Change::Reset;
        }
        if self.is_suspicious(last, point) {
            self.held = Some(point);
            return Change::Held;
        }
        self.step(last, point)
    }

    /// The last point that was believed.
    pub(super) fn last(&self) -> Option<Point> {
        self.last
    }

    /// When the last pull was seen, at the latest; `None` while the count is full.
    pub(super) fn last_pull(&self) -> Option<DateTime<Utc>> {
        self.last_pull
    }

    /// Since when the count has fallen without rising by itself, and how many pulls had been used by then.
    pub(super) fn use_began(&self) -> Option<(DateTime<Utc>, u64)> {
        self.use_began
    }

    fn began(&mut self, point: Point) {
        self.use_began = self.limit.map(|limit| (point.at, limit.saturating_sub(point.remaining)));
    }

    pub(super) fn steps(&self) -> Vec<Step> {
        let Some((start, gone)) = self.kept.front().copied() else { return Vec::new() };
        let step = |(at, now): &(DateTime<Utc>, i64)| Step {
            at: real((*at - start).num_milliseconds()) / 1000.0,
            gone: real(now.saturating_sub(gone)),
        };
        self.kept.iter().map(step).collect()
    }

    fn step(&mut self, last: Point, point: Point) -> Change {
        let drop = last.remaining.saturating_sub(point.remaining);
        let rise = point.remaining.saturating_sub(last.remaining);
        if last.remaining == 0 && rise > 0 {
            // At zero nothing more could be consumed: what was learned before says little now.
            self.kept.clear();
        }
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.keep(point, signed(drop).saturating_sub(signed(rise)));
        if drop > 0 {
            if self.is_full(last.remaining) {
                self.began(last);
            }
            self.last_pull = Some(point.at);
            return Change::Drop(drop);
        }
        if rise == 0 {
            return Change::Steady;
        }
        self.use_began = None;
        if self.is_full(point.remaining) {
            self.last_pull = None;
        }
        Change::Rise(rise)
    }

    fn keep(&mut self, point: Point, consumed: i64) {
        self.gone = self.gone.saturating_add(consumed);
        self.last = Some(point);
        self.kept.push_back((point.at, self.gone));
        let too_old = |at: DateTime<Utc>| (point.at - at).num_seconds() > self.horizon;
        while self.kept.len() > super::LEAST_POINTS
            && self.kept.front().is_some_and(|(at, _)| too_old(*at))
        {
            self.kept.pop_front();
        }
        if self.kept.len() > MOST_POINTS {
            let mut place = 0_usize;
            self.kept.retain(|_| {
                place += 1;
                place > MOST_POINTS / 2 || place % 2 == 1
            });
        }
    }

    fn is_full(&self, remaining: u64) -> bool {
        self.limit.is_some_and(|limit| remaining >= limit)
    }

    /// Whether a point is full though the last one was far from it.
    fn is_suspicious(&self, last: Point, point: Point) -> bool {
        let Some(limit) = self.limit else { return false };
        let jump = point.remaining.saturating_sub(last.remaining);
        let usual = SUSPICIOUS_TIMES.saturating_mul(self.usual_move());
        self.is_full(point.remaining) && jump > usual.min(limit / SUSPICIOUS_PART).max(SUSPICIOUS)
    }

    /// What the count moves by from one point to the next, up or down: the middle of the last moves.
    fn usual_move(&self) -> u64 {
        let mut moves: Vec<u64> = self
            .kept
            .iter()
            .rev()
            .zip(self.kept.iter().rev().skip(1))
            .take(MOVES)
            .map(|((_, one), (_, other))| one.abs_diff(*other))
            .collect();
        let middle = moves.len() / 2;
        if moves.is_empty() { 0 } else { *moves.select_nth_unstable(middle).1 }
    }

    /// Whether the count went on from the last point as if it had never been full.
    fn was_false(&self, last: Point, point: Point) -> bool {
        let missing = self.limit.unwrap_or(0).saturating_sub(last.remaining);
        point.remaining.saturating_sub(last.remaining) <= missing / 4
    }
}

/// What the count goes up by, where it does: most rises are no larger.
pub(super) fn usual_rise(steps: &[Step]) -> f64 {
    let rise = |(one, other): (&Step, &Step)| one.gone - other.gone;
    let mut rises: Vec<f64> =
        steps.iter().zip(steps.iter().skip(1)).map(rise).filter(|rise| *rise > 0.0).collect();
    rises.sort_by(f64::total_cmp);
    rises.get(rises.len() * 4 / 5).copied().unwrap_or(0.0)
}
