//! One look at the server: which series are asked for, and what they say together.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::spender::{NODES, PODS, STARTED, counted, started};
use super::{Answers, Api, ApiError, By, Fleet, UsageRow, fleet};

/// The series of `serve` that say how a node stands.
const SERIES: &str = "dhlimit_(state|pulls_limit|pulls_remaining|window_seconds|pulls_used_per_hour|empty_timestamp_seconds|last_success_timestamp_seconds)";

/// What tells counts apart, and nodes.
const COUNT: &str = "registry, source, identity, account";
const NODE: &str = "node, instance, pod";
/// The counts of so many seconds, so many apart, tell the burn.
const SPAN: i64 = 3_600;
const STEP: i64 = 60;

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
        let attempts =
            format!("last_over_time(dhlimit_last_attempt_timestamp_seconds{{{labels}}}[1d])");
        let there =
            format!("group by ({NODE}) (last_over_time(dhlimit_pulls_remaining{{{labels}}}[1d]))");
        let over = match self.by {
            By::Node => format!("min by ({COUNT}, {NODE}) (dhlimit_pulls_remaining{{{labels}}})"),
            // A registry that does not say whom it counts tells of each node by itself.
            By::Source | By::Account => format!(
                "min by ({COUNT}) (dhlimit_pulls_remaining{{{labels},source!=\"\"}}) or min by ({COUNT}, {NODE}) (dhlimit_pulls_remaining{{{labels},source=\"\"}})"
            ),
        };
        let to = now.timestamp();
        let (current, attempts, there, over_time) = tokio::try_join!(
            api.query(&current, deadline),
            api.query(&attempts, deadline),
            api.query(&there, deadline),
            api.query_range(&over, (to - SPAN, to, STEP), deadline)
        )?;
        let mut before = attempts;
        let seen: BTreeSet<String> =
            current.iter().chain(&before).map(|one| one.node().to_owned()).collect();
        if there.iter().any(|one| !seen.contains(one.node())) {
            // Somebody has gone who told a count and nothing more: when that was costs a longer question.
            let last = format!(
                "max by ({NODE}) (max_over_time(timestamp(dhlimit_pulls_remaining{{{labels}}})[1d:5m]))"
            );
            before.extend(api.query(&last, deadline).await?);
        }
        let answers = Answers { now: &current, before: &before, over_time: &over_time };
        let mut fleet = fleet(now, answers, self.by);
        if let Some(rows) = self.spenders {
            spenders(api, rows, &mut fleet, deadline).await?;
        }
        Ok(fleet)
    }
}

/// The labels of a selector with those that every question has: what is not said to be
/// of an identity that no pull counts on.
fn labels(selector: &str) -> String {
    let selector = selector.trim();
    let inner =
        selector.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(selector);
    match inner.trim().trim_end_matches(',') {
        "" => "effective!=\"false\"".to_owned(),
        inner => format!("effective!=\"false\",{inner}"),
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
    #[case("", "effective!=\"false\"")]
    #[case(" {} ", "effective!=\"false\"")]
    #[case("cluster=\"eu\"", "effective!=\"false\",cluster=\"eu\"")]
    #[case("{a=\"b\", c=\"d\",}", "effective!=\"false\",a=\"b\", c=\"d\"")]
    fn a_selector_is_taken_with_or_without_braces(#[case] selector: &str, #[case] expected: &str) {
        assert_eq!(labels(selector), expected);
    }
}
