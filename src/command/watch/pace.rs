//! The schedule: whose turn is next, and when. Pure but for the instants handed in. Each image and
//! identity has an interval of its own; they share the time by being spread over it, and requests to
//! one registry keep a distance that it can live with.

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

/// What one registry may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manners {
    /// Its name: slots of one registry keep their distance.
    pub(super) registry: String,
    /// The least time between two requests to it.
    pub(super) least: Duration,
    /// On loopback.
    pub(super) near: bool,
}

impl Manners {
    /// The manners due to a registry. `force` lowers the bound of Docker Hub to that of
    /// the others; only loopback has none.
    pub(super) fn towards(registry: &str, hub: bool, near: bool, force: bool) -> Self {
        let least = match (near, hub && !force) {
            (true, _) => Duration::ZERO,
            (false, true) => HUB_LEAST,
            (false, false) => FAR_LEAST,
        };
        Self { registry: registry.to_owned(), least, near }
    }
}

/// In words, where registries are not asked as often as somebody wants.
pub(super) fn held_back(manners: &[Manners], asked: Duration) -> Option<String> {
    let least = manners.iter().map(|manners| manners.least).max().filter(|least| asked < *least)?;
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
    manners: Manners,
    window: Option<Duration>,
    due: Instant,
    /// Not before, whoever asks: `Retry-After` and other limits.
    held: Instant,
    started: Option<Instant>,
    /// It is being read.
    under_way: bool,
    still: u32,
    /// The same kind of trouble so many times in a row.
    trouble: u32,
    last: Option<Outcome>,
}

/// Whose turn it is, and when.
#[derive(Debug)]
pub(super) struct Schedule {
    slots: Vec<Slot>,
    /// The interval that was asked for.
    asked: Option<Duration>,
    paused: bool,
    next: usize,
}

impl Schedule {
    /// Everybody is due now: the first readings are there at once.
    pub(super) fn new(manners: Vec<Manners>, asked: Option<Duration>, now: Instant) -> Self {
        let slot = |manners| Slot {
            manners,
            window: None,
            due: now,
            held: now,
            started: None,
            under_way: false,
            still: 0,
            trouble: 0,
            last: None,
        };
        Self { slots: manners.into_iter().map(slot).collect(), asked, paused: false, next: 0 }
    }

    /// Whose turn is next and when; `None` while paused. In the first round nobody waits for
    /// anybody; after it, requests to one registry keep their distance.
    pub(super) fn next(&mut self) -> Option<(usize, Instant)> {
        if self.paused {
            return None;
        }
        // Where several are ready, it is the turn of the one that has been due longest.
        let (at, _, index) = self
            .slots
            .iter()
            .enumerate()
            .map(|(index, slot)| (self.ready(slot), slot.due, index))
            .min()?;
        self.next = index;
        Some((index, at))
    }

    /// Whose turn it was when [`Self::next`] was last asked.
    pub(super) fn turn(&self) -> usize {
        self.next
    }

    /// Who is being read.
    pub(super) fn under_way(&self) -> Option<usize> {
        self.slots.iter().position(|slot| slot.under_way)
    }

    fn ready(&self, slot: &Slot) -> Instant {
        let due = slot.due.max(slot.held);
        if slot.started.is_none() {
            return due;
        }
        let same =
            self.slots.iter().filter(|other| other.manners.registry == slot.manners.registry);
        same.filter_map(|other| other.started)
            .max()
            .map_or(due, |last| due.max(last + slot.manners.least))
    }

