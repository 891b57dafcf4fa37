//! A rollout with everything settled: whose count each strategy falls on, with how much of it left, and
//! which simulation says how it goes. One that no option beyond the exact model touches is a crowd's; any
//! other is looked at ask by ask.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::counter::Counter;
use super::crowd::{Course, Crowd};
use super::every_ask::{Counts, EveryAsk, OneCount, Others};
use super::load::Load;
use super::lone::Lone;
use super::members::Members;
use super::solve::Ci;
use super::tally::Tally;
use super::{
    Left, Outcome, PlanError, REQUESTS_A_PULL, Request, SECOND, Seconds, Strategy, Tick, WINDOWS,
    ticks,
};
use crate::quota::{Arrival, Quota, Window};

/// So many numbers of accounts are tried, from the least that there can be.
const MOST_ACCOUNTS_TRIED: usize = 64;

/// A rollout with everything settled.
#[derive(Debug, Clone)]
pub(super) struct Rollout<'a> {
    pub(super) request: &'a Request,
    window: Window,
    /// The longest window of any identity.
    longest: Window,
    pub(super) course: Course,
    load: Load,
}

impl<'a> Rollout<'a> {
    /// What was asked for, where it makes sense.
    pub(super) fn new(request: &'a Request) -> Result<Self, PlanError> {
        let window = request.window.or_else(|| request.policy.window());
        let window = window.ok_or(PlanError::Window(request.policy.name))?;
        let read = request.beyond.left.iter().filter_map(|left| left.count);
        let read = read.map(|(_, _, window)| window).filter(|_| request.window.is_none());
        let longest = read.chain([window]).max_by_key(|window| window.seconds()).unwrap_or(window);
        let usual = longest.duration().saturating_mul(WINDOWS);
        let usual = request.beyond.ci.map_or(usual, |_| usual.saturating_add(Ci::length()));
        let horizon = request.horizon.unwrap_or(usual);
        request.check(longest, horizon)?;
        let course = Course {
            images: request.images,
            pull: ticks(request.pull_time),
            horizon: ticks(horizon),
            parallel: request.beyond.parallel.max(1),
        };
        let pods = request.beyond.pods.as_slice();
        let load = match pods {
            [] => Load::all(request.images),
            pods => Load::of_pods(pods, request.images, request.nodes),
        };
        Ok(Self { request, window, longest, course, load })
    }

    /// The longest window of any identity.
    pub(super) const fn longest_window(&self) -> Window {
        self.longest
    }

    /// The strategies to look at, each of which can be.
    pub(super) fn wanted(&self) -> Result<Vec<Strategy>, PlanError> {
        let asked = &self.request.strategies;
        let wanted = if asked.is_empty() { self.all() } else { asked.clone() };
        for strategy in &wanted {
            self.check(*strategy)?;
        }
        Ok(wanted)
    }

    /// Every strategy; of several accounts, as many as let everything through in one window.
    pub(super) fn all(&self) -> Vec<Strategy> {
        vec![
            Strategy::AddressPerNode,
            Strategy::OneAddress,
            Strategy::Account,
            Strategy::Accounts(self.accounts()),
            Strategy::Unlimited,
            Strategy::Cache,
        ]
    }

    /// The number of accounts, at least 2, on which everything fits in one window, if on any.
    fn accounts(&self) -> u32 {
        let (nodes, cost) = (self.request.cold(), u64::from(self.request.cost));
        let limit = u64::from(self.quota(Strategy::Account).map_or(u32::MAX, |quota| quota.limit));
        let most = nodes.max(2);
        if self.load.is_even() {
            let together = limit / (u64::from(self.request.images) * cost).max(1);
            let needed = u64::from(nodes).div_ceil(together.max(1));
            return u32::try_from(needed).unwrap_or(nodes).clamp(2, most);
        }
        let loads: Vec<u64> = (0..nodes).map(|node| self.load.count(node).into()).collect();
        let fits = |accounts: &u32| {
            let mut sums = vec![0; usize::try_from(*accounts).unwrap_or(1)];
            for loads in loads.chunks(sums.len().max(1)) {
                sums.iter_mut().zip(loads).for_each(|(sum, load)| *sum += load * cost);
            }
            sums.into_iter().all(|sum| sum <= limit)
        };
        let least = (loads.iter().sum::<u64>() * cost).div_ceil(limit.max(1));
        let least = u32::try_from(least).unwrap_or(most).clamp(2, most);
        // Unevenly loaded nodes may ask for some more accounts than their sum does.
        (least..=most).take(MOST_ACCOUNTS_TRIED).find(fits).unwrap_or(most)
    }

