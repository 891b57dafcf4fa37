//! What a command takes off the count while it runs. The count is read before, after and now and
//! then meanwhile, as pulls of an hour ago come back one by one in a sliding window and would hide as
//! many new ones: what is added up is each fall between two readings. What others pull as the same
//! identity cannot be told from it.

use std::time::Duration;

use chrono::TimeDelta;

use crate::quota::{LimitStatus, Reading, Window};

/// The longest span between two looks.
const MOST: Duration = Duration::from_secs(60);
/// So many looks in a window.
const LOOKS_IN_A_WINDOW: u32 = 120;
/// A rise over more than so many spans hides too much.
const SPANS: i32 = 3;

/// What a command took off the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Used {
    /// So many pulls.
    Pulls(u64),
    /// So many, and as many more as came back within the moments in which the count rose.
    AtLeast(u64),
    /// Nothing was counted before or after.
    Uncounted,
    /// It cannot be told.
    Unknown,
}

impl Used {
    /// The number, where there is one.
    pub(crate) const fn pulls(self) -> Option<u64> {
        match self {
            Self::Pulls(pulls) | Self::AtLeast(pulls) => Some(pulls),
            Self::Uncounted | Self::Unknown => None,
        }
    }
}

/// The falls so far.
pub(crate) struct Spent {
    first: Reading,
    /// The last reading that told something.
    last: Reading,
    /// A count that was full all of a sudden: Docker Hub reports that wrongly now and then.
    doubtful: Option<Reading>,
    span: Duration,
    fell: u64,
    rose: bool,
    /// Something happened after which nothing can be told.
    lost: bool,
}

impl Spent {
    /// Since this reading; no two looks are closer than `least`.
    pub(crate) fn since(first: &Reading, least: Duration) -> Self {
        let window = first.count().and_then(|count| count.window).map(Window::duration);
        let span = window.map_or(MOST, |window| (window / LOOKS_IN_A_WINDOW).clamp(least, MOST));
        Self {
            first: first.clone(),
            last: first.clone(),
            doubtful: None,
            span,
            fell: 0,
            rose: false,
            lost: false,
        }
    }

    /// From one look to the next.
    pub(crate) const fn span(&self) -> Duration {
        self.span
    }

    /// A look while the command runs. One that tells nothing changes nothing.
    pub(crate) fn look(&mut self, now: Reading) {
        let (Some(before), Some(left)) = (self.last.remaining(), now.remaining()) else { return };
        let used_before = before < self.first.count().map_or(0, |count| count.limit);
        let full = now.count().is_some_and(|count| count.used() == 0);
        if full && used_before && self.doubtful.is_none() {
            self.doubtful = Some(now);
            return;
        }
        if let Some(doubtful) = self.doubtful.take().filter(|_| left > before) {
            self.step(doubtful);
        }
        self.step(now);
    }

    /// The look when the command has ended, and what it comes to.
    pub(crate) fn end(mut self, now: &Reading) -> Used {
        if matches!(
            (&self.first.status, &now.status),
            (LimitStatus::Unlimited, LimitStatus::Unlimited)
        ) {
            return Used::Uncounted;
        }
        if now.remaining().is_none() {
            return Used::Unknown;
        }
        self.look(now.clone());
        match (self.lost, self.doubtful.is_some()) {
            // A count that is full in the end, wrongly or not, takes back nothing of what was seen.
            (false, true) if self.fell > 0 => Used::AtLeast(self.fell),
            (true, _) | (false, true) => Used::Unknown,
            (false, false) if self.rose => Used::AtLeast(self.fell),
            (false, false) => Used::Pulls(self.fell),
        }
    }

