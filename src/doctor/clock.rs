//! Whether this machine's clock is right, by the `Date` of what registries answered (RFC 9110, 2022).
//! Tokens and certificates have a beginning and an end: a wrong clock makes good ones fail.

use chrono::TimeDelta;

use super::bucket::Asked;
use super::{Finding, Severity, Topic};

/// From here on a skew is worth a word.
const WORTH_A_WORD: TimeDelta = TimeDelta::seconds(60);
/// From here on tokens and TLS fail.
const HARMFUL: TimeDelta = TimeDelta::seconds(300);

/// The clock, judged by the answer that took the least time; `None` where no answer had a date.
/// `span` writes a number of seconds.
pub(crate) fn judge(asked: &[Asked], span: fn(u64) -> String) -> Option<Finding> {
    let dated = asked.iter().filter_map(|asked| {
        Some((asked.reading.elapsed, asked.reading.at, asked.date?, &asked.reading))
    });
    let (elapsed, at, date, reading) = dated.min_by_key(|(elapsed, ..)| *elapsed)?;
    // The date is of some moment while we waited, cut to the second.
    let slack = TimeDelta::from_std(elapsed).unwrap_or_default() + TimeDelta::seconds(1);
    let skew = at - date;
    let certain = (skew.abs() - slack).max(TimeDelta::zero());
    let registry = reading.image.registry();
    if certain <= WORTH_A_WORD {
        return Some(finding(Severity::Ok, &format!("agrees with {registry}'s")));
    }
    let severity = if certain > HARMFUL { Severity::Error } else { Severity::Warning };
    let direction = if skew > TimeDelta::zero() { "ahead of" } else { "behind" };
    let span = span(certain.num_seconds().unsigned_abs());
    let evidence = format!(
        "{span} {direction} {registry}'s, which says {}",
        date.format("%Y-%m-%dT%H:%M:%SZ")
    );
    Some(
        finding(severity, &evidence)
            .advise("set the clock and keep it set: timedatectl set-ntp true; a virtual machine that slept needs it most"),
    )
}

fn finding(severity: Severity, evidence: &str) -> Finding {
    Finding::new(Topic::Way, severity, "clock-skew", "the clock", evidence)
}
