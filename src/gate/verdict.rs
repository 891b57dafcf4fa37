//! The gate's truth table, pure: from a reading and the flags to a verdict, an exit code, and
//! whether time may change it. The verdict says what is known; the exit code says what follows.
//!
//! | reading | verdict | exit code | may change with time |
//! |---|---|---|---|
//! | limited, enough remains | open | 0 | |
//! | limited or exhausted, too little remains | closed | 1 | yes |
//! | limited or exhausted, more needed than the limit allows | closed | 1 | no |
//! | unlimited, `--on-unlimited pass` | open | 0 | |
//! | unlimited, `--on-unlimited fail` | unknown | 5 | no |
//! | throttled (overall or login limit) | closed | 7 | yes |
//! | unknown: headers that cannot be understood | unknown | 5, or 0 with `--on-unknown pass` | yes |
//! | failed: network, timeout, server, protocol | unknown | 3, or 0 with `--on-unknown pass` | yes |
//! | failed: TLS | unknown | 3, or 0 with `--on-unknown pass` | no |
//! | failed: credentials, denied, not found, blocked | closed | 4, whatever the flags | no |
//!
//! `--on-unknown pass` is for a registry that cannot be asked; a registry that has refused is known to
//! refuse, and no flag opens the gate to it.

use super::report::Verdict;
use crate::Exit;
use crate::cli::{Pass, Threshold};
use crate::quota::{FaultKind, LimitStatus, Reading};
use crate::session::exit_of;

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Policy {
    /// Pulls that must remain, at least.
    pub(crate) pulls: u64,
    /// Percent of the limit that must remain, too.
    pub(crate) percent: Option<f64>,
    /// Where the limit cannot be determined.
    pub(crate) on_unknown: Pass,
    /// Where there is none.
    pub(crate) on_unlimited: Pass,
}

impl Policy {
    /// The pulls that must remain under a limit, at least 1.
    pub(crate) fn need(self, limit: Option<u64>) -> u64 {
        let share = self.percent.and_then(|percent| Threshold::Percent(percent).pulls(limit));
        share.unwrap_or(0).max(self.pulls).max(1)
    }
}

/// What a reading means under a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What is known.
    pub(crate) verdict: Verdict,
    /// What follows; the gate lets through where it is [`Exit::Ok`], and only there.
    pub(crate) exit: Exit,
    /// Whether waiting may change it.
    pub(crate) may_change: bool,
}

impl Decision {
    const fn new(verdict: Verdict, exit: Exit, may_change: bool) -> Self {
        Self { verdict, exit, may_change }
    }
}