    /// What a reading found left where the strategy's pulls are counted.
    fn left(&self, strategy: Strategy) -> Option<&Left> {
        let is_account = strategy.is_on_account()?;
        self.request.beyond.left.iter().find(|left| left.is_account == is_account)
    }

    /// What each identity of a strategy may use.
    pub(super) fn quota(&self, strategy: Strategy) -> Option<Quota> {
        let Request { policy, law, .. } = *self.request;
        let allowed = if strategy.is_on_account()? { policy.account } else { policy.address };
        let (allowed, window) = match self.left(strategy) {
            // The registry counts nothing.
            Some(Left { count: None, .. }) => return None,
            Some(Left { count: Some((limit, _, window)), .. }) => (*limit, *window),
            None => (allowed, self.window),
        };
        let limit = self.request.limit.unwrap_or(allowed);
        Some(Quota { law, limit, window: self.request.window.unwrap_or(window) })
    }

    /// What is used of the first identity's count from the start: that of this machine. Nodes with
    /// addresses of their own have others.
    fn used(&self, strategy: Strategy) -> u64 {
        let count = match strategy {
            Strategy::AddressPerNode => None,
            _ => self.left(strategy).and_then(|left| left.count),
        };
        count.map_or(0, |(limit, left, _)| u64::from(limit.saturating_sub(left)))
    }

    /// A count at nothing.
    fn counter(&self, strategy: Strategy) -> Counter {
        Counter::new(self.quota(strategy), self.request.cost)
    }

    /// What others pull on the first identity.
    fn others(&self, strategy: Strategy) -> Others {
        let on = strategy.is_on_account().filter(|_| strategy != Strategy::AddressPerNode);
        let others = &self.request.beyond.background;
        others.iter().find(|one| Some(one.is_account) == on).map_or_else(Others::default, |one| {
            let pulls = one.pulls.iter().map(|(at, pulls)| (ticks(*at), *pulls));
            Others::new(pulls.collect(), ticks(one.period))
        })
    }

    /// Whether a pull can be accepted at all.
    pub(super) fn check(&self, strategy: Strategy) -> Result<(), PlanError> {
        match self.quota(strategy) {
            Some(Quota { limit, .. }) if self.request.cost > limit => {
                Err(PlanError::Cost { cost: self.request.cost, limit, strategy })
            }
            _ => Ok(()),
        }
    }

