//! What `serve` answers: metrics, a page, JSON.

mod compat;
#[cfg(test)]
mod hour;
mod json;
mod metrics;
mod page;

pub use json::{history, readings};
pub use metrics::metrics;
pub use page::{page, page_policy};

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use crate::history::Trace;
    use crate::quota::{Forecast, Record, State};
    use crate::render::check::fixtures::{limited, with};
    use crate::serve::Standing;

    #[test]
    fn a_count_outlives_failures_until_it_is_stale_and_an_unlimited_one_is_never_a_count() {
        let at = DateTime::UNIX_EPOCH;
        let standing = |record: Record| Standing {
            record,
            attempted_at: at,
            answered: Some((at, limited())),
            forecast: Forecast::default(),
            trace: Trace::default(),
            failures: 0,
            used: 0,
        };
        let failed = standing(with(State::Failed, None));
        let stale = TimeDelta::seconds(60);
        let shown = |seconds| failed.shown(at + TimeDelta::seconds(seconds), stale);
        assert_eq!((shown(60).state, shown(60).remaining), (State::Failed, Some(76)));
        assert_eq!((shown(61).state, shown(61).remaining), (State::Failed, None));
        assert_eq!(shown(61).source, limited().source);
        let unlimited = standing(with(State::Unlimited, None)).shown(at, stale);
        assert_eq!((unlimited.state, unlimited.remaining), (State::Unlimited, None));
        let hung = standing(limited()).shown(at + TimeDelta::seconds(61), stale);
        assert_eq!((hung.state, hung.remaining), (State::Limited, None));
    }
}
