//! From one manifest answer to where an identity stands: the table of what 200, 404 and 429 mean
//! with and without limit headers. Pure, so that every row of the protocol notes is a row of a test.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::header::{Field, Limits, Reset, read_limits};
use super::reading::{Confidence, Count, Fault, FaultKind, LimitStatus, Throttle};
use super::{Source, Window};

/// The most characters of a header value that a reading keeps.
const VALUE_MAX: usize = 256;

/// A manifest answer, reduced to what bears on the limit.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// All header lines.
    pub fields: &'a [Field<'a>],
    /// The first bytes of the body; empty for a HEAD.
    pub body: &'a str,
    /// `Retry-After`, parsed.
    pub retry_after: Option<Duration>,
    /// When the answer was there.
    pub at: DateTime<Utc>,
}

/// What an answer says of the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Where the identity stands. `None`: the answer is about something else (a 401, a 500), and
    /// the caller knows better what.
    pub status: Option<LimitStatus>,
    /// Whether the registry said so.
    pub confidence: Confidence,
    /// Full again at the latest.
    pub full_by: Option<DateTime<Utc>>,
    /// Whom it counted.
    pub source: Option<Source>,
    /// The rate-limit headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What was odd.
    pub warnings: Vec<String>,
}

/// Judges a manifest answer: 200, 404 and 429; other statuses only for their source and headers.
pub fn assess(answer: Answer<'_>) -> Assessment {
    let source = answer
        .fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("docker-ratelimit-source"))
        .and_then(|(_, value)| Source::parse(value));
    let mut warnings = Vec::new();
    let limits = read_limits(answer.fields);
    let (status, confidence) = match answer.status {
        429 => assess_refusal(answer, limits.as_ref(), &mut warnings),
        200..=299 | 404 => match &limits {
            Some(Ok(limits)) => assess_limits(limits, &mut warnings),
            Some(Err(error)) => {
                warnings.push(format!("the rate-limit headers cannot be understood: {error}"));
                (Some(LimitStatus::Unknown), Confidence::Reported)
            }
            None if answer.status == 404 => (None, Confidence::Reported),
            None => (Some(LimitStatus::Unlimited), Confidence::Inferred),
        },
        _ => (None, Confidence::Reported),
    };
    if answer.status == 404 && status.is_some() {
        warnings.push(
            "the registry has no such tag or digest (404); the count is good all the same"
                .to_owned(),
        );
    }
    let full_by = status.as_ref().and_then(|status| {
        full_by(status, limits.as_ref().and_then(|limits| limits.as_ref().ok()), answer.at)
    });
    if let Some(Ok(limits)) = limits {
        warnings.extend(limits.warnings);
    }
    Assessment {
        status,
        confidence,
        full_by,
        source,
        headers: rate_limit_headers(answer.fields),
        warnings,
    }
}

fn assess_limits(limits: &Limits, warnings: &mut Vec<String>) -> (Option<LimitStatus>, Confidence) {
    let status = match (limits.limit, limits.remaining) {
        (limit, Some(left)) if left <= 0 => LimitStatus::Exhausted { limit, window: limits.window },
        (Some(limit), Some(left)) => {
            let remaining = u64::try_from(left).unwrap_or(0);
            if remaining > limit {
                warnings.push(format!("the registry reports {remaining} remaining of {limit}"));
            }
            if limits.window.is_none() {
                warnings.push("the registry does not say over which window it counts".to_owned());
            }
            LimitStatus::Limited(Count { limit, remaining, window: limits.window })
        }
        (limit, _) => {
            let missing = if limit.is_none() { "limit" } else { "remaining count" };
            warnings.push(format!("the rate-limit headers lack the {missing}"));
            LimitStatus::Unknown
        }
    };
    (Some(status), Confidence::Reported)
}

/// A 429 to a manifest request: the pull limit's own words or headers, else another limit's, else
/// nothing at all, which since 2026 is how Docker Hub answers a HEAD at zero.
fn assess_refusal(
    answer: Answer<'_>,
    limits: Option<&Result<Limits, super::GrammarError>>,
    warnings: &mut Vec<String>,
) -> (Option<LimitStatus>, Confidence) {
    let readable = limits.and_then(|limits| limits.as_ref().ok());
    let exhausted = |confidence| {
        let status = LimitStatus::Exhausted {
            limit: readable.and_then(|limits| limits.limit),
            window: readable.and_then(|limits| limits.window),
        };
        (Some(status), confidence)
    };
    let words = answer.body.to_ascii_lowercase();
    if ["pull rate limit", "increase-rate-limit", "download-rate-limit"]
        .iter()
        .any(|wording| words.contains(wording))
    {
        return exhausted(Confidence::Reported);
    }
    match readable.and_then(|limits| limits.remaining) {
        Some(left) if left <= 0 => return exhausted(Confidence::Reported),
        Some(left) => {
            warnings.push(format!(
                "refused with 429 though {left} pulls remain: another limit refused"
            ));
            return overall(answer);
        }
        None => {}
    }
    if words.trim().is_empty()
        && answer.retry_after.is_none()
        && !has(answer.fields, "retry-after")
        && limits.is_none_or(Result::is_ok)
        && !declares_text(answer.fields)
    {
        return exhausted(if readable.is_some_and(|limits| limits.limit.is_some()) {
            Confidence::Reported
        } else {
            Confidence::Inferred
        });
    }
    overall(answer)
}

