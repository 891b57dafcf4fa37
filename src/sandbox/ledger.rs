//! The count: what every identity has used, by one of three rules of what a pull is. Sharded, small
//! and bounded, so that a million identities need no thought. Follows the protocol notes of November
//! 2026, "What counts".

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Counting;
use super::identity::Identity;
use super::traffic::Traffic;
use crate::quota::{Quota, Usage};

const SHARDS: usize = 64;
/// Identities in a shard, of at most some 700 bytes each and usually 200.
const SHARD_MAX: usize = 32_768;
/// The size at which a shard first looks for identities to forget.
const SWEEP_MIN: usize = 1024;
/// Two manifest GETs of one image within this time are one pull (staff's "every second GET").
const PAIRING: u64 = 5_000;
/// Pulls of one identity that may wait for their second GET at once.
const OPEN_MAX: usize = 64;

/// What a request is, for the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// HEAD of a manifest; the image where it was asked for by digest.
    Head(Option<u64>),
    /// GET of an image's index or of a platform's manifest.
    Get {
        /// The image's id.
        image: u64,
        /// It is a platform's manifest.
        platform: bool,
    },
    /// A manifest that is not there: costs nothing, is never refused.
    Missing {
        /// It was a GET.
        get: bool,
    },
}

/// What the count says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Limit and remaining count; `None` where there is no limit.
    pub(super) balance: Option<Balance>,
    /// Nothing was left for it.
    pub(super) refused: bool,
    /// It was counted as a pull.
    pub(super) counted: bool,
}

/// Limit and remaining count after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Balance {
    pub(super) quota: Quota,
    pub(super) remaining: u32,
}

/// The kinds of requests that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A manifest's HEAD.
    Head,
    /// A manifest's GET.
    Get,
    /// A blob.
    Blob,
    /// A token.
    Token,
    /// Anything else.
    Other,
    /// One that was answered 429 by the pull limit, besides its own kind.
    Refused,
}

/// How many requests of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally([u32; 6]);

impl Tally {
    fn note(&mut self, kind: Kind) {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// How many there were of a kind.
    pub(super) fn of(&self, kind: Kind) -> u32 {
        self.0.get(kind as usize).copied().unwrap_or_default()
    }
}

/// What is known of one identity. Times are milliseconds since the epoch.
#[derive(Debug, Default)]
struct Entry {
    usage: Usage,
    /// Pulls that wait for their second GET: image, and until when.
    open: Vec<(u64, u64)>,
    seen: u64,
    /// Until when its neighbours' pulls are counted.
    neighbours: u64,
    /// The minute of `tokens`, since the epoch.
    minute: u32,
    /// Token requests in that minute.
    tokens: u32,
    tally: Tally,
}

/// One identity, as a snapshot shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) identity: Identity,
    pub(super) remaining: Option<u32>,
    pub(super) full_at: Duration,
    pub(super) seen: u64,
    pub(super) tally: Tally,
}

/// What every identity has used. Times are since the epoch.
#[derive(Debug)]
pub(super) struct Ledger {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    traffic: Option<Traffic>,
    started: Duration,
    /// Milliseconds after which an unseen identity has nothing counted any more.
    forget_after: u64,
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<Identity, Entry>,
    /// The size at which idle entries are looked for next.
    sweep_at: usize,
}

impl Ledger {
    /// An empty ledger; `window` is the longest that it will count over.
    pub(super) fn new(traffic: Option<Traffic>, window: Duration, started: Duration) -> Self {
        let shard = || Mutex::new(Shard { entries: HashMap::new(), sweep_at: SWEEP_MIN });
        let shards = std::iter::repeat_with(shard).take(SHARDS).collect();
        Self {
            shards,
            hasher: RandomState::new(),
            traffic,
            started,
            forget_after: millis(window.max(Duration::from_secs(60))),
        }
    }

    /// Counts a manifest request of an identity, or refuses it. `quota` is `None` for those without
    /// a limit; `refuses_head` is whether a HEAD at zero is refused.
    pub(super) fn ask(
        &self,
        identity: Identity,
        quota: Option<Quota>,
        counting: Counting,
        refuses_head: bool,
        ask: Ask,
        now: Duration,
    ) -> Verdict {
        self.with(identity, quota, now, |entry| {
            entry.tally.note(if matches!(ask, Ask::Get { .. } | Ask::Missing { get: true }) {
                Kind::Get
            } else {
                Kind::Head
            });
            let Some(quota) = quota else {
                return Verdict { balance: None, refused: false, counted: false };
            };
            let (refused, counted) = match ask {
                Ask::Missing { .. } => (false, false),
                Ask::Head(image) => (
                    refuses_head
                        && quota.remaining(&entry.usage, now) == 0
                        && !entry.is_open(image, now),
                    false,
                ),
                Ask::Get { image, platform } => match counting {
                    Counting::Pull if entry.close(image, now) => (false, false),
                    Counting::Arch if !platform => (quota.remaining(&entry.usage, now) == 0, false),
                    _ => {
                        let took = quota.take(&mut entry.usage, now);
                        if took && counting == Counting::Pull {
                            entry.open(image, now);
                        }
                        (!took, took)
                    }
                },
            };
            if refused {
                entry.tally.note(Kind::Refused);
            }
            let balance = Some(Balance { quota, remaining: quota.remaining(&entry.usage, now) });
            Verdict { balance, refused, counted }
        })
    }

