//! The schedule of all that ask more than once: whose turn is next, and when. Pure but for the instants
//! handed in, and it knows those who are asked as by their numbers alone. Each image and identity has an
//! interval of its own; they share the time by being spread over it. Requests that one host counts on one
//! source keep a distance that it can live with; others do not wait for them. A few are under way at once,
//! so that a host that does not answer holds up nobody else.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::{Outcome, stay_away};
use super::policy::{FAR_LEAST, HUB_LEAST, RatePolicy};

/// So many are read one right after the other at first; further ones are spread over the interval.
pub(crate) const FIRST: usize = 16;
/// The usual interval on loopback.
const NEAR_USUAL: Duration = Duration::from_secs(1);
/// The usual interval as long as no window is known.
const USUAL: Duration = Duration::from_secs(60);
/// The usual interval is this part of the window.
const PART: u32 = 60;
/// The usual interval at the most.
const USUAL_MOST: Duration = Duration::from_secs(300);
/// So many readings without a change before the pace slackens.
const PATIENCE: u32 = 3;
/// By how much it slackens at the most.
const SLACK_MOST: u32 = 4;

/// One image and identity on the schedule.
#[derive(Debug)]
struct Slot {
    policy: RatePolicy,
    /// Where `Schedule::last_starts` has the last request that is counted together with this one's.
    counted: usize,
    window: Option<Duration>,
    due: Instant,
    /// Not before, whoever asks: `Retry-After` and other limits.
    not_before: Instant,
    started: Option<Instant>,
    under_way: bool,
    still: u32,
    /// The same kind of trouble so many times in a row.
    trouble: u32,
    last: Option<Outcome>,
}

/// What an answer says of the next one.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// What it means.
    pub(crate) outcome: Outcome,
    /// The window that it names.
    pub(crate) window: Option<Duration>,
    /// Its `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// Whom it counted, where it says so.
    pub(crate) source: Option<String>,
}

/// Whose turn it is, and when.
#[derive(Debug)]
pub(crate) struct Schedule {
    slots: Vec<Slot>,
    /// The index into `last_starts` of a host and the source that it counts.
    counted: HashMap<(String, String), usize>,
    /// When the last request began that one host counts on one source.
    last_starts: Vec<Option<Instant>>,
    /// Those who are not under way, by the instant from which on they may be asked.
    waiting: BTreeSet<(Instant, usize)>,
    /// The interval that was asked for.
    asked: Option<Duration>,
    /// The most requests under way.
    at_once: usize,
    paused: bool,
}

impl Schedule {
    /// The first ones are due now; those beyond `at_once` are spread over the interval.
    pub(crate) fn new(
        policies: Vec<RatePolicy>,
        asked: Option<Duration>,
        at_once: usize,
        now: Instant,
    ) -> Self {
        let mut counted = HashMap::new();
        let slot = |policy: RatePolicy| Slot {
            counted: counted_index(&mut counted, &policy),
            policy,
            window: None,
            due: now,
            not_before: now,
            started: None,
            under_way: false,
            still: 0,
            trouble: 0,
            last: None,
        };
        let mut slots: Vec<Slot> = policies.into_iter().map(slot).collect();
        let count = slots.len();
        for (place, slot) in slots.iter_mut().enumerate().skip(at_once) {
            slot.due += part(slot.interval(asked), place, count);
        }
        let last_starts = vec![None; counted.len()];
        let waiting = BTreeSet::new();
        let at_once = at_once.max(1);
        let mut schedule =
            Self { slots, counted, last_starts, waiting, asked, at_once, paused: false };
        schedule.sort_again();
        schedule
    }

    /// Whose turn is next and when; `None` while paused, or while so many are under way that another one
    /// must end first. Asking changes nothing.
    pub(crate) fn next(&self) -> Option<(usize, Instant)> {
        let under_way = self.slots.len() - self.waiting.len();
        if self.paused || under_way >= self.at_once {
            return None;
        }
        // Where several are ready, it is the turn of the one that has been due longest.
        let mut next: Option<(Instant, Instant, usize)> = None;
        for (due, index) in &self.waiting {
            if next.is_some_and(|(at, ..)| at < *due) {
                break;
            }
            let Some(slot) = self.slots.get(*index) else { continue };
            let candidate = (self.ready(slot), slot.due, *index);
            next = Some(next.map_or(candidate, |next| next.min(candidate)));
        }
        next.map(|(at, _, index)| (index, at))
    }