/// Whether there is such a header, whatever its value: one that cannot be read is no less there.
fn has(fields: &[Field<'_>], name: &str) -> bool {
    fields.iter().any(|(found, _)| found.eq_ignore_ascii_case(name))
}

/// A HEAD has no body, but its headers may say that a GET's would be plain text: the overall
/// limit's form. The pull limit's is JSON.
fn declares_text(fields: &[Field<'_>]) -> bool {
    let value = |name: &str| {
        fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    };
    value("content-type")
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/"))
        && value("content-length").is_some_and(|length| length.trim() != "0")
}

fn overall(answer: Answer<'_>) -> (Option<LimitStatus>, Confidence) {
    let wait = answer
        .retry_after
        .map_or_else(|| "a minute".to_owned(), |wait| format!("{} s", wait.as_secs()));
    let fault = Fault {
        kind: FaultKind::OverallLimit,
        message: "the registry answered 429 for all requests from here: the overall limit, not the pull limit".to_owned(),
        advice: format!("stop all requests from this address for {wait}, then ask again; look for loops that retry without a pause"),
    };
    let confidence = if answer.body.is_empty() && answer.retry_after.is_none() {
        Confidence::Inferred
    } else {
        Confidence::Reported
    };
    (Some(LimitStatus::Throttled(Throttle::Overall, fault)), confidence)
}

/// The latest time at which the count is full again: nothing is promised but the window.
fn full_by(
    status: &LimitStatus,
    limits: Option<&Limits>,
    at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let window = match status {
        LimitStatus::Limited(count) if count.used() > 0 => count.window,
        LimitStatus::Exhausted { window, .. } => *window,
        _ => return None,
    };
    let after = |length: Duration| {
        TimeDelta::from_std(length).ok().and_then(|length| at.checked_add_signed(length))
    };
    window.map(Window::duration).and_then(after).or_else(|| match limits?.reset? {
        Reset::After(wait) => after(wait),
        // What lies before the answer itself says nothing of what is to come.
        Reset::At(seconds) => {
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0).filter(|reset| *reset >= at)
        }
    })
}

fn rate_limit_headers(fields: &[Field<'_>]) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        if name.contains("ratelimit") || name == "retry-after" {
            let value = crate::text::one_line(value, VALUE_MAX);
            headers
                .entry(name)
                .and_modify(|earlier| {
                    *earlier = crate::text::one_line(&format!("{earlier}, {value}"), VALUE_MAX);
                })
                .or_insert(value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use rstest::rstest;

    const BOTH: &[Field<'static>] = &[
        ("RateLimit-Limit", "100;w=3600"),
        ("ratelimit-remaining", "76;w=3600"),
        ("docker-ratelimit-source", "192.0.2.10"),
    ];
    const ZERO: &[Field<'static>] =
        &[("x-ratelimit-limit", "100;w=3600"), ("x-ratelimit-remaining", "0;w=3600")];
    const PULL: &str = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}"#;
    const ABUSE: &str = "Too Many Requests (HAP429).\n";

    fn answer<'a>(
        status: u16,
        fields: &'a [Field<'a>],
        body: &'a str,
        retry_after: Option<u64>,
    ) -> Assessment {
        assess(Answer {
            status,
            fields,
            body,
            retry_after: retry_after.map(Duration::from_secs),
            at: Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap(),
        })
    }

    fn name(assessment: &Assessment) -> (&'static str, Confidence) {
        let name = match assessment.status {
            None => "none",
            Some(LimitStatus::Limited(_)) => "limited",
            Some(LimitStatus::Exhausted { .. }) => "exhausted",
            Some(LimitStatus::Unlimited) => "unlimited",
            Some(LimitStatus::Throttled(..)) => "throttled",
            Some(LimitStatus::Unknown) => "unknown",
            Some(LimitStatus::Failed(_)) => "failed",
        };
        (name, assessment.confidence)
    }

    #[rstest]
    #[case(200, BOTH, "", None, "limited", Confidence::Reported)]
    #[case(200, ZERO, "", None, "exhausted", Confidence::Reported)]
    #[case(200, &[("ratelimit-limit", "100"), ("ratelimit-remaining", "-1")], "", None, "exhausted", Confidence::Reported)]
    #[case(200, &[], "", None, "unlimited", Confidence::Inferred)]
    #[case(200, &[("docker-ratelimit-source", "someone")], "", None, "unlimited", Confidence::Inferred)]
    #[case(200, &[("ratelimit-limit", ";w=21600"), ("ratelimit-remaining", ";w=21600")], "", None, "unknown", Confidence::Reported)]
    #[case(200, &[("ratelimit-limit", "100;w=60")], "", None, "unknown", Confidence::Reported)]
    #[case(200, &[("ratelimit-policy", "\"day\";q=100;w=86400")], "", None, "unknown", Confidence::Reported)]
    #[case(200, &[("x-ratelimit-reset", "30")], "", None, "unknown", Confidence::Reported)]
    #[case(429, &[("x-ratelimit-reset", "30")], "", None, "exhausted", Confidence::Inferred)]
    #[case(404, BOTH, "", None, "limited", Confidence::Reported)]
    #[case(404, &[], "", None, "none", Confidence::Reported)]
    #[case(401, BOTH, "", None, "none", Confidence::Reported)]
    #[case(500, &[], "", None, "none", Confidence::Reported)]
    #[case(429, ZERO, "", None, "exhausted", Confidence::Reported)]
    #[case(429, ZERO, PULL, Some(60), "exhausted", Confidence::Reported)]
    #[case(429, &[], PULL, None, "exhausted", Confidence::Reported)]
    #[case(429, &[], "", None, "exhausted", Confidence::Inferred)]
    #[case(429, &[("content-type", "text/plain"), ("content-length", "28")], "", None, "throttled", Confidence::Inferred)]
    #[case(429, &[], "", Some(60), "throttled", Confidence::Reported)]
    #[case(429, &[], ABUSE, Some(60), "throttled", Confidence::Reported)]
    #[case(429, &[], ABUSE, None, "throttled", Confidence::Reported)]
    #[case(429, BOTH, "", None, "throttled", Confidence::Inferred)]
    fn every_answer_has_its_standing(
        #[case] status: u16,
        #[case] fields: &[Field<'_>],
        #[case] body: &str,
        #[case] retry: Option<u64>,
        #[case] state: &str,
        #[case] confidence: Confidence,
    ) {
        assert_eq!(name(&answer(status, fields, body, retry)), (state, confidence));
    }

    #[test]
    fn full_again_is_bounded_by_the_window_and_only_where_something_was_used() {
        let used = answer(200, BOTH, "", None);
        assert_eq!(used.full_by, Some(Utc.with_ymd_and_hms(2026, 11, 22, 10, 0, 0).unwrap()));
        let full = answer(
            200,
            &[("ratelimit-limit", "100;w=3600"), ("ratelimit-remaining", "100;w=3600")],
            "",
            None,
        );
        assert_eq!(full.full_by, None);
    }

    #[test]
    fn a_reset_in_the_past_is_no_time_at_which_the_count_is_full() {
        let reset = |seconds: &str| {
            let fields = [
                ("X-RateLimit-Limit", "180"),
                ("X-RateLimit-Remaining", "179"),
                ("X-RateLimit-Reset", seconds),
            ];
            answer(200, &fields, "", None).full_by.map(|time| time.timestamp())
        };
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).unwrap().timestamp();
        assert_eq!(reset("1000000001"), None);
        assert_eq!(reset(&(now - 1).to_string()), None);
        assert_eq!(reset(&(now + 60).to_string()), Some(now + 60));
    }

    #[test]
    fn a_missing_tag_is_a_reading_with_a_warning() {
        assert!(answer(404, BOTH, "", None).warnings.iter().any(|warning| warning.contains("404")));
    }

    #[test]
    fn headers_are_kept_as_they_came_but_tame() {
        let assessment = answer(
            200,
            &[
                ("RateLimit-Limit", "100;w=60\u{1b}[2J"),
                ("RateLimit-Remaining", "7"),
                ("Set-Cookie", "secret"),
            ],
            "",
            None,
        );
        assert_eq!(
            assessment.headers.keys().collect::<Vec<_>>(),
            ["ratelimit-limit", "ratelimit-remaining"]
        );
        assert!(!assessment.headers["ratelimit-limit"].contains('\u{1b}'));
    }
}