    /// From the last reading to this one: only a count of the same source, limit and window, read
    /// within that window, tells what was used.
    fn step(&mut self, now: Reading) {
        let (Some(first), Some(before), Some(left)) =
            (self.first.count(), self.last.remaining(), now.remaining())
        else {
            self.lost = true;
            return;
        };
        // An answer that says that nothing is left need not say of how much.
        let same_limit = now
            .count()
            .is_none_or(|count| (count.limit, count.window) == (first.limit, first.window));
        let gap = (now.at - self.last.at).abs();
        let passed =
            first.window.is_some_and(|window| gap.num_seconds().unsigned_abs() > window.seconds());
        let long = gap > TimeDelta::from_std(self.span).unwrap_or(TimeDelta::MAX) * SPANS;
        self.lost |=
            !same_limit || passed || self.first.source != now.source || (left > before && long);
        self.rose |= left > before;
        self.fell += before.saturating_sub(left);
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::tests::reading;
    use super::*;
    use crate::quota::{Count, Source};
    use rstest::rstest;

    const LEAST: Duration = Duration::from_secs(10);

    /// A limit, what is left and when.
    type At = (u64, u64, i64);

    fn at((limit, remaining, seconds): At) -> Reading {
        let window = Window::from_seconds(3_600);
        let mut reading = reading(LimitStatus::Limited(Count { limit, remaining, window }));
        reading.at += TimeDelta::seconds(seconds);
        reading
    }

    fn used(looks: &[At]) -> Used {
        let (first, rest) = looks.split_first().unwrap();
        let (last, between) = rest.split_last().unwrap();
        let mut spent = Spent::since(&at(*first), LEAST);
        for look in between {
            spent.look(at(*look));
        }
        spent.end(&at(*last))
    }

    #[rstest]
    #[case::fewer(&[(100, 50, 0), (100, 47, 10)], Used::Pulls(3))]
    #[case::none(&[(100, 50, 0), (100, 50, 10)], Used::Pulls(0))]
    #[case::step_by_step(&[(100, 50, 0), (100, 49, 30), (100, 49, 60), (100, 47, 90)], Used::Pulls(3))]
    #[case::others_came_back_meanwhile(&[(100, 50, 0), (100, 47, 30), (100, 49, 60), (100, 48, 90)], Used::AtLeast(4))]
    #[case::risen_unseen_for_long(&[(100, 50, 0), (100, 60, 120)], Used::Unknown)]
    #[case::another_limit(&[(100, 50, 0), (200, 47, 10)], Used::Unknown)]
    #[case::another_limit_for_a_while(&[(100, 50, 0), (200, 50, 10), (100, 47, 20)], Used::Unknown)]
    #[case::the_window_has_passed(&[(100, 50, 0), (100, 47, 3_601)], Used::Unknown)]
    #[case::a_long_command_with_looks(&[(100, 50, 0), (100, 49, 2_000), (100, 48, 4_000)], Used::Pulls(2))]
    #[case::wrongly_full_once(&[(100, 50, 0), (100, 100, 30), (100, 49, 60)], Used::Pulls(1))]
    #[case::full_and_used_again(&[(100, 50, 0), (100, 100, 30), (100, 98, 60), (100, 97, 90)], Used::AtLeast(3))]
    #[case::full_for_a_while(&[(100, 50, 0), (100, 100, 30), (100, 100, 60), (100, 97, 90)], Used::AtLeast(3))]
    #[case::full_at_the_end(&[(100, 50, 0), (100, 49, 30), (100, 100, 60)], Used::AtLeast(1))]
    #[case::full_at_the_end_and_nothing_seen(&[(100, 50, 0), (100, 100, 60)], Used::Unknown)]
    #[case::full_all_along(&[(100, 100, 0), (100, 100, 30), (100, 98, 60)], Used::Pulls(2))]
    fn falls_are_added_up(#[case] looks: &[At], #[case] expected: Used) {
        assert_eq!(used(looks), expected);
    }

    #[test]
    fn another_source_or_no_answer_at_the_end_tells_nothing() {
        let mut moved = at((100, 47, 10));
        moved.source = Source::parse("192.0.2.77");
        assert_eq!(Spent::since(&at((100, 50, 0)), LEAST).end(&moved), Used::Unknown);
        assert_eq!(
            Spent::since(&at((100, 50, 0)), LEAST).end(&reading(LimitStatus::Unlimited)),
            Used::Unknown
        );
    }

    #[test]
    fn a_look_that_tells_nothing_changes_nothing() {
        let mut spent = Spent::since(&at((100, 50, 0)), LEAST);
        spent.look(reading(LimitStatus::Unlimited));
        assert_eq!(spent.end(&at((100, 48, 60))), Used::Pulls(2));
    }

    #[test]
    fn where_nothing_is_counted_nothing_is_used() {
        let unlimited = reading(LimitStatus::Unlimited);
        assert_eq!(Spent::since(&unlimited, LEAST).end(&unlimited), Used::Uncounted);
    }
}
