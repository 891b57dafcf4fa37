//! The plan turned round: how many, how much at once or how far apart, so that nothing is refused and all
//! nodes run. Found by halving where more can only be worse, which the window laws that look back and one
//! image at a time without delay allow to say; elsewhere every value is tried, or, of a great many, some
//! hundreds below the one that was found.

use std::time::Duration;

use serde::Serialize;

use super::rollout::Rollout;
use super::{MOST_TIME, PlanError, Request, Strategy};
use crate::quota::{Arrival, Law};

/// The most nodes that are looked at.
const MOST_NODES: u64 = 1_000_000;
/// The most jobs of a run that are looked at.
const MOST_JOBS: u64 = 10_000;
/// The most runs a day that are looked at: one a second.
const MOST_RUNS: u64 = DAY;
/// The seconds of a day.
const DAY: u64 = 86_400;
/// So many values are all tried.
const FEW: u64 = 512;
/// So many values are tried below one that was found by halving.
const PROBES: u64 = 256;

/// What is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Solve {
    /// The largest number of nodes.
    Nodes,
    /// The largest number of nodes that arrive together in a rollout.
    Surge,
    /// The shortest time, in whole seconds, from one batch of a rollout to the next.
    Interval,
    /// The largest number of nodes that pull at a time, the next beginning when one is done; of a CI,
    /// that of the jobs of a run.
    Concurrency,
    /// The largest number of runs a day of a CI.
    Runs,
}

/// A CI that runs evenly over the day, each of its jobs on a runner that has no images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ci {
    /// Runs a day: 1 to 86,400.
    pub runs_per_day: u32,
    /// Jobs of a run, which begin together: 1 to 10,000.
    pub jobs: u32,
}

impl Ci {
    /// The same as nodes, which arrive so in one day.
    pub fn rollout(self) -> (u32, Arrival) {
        let every = Duration::from_secs(DAY) / self.runs_per_day.max(1);
        let arrival = Arrival::Rolling { nodes: self.jobs.max(1), every };
        (self.runs_per_day.saturating_mul(self.jobs), arrival)
    }

    /// The day in which runs begin.
    pub(super) const fn length() -> Duration {
        Duration::from_secs(DAY)
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Solved {
    /// What: `nodes`, `surge`, `interval` (in seconds), `concurrency` or `runs`.
    pub what: &'static str,
    /// For each strategy, in the order of the plan.
    pub strategies: Vec<Solution>,
}

/// What was found for a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Solution {
    /// The strategy.
    pub name: String,
    /// The value; null where not even the easiest one meets no refusal.
    pub value: Option<u64>,
    /// The least and the most that were looked at.
    pub searched: [u64; 2],
    /// How many plans were made.
    pub tried: u64,
    /// How certain that is: `halving` where more can only be worse, `all` where every value up to the
    /// first that failed was tried, `probes` where some hundreds were.
    pub method: &'static str,
}

impl Solved {
    /// The worse of two for each strategy: what is found by both.
    pub(super) fn worsen(&mut self, other: &Self) {
        let is_interval = self.what == Solve::Interval.name();
        for (one, other) in self.strategies.iter_mut().zip(&other.strategies) {
            let values = one.value.zip(other.value);
            one.value = values.map(
                |(one, other)| {
                    if is_interval { one.max(other) } else { one.min(other) }
                },
            );
            one.tried += other.tried;
            if other.method != "halving" {
                one.method = other.method;
            }
        }
    }
}

impl Solve {
    /// Its name, as `--solve` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Surge => "surge",
            Self::Interval => "interval",
            Self::Concurrency => "concurrency",
            Self::Runs => "runs",
        }
    }

    /// What there is to look at, in the order from easy to hard for all but the interval.
    fn range(self, request: &Request) -> Result<[u64; 2], PlanError> {
        let missing = |why| Err(PlanError::Solve { what: self.name(), why });
        let rolling = matches!(request.arrival, Arrival::Rolling { .. });
        let ci = request.beyond.ci.is_some();
        let nodes = u64::from(request.nodes);
        match self {
            Self::Nodes if !request.beyond.pods.is_empty() => {
                missing("with --by-replicas the pods are as many as the files say; leave it out")
            }
            Self::Nodes if ci => missing("of a CI it is --solve concurrency"),
            Self::Surge | Self::Interval if ci || !rolling => {
                missing("it takes a rollout; give --arrival rolling:K/D")
            }
            Self::Concurrency if !ci && request.pull_time.is_zero() => {
                missing("it takes the time of a pull; give --pull-time")
            }
            Self::Runs if !ci => missing("it takes a CI; give --runs-per-day and --jobs"),
            Self::Nodes => Ok([u64::from(request.beyond.warm) + 1, MOST_NODES]),
            Self::Concurrency if ci => Ok([1, MOST_JOBS]),
            Self::Surge | Self::Concurrency => Ok([1, nodes]),
            Self::Runs => Ok([1, MOST_RUNS]),
            // One window after a batch all of it has come back, once its last pull was made.
            Self::Interval => {
                let window = Rollout::new(request)?.longest_window().seconds();
                let own = request.pull_time.saturating_mul(request.images).as_secs() + 1;
                Ok([0, window.saturating_add(own).min(MOST_TIME.as_secs())])
            }
        }
    }

    /// The request with another value.
    fn with(self, request: &Request, value: u64) -> Request {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        let mut request = request.clone();
        match (self, request.arrival) {
            (Self::Nodes, _) => request.nodes = value,
            (Self::Surge, Arrival::Rolling { every, .. }) => {
                request.arrival = Arrival::Rolling { nodes: value, every };
            }
            (Self::Interval, Arrival::Rolling { nodes, .. }) => {
                let every = Duration::from_secs(value.into());
                request.arrival = Arrival::Rolling { nodes, every };
            }
            _ => {
                let every = request.pull_time.saturating_mul(request.images);
                request.arrival = Arrival::Rolling { nodes: value, every };
                if let Some(ci) = request.beyond.ci {
                    let ci = match self {
                        Self::Runs => Ci { runs_per_day: value, ..ci },
                        _ => Ci { jobs: value, ..ci },
                    };
                    (request.nodes, request.arrival) = ci.rollout();
                }
            }
        }
        request.horizon = request.horizon.or_else(|| Some(length(&request)));
        request
    }

    /// Whether a larger value can only be worse: then each window holds more pulls, or as many.
    fn is_monotone(self, request: &Request) -> bool {
        let beyond = &request.beyond;
        let plain = beyond.background.is_empty()
            && beyond.kubelet.is_none()
            && beyond.left.is_empty()
            && beyond.pods.is_empty();
        let looks_back = matches!(request.law, Law::Sliding | Law::Bucket);
        plain && looks_back && (self == Self::Nodes || request.pull_time.is_zero())
    }

    /// The value of each strategy.
    pub(super) fn of(self, request: &Request, wanted: &[Strategy]) -> Result<Solved, PlanError> {
        let [from, to] = self.range(request)?;
        let one = |strategy: &Strategy| {
            // Of the interval, the longest is the easiest.
            let value = |step: u64| if self == Self::Interval { to - step } else { from + step };
            let fits = |step: u64| self.fits(request, *strategy, value(step));
            let (found, tried, method) = search(to - from, fits, self.is_monotone(request));
            Solution {
                name: strategy.to_string(),
                value: found.map(value),
                searched: [from, to],
                tried,
                method,
            }
        };
        Ok(Solved { what: self.name(), strategies: wanted.iter().map(one).collect() })
    }

    fn fits(self, request: &Request, strategy: Strategy, value: u64) -> bool {
        let request = self.with(request, value);
        Rollout::new(&request).is_ok_and(|rollout| {
            let tally = rollout.tally(strategy, true);
            tally.refused == 0 && rollout.all_run(&tally)
        })
    }
}