    /// Who is being asked as: the first of them.
    pub(crate) fn under_way(&self) -> Option<usize> {
        self.slots.iter().position(|slot| slot.under_way)
    }

    /// When a slot may be asked: when it is due, and a distance after the last request that is counted
    /// with it. In the first round, of a few, nobody waits for anybody.
    fn ready(&self, slot: &Slot) -> Instant {
        let due = slot.may_begin();
        if slot.started.is_none() && self.slots.len() <= self.at_once {
            return due;
        }
        let last = self.last_starts.get(slot.counted).copied().flatten();
        last.map_or(due, |last| due.max(last + slot.policy.least))
    }

    /// A request begins.
    pub(crate) fn started(&mut self, index: usize, now: Instant) {
        if let Some(slot) = self.slots.get_mut(index) {
            self.waiting.remove(&(slot.may_begin(), index));
            slot.started = Some(now);
            slot.under_way = true;
            if let Some(last) = self.last_starts.get_mut(slot.counted) {
                *last = Some(now);
            }
        }
    }

    /// An answer is there: sets when that slot is due again. `chance` is in 0..1.
    pub(crate) fn settle(&mut self, index: usize, answered: Answered, chance: f64, now: Instant) {
        let Answered { outcome, window, retry_after, source } = answered;
        if let Some(source) = source {
            self.count_on(index, &source);
        }
        let (asked, count, at_once) = (self.asked, self.slots.len(), self.at_once);
        let Some(slot) = self.slots.get_mut(index) else { return };
        let first = slot.last.is_none();
        self.waiting.remove(&(slot.may_begin(), index));
        slot.under_way = false;
        slot.window = window.or(slot.window);
        let interval = slot.interval(asked);
        let same_trouble = slot.last.is_some_and(|last| last.kin(outcome));
        slot.trouble = if same_trouble { slot.trouble.saturating_add(1) } else { 1 };
        slot.last = Some(outcome);
        slot.still = if outcome == Outcome::Still { slot.still.saturating_add(1) } else { 0 };
        slot.due = match stay_away(outcome, slot.trouble, interval, slot.policy.near, chance) {
            Some(wait) => now + wait,
            // From the time it was due where it was asked soon after, so that its phase is kept.
            None => slot.started.unwrap_or(now) + slot.slackened(interval, asked),
        };
        if first && index < at_once {
            // Spread over the interval: two identities at 60 s are asked 30 s apart.
            slot.due += part(interval, index, count);
        }
        let near = slot.policy.near;
        self.waiting.insert((slot.may_begin(), index));
        if let Some(wait) = retry_after.or_else(|| hold(outcome, near)) {
            self.leave_alone(index, outcome, wait, chance, now);
        }
    }

    /// A limit says how long it wants to be left alone: by this identity, or by all who ask that host.
    fn leave_alone(
        &mut self,
        index: usize,
        outcome: Outcome,
        wait: Duration,
        chance: f64,
        now: Instant,
    ) {
        // Whoever waits for a stated time comes a little later than all who count to the second.
        let until = now + wait + (wait / 20).min(Duration::from_secs(5)).mul_f64(chance);
        let Some(host) = self.slots.get(index).map(|slot| slot.policy.host.clone()) else { return };
        let everybody = matches!(outcome, Outcome::Throttled(crate::quota::Throttle::Overall));
        for (place, slot) in self.slots.iter_mut().enumerate() {
            if place == index || everybody && slot.policy.host == host {
                slot.not_before = slot.not_before.max(until);
            }
        }
        self.sort_again();
    }

    /// After several have become due at another time.
    fn sort_again(&mut self) {
        let slots = self.slots.iter().enumerate().filter(|(_, slot)| !slot.under_way);
        self.waiting = slots.map(|(index, slot)| (slot.may_begin(), index)).collect();
    }

