//! What the outcome of a pull was: by the registry's status and body where these were seen, else by the
//! tool's own words or, where they do not say, by a reading of ours.

use super::report::{First429, RoundFailure, RoundOutcome};
use crate::diagnosis::{self, Class, Hub};
use crate::quota::{FaultKind, LimitStatus, Reading, Throttle};
use crate::runtime::{Outcome, Refusal};
use crate::text::{one_line, redact};

/// What the outcome of a pull was.
#[derive(Debug)]
pub(super) struct Judgement {
    /// How the round ended.
    pub(super) outcome: RoundOutcome,
    /// What failed.
    pub(super) failure: Option<RoundFailure>,
    /// What refused, where a limit did.
    pub(super) refused: Option<First429>,
}

/// Judges one pull; `reading` was made right after it.
pub(super) fn judge(outcome: &Outcome, reading: &Reading, hub: &Hub, round: u64) -> Judgement {
    match outcome {
        Outcome::Pulled => {
            Judgement { outcome: RoundOutcome::Pulled, failure: None, refused: None }
        }
        Outcome::Interrupted => failed("interrupted", "interrupted".to_owned()),
        Outcome::Refused(refusal) => refused(refusal, round),
        Outcome::Failed { text, .. } => said(text, false, false, reading, hub, round),
        Outcome::Waiting { text } => said(text, true, false, reading, hub, round),
        Outcome::TimedOut { text } => said(text, true, true, reading, hub, round),
    }
}

fn failed(class: &str, text: String) -> Judgement {
    let failure = Some(RoundFailure { class: class.to_owned(), text });
    Judgement { outcome: RoundOutcome::Failed, failure, refused: None }
}

/// A refusal whose status and body were seen.
fn refused(refusal: &Refusal, round: u64) -> Judgement {
    let class = class_of(&refusal.status);
    let text = redact(&one_line(&refusal.message, 600));
    let name = class.map_or("unknown", Class::name);
    if !class.is_some_and(is_limit) {
        return failed(name, text);
    }
    Judgement {
        outcome: RoundOutcome::Limited,
        failure: Some(RoundFailure { class: name.to_owned(), text: text.clone() }),
        refused: Some(First429 {
            round,
            class: name.to_owned(),
            http_status: refusal.http_status,
            code: refusal.code.as_deref().map(redact),
            message: Some(text),
        }),
    }
}

/// A tool's words. One that `waited` may have been answered 429 without saying so.
fn said(
    text: &str,
    waited: bool,
    timed_out: bool,
    reading: &Reading,
    hub: &Hub,
    round: u64,
) -> Judgement {
    let finding = diagnosis::classify(text, hub);
    let said = finding.as_ref().map(|finding| finding.class);
    let class = match said {
        Some(Class::LimitUnspecified) | None if waited || said.is_some() => {
            settle(reading).or(said)
        }
        said => said,
    };
    let shown = finding.map_or_else(|| redact(&one_line(text, 600)), |finding| finding.text);
    let name = match class {
        Some(class) => class.name(),
        None if timed_out => "timeout",
        None => "unknown",
    };
    if !class.is_some_and(is_limit) {
        return failed(name, shown);
    }
    let (code, message) = words(text);
    let is_told = text.contains("429") || message.is_some();
    let http_status =
        if is_told { Some(429) } else { reading.http_status.filter(|status| *status == 429) };
    Judgement {
        outcome: RoundOutcome::Limited,
        failure: Some(RoundFailure { class: name.to_owned(), text: shown }),
        refused: Some(First429 { round, class: name.to_owned(), http_status, code, message }),
    }
}

/// The class of an answer.
fn class_of(status: &LimitStatus) -> Option<Class> {
    Some(match status {
        LimitStatus::Exhausted { .. } => Class::PullLimit,
        LimitStatus::Throttled(Throttle::Overall, _) => Class::OverallLimit,
        LimitStatus::Throttled(Throttle::Login, _) => Class::LoginLimit,
        LimitStatus::Failed(fault) => match fault.kind {
            FaultKind::Network | FaultKind::Timeout | FaultKind::Tls => Class::Network,
            FaultKind::Credentials => Class::Credentials,
            FaultKind::Denied => Class::Denied,
            FaultKind::NotFound => Class::NotFound,
            FaultKind::Server | FaultKind::Protocol => Class::Server,
            FaultKind::OverallLimit => Class::OverallLimit,
            FaultKind::LoginLimit => Class::LoginLimit,
            FaultKind::Blocked => Class::Blocked,
        },
        LimitStatus::Limited(_) | LimitStatus::Unlimited | LimitStatus::Unknown => return None,
    })
}

