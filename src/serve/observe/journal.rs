//! Pulls that a registry refused, from the logs of daemons and kubelets: no event tells of them. A refusal is
//! several lines of a log, which count once.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Memory, Seen};
use crate::diagnosis::{Class, Hub, classify};

/// Lines of one refusal are so close.
const TOGETHER: TimeDelta = TimeDelta::seconds(2);

/// What a line of a log tells.
pub(super) fn read(memory: &mut Memory, line: &str, now: DateTime<Utc>) -> Option<Seen> {
    let class = classify(line, &Hub::default())?.class;
    let is_limit = matches!(
        class,
        Class::PullLimit | Class::OverallLimit | Class::LoginLimit | Class::LimitUnspecified
    );
    if !is_limit {
        return None;
    }
    let before = memory.refused_at.replace(now);
    (before.is_none_or(|before| now - before > TOGETHER)).then_some(Seen::Refused(class.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_once_however_many_lines_tell_of_it() {
        let mut memory = Memory::default();
        let mut at = |second: i64, line: &str| {
            read(&mut memory, line, DateTime::UNIX_EPOCH + TimeDelta::seconds(second))
        };
        let refused = "level=error msg=\"PullImage \\\"docker.io/library/mongo:7\\\" failed\" error=\"rpc error: code = Unknown desc = failed to pull and unpack image: toomanyrequests: You have reached your pull rate limit.\"";
        let direct = "Not continuing with pull after error: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
        assert_eq!(at(0, "level=info msg=\"PullImage \\\"docker.io/library/mongo:7\\\"\""), None);
        assert_eq!(at(1, refused), Some(Seen::Refused("pull_limit")));
        assert_eq!(at(2, direct), None);
        assert_eq!(at(9, direct), Some(Seen::Refused("pull_limit")));
        assert_eq!(at(20, "manifest unknown: manifest unknown"), None);
    }
}