    /// The requests of a slot are counted on this source from now on.
    fn count_on(&mut self, index: usize, source: &str) {
        if self.slots.get(index).is_none_or(|slot| slot.policy.source == source) {
            return;
        }
        // Sources may change for ever, as IPv6 addresses do: those that nobody has any more go.
        if self.counted.len() > 2 * self.slots.len() {
            let mut counted = HashMap::new();
            let mut last_starts = Vec::new();
            for slot in &mut self.slots {
                let last = self.last_starts.get(slot.counted).copied().flatten();
                slot.counted = counted_index(&mut counted, &slot.policy);
                last_starts.resize(counted.len(), None);
                if let Some(kept) = last_starts.get_mut(slot.counted) {
                    *kept = last;
                }
            }
            (self.counted, self.last_starts) = (counted, last_starts);
        }
        let Some(slot) = self.slots.get_mut(index) else { return };
        source.clone_into(&mut slot.policy.source);
        slot.counted = counted_index(&mut self.counted, &slot.policy);
        self.last_starts.resize(self.counted.len(), None);
        if let Some(last) = self.last_starts.get_mut(slot.counted) {
            *last = (*last).max(slot.started);
        }
    }

    /// Everybody who may be asked is due now.
    pub(crate) fn hurry(&mut self, now: Instant) {
        for slot in &mut self.slots {
            slot.due = slot.due.min(now);
        }
        self.sort_again();
    }

    /// Stops and goes on.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether it stands still.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// From one reading to the next, as it is meant now: of the slot that is asked last or next.
    pub(crate) fn interval(&self) -> Duration {
        self.current().map_or(USUAL, |slot| slot.interval(self.asked))
    }

    fn current(&self) -> Option<&Slot> {
        let next = self.slots.iter().min_by_key(|slot| slot.due);
        self.slots.iter().find(|slot| slot.under_way).or(next)
    }

    /// One step longer or shorter; from now on the interval is exact.
    pub(crate) fn change(&mut self, longer: bool, now: Instant) {
        let steps = [
            0, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000,
            300_000, 600_000, 1_800_000, 3_600_000,
        ];
        let current = self.interval();
        let mut steps = steps.into_iter().map(Duration::from_millis);
        let next = if longer {
            steps.find(|step| *step > current)
        } else {
            steps.rfind(|step| *step < current)
        };
        let least = self.current().map_or(FAR_LEAST, |slot| slot.policy.least);
        let Some(next) = next.map(|next| next.max(least)) else { return };
        self.asked = Some(next);
        for slot in &mut self.slots {
            let trouble =
                slot.last.is_some_and(|last| !matches!(last, Outcome::Moved | Outcome::Still));
            if let Some(started) = slot.started.filter(|_| !trouble) {
                slot.due = (started + slot.interval(Some(next))).max(now);
            }
        }
        self.sort_again();
    }
}

impl Slot {
    /// From when on it may be asked, as far as it alone is concerned.
    fn may_begin(&self) -> Instant {
        self.due.max(self.not_before)
    }

    fn interval(&self, asked: Option<Duration>) -> Duration {
        match asked {
            Some(asked) => asked.max(self.policy.least),
            None if self.policy.near => NEAR_USUAL,
            None => {
                self.window.map_or(USUAL, |window| (window / PART).clamp(HUB_LEAST, USUAL_MOST))
            }
        }
    }

    /// An interval that nobody asked for grows while nothing moves.
    fn slackened(&self, interval: Duration, asked: Option<Duration>) -> Duration {
        if asked.is_some() || self.policy.near || self.still < PATIENCE {
            return interval;
        }
        let slackened = interval * (2 + (self.still - PATIENCE) / PATIENCE).min(SLACK_MOST);
        // A window without a reading would be a window that nobody saw.
        self.window.map_or(slackened, |window| slackened.min((window / 3).max(interval)))
    }
}

/// The index of the requests that are counted together with this one's; a new one for a new pair.
fn counted_index(counted: &mut HashMap<(String, String), usize>, policy: &RatePolicy) -> usize {
    let next = counted.len();
    *counted.entry((policy.host.clone(), policy.source.clone())).or_insert(next)
}

/// The share of an interval that comes before one of `count` places.
fn part(interval: Duration, place: usize, count: usize) -> Duration {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (interval / number(count.max(1))).saturating_mul(number(place))
}

/// How long another limit is left alone where its answer does not say.
fn hold(outcome: Outcome, near: bool) -> Option<Duration> {
    (!near && matches!(outcome, Outcome::Throttled(_))).then_some(Duration::from_secs(60))
}

#[cfg(test)]
mod tests;