fn is_limit(class: Class) -> bool {
    matches!(
        class,
        Class::PullLimit
            | Class::OverallLimit
            | Class::LoginLimit
            | Class::OtherRegistryLimit
            | Class::LimitUnspecified
    )
}

/// Which limit it is, by our own reading, where the tool did not say.
fn settle(reading: &Reading) -> Option<Class> {
    match &reading.status {
        LimitStatus::Exhausted { .. } => Some(Class::PullLimit),
        LimitStatus::Throttled(Throttle::Overall, _) => Some(Class::OverallLimit),
        LimitStatus::Throttled(Throttle::Login, _) => Some(Class::LoginLimit),
        _ => None,
    }
}

/// The registry's code and message within a tool's text, redacted.
fn words(text: &str) -> (Option<String>, Option<String>) {
    const CODE: &str = "toomanyrequests";
    let plain = one_line(text, 4_000);
    if let Some(message) = plain
        .find("\"message\":\"")
        .and_then(|at| plain.get(at + 11..))
        .and_then(|rest| rest.split('"').next())
    {
        let code = plain.to_ascii_lowercase().contains(CODE).then(|| CODE.to_uppercase());
        return (code, Some(redact(message)));
    }
    let lower = plain.to_ascii_lowercase();
    let after_code = lower.find(&format!("{CODE}: ")).map(|at| at + CODE.len() + 2);
    let start = after_code
        .or_else(|| lower.find("you have reached your"))
        .or_else(|| lower.find("too many requests").filter(|_| !lower.contains("sleeping for")));
    let message = start.and_then(|at| plain.get(at..)).map(|rest| {
        let end = rest.find(['"', '\n']).unwrap_or(rest.len());
        redact(rest.get(..end).unwrap_or(rest).trim())
    });
    (after_code.map(|_| CODE.to_uppercase()), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrys_words_are_found_in_a_tools_text() {
        let message = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
        for text in [
            format!(
                "time=\"2026\" level=fatal msg=\"failed to copy: unexpected status code https://x/v2/a: 429 Too Many Requests - Server message: toomanyrequests: {message}\""
            ),
            format!("Error response from daemon: toomanyrequests: {message}\n"),
            format!(
                "unexpected status from GET request: 429 Too Many Requests: {{\"errors\":[{{\"code\":\"TOOMANYREQUESTS\",\"message\":\"{message}\"}}]}}"
            ),
        ] {
            assert_eq!(
                words(&text),
                (Some("TOOMANYREQUESTS".to_owned()), Some(message.to_owned())),
                "{text}"
            );
        }
        assert_eq!(
            words(&format!("Error response from daemon: error from registry: {message}")),
            (None, Some(message.to_owned()))
        );
        assert_eq!(words("no such host"), (None, None));
    }

    #[test]
    fn a_refusal_is_judged_by_what_was_answered_and_not_by_a_sentence() {
        let exhausted = LimitStatus::Exhausted { limit: Some(100), window: None };
        let fault = |kind| {
            LimitStatus::Failed(crate::quota::Fault {
                kind,
                message: "toomanyrequests: pull rate limit".into(),
                advice: String::new(),
            })
        };
        let rows = [
            (exhausted, RoundOutcome::Limited, "pull_limit"),
            (fault(FaultKind::NotFound), RoundOutcome::Failed, "not_found"),
            (fault(FaultKind::Denied), RoundOutcome::Failed, "denied"),
            (fault(FaultKind::Server), RoundOutcome::Failed, "server"),
            (fault(FaultKind::LoginLimit), RoundOutcome::Limited, "login_limit"),
            (LimitStatus::Unlimited, RoundOutcome::Failed, "unknown"),
        ];
        for (status, outcome, class) in rows {
            let refusal = Refusal {
                status,
                http_status: Some(429),
                code: None,
                message: "manifest unknown; toomanyrequests".to_owned(),
            };
            let judgement = refused(&refusal, 7);
            assert_eq!(judgement.outcome, outcome, "{class}");
            assert_eq!(judgement.failure.unwrap().class, class);
            assert_eq!(judgement.refused.is_some(), outcome == RoundOutcome::Limited);
        }
    }
}