    /// Notes a request that never counts.
    pub(super) fn note(&self, identity: Identity, kind: Kind, now: Duration) {
        self.with(identity, None, now, |entry| entry.tally.note(kind));
    }

    /// Notes a token request of an address: how many there were in this minute, with this one.
    pub(super) fn note_token(&self, address: Identity, now: Duration) -> u32 {
        self.with(address, None, now, |entry| {
            entry.tally.note(Kind::Token);
            let minute = u32::try_from(now.as_secs() / 60).unwrap_or(u32::MAX);
            if entry.minute != minute {
                (entry.minute, entry.tokens) = (minute, 0);
            }
            entry.tokens = entry.tokens.saturating_add(1);
            entry.tokens
        })
    }

    /// Sets what an identity has left; more than its limit is its limit.
    pub(super) fn set(&self, identity: Identity, quota: Quota, remaining: u32, now: Duration) {
        self.with(identity, Some(quota), now, |entry| {
            entry.usage = Usage::default();
            entry.open = Vec::new();
            quota.charge(&mut entry.usage, now, quota.limit.saturating_sub(remaining));
        });
    }

    /// The identities seen last, newest first and at most `most`, and how many there are.
    pub(super) fn lines(
        &self,
        most: usize,
        quota: impl Fn(Identity) -> Option<Quota>,
        now: Duration,
    ) -> (Vec<Line>, usize) {
        let (mut lines, mut total) = (Vec::new(), 0);
        for shard in &self.shards {
            let mut shard = lock(shard);
            total += shard.entries.len();
            for (identity, entry) in &mut shard.entries {
                let quota = quota(*identity);
                self.neighbours_pull(entry, quota, now);
                lines.push(Line {
                    identity: *identity,
                    remaining: quota.map(|quota| quota.remaining(&entry.usage, now)),
                    full_at: quota.map_or(now, |quota| quota.full_at(&entry.usage, now)),
                    seen: entry.seen,
                    tally: entry.tally,
                });
            }
            lines.sort_unstable_by_key(|line| std::cmp::Reverse(line.seen));
            lines.truncate(most);
        }
        (lines, total)
    }

    fn with<T>(
        &self,
        identity: Identity,
        quota: Option<Quota>,
        now: Duration,
        work: impl FnOnce(&mut Entry) -> T,
    ) -> T {
        // The remainder is less than the number of shards, and there is at least one.
        let place =
            usize::try_from(self.hasher.hash_one(identity) % SHARDS as u64).unwrap_or_default();
        let mut none = Entry::default();
        let Some(shard) = self.shards.get(place) else { return work(&mut none) };
        let mut shard = lock(shard);
        if shard.entries.len() >= shard.sweep_at && !shard.entries.contains_key(&identity) {
            shard.sweep(millis(now), self.forget_after);
        }
        let entry = shard
            .entries
            .entry(identity)
            .or_insert_with(|| Entry { neighbours: millis(now), ..Entry::default() });
        self.neighbours_pull(entry, quota, now);
        entry.seen = entry.seen.max(millis(now));
        work(entry)
    }

    /// What the neighbours pulled since they were last looked at; what is a window ago is gone anyway.
    fn neighbours_pull(&self, entry: &mut Entry, quota: Option<Quota>, now: Duration) {
        let (Some(traffic), Some(quota)) = (self.traffic, quota) else { return };
        let from = Duration::from_millis(entry.neighbours)
            .max(now.saturating_sub(quota.window.duration()));
        for (then, pulls) in
            traffic.between(from.saturating_sub(self.started), now.saturating_sub(self.started))
        {
            quota.charge(&mut entry.usage, self.started + then, pulls);
        }
        entry.neighbours = entry.neighbours.max(millis(now));
    }
}

impl Entry {
    fn is_open(&self, image: Option<u64>, now: Duration) -> bool {
        self.open.iter().any(|(open, until)| Some(*open) == image && millis(now) < *until)
    }

    /// Opens a pull: its second GET is free for a while.
    fn open(&mut self, image: u64, now: Duration) {
        let now = millis(now);
        self.open.retain(|(_, until)| now < *until);
        if self.open.len() < OPEN_MAX {
            self.open.reserve_exact(1);
            self.open.push((image, now + PAIRING));
        }
    }

    /// Closes an open pull of the image, if there is one.
    fn close(&mut self, image: u64, now: Duration) -> bool {
        let found =
            self.open.iter().position(|(open, until)| *open == image && millis(now) < *until);
        if let Some(place) = found {
            self.open.swap_remove(place);
        }
        found.is_some()
    }
}