    /// How it goes by each strategy, on as many cores as there are.
    pub(super) fn outcomes(&self, wanted: &[Strategy]) -> Vec<Outcome> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut made = Vec::new();
            while let Some(strategy) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                made.push((*strategy, self.outcome(*strategy)));
            }
            made
        };
        let made: Vec<(Strategy, Outcome)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
            let own = work();
            own.into_iter()
                .chain(others.into_iter().flat_map(|one| one.join().unwrap_or_default()))
                .collect()
        });
        let of = |wanted: &Strategy| {
            let made = made.iter().find(|(strategy, _)| strategy == wanted);
            made.map_or_else(|| self.outcome(*wanted), |(_, outcome)| outcome.clone())
        };
        wanted.iter().map(of).collect()
    }

    fn outcome(&self, strategy: Strategy) -> Outcome {
        let quota = self.quota(strategy);
        let mut tally = self.tally(strategy, false);
        let warm = u64::from(self.request.beyond.warm);
        let all = self.all_run(&tally);
        let fits = tally.refused == 0;
        let gate_need = if fits && all { self.need(strategy, &tally) } else { None };
        let used = std::mem::take(&mut tally.spent).finish();
        Outcome {
            name: strategy.to_string(),
            law: None,
            limit: quota.map(|quota| quota.limit),
            window_seconds: quota.map(|quota| quota.window.seconds()),
            fits,
            pulls: tally.pulls,
            refused: tally.refused,
            first_refused_at_seconds: tally.first_refused.map(Seconds::from),
            done_at_seconds: all.then(|| tally.last_done.into()),
            nodes_done: tally.nodes_done + warm,
            waited_node_seconds: tally.waited.into(),
            nodes_waited: tally.nodes_waited(self.members()),
            longest_wait_seconds: tally.longest_wait.into(),
            gate_need,
            busiest_minute_requests: self.busiest_minute(strategy, &used),
            timeout_seconds: all.then(|| (tally.last_done / (60 * SECOND) + 1).saturating_mul(60)),
            throttled: self.request.beyond.kubelet.map(|_| tally.throttled),
            used: seconds(used),
            running: tally.running.finish(),
            timeline: super::Timeline::default(),
        }
    }

    /// Whether all nodes ran by the horizon.
    pub(super) fn all_run(&self, tally: &Tally) -> bool {
        tally.nodes_done == u64::from(self.request.cold())
    }

    /// When there is nothing more to see of an outcome.
    pub(super) fn end(&self, outcome: &Outcome) -> Tick {
        let done = outcome.running.last().map_or(0, |(at, _)| *at);
        if outcome.done_at_seconds.is_some() { done } else { self.course.horizon }
    }

    /// The pulls that must be left of each identity for nothing to be refused, where all comes back a
    /// window after the start: what one identity pulls until then.
    fn need(&self, strategy: Strategy, tally: &Tally) -> Option<u64> {
        let quota = self.quota(strategy)?;
        let window = ticks(quota.window.duration());
        // A bucket lets through more than its limit in a window.
        let sum = |tally: &Tally| tally.spent.until(window).min(quota.limit.into());
        let first = match strategy {
            Strategy::AddressPerNode => self.members().every(self.request.cold(), 0),
            Strategy::Accounts(count) | Strategy::Addresses(count) => {
                self.members().every(count, 0)
            }
            _ => return Some(sum(tally)),
        };
        let mut one = self.empty(strategy);
        one.turn(first, 1);
        let counter = self.counter(strategy).with_used(self.used(strategy));
        if self.request.is_by_ask() {
            let counts = Counts::new(vec![counter], None, self.others(strategy));
            self.by_ask(first, counts, &mut one);
        } else {
            Crowd::new(self.course, first, counter, None, &mut one).run();
        }
        Some(sum(&one))
    }

    /// The one count that all pulls of a strategy fall on, others' pulls included; `None` where there are
    /// several, or none.
    pub(super) fn one_count(&self, strategy: Strategy) -> Option<OneCount> {
        self.quota(strategy)?;
        let many = matches!(
            strategy,
            Strategy::AddressPerNode | Strategy::Accounts(2..) | Strategy::Addresses(2..)
        );
        let counter = self.counter(strategy).with_used(self.used(strategy));
        (!many).then(|| OneCount::new(counter, self.others(strategy)))
    }

    /// All nodes that pull.
    pub(super) fn members(&self) -> Members {
        Members::all(self.request.cold(), self.request.arrival)
    }

    /// How a node's pulls go: where its images are on its disk they take no time.
    fn course_of(&self, strategy: Strategy) -> Course {
        match strategy {
            Strategy::Preloaded => Course { pull: 0, ..self.course },
            _ => self.course,
        }
    }

    /// How many images all nodes ask for together.
    pub(super) fn needed(&self) -> u64 {
        let nodes = self.request.cold();
        if self.load.is_even() {
            return u64::from(nodes) * u64::from(self.request.images);
        }
        (0..nodes).map(|node| u64::from(self.load.count(node))).sum()
    }

    /// What each node asks for.
    pub(super) fn load(&self) -> Load {
        self.load.clone()
    }

    pub(super) fn empty(&self, strategy: Strategy) -> Tally {
        Tally::new(self.course_of(strategy), self.load.clone(), self.request.cost, self.members())
    }

    /// The sums of a strategy; up to the first refusal where that is all that is wanted to know.
    pub(super) fn tally(&self, strategy: Strategy, until_refused: bool) -> Tally {
        let mut tally = self.empty(strategy);
        tally.until_refused = until_refused;
        if self.request.is_by_ask() {
            let counts = Counts::new(
                self.counters(strategy),
                self.held_images(strategy),
                self.others(strategy),
            );
            self.by_ask(self.members(), counts, &mut tally);
        } else {
            self.by_crowd(strategy, &mut tally);
        }
        tally
    }

    fn by_ask(&self, members: Members, counts: Counts, tally: &mut Tally) {
        let course = tally.course();
        let kubelet = self.request.beyond.kubelet;
        match EveryAsk::new(course, self.load.clone(), kubelet, members, counts, tally).run() {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// How many identities the nodes are counted on.
    pub(super) fn identities(&self, strategy: Strategy) -> u32 {
        match strategy {
            Strategy::AddressPerNode => self.request.cold(),
            Strategy::Accounts(count) | Strategy::Addresses(count) => {
                count.min(self.request.cold())
            }
            _ => 1,
        }
    }

    /// A count for each identity, the first of them as it stands.
    fn counters(&self, strategy: Strategy) -> Vec<Counter> {
        let identities = self.identities(strategy);
        let first = self.counter(strategy).with_used(self.used(strategy));
        let others = (1..identities).map(|_| self.counter(strategy));
        std::iter::once(first).chain(others).collect()
    }

    /// How many images what stands before Docker Hub has from the start; `None` where nothing does.
    fn held(&self, strategy: Strategy) -> Option<u32> {
        match strategy {
            Strategy::Cache | Strategy::Peers => Some(0),
            Strategy::CacheWarm | Strategy::Preloaded => Some(self.request.images),
            _ => None,
        }
    }

    /// The same, image by image.
    pub(super) fn held_images(&self, strategy: Strategy) -> Option<Vec<bool>> {
        let held = self.held(strategy)?;
        Some((0..self.request.images).map(|image| image < held).collect())
    }

    fn by_crowd(&self, strategy: Strategy, tally: &mut Tally) {
        let (all, used) = (self.members(), self.used(strategy));
        let counter = self.counter(strategy);
        match strategy {
            Strategy::AddressPerNode | Strategy::Unlimited => self.alone(all, counter, tally),
            Strategy::Accounts(count) | Strategy::Addresses(count)
                if used == 0 && count >= all.count() =>
            {
                self.alone(all, counter, tally);
            }
            Strategy::Accounts(count) | Strategy::Addresses(count) => {
                self.shared(all, count.min(all.count()), &counter, used, tally);
            }
            _ => {
                let (course, counter) = (tally.course(), counter.with_used(used));
                Crowd::new(course, all, counter, self.held(strategy), tally).run();
            }
        }
    }

    /// Nodes that share nothing: one is simulated.
    fn alone(&self, all: Members, counter: Counter, tally: &mut Tally) {
        let mut lone = Lone::default();
        Crowd::new(self.course, Members::all(1, Arrival::AtOnce), counter, None, &mut lone).run();
        tally.each(&lone, all);
    }

    /// Nodes on `count` identities, no more than nodes, the first of which has so many pulls used. Where
    /// all arrive together, identities with the same number of nodes go the same way.
    fn shared(&self, all: Members, count: u32, counter: &Counter, used: u64, tally: &mut Tally) {
        let mut crowd = |first: u32, alike: u32| {
            if alike == 0 {
                return;
            }
            let members = all.every(count, first);
            tally.turn(members, u64::from(alike));
            let counter = counter.clone().with_used(if first == 0 { used } else { 0 });
            Crowd::new(self.course, members, counter, None, tally).run();
        };
        if all.batch_end(0) < all.count() {
            (0..count).for_each(|first| crowd(first, 1));
            return;
        }
        // The first one is apart where it is not like the others.
        let apart = u32::from(used > 0);
        let larger = (all.count() % count).max(apart);
        crowd(0, apart);
        crowd(apart, larger - apart);
        crowd(larger, count - larger);
    }
}

impl Rollout<'_> {
    /// Requests for manifests in the busiest minute behind one address: accounts share one. Of nodes with
    /// addresses of their own, a node's share of all of them.
    fn busiest_minute(&self, strategy: Strategy, used: &[(Tick, u64)]) -> u64 {
        let (mut most, mut sum, mut first) = (0, 0_u64, 0);
        for (at, pulls) in used {
            sum = sum.saturating_add(*pulls);
            while let Some((_, gone)) =
                used.get(first).filter(|(then, _)| then.saturating_add(60 * SECOND) <= *at)
            {
                sum -= gone;
                first += 1;
            }
            most = most.max(sum);
        }
        let addresses = match strategy {
            Strategy::AddressPerNode | Strategy::Addresses(_) => self.identities(strategy),
            _ => 1,
        };
        let pulls = (most / u64::from(self.request.cost.max(1))).div_ceil(addresses.max(1).into());
        pulls.saturating_mul(REQUESTS_A_PULL)
    }
}

fn seconds(instants: Vec<(Tick, u64)>) -> Vec<(Seconds, u64)> {
    instants.into_iter().map(|(at, pulls)| (at.into(), pulls)).collect()
}
