//! What a watch waits for, and how it ends.

use crate::Exit;
use crate::cli::Watch;
use crate::quota::{LimitStatus, Reading};

/// What a watch waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Nothing: it goes on.
    None,
    /// So many pulls left, or fewer.
    Left(u64),
    /// The whole limit.
    Full,
}

impl Goal {
    /// The goal of the arguments.
    pub(crate) fn of(watch: &Watch) -> Self {
        match watch.until {
            Some(left) => Self::Left(left),
            None if watch.until_empty => Self::Left(0),
            None if watch.until_full => Self::Full,
            None => Self::None,
        }
    }

    /// Whether an effective reading reaches it.
    pub(crate) fn is_reached(self, reading: &Reading) -> bool {
        match (self, &reading.status) {
            (Self::Left(least), _) => reading.remaining().is_some_and(|left| left <= least),
            (Self::Full, LimitStatus::Limited(count)) => count.remaining >= count.limit,
            (Self::Full, LimitStatus::Unlimited) => true,
            (Self::None | Self::Full, _) => false,
        }
    }

    /// How a watch ends whose time is up: as its last effective readings say, and never well where
    /// it waited for something.
    pub(crate) fn exit_without(self, worst: Exit) -> Exit {
        match (self, worst) {
            (Self::None, exit) => exit,
            (_, Exit::Ok) => Exit::Limit,
            (_, exit) => exit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_that_was_missed_never_ends_well() {
        assert_eq!(Goal::None.exit_without(Exit::Ok), Exit::Ok);
        assert_eq!(Goal::None.exit_without(Exit::Limit), Exit::Limit);
        assert_eq!(Goal::Full.exit_without(Exit::Ok), Exit::Limit);
        assert_eq!(Goal::Left(3).exit_without(Exit::Unreachable), Exit::Unreachable);
    }
}
