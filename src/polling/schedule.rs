//! The schedule of all that ask more than once: whose turn is next, and when. Pure but for the instants
//! handed in, and it knows those who are asked as by their numbers alone. Each image and identity has an
//! interval of its own; they share the time by being spread over it. Requests that one host counts on one
//! source keep a distance that it can live with; others do not wait for them. A few are under way at once,
//! so that a host that does not answer holds up nobody else.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::{Outcome, stay_away};

/// Docker Hub is asked no more often than this, unless forced.
const HUB_LEAST: Duration = Duration::from_secs(10);
/// Other registries, and Docker Hub if forced: whoever asks faster trips the limits of others.
const FAR_LEAST: Duration = Duration::from_secs(1);
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

/// Who is asked, and how often that may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RatePolicy {
    /// The host by its one name: `docker.io` for all of Docker Hub's.
    pub(crate) host: String,
    /// Whom it counts: the source that it named, until then the identity that is shown to it. Requests to
    /// one host that are counted on one source keep their distance.
    pub(crate) source: String,
    /// The least time between two such requests.
    pub(crate) least: Duration,
    /// On loopback.
    pub(crate) near: bool,
}

impl RatePolicy {
    /// The policy for a host, as somebody. `force` lowers the bound of Docker Hub to that of the
    /// others; only loopback has none.
    pub(crate) fn of(host: &str, source: &str, hub: bool, near: bool, force: bool) -> Self {
        let least = match (near, hub && !force) {
            (true, _) => Duration::ZERO,
            (false, true) => HUB_LEAST,
            (false, false) => FAR_LEAST,
        };
        Self { host: host.to_owned(), source: source.to_owned(), least, near }
    }
}

/// In words, where registries are not asked as often as somebody wants.
pub(crate) fn slowed(policies: &[RatePolicy], asked: Duration) -> Option<String> {
    let least = policies.iter().map(|policy| policy.least).max().filter(|least| asked < *least)?;
    let (who, lowered) = if least == HUB_LEAST {
        ("Docker Hub", "; --force-interval lowers that to 1 s")
    } else {
        ("a registry that is not on this machine", "")
    };
    Some(format!("{who} is asked every {} s at the most{lowered}", least.as_secs()))
}

/// One image and identity on the schedule.
#[derive(Debug)]
struct Slot {
    policy: RatePolicy,
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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    /// What it means.
    pub(crate) outcome: Outcome,
    /// The window that it names.
    pub(crate) window: Option<Duration>,
    /// Its `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// Whom it counted, where it says so.
    pub(crate) source: Option<&'a str>,
}

/// Whose turn it is, and when.
#[derive(Debug)]
pub(crate) struct Schedule {
    slots: Vec<Slot>,
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
        let slot = |policy| Slot {
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
        Self { slots, asked, at_once: at_once.max(1), paused: false }
    }