impl Shard {
    /// Forgets identities that have nothing counted any more; and where there are still too many,
    /// those unseen for longest.
    fn sweep(&mut self, now: u64, forget_after: u64) {
        self.entries.retain(|_, entry| entry.seen.saturating_add(forget_after) > now);
        if self.entries.len() >= SHARD_MAX {
            let mut seen: Vec<u64> = self.entries.values().map(|entry| entry.seen).collect();
            let mut to_go = SHARD_MAX / 8;
            let oldest = *seen.select_nth_unstable(to_go).1;
            self.entries.retain(|_, entry| {
                let goes = to_go > 0 && entry.seen <= oldest;
                to_go -= usize::from(goes);
                !goes
            });
        }
        self.sweep_at = (self.entries.len() * 2).clamp(SWEEP_MIN, SHARD_MAX);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2)
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Law, Window};
    use proptest::prelude::*;

    const NOBODY: Identity = Identity::V6(1);

    fn quota(limit: u32) -> Quota {
        Quota { law: Law::Sliding, limit, window: Window::from_seconds(60).unwrap() }
    }

    fn ledger() -> Ledger {
        Ledger::new(None, Duration::from_secs(60), Duration::ZERO)
    }

    #[test]
    fn an_identity_takes_little_room() {
        assert!(size_of::<Entry>() <= 112, "{} bytes", size_of::<Entry>());
        assert!(size_of::<Identity>() <= 16);
    }

    #[test]
    fn who_has_nothing_counted_any_more_is_forgotten() {
        let mut shard = Shard { entries: HashMap::new(), sweep_at: SWEEP_MIN };
        for (number, seen) in (0..2_000).zip([1_000, 70_000].into_iter().cycle()) {
            shard.entries.insert(Identity::Account(number), Entry { seen, ..Entry::default() });
        }
        shard.sweep(100_000, 60_000);
        assert_eq!(shard.entries.len(), 1_000);
        assert!(shard.entries.values().all(|entry| entry.seen == 70_000));
        assert_eq!(shard.sweep_at, 2_000);
    }

    #[test]
    fn a_full_shard_forgets_some_and_not_all() {
        let mut shard = Shard { entries: HashMap::new(), sweep_at: SHARD_MAX };
        for number in 0..u32::try_from(SHARD_MAX).unwrap() {
            let seen = if number == 7 { 100 } else { 50 };
            shard.entries.insert(Identity::Account(number), Entry { seen, ..Entry::default() });
        }
        shard.sweep(100, 1_000);
        assert_eq!(shard.entries.len(), SHARD_MAX - SHARD_MAX / 8);
        assert!(shard.entries.contains_key(&Identity::Account(7)), "the newest stays");
    }

    #[test]
    fn the_newest_are_shown() {
        let ledger = ledger();
        for second in 0..100 {
            ledger.note(Identity::Account(second), Kind::Blob, Duration::from_secs(second.into()));
        }
        let (lines, total) = ledger.lines(3, |_| None, Duration::from_secs(100));
        let shown: Vec<Identity> = lines.iter().map(|line| line.identity).collect();
        assert_eq!(
            (shown, total),
            (vec![Identity::Account(99), Identity::Account(98), Identity::Account(97)], 100)
        );
    }

    proptest! {
        /// Any GETs of three images at any pace: each is answered or refused, a refusal means that
        /// nothing was left, and what is counted is at least half of what is answered.
        #[test]
        fn what_is_counted_agrees_with_what_was_answered(
            limit in 0_u32..20,
            counting in prop_oneof![Just(Counting::Pull), Just(Counting::Get), Just(Counting::Arch)],
            gets in prop::collection::vec((0_u64..3, any::<bool>(), 0_u64..4_000), 0..60),
        ) {
            let (ledger, quota) = (ledger(), quota(limit));
            let (mut now, mut counted, mut answered) = (Duration::ZERO, 0, 0);
            for (image, platform, pause) in gets {
                now += Duration::from_millis(pause);
                if now >= Duration::from_secs(60) {
                    break;
                }
                let verdict = ledger.ask(NOBODY, Some(quota), counting, true, Ask::Get { image, platform }, now);
                let balance = verdict.balance.unwrap();
                prop_assert!(!(verdict.refused && verdict.counted));
                prop_assert!(!verdict.refused || balance.remaining == 0);
                counted += u32::from(verdict.counted);
                answered += u32::from(!verdict.refused);
                prop_assert_eq!(balance.remaining, limit - counted, "within a window nothing comes back");
                let head = ledger.ask(NOBODY, Some(quota), counting, true, Ask::Head(None), now);
                prop_assert_eq!((head.counted, head.refused), (false, balance.remaining == 0));
            }
            match counting {
                Counting::Pull => prop_assert!(counted <= answered && answered <= 2 * counted),
                Counting::Get => prop_assert_eq!(counted, answered),
                Counting::Arch => prop_assert!(counted <= answered),
            }
        }
    }
}