/// The decision on one reading.
pub(crate) fn decide(reading: &Reading, policy: Policy) -> Decision {
    let unknown = |may_change| match policy.on_unknown {
        Pass::Pass => Decision::new(Verdict::Unknown, Exit::Ok, may_change),
        Pass::Fail => Decision::new(Verdict::Unknown, exit_of(reading), may_change),
    };
    match &reading.status {
        LimitStatus::Limited(count) if count.remaining >= policy.need(Some(count.limit)) => {
            Decision::new(Verdict::Open, Exit::Ok, false)
        }
        LimitStatus::Limited(count) => Decision::new(
            Verdict::Closed,
            Exit::Limit,
            policy.need(Some(count.limit)) <= count.limit,
        ),
        LimitStatus::Exhausted { limit, .. } => Decision::new(
            Verdict::Closed,
            Exit::Limit,
            limit.is_none_or(|limit| policy.need(Some(limit)) <= limit),
        ),
        LimitStatus::Unlimited if policy.on_unlimited == Pass::Pass => {
            Decision::new(Verdict::Open, Exit::Ok, false)
        }
        LimitStatus::Unlimited => Decision::new(Verdict::Unknown, Exit::Unknown, false),
        LimitStatus::Throttled(..) => Decision::new(Verdict::Closed, exit_of(reading), true),
        LimitStatus::Unknown => unknown(true),
        LimitStatus::Failed(fault) => match fault.kind {
            FaultKind::Network | FaultKind::Timeout | FaultKind::Server | FaultKind::Protocol => {
                unknown(true)
            }
            FaultKind::Tls => unknown(false),
            FaultKind::Credentials
            | FaultKind::Denied
            | FaultKind::NotFound
            | FaultKind::Blocked => Decision::new(Verdict::Closed, exit_of(reading), false),
            FaultKind::OverallLimit | FaultKind::LoginLimit => {
                Decision::new(Verdict::Closed, exit_of(reading), true)
            }
        },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rstest::rstest;

    use super::*;
    use crate::quota::testing::{failed, fault, limited, reading};
    use crate::quota::{Count, Throttle};

    /// So many pulls needed, the usual flags.
    pub(in crate::gate) fn policy(need: u64) -> Policy {
        Policy { pulls: need, percent: None, on_unknown: Pass::Fail, on_unlimited: Pass::Pass }
    }

    fn throttled(throttle: Throttle) -> LimitStatus {
        LimitStatus::Throttled(throttle, fault(FaultKind::OverallLimit))
    }

    const FLAGS: [(Pass, Pass); 4] = [
        (Pass::Fail, Pass::Pass),
        (Pass::Fail, Pass::Fail),
        (Pass::Pass, Pass::Pass),
        (Pass::Pass, Pass::Fail),
    ];

    /// Verdict, exit code and whether time may change it, under `--on-unknown` and `--on-unlimited` as
    /// in [`FLAGS`]: fail pass (the defaults), fail fail, pass pass, pass fail.
    #[rstest]
    #[case(limited(76), [("open", 0, false); 4])]
    #[case(limited(10), [("open", 0, false); 4])]
    #[case(limited(9), [("closed", 1, true); 4])]
    #[case(limited(0), [("closed", 1, true); 4])]
    #[case(LimitStatus::Limited(Count { limit: 9, remaining: 9, window: None }), [("closed", 1, false); 4])]
    #[case(LimitStatus::Exhausted { limit: Some(9), window: None }, [("closed", 1, false); 4])]
    #[case(LimitStatus::Exhausted { limit: None, window: None }, [("closed", 1, true); 4])]
    #[case(LimitStatus::Unlimited, [("open", 0, false), ("unknown", 5, false), ("open", 0, false), ("unknown", 5, false)])]
    #[case(throttled(Throttle::Overall), [("closed", 7, true); 4])]
    #[case(throttled(Throttle::Login), [("closed", 7, true); 4])]
    #[case(LimitStatus::Unknown, [("unknown", 5, true), ("unknown", 5, true), ("unknown", 0, true), ("unknown", 0, true)])]
    #[case(failed(FaultKind::Network), [("unknown", 3, true), ("unknown", 3, true), ("unknown", 0, true), ("unknown", 0, true)])]
    #[case(failed(FaultKind::Timeout), [("unknown", 3, true), ("unknown", 3, true), ("unknown", 0, true), ("unknown", 0, true)])]
    #[case(failed(FaultKind::Server), [("unknown", 3, true), ("unknown", 3, true), ("unknown", 0, true), ("unknown", 0, true)])]
    #[case(failed(FaultKind::Protocol), [("unknown", 3, true), ("unknown", 3, true), ("unknown", 0, true), ("unknown", 0, true)])]
    #[case(failed(FaultKind::Tls), [("unknown", 3, false), ("unknown", 3, false), ("unknown", 0, false), ("unknown", 0, false)])]
    #[case(failed(FaultKind::Credentials), [("closed", 4, false); 4])]
    #[case(failed(FaultKind::Denied), [("closed", 4, false); 4])]
    #[case(failed(FaultKind::NotFound), [("closed", 4, false); 4])]
    #[case(failed(FaultKind::Blocked), [("closed", 4, false); 4])]
    #[case(failed(FaultKind::OverallLimit), [("closed", 7, true); 4])]
    #[case(failed(FaultKind::LoginLimit), [("closed", 7, true); 4])]
    fn every_state_under_every_flag_has_one_verdict_and_one_exit_code(
        #[case] status: LimitStatus,
        #[case] rows: [(&str, u8, bool); 4],
    ) {
        for ((on_unknown, on_unlimited), row) in FLAGS.into_iter().zip(rows) {
            let policy = Policy { on_unknown, on_unlimited, ..policy(10) };
            let decision = decide(&reading(status.clone()), policy);
            let found = (decision.verdict.as_str(), decision.exit.code(), decision.may_change);
            assert_eq!(found, row, "--on-unknown {on_unknown:?} --on-unlimited {on_unlimited:?}");
        }
    }

    #[test]
    fn the_larger_of_number_and_percentage_is_needed() {
        let policy = |need, percent| Policy { percent, ..policy(need) };
        let rows = [
            (1, None, 1),
            (5, Some(20.0), 20),
            (30, Some(20.0), 30),
            (1, Some(0.1), 1),
            (1, Some(100.0), 100),
        ];
        for (need, percent, needed) in rows {
            assert_eq!(policy(need, percent).need(Some(100)), needed, "{need} {percent:?}");
        }
        assert_eq!(policy(3, Some(50.0)).need(None), 3);
        let share = |limit| policy(1, Some(20.0)).need(limit);
        assert_eq!((share(Some(100)), share(Some(3)), share(None)), (20, 1, 1));
    }
}