    /// Whose turn is next and when; `None` while paused, or while so many are under way that another one
    /// must end first. Asking changes nothing.
    pub(crate) fn next(&self) -> Option<(usize, Instant)> {
        let under_way = self.slots.iter().filter(|slot| slot.under_way).count();
        if self.paused || under_way >= self.at_once {
            return None;
        }
        // Where several are ready, it is the turn of the one that has been due longest.
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| !slot.under_way)
            .map(|(index, slot)| (self.ready(slot), slot.due, index))
            .min()
            .map(|(at, _, index)| (index, at))
    }

    /// Who is being asked as.
    pub(crate) fn under_way(&self) -> Option<usize> {
        self.slots.iter().position(|slot| slot.under_way)
    }

    /// When a slot may be asked: when it is due, and a distance after the last request that is counted
    /// with it. In the first round, of a few, nobody waits for anybody.
    fn ready(&self, slot: &Slot) -> Instant {
        let due = slot.due.max(slot.not_before);
        if slot.started.is_none() && self.slots.len() <= self.at_once {
            return due;
        }
        let together = self.slots.iter().filter(|other| {
            other.policy.host == slot.policy.host && other.policy.source == slot.policy.source
        });
        together
            .filter_map(|other| other.started)
            .max()
            .map_or(due, |last| due.max(last + slot.policy.least))
    }

    /// A request begins.
    pub(crate) fn started(&mut self, index: usize, now: Instant) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.started = Some(now);
            slot.under_way = true;
        }
    }

    /// An answer is there: sets when that slot is due again. `chance` is in 0..1.
    pub(crate) fn settle(
        &mut self,
        index: usize,
        answered: Answered<'_>,
        chance: f64,
        now: Instant,
    ) {
        let Answered { outcome, window, retry_after, source } = answered;
        let (asked, count, at_once) = (self.asked, self.slots.len(), self.at_once);
        let Some(slot) = self.slots.get_mut(index) else { return };
        let first = slot.last.is_none();
        slot.under_way = false;
        slot.window = window.or(slot.window);
        if let Some(source) = source {
            source.clone_into(&mut slot.policy.source);
        }
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
        let Some(wait) = retry_after.or_else(|| hold(outcome, slot.policy.near)) else { return };
        // Whoever waits for a stated time comes a little later than all who count to the second.
        let until = now + wait + (wait / 20).min(Duration::from_secs(5)).mul_f64(chance);
        slot.not_before = slot.not_before.max(until);
        if matches!(outcome, Outcome::Throttled(crate::quota::Throttle::Overall)) {
            let host = slot.policy.host.clone();
            for slot in self.slots.iter_mut().filter(|slot| slot.policy.host == host) {
                slot.not_before = slot.not_before.max(until);
            }
        }
    }

    /// Everybody who may be asked is due now.
    pub(crate) fn hurry(&mut self, now: Instant) {
        for slot in &mut self.slots {
            slot.due = slot.due.min(now);
        }
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
    }
}

impl Slot {
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
mod tests {
    use super::*;
    use crate::quota::{FaultKind, Throttle};

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn hub() -> RatePolicy {
        RatePolicy::of("docker.io", "a", true, false, false)
    }

    fn answered(outcome: Outcome, retry_after: Option<Duration>) -> Answered<'static> {
        Answered { outcome, window: Some(s(3_600)), retry_after, source: None }
    }

    /// Runs the schedule with readings that take no time; who was asked, and after how many seconds.
    fn turns(
        policies: Vec<RatePolicy>,
        asked: Option<Duration>,
        outcome: impl Fn(usize) -> Outcome,
        count: usize,
    ) -> Vec<(usize, u64)> {
        let start = Instant::now();
        let mut schedule = Schedule::new(policies, asked, 4, start);
        let mut now = start;
        let mut turns = Vec::new();
        for number in 0..count {
            let (index, at) = schedule.next().unwrap();
            now = now.max(at);
            schedule.started(index, now);
            schedule.settle(index, answered(outcome(number), None), 1.0, now);
            turns.push((index, (now - start).as_secs()));
        }
        turns
    }

    #[test]
    fn a_window_of_an_hour_is_asked_every_minute_and_more_rarely_while_nothing_moves() {
        let at: Vec<u64> =
            turns(vec![hub()], None, |_| Outcome::Moved, 4).into_iter().map(|(_, at)| at).collect();
        assert_eq!(at, [0, 60, 120, 180]);
        let at: Vec<u64> = turns(vec![hub()], None, |_| Outcome::Still, 12)
            .into_iter()
            .map(|(_, at)| at)
            .collect();
        let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(gaps, [60, 60, 120, 120, 120, 180, 180, 180, 240, 240, 240]);
    }

    #[test]
    fn an_interval_asked_for_is_kept_but_docker_hub_keeps_its_distance() {
        let at = |asked, force| -> Vec<u64> {
            turns(
                vec![RatePolicy::of("docker.io", "a", true, false, force)],
                Some(s(asked)),
                |_| Outcome::Still,
                4,
            )
            .into_iter()
            .map(|(_, at)| at)
            .collect()
        };
        assert_eq!(at(15, false), [0, 15, 30, 45]);
        assert_eq!(at(1, false), [0, 10, 20, 30]);
        assert_eq!(at(1, true), [0, 1, 2, 3]);
        assert_eq!(at(0, true), [0, 1, 2, 3], "force has a floor, too");
    }

