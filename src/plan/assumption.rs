//! What a plan stands on, each with where it is from, since when, and the option that changes it. A new
//! assumption of the model is a row here.

use serde::Serialize;

use super::{OVERALL_LIMIT, REQUESTS_A_PULL, Request, law_name};
use crate::quota::Arrival;

/// Something that a plan takes to be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// What is assumed, in words.
    pub what: String,
    /// Who said so; `option` where the user did.
    pub source: String,
    /// Since when, or as of when: `YYYY-MM-DD`, `YYYY-MM` or a year; null where that says nothing.
    pub date: Option<String>,
    /// The options that change it.
    pub options: Vec<&'static str>,
}

const GIVEN: &str = "option";
const DEFAULT: &str = "default";

fn row(
    what: impl Into<String>,
    source: impl Into<String>,
    date: Option<&str>,
    options: &[&'static str],
) -> Assumption {
    let date = date.map(str::to_owned);
    Assumption { what: what.into(), source: source.into(), date, options: options.to_vec() }
}

/// Everything that a plan of this request takes to be so.
pub(super) fn assumptions(request: &Request) -> Vec<Assumption> {
    let mut rows = vec![arrival(request), pulls(request), cost(request), law(request)];
    rows.extend(limits(request));
    rows.extend([asking(request), queue(request), kubelet(request)]);
    rows.extend(start(request));
    rows.extend([background(request), warm(request), overall()]);
    rows
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn arrival(request: &Request) -> Assumption {
    if let Some(ci) = request.beyond.ci {
        let what = format!(
            "{} a day, evenly spread over 24h, of {} with {} each, on runners without the images",
            count(ci.runs_per_day.into(), "run"),
            count(ci.jobs.into(), "job"),
            count(request.images.into(), "image"),
        );
        return row(what, GIVEN, None, &["--runs-per-day", "--jobs", "--images"]);
    }
    let nodes = count(request.nodes.into(), "node");
    let images = count(request.images.into(), "image");
    if !request.beyond.pods.is_empty() {
        let workloads = request.beyond.pods.iter().filter(|pods| pods.replicas.is_some()).count();
        let what = format!(
            "{nodes} with those of {images} that their pods need, of {} with replicas, spread evenly and each on as many nodes as it has pods, {}",
            count(workloads as u64, "workload"),
            when(request).0,
        );
        return row(what, GIVEN, None, &["--nodes", "--from", "--by-replicas", "--arrival"]);
    }
    let (when, source) = when(request);
    row(
        format!("{nodes} with {images} each, {when}"),
        source,
        None,
        &["--nodes", "--images", "--arrival"],
    )
}

/// When the nodes arrive, and who says so.
fn when(request: &Request) -> (String, &'static str) {
    match request.arrival {
        Arrival::AtOnce => ("arriving at once".to_owned(), DEFAULT),
        Arrival::Rolling { .. } => (format!("arriving {}", request.arrival), GIVEN),
    }
}

fn pulls(request: &Request) -> Assumption {
    let time = humantime::format_duration(request.pull_time);
    let source = if request.pull_time.is_zero() { DEFAULT } else { GIVEN };
    row(format!("a pull takes {time}"), source, None, &["--pull-time"])
}

fn cost(request: &Request) -> Assumption {
    let what = format!("a pull of an image costs {} of the limit", request.cost);
    match request.cost {
        1 => row(
            what,
            "Docker's documentation: one for each image, for several architectures one for each of them that is pulled",
            Some("2026-11"),
            &["--cost"],
        ),
        _ => row(what, GIVEN, None, &["--cost"]),
    }
}

fn law(request: &Request) -> Assumption {
    let what = format!("pulls come back by the {} law", law_name(request.law));
    row(what, "unpublished; Docker's blog says \"rolling\" and no more", Some("2020"), &["--law"])
}

/// The same where each law was looked at.
pub(super) fn by_all_laws(rows: &[Assumption]) -> Vec<Assumption> {
    let mut rows = rows.to_vec();
    for row in rows.iter_mut().filter(|row| row.options == ["--law"]) {
        "each strategy by the law that is worst for it: sliding, fixed or bucket"
            .clone_into(&mut row.what);
    }
    rows
}

/// The policy's limits where any of them counts, what was read, and what was given.
fn limits(request: &Request) -> Vec<Assumption> {
    const OPTIONS: &[&str] = &["--policy", "--limit", "--window"];
    let policy = request.policy;
    let mut rows = Vec::new();
    for left in &request.beyond.left {
        let of = if left.is_account { "an account" } else { "an address" };
        let what = match left.count {
            Some((limit, _, window)) => format!("limit of {of}: {limit} in {window}"),
            None => format!("{of} has no limit"),
        };
        rows.push(row(what, left.source.as_str(), None, &["--from-reading"]));
    }
    let given = (request.limit.is_some(), request.window.is_some());
    if given != (true, true) {
        let window = request.window.or_else(|| policy.window());
        let window = window.map(|window| format!(" in {window}")).unwrap_or_default();
        let limit = match request.limit {
            Some(_) => String::new(),
            None => format!("{} an address, {} an account, ", policy.address, policy.account),
        };
        let what = format!("limits of {}: {limit}counted{window}", policy.name);
        rows.push(row(what, policy.source, Some(policy.date), OPTIONS));
    }
    if let Some(limit) = request.limit {
        rows.push(row(format!("a limit of {limit} for every identity"), GIVEN, None, &["--limit"]));
    }
    if let Some(window) = request.window {
        rows.push(row(format!("counted over {window}"), GIVEN, None, &["--window"]));
    }
    rows
}

fn asking(_: &Request) -> Assumption {
    row(
        "a refused node asks again after 10s, 20s, 40s, ... at most 5m; a refusal costs nothing",
        "kubelet (MaxContainerBackOff); Docker's documentation since 2022-02",
        Some("2026-11"),
        &[],
    )
}

fn queue(request: &Request) -> Assumption {
    let options = &["--parallel"];
    match request.beyond.parallel {
        0 | 1 => row(
            "a node pulls one image after another",
            "kubelet's default (serializeImagePulls)",
            Some("2026-11"),
            options,
        ),
        parallel => row(format!("a node pulls {parallel} images at once"), GIVEN, None, options),
    }
}

fn kubelet(request: &Request) -> Assumption {
    let options = &["--kubelet-qps", "--kubelet-burst"];
    match request.beyond.kubelet {
        Some(kubelet) => row(
            format!("a kubelet lets out {} pulls a second, {} at once", kubelet.qps, kubelet.burst),
            GIVEN,
            None,
            options,
        ),
        None => row(
            "a kubelet keeps back no pull of its node (its own defaults: 5 a second, 10 at once)",
            DEFAULT,
            None,
            options,
        ),
    }
}

fn start(request: &Request) -> Vec<Assumption> {
    let options = &["--from-reading"];
    let lefts = request.beyond.left.iter().filter_map(|left| {
        let (limit, now, _) = left.count?;
        let of = if left.is_account { "the account" } else { "this address" };
        let what = format!("{now} of {limit} left for {of}, the rest used just now");
        Some(row(what, left.source.as_str(), None, options))
    });
    let rows: Vec<Assumption> = lefts.collect();
    if rows.is_empty() {
        vec![row("nothing is used at the start", DEFAULT, None, options)]
    } else {
        rows
    }
}

fn overall() -> Assumption {
    row(
        format!(
            "a pull is {REQUESTS_A_PULL} requests for manifests; from {OVERALL_LIMIT} a minute on, the overall limit of an address is near"
        ),
        "Docker's documentation: thousands of requests a minute, no number",
        Some("2026-11"),
        &["--arrival"],
    )
}

fn background(request: &Request) -> Assumption {
    let options = &["--background"];
    match request.beyond.background.as_slice() {
        [] => row("nobody else pulls", DEFAULT, None, options),
        all => {
            let sum = all
                .iter()
                .flat_map(|one| &one.pulls)
                .fold(0, |sum: u64, (_, pulls)| sum.saturating_add(*pulls));
            let period = all.iter().map(|one| one.period).max().unwrap_or_default();
            let period =
                humantime::format_duration(std::time::Duration::from_secs(period.as_secs()));
            let source = all.first().map_or(GIVEN, |one| one.source.as_str());
            row(
                format!("others make {} in every {period}", count(sum, "pull")),
                source,
                None,
                options,
            )
        }
    }
}

fn warm(request: &Request) -> Assumption {
    let options = &["--warm"];
    match request.beyond.warm {
        0 => row(
            "every node starts without the images; the pull policies IfNotPresent and Always cost the same",
            DEFAULT,
            None,
            options,
        ),
        warm => row(
            format!(
                "{} the images and pull nothing; with the pull policy Always they ask by {}, which cost nothing of the limit",
                if warm == 1 { "1 node has".to_owned() } else { format!("{warm} nodes have") },
                count(u64::from(warm) * u64::from(request.images), "HEAD request"),
            ),
            GIVEN,
            None,
            options,
        ),
    }
}
