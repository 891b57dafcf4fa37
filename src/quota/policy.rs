//! What a registry allows whom, as data with a date and a source: limits change, and a plan must say
//! on which it stands. Follows the project's protocol notes of November 2026; a new policy is a new row.

use super::Window;

/// What a registry allowed from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The registry's name, as `--policy` takes it.
    pub name: &'static str,
    /// The first day on which it was seen, `YYYY-MM-DD`.
    pub date: &'static str,
    /// Pulls in a window for an address without an account.
    pub address: u32,
    /// Pulls in a window for an account that pays nothing.
    pub account: u32,
    /// The window's seconds.
    seconds: u64,
    /// Where the numbers are from.
    pub source: &'static str,
}

/// Every policy known, newest first.
const POLICIES: &[Policy] = &[
    Policy {
        name: "docker-hub",
        date: "2026-07-15",
        address: 100,
        account: 200,
        seconds: 3_600,
        source: "limit headers of registry-1.docker.io (100;w=3600, 200;w=3600)",
    },
    Policy {
        name: "docker-hub",
        date: "2020-11-02",
        address: 100,
        account: 200,
        seconds: 21_600,
        source: "Docker's documentation; brought in step by step over weeks from that day on; limit headers until 2026-06-22 \
                 (100;w=21600, 200;w=21600)",
    },
];

impl Policy {
    /// The window that its limits count over.
    pub fn window(&self) -> Option<Window> {
        Window::from_seconds(self.seconds)
    }

    /// The policy of a name: the newest, or with `@YYYY-MM-DD` the one in force on that day.
    ///
    /// ```
    /// use dhlimit::quota::Policy;
    /// assert_eq!(Policy::find("docker-hub").unwrap().date, "2026-07-15");
    /// assert_eq!(Policy::find("docker-hub@2024-01-31").unwrap().date, "2020-11-02");
    /// assert!(Policy::find("docker-hub@2019-01-01").is_none() && Policy::find("hub").is_none());
    /// ```
    pub fn find(wanted: &str) -> Option<&'static Self> {
        let (name, day) = match wanted.split_once('@') {
            Some((name, day)) => {
                (name, Some(chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?))
            }
            None => (wanted, None),
        };
        let in_force = |policy: &&Self| {
            let date = chrono::NaiveDate::parse_from_str(policy.date, "%Y-%m-%d");
            day.is_none_or(|day| date.is_ok_and(|date| date <= day))
        };
        POLICIES.iter().filter(|policy| policy.name == name).find(in_force)
    }

    /// Every policy known, newest first.
    pub const fn all() -> &'static [Self] {
        POLICIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_date_a_window_and_a_source_and_the_newest_comes_first() {
        for policy in Policy::all() {
            assert!(
                chrono::NaiveDate::parse_from_str(policy.date, "%Y-%m-%d").is_ok(),
                "{policy:?}"
            );
            assert!(policy.window().is_some() && !policy.source.is_empty(), "{policy:?}");
        }
        assert!(
            Policy::all().is_sorted_by(|one, next| one.name != next.name || one.date > next.date)
        );
    }
}