    #[test]
    fn an_interval_that_is_not_kept_is_said() {
        let said = |near, force, asked| {
            slowed(&[RatePolicy::of("docker.io", "a", true, near, force)], s(asked))
        };
        assert_eq!(
            said(false, false, 9).as_deref(),
            Some("Docker Hub is asked every 10 s at the most; --force-interval lowers that to 1 s")
        );
        assert_eq!(
            said(false, true, 0).as_deref(),
            Some("a registry that is not on this machine is asked every 1 s at the most")
        );
        for (near, force, asked) in [(true, false, 0), (false, false, 10), (false, true, 1)] {
            assert_eq!(said(near, force, asked), None);
        }
    }

    #[test]
    fn identities_are_read_at_once_and_then_spread_over_the_interval() {
        let two = turns(vec![hub(), hub()], Some(s(60)), |_| Outcome::Moved, 6);
        assert_eq!(two, [(0, 0), (1, 0), (0, 60), (1, 90), (0, 120), (1, 150)]);
        let many = turns(vec![hub(); 12], Some(s(60)), |_| Outcome::Moved, 48);
        for pair in many[12..].windows(2) {
            assert!(pair[1].1 - pair[0].1 >= 10, "{many:?}");
        }
        let mut asked = [0; 12];
        for (index, _) in &many {
            asked[*index] += 1;
        }
        assert!(asked.iter().all(|count| (3..=5).contains(count)), "{asked:?}");
    }

    /// Identity `number` of 500: half on Docker Hub as accounts of their own, some behind one address.
    fn one_of_many(number: usize) -> RatePolicy {
        let host = if number.is_multiple_of(5) { "quay.io" } else { "docker.io" };
        let source = if number % 100 == 7 { "one address".to_owned() } else { number.to_string() };
        RatePolicy::of(host, &source, host == "docker.io", false, false)
    }

    #[test]
    fn five_hundred_identities_share_a_day_without_haste_and_without_waiting_for_a_silent_one() {
        let (interval, window, at_once) = (s(300), s(3_600), 8);
        let start = Instant::now();
        let policies: Vec<RatePolicy> = (0..500).map(one_of_many).collect();
        let mut schedule = Schedule::new(policies.clone(), Some(interval), at_once, start);
        let mut asked: Vec<Vec<Instant>> = vec![Vec::new(); 500];
        let mut under_way: Vec<(Instant, usize)> = Vec::new();
        let mut now = start;
        while now < start + s(86_400) {
            let end = under_way.iter().copied().min();
            match (schedule.next(), end) {
                (Some((index, at)), end) if end.is_none_or(|(end, _)| at.max(now) <= end) => {
                    assert_eq!(schedule.next(), Some((index, at)), "asking changes nothing");
                    now = now.max(at);
                    schedule.started(index, now);
                    asked[index].push(now);
                    // One never answers until its time is up, the others take a fifth of a second.
                    let takes = if index == 3 { s(10) } else { Duration::from_millis(200) };
                    under_way.push((now + takes, index));
                    assert!(under_way.len() <= at_once);
                }
                (_, Some((end, index))) => {
                    now = end;
                    under_way.retain(|one| *one != (end, index));
                    let outcome = if index == 3 {
                        Outcome::Failed(FaultKind::Timeout)
                    } else {
                        Outcome::Moved
                    };
                    let source = Some(policies[index].source.as_str());
                    let answered =
                        Answered { outcome, window: Some(window), retry_after: None, source };
                    schedule.settle(index, answered, 0.5, now);
                }
                (Some(_), None) | (None, None) => unreachable!("somebody is due or under way"),
            }
        }
        for (index, times) in asked.iter().enumerate().filter(|(index, _)| *index != 3) {
            assert!(times[0] - start <= interval, "{index} waits for its first turn");
            for pair in times.windows(2) {
                let gap = pair[1] - pair[0];
                assert!(gap <= interval.mul_f64(1.1), "{index} waited {gap:?}");
            }
            assert!(times.len() >= 2 * 24, "{index} is asked {} times a day", times.len());
        }
        let mut together: Vec<Instant> = (0..500)
            .filter(|number| number % 100 == 7)
            .flat_map(|number| asked[number].clone())
            .collect();
        together.sort_unstable();
        assert!(together.windows(2).all(|pair| pair[1] - pair[0] >= HUB_LEAST));
        let mut starts: Vec<Instant> = asked.iter().map(|times| times[0]).collect();
        starts.sort_unstable();
        let first_tenth = starts.iter().filter(|at| **at - start < interval / 10).count();
        assert!((40..70).contains(&first_tenth), "spread from the first round on: {first_tenth}");
    }

