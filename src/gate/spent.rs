//! What a command takes off the count while it runs. The count is read before, after and now and
//! then meanwhile, as pulls of an hour ago come back one by one in a sliding window and would hide as
//! many new ones: what is added up is each fall between two readings. What others pull as the same
//! identity cannot be told from it.

use std::time::Duration;

use chrono::TimeDelta;

use crate::history::{Believed, Counts};
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
    counts: Counts,
    span: Duration,
    fell: u64,
    rose: bool,
    /// Something happened after which nothing can be told.
    lost: bool,
}

impl Spent {
    /// Since this reading; no two readings are closer than `least`.
    pub(crate) fn since(first: &Reading, least: Duration) -> Self {
        let window = first.count().and_then(|count| count.window).map(Window::duration);
        let span = window.map_or(MOST, |window| (window / LOOKS_IN_A_WINDOW).clamp(least, MOST));
        let mut spent = Self {
            first: first.clone(),
            counts: Counts::default(),
            span,
            fell: 0,
            rose: false,
            lost: first.count().is_none(),
        };
        spent.look(first);
        spent
    }

    /// From one reading to the next.
    pub(crate) const fn span(&self) -> Duration {
        self.span
    }

    /// A reading while the command runs. One that tells nothing changes nothing. Only a count of the
    /// same source, limit and window tells what was used.
    pub(crate) fn look(&mut self, now: &Reading) {
        if now.remaining().is_none() {
            return;
        }
        let bounds = |reading: &Reading| reading.count().map(|count| (count.limit, count.window));
        // An answer that says that nothing is left need not say of how much.
        let same_limit =
            bounds(now).is_none_or(|bounds_now| Some(bounds_now) == bounds(&self.first));
        self.lost |= !same_limit || self.first.source != now.source;
        for believed in self.counts.observe(now).believed {
            self.step(&believed);
        }
    }

    /// The reading when the command has ended, and what it comes to.
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
        self.look(now);
        match (self.lost, self.counts.is_unconfirmed()) {
            // A count that is full in the end, wrongly or not, takes back nothing of what was seen.
            (false, true) if self.fell > 0 => Used::AtLeast(self.fell),
            (true, _) | (false, true) => Used::Unknown,
            (false, false) if self.rose => Used::AtLeast(self.fell),
            (false, false) => Used::Pulls(self.fell),
        }
    }

    /// From one count to the next: read within a window, or it tells nothing.
    fn step(&mut self, believed: &Believed) {
        let Some(before) = believed.before else { return };
        let gap = (believed.point.at - before.at).abs();
        let window = self.first.count().and_then(|count| count.window);
        let passed =
            window.is_some_and(|window| gap.num_seconds().unsigned_abs() > window.seconds());
        let long = gap > TimeDelta::from_std(self.span).unwrap_or(TimeDelta::MAX) * SPANS;
        self.lost |= passed || (believed.rose() && long);
        self.rose |= believed.rose();
        self.fell += believed.used();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::testing::reading;
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
            spent.look(&at(*look));
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
        spent.look(&reading(LimitStatus::Unlimited));
        assert_eq!(spent.end(&at((100, 48, 60))), Used::Pulls(2));
    }

    #[test]
    fn where_nothing_is_counted_nothing_is_used() {
        let unlimited = reading(LimitStatus::Unlimited);
        assert_eq!(Spent::since(&unlimited, LEAST).end(&unlimited), Used::Uncounted);
    }
}
