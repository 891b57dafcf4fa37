//! When nodes arrive: all at once, or so many at a time. Apart from the plan that lets them pull, so
//! that whatever else sends pulls can arrive by the same rule. Times are nanoseconds since the start.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// When the nodes of a rollout arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrival {
    /// All at the start.
    #[default]
    AtOnce,
    /// Node i, from 0, at floor(i / `nodes`) times `every`.
    Rolling {
        /// How many arrive together: at least 1.
        nodes: u32,
        /// From one batch to the next.
        every: Duration,
    },
}

impl Arrival {
    /// How many nodes arrive together; all of them where that is the most there can be.
    pub fn batch(self) -> u32 {
        match self {
            Self::AtOnce => u32::MAX,
            Self::Rolling { nodes, .. } => nodes.max(1),
        }
    }

    /// When a node arrives, in nanoseconds; a time too far off to be counted is the last there is.
    ///
    /// ```
    /// use dhlimit::quota::Arrival;
    /// let arrival: Arrival = "rolling:2/30s".parse().unwrap();
    /// assert_eq!([0, 1, 2, 5].map(|node| arrival.of(node) / 1_000_000_000), [0, 0, 30, 60]);
    /// ```
    pub fn of(self, node: u32) -> u64 {
        match self {
            Self::AtOnce => 0,
            Self::Rolling { nodes, .. } => {
                self.every().saturating_mul(u64::from(node / nodes.max(1)))
            }
        }
    }

    /// From one batch to the next, in nanoseconds; nothing where there is one batch.
    pub fn every(self) -> u64 {
        match self {
            Self::AtOnce => 0,
            Self::Rolling { every, .. } => u64::try_from(every.as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtOnce => f.write_str("at-once"),
            Self::Rolling { nodes, every } => {
                let every = humantime::format_duration(*every).to_string().replace(' ', "");
                write!(f, "rolling:{nodes}/{every}")
            }
        }
    }
}

impl FromStr for Arrival {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            || "at-once, or rolling:K/D: K nodes every D, such as rolling:5/30s".to_owned();
        if text == "at-once" {
            return Ok(Self::AtOnce);
        }
        let (nodes, every) = text
            .strip_prefix("rolling:")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(wanted)?;
        let nodes: u32 = nodes.parse().map_err(|_| wanted())?;
        if nodes == 0 {
            return Err("a batch is at least 1 node".to_owned());
        }
        let every =
            humantime::parse_duration(every).map_err(|error| format!("{every}: {error}"))?;
        Ok(Self::Rolling { nodes, every })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("at-once", "at-once")]
    #[case("rolling:5/30s", "rolling:5/30s")]
    #[case("rolling:1/90s", "rolling:1/1m30s")]
    #[case("rolling:3/1500ms", "rolling:3/1s500ms")]
    #[case("rolling:3/0s", "rolling:3/0s")]
    fn what_is_written_is_read_again(#[case] text: &str, #[case] written: &str) {
        let arrival: Arrival = text.parse().unwrap();
        assert_eq!(arrival.to_string(), written);
        assert_eq!(written.parse(), Ok(arrival));
    }

    #[rstest]
    #[case("")]
    #[case("sometimes")]
    #[case("rolling")]
    #[case("rolling:5")]
    #[case("rolling:0/5s")]
    #[case("rolling:-1/5s")]
    #[case("rolling:5/soon")]
    #[case("rolling:5/-5s")]
    #[case("rolling:99999999999/5s")]
    fn nonsense_is_refused(#[case] text: &str) {
        assert!(text.parse::<Arrival>().is_err(), "{text}");
    }
}