    #[test]
    fn registries_do_not_wait_for_each_other() {
        let other = RatePolicy::of("quay.io", "a", false, false, false);
        assert_eq!(
            turns(vec![hub(), other], Some(s(10)), |_| Outcome::Moved, 4),
            [(0, 0), (1, 0), (0, 10), (1, 10)]
        );
    }

    #[test]
    fn loopback_may_be_asked_without_a_pause() {
        let near = RatePolicy::of("localhost:5000", "a", false, true, false);
        assert!(
            turns(vec![near], Some(Duration::ZERO), |_| Outcome::Still, 100)
                .iter()
                .all(|(_, at)| *at == 0)
        );
    }

    #[test]
    fn trouble_backs_off_and_is_forgotten_when_it_is_over() {
        let outcome =
            |number| if number < 6 { Outcome::Failed(FaultKind::Network) } else { Outcome::Moved };
        let at: Vec<u64> =
            turns(vec![hub()], None, outcome, 8).into_iter().map(|(_, at)| at).collect();
        let gaps: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(gaps, [10, 10, 20, 40, 80, 160, 60]);
    }

    #[test]
    fn retry_after_holds_even_whoever_presses_a_key() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![hub(), hub()], None, 4, now);
        for index in [0, 1] {
            schedule.started(index, now);
            schedule.settle(index, answered(Outcome::Moved, None), 0.0, now);
        }
        schedule.settle(0, answered(Outcome::Throttled(Throttle::Overall), Some(s(90))), 0.0, now);
        schedule.hurry(now);
        assert_eq!(schedule.under_way(), None);
        schedule.started(1, now);
        assert_eq!(schedule.under_way(), Some(1));
        assert_eq!(
            schedule.next().map(|(_, at)| at - now),
            Some(s(90)),
            "the overall limit holds every identity"
        );
        let mut schedule = Schedule::new(vec![hub(), hub()], None, 4, now);
        schedule.started(0, now);
        schedule.settle(0, answered(Outcome::Refused, Some(s(90))), 0.0, now);
        assert_eq!(
            schedule.next().map(|(index, at)| (index, at - now)),
            Some((1, s(0))),
            "the pull limit only its own"
        );
    }

    #[test]
    fn a_key_hurries_stretches_and_pauses() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![hub()], None, 4, now);
        schedule.started(0, now);
        schedule.settle(0, answered(Outcome::Moved, None), 0.0, now);
        schedule.hurry(now + s(3));
        assert_eq!(schedule.next().map(|(_, at)| at - now), Some(s(10)), "the distance is kept");
        schedule.change(true, now);
        assert_eq!(
            (schedule.interval(), schedule.next().map(|(_, at)| at - now)),
            (s(120), Some(s(120)))
        );
        for _ in 0..20 {
            schedule.change(false, now);
        }
        assert_eq!(schedule.interval(), s(10));
        for (near, force, wanted) in
            [(false, true, s(1)), (false, false, s(10)), (true, false, s(0))]
        {
            let mut schedule = Schedule::new(
                vec![RatePolicy::of("docker.io", "a", true, near, force)],
                None,
                4,
                now,
            );
            (0..20).for_each(|_| schedule.change(false, now));
            assert_eq!(
                (schedule.interval(), schedule.asked),
                (wanted, Some(wanted)),
                "near {near}, force {force}"
            );
        }
        schedule.pause(true);
        assert_eq!(schedule.next(), None);
        assert!(schedule.is_paused());
    }
}