/// A time in which all nodes arrive and pull where nothing is refused.
fn length(request: &Request) -> Duration {
    let batches = request.nodes.div_ceil(request.arrival.batch().max(1));
    let arrivals = Duration::from_nanos(request.arrival.every()).saturating_mul(batches);
    let pulls = request.pull_time.saturating_mul(request.images);
    // The kubelet may keep back some of them.
    let spare = Duration::from_secs(if request.beyond.kubelet.is_some() { DAY } else { 1 });
    arrivals.saturating_add(pulls).saturating_add(spare).min(MOST_TIME)
}

/// The largest of `0..=most` up to which all fit, how many were tried, and how it was found.
fn search(
    most: u64,
    fits: impl Fn(u64) -> bool,
    monotone: bool,
) -> (Option<u64>, u64, &'static str) {
    let mut tried = 0;
    let mut try_one = |step: u64| {
        tried += 1;
        fits(step)
    };
    if !try_one(0) {
        return (None, tried, if monotone { "halving" } else { "all" });
    }
    if !monotone && most <= FEW {
        let last = (1..=most).take_while(|step| try_one(*step)).last().unwrap_or(0);
        return (Some(last), tried, "all");
    }
    let mut end = most;
    loop {
        let found = halve(end, &mut try_one);
        if monotone {
            return (Some(found), tried, "halving");
        }
        let probes =
            (1..PROBES).map(|probe| found / PROBES * probe + found % PROBES * probe / PROBES);
        match probes.filter(|step| *step > 0).find(|step| !try_one(*step)) {
            Some(failed) => end = failed - 1,
            None => return (Some(found), tried, "probes"),
        }
    }
}

/// The largest of `0..=end` that fits, where 0 does and more can only be worse.
fn halve(end: u64, fits: &mut impl FnMut(u64) -> bool) -> u64 {
    let (mut good, mut step) = (0, 1);
    // Small ones cost less to look at.
    while good < end && fits((good + step).min(end)) {
        good = (good + step).min(end);
        step *= 2;
    }
    let mut bad = (good + step).min(end.saturating_add(1));
    while good + 1 < bad {
        let middle = good + (bad - good) / 2;
        if fits(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_that_fits_is_found(most in 0_u64..3_000, limit in 0_u64..4_000, monotone: bool) {
            let (found, tried, _) = search(most, |step| step <= limit, monotone);
            prop_assert_eq!(found, Some(limit.min(most)));
            prop_assert!(!monotone || tried <= 30, "{}", tried);
        }

        /// A hole in a small range is always seen, and no value above one that fails is called good.
        #[test]
        fn a_hole_is_not_stepped_over(most in 1_u64..=FEW, hole in 1_u64..=FEW) {
            let (found, _, method) = search(most, |step| step != hole, false);
            prop_assert_eq!((found, method), (Some(most.min(hole - 1)), "all"));
        }
    }

    #[test]
    fn nothing_fits_where_the_easiest_does_not() {
        assert_eq!(search(9, |_| false, true), (None, 1, "halving"));
    }

    #[test]
    fn a_wide_hole_of_a_great_many_is_seen() {
        let fits = |step: u64| !(300_000..=400_000).contains(&step) && step < 700_000;
        let (found, tried, method) = search(1_000_000, fits, false);
        assert_eq!((found, method), (Some(299_999), "probes"));
        assert!(tried < 1_000, "{tried}");
    }
}