    /// A reading begins.
    pub(super) fn started(&mut self, index: usize, now: Instant) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.started = Some(now);
            slot.under_way = true;
        }
    }

    /// A reading is there: sets when that slot is due again.
    pub(super) fn settle(
        &mut self,
        index: usize,
        outcome: Outcome,
        window: Option<Duration>,
        retry_after: Option<Duration>,
        chance: f64,
        now: Instant,
    ) {
        let shares: Vec<usize> = (0..self.slots.len())
            .filter(|other| self.registry(*other) == self.registry(index))
            .collect();
        let place = shares.iter().position(|other| *other == index).unwrap_or(0);
        let asked = self.asked;
        let Some(slot) = self.slots.get_mut(index) else { return };
        let first = slot.last.is_none();
        slot.under_way = false;
        slot.window = window.or(slot.window);
        let interval = slot.interval(asked);
        let same_trouble = slot.last.is_some_and(|last| last.kin(outcome));
        slot.trouble = if same_trouble { slot.trouble.saturating_add(1) } else { 1 };
        slot.last = Some(outcome);
        slot.still = if outcome == Outcome::Still { slot.still.saturating_add(1) } else { 0 };
        slot.due = match stay_away(outcome, slot.trouble, interval, slot.manners.near, chance) {
            Some(wait) => now + wait,
            None => slot.started.unwrap_or(now) + slot.slackened(interval, asked),
        };
        if first && place > 0 {
            // Spread over the interval: two identities at 60 s are asked 30 s apart.
            let count = u32::try_from(shares.len()).unwrap_or(u32::MAX);
            slot.due += interval / count * u32::try_from(place).unwrap_or(0);
        }
        let Some(wait) = retry_after.or_else(|| hold(outcome, slot.manners.near)) else { return };
        // Whoever waits for a stated time comes a little later than all who count to the second.
        let until = now + wait + (wait / 20).min(Duration::from_secs(5)).mul_f64(chance);
        let whole_registry = matches!(outcome, Outcome::Throttled(crate::quota::Throttle::Overall));
        for other in shares {
            if let Some(slot) =
                self.slots.get_mut(other).filter(|_| other == index || whole_registry)
            {
                slot.held = slot.held.max(until);
            }
        }
    }

    fn registry(&self, index: usize) -> Option<&str> {
        self.slots.get(index).map(|slot| slot.manners.registry.as_str())
    }

    /// Everybody who is not held is due now.
    pub(super) fn hurry(&mut self, now: Instant) {
        for slot in &mut self.slots {
            slot.due = slot.due.min(now);
        }
    }

    /// Stops and goes on.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether it stands still.
    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// From one reading to the next, as it is meant now: of the slot whose turn is next.
    pub(super) fn interval(&self) -> Duration {
        self.slots.get(self.next).map_or(USUAL, |slot| slot.interval(self.asked))
    }

    /// One step longer or shorter; from now on the interval is exact.
    pub(super) fn change(&mut self, longer: bool, now: Instant) {
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
        let least = self.slots.get(self.next).map_or(FAR_LEAST, |slot| slot.manners.least);
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
            Some(asked) => asked.max(self.manners.least),
            None if self.manners.near => NEAR_USUAL,
            None => {
                self.window.map_or(USUAL, |window| (window / PART).clamp(HUB_LEAST, USUAL_MOST))
            }
        }
    }

    /// An interval that nobody asked for grows while nothing moves.
    fn slackened(&self, interval: Duration, asked: Option<Duration>) -> Duration {
        if asked.is_some() || self.manners.near || self.still < PATIENCE {
            return interval;
        }
        interval * (2 + (self.still - PATIENCE) / PATIENCE).min(SLACK_MOST)
    }
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

    fn hub() -> Manners {
        Manners::towards("docker.io", true, false, false)
    }

    /// Runs the schedule with readings that take no time; who was asked, and after how many seconds.
    fn turns(
        manners: Vec<Manners>,
        asked: Option<Duration>,
        outcome: impl Fn(usize) -> Outcome,
        count: usize,
    ) -> Vec<(usize, u64)> {
        let start = Instant::now();
        let mut schedule = Schedule::new(manners, asked, start);
        let mut now = start;
        let mut turns = Vec::new();
        for number in 0..count {
            let (index, at) = schedule.next().unwrap();
            now = now.max(at);
            schedule.started(index, now);
            schedule.settle(index, outcome(number), Some(s(3_600)), None, 1.0, now);
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
                vec![Manners::towards("docker.io", true, false, force)],
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
            held_back(&[Manners::towards("docker.io", true, near, force)], s(asked))
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

    #[test]
    fn registries_do_not_wait_for_each_other() {
        let other = Manners::towards("quay.io", false, false, false);
        assert_eq!(
            turns(vec![hub(), other], Some(s(10)), |_| Outcome::Moved, 4),
            [(0, 0), (1, 0), (0, 10), (1, 10)]
        );
    }

    #[test]
    fn loopback_may_be_asked_without_a_pause() {
        let near = Manners::towards("localhost:5000", false, true, false);
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
        let mut schedule = Schedule::new(vec![hub(), hub()], None, now);
        for index in [0, 1] {
            schedule.started(index, now);
            schedule.settle(index, Outcome::Moved, None, None, 0.0, now);
        }
        schedule.settle(0, Outcome::Throttled(Throttle::Overall), None, Some(s(90)), 0.0, now);
        schedule.hurry(now);
        assert_eq!(schedule.under_way(), None);
        schedule.started(1, now);
        assert_eq!(schedule.under_way(), Some(1));
        assert_eq!(
            schedule.next().map(|(_, at)| at - now),
            Some(s(90)),
            "the overall limit holds every identity"
        );
        let mut schedule = Schedule::new(vec![hub(), hub()], None, now);
        schedule.started(0, now);
        schedule.settle(0, Outcome::Refused, None, Some(s(90)), 0.0, now);
        assert_eq!(
            schedule.next().map(|(index, at)| (index, at - now)),
            Some((1, s(0))),
            "the pull limit only its own"
        );
    }

    #[test]
    fn a_key_hurries_stretches_and_pauses() {
        let now = Instant::now();
        let mut schedule = Schedule::new(vec![hub()], None, now);
        schedule.started(0, now);
        schedule.settle(0, Outcome::Moved, Some(s(3_600)), None, 0.0, now);
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
            let mut schedule =
                Schedule::new(vec![Manners::towards("docker.io", true, near, force)], None, now);
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
