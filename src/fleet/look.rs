//! One look at the server: which series are asked for, and what they say together.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::spender::{NODES, PODS, STARTED, counted, started};
use super::{Api, ApiError, By, Fleet, UsageRow, fleet};

/// The series of `serve` that say how a node stands.
const SERIES: &str = "dhlimit_(state|pulls_limit|pulls_remaining|window_seconds|pulls_used_per_hour|empty_timestamp_seconds|last_success_timestamp_seconds)";

/// What is asked.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// Labels as PromQL has them, with or without braces; `None` for all nodes.
    pub(crate) selector: Option<&'a str>,
    /// What makes nodes a group.
    pub(crate) by: By,
    /// Where spenders are asked for, too: the rows of Docker Hub's usage file.
    pub(crate) spenders: Option<Vec<UsageRow>>,
}

impl Ask<'_> {
    /// What all nodes say at this time.
    ///
    /// # Errors
    /// The server is not reached by the deadline, refuses, or answers something else.
    pub(crate) async fn look(
        self,
        api: &Api,
        now: DateTime<Utc>,
        deadline: Instant,
    ) -> Result<Fleet, ApiError> {
        let labels = labels(self.selector.unwrap_or_default());
        let current = format!("{{__name__=~\"{SERIES}\",{labels}}}");
        let before =
            format!("last_over_time(dhlimit_last_attempt_timestamp_seconds{{{labels}}}[1d])");
        let (current, before) =
            tokio::try_join!(api.query(&current, deadline), api.query(&before, deadline))?;
        let mut fleet = fleet(now, &current, &before, self.by);
        if let Some(rows) = self.spenders {
            spenders(api, rows, &mut fleet, deadline).await?;
        }
        Ok(fleet)
    }
}

/// The labels of a selector with those that every question has: the identity that pulls count on.
fn labels(selector: &str) -> String {
    let selector = selector.trim();
    let inner =
        selector.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(selector);
    match inner.trim().trim_end_matches(',') {
        "" => "effective=\"true\"".to_owned(),
        inner => format!("effective=\"true\",{inner}"),
    }
}

/// Who spends the pulls, as each witness has it.
async fn spenders(
    api: &Api,
    rows: Vec<UsageRow>,
    fleet: &mut Fleet,
    deadline: Instant,
) -> Result<(), ApiError> {
    let (containers, pods) = tokio::try_join!(
        api.query(STARTED.expression, deadline),
        api.query(PODS.expression, deadline)
    )?;
    fleet.spent_on_nodes(started(&containers, &pods));
    let queries = NODES.map(|witness| api.query(witness.expression, deadline));
    let answers = try_join_all(queries).await?;
    for (witness, samples) in NODES.into_iter().zip(answers) {
        fleet.spent_on_nodes(counted(witness, &samples));
    }
    fleet.spent_on_accounts(rows);
    fleet.settle_spenders();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "effective=\"true\"")]
    #[case(" {} ", "effective=\"true\"")]
    #[case("cluster=\"eu\"", "effective=\"true\",cluster=\"eu\"")]
    #[case("{a=\"b\", c=\"d\",}", "effective=\"true\",a=\"b\", c=\"d\"")]
    fn a_selector_is_taken_with_or_without_braces(#[case] selector: &str, #[case] expected: &str) {
        assert_eq!(labels(selector), expected);
    }
}
