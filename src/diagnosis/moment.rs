//! When a line was written, as its own time stamp says. Apart because a log's times come in the
//! manner of whatever carried it: RFC 3339, syslog's month and day, Kubernetes' log library, seconds
//! since 1970. A time that names its zone is given in UTC, one that names none as it was written.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// How far from a line's start its stamp may begin.
const PREFIX_MAX: usize = 400;
/// What may stand right before a stamp, apart from the start of the line.
const LEADS: &[&str] = &[
    "[",
    "|",
    ">",
    "\t",
    "]",
    "time=",
    "time=\"",
    "ts=",
    "ts=\"",
    "t=",
    "t=\"",
    "timestamp=",
    "timestamp=\"",
    "time\":\"",
    "ts\":\"",
    "t\":\"",
    "timestamp\":\"",
];
/// Members and fields whose number counts from 1970.
const EPOCHS: &[&str] =
    &["_bk;t=", "\"__REALTIME_TIMESTAMP\":", "\"ts\":", "\"timestamp\":", "\"time\":"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time a line bears. `now` tells the year where the stamp leaves it out: the latest that fits.
pub(super) fn of(line: &str, now: Option<NaiveDateTime>) -> Option<String> {
    dated(line)
        .or_else(|| epoch(line))
        .or_else(|| by_month(line, now?))
        .or_else(|| by_klog(line, now?))
}

/// A whole value that is a time, as Kubernetes writes them.
pub(super) fn value(text: &str) -> Option<String> {
    stamp(text.trim()).map(|(shown, _)| shown)
}

/// The part of a line in which its stamp begins.
fn head(line: &str) -> &str {
    let end = (0..=PREFIX_MAX.min(line.len())).rev().find(|at| line.is_char_boundary(*at));
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

fn shown(at: NaiveDateTime, has_zone: bool) -> String {
    at.format(if has_zone { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S" }).to_string()
}

/// The first date with a clock in the part of the line that is no message.
fn dated(line: &str) -> Option<String> {
    let head = head(line);
    head.match_indices(|c: char| c.is_ascii_digit()).find_map(|(at, _)| {
        let before = line.get(..at)?;
        if before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.')) {
            return None;
        }
        let lead = before.trim_end_matches([' ', '\u{feff}']);
        let lead =
            lead.strip_suffix("\": \"").map_or(lead.to_owned(), |name| format!("{name}\":\""));
        let leads = lead.is_empty()
            || is_columns(before)
            || LEADS.iter().any(|known| lead.to_ascii_lowercase().ends_with(known));
        if !leads {
            return None;
        }
        stamp(line.get(at..)?).map(|(shown, _)| shown)
    })
}

/// Whether only names in columns stand before the stamp.
fn is_columns(before: &str) -> bool {
    before.trim_end_matches('\u{feff}').ends_with('\t')
}

/// The stamp at the start of a text, and how long it is: a date, a clock and what follows of a zone.
fn stamp(text: &str) -> Option<(String, usize)> {
    let date = text.get(..10)?;
    let (year, month, day) = (date.get(..4)?, date.get(5..7)?, date.get(8..10)?);
    let separator = date.get(4..5)?;
    if !matches!(separator, "-" | "/") || date.get(7..8)? != separator {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(year)?, number(month)?, number(day)?)?;
    if !matches!(text.get(10..11)?, "T" | "t" | " " | "_") {
        return None;
    }
    let clock = clock(text.get(11..19)?)?;
    let rest = text.get(19..)?;
    let fraction = rest
        .strip_prefix(['.', ','])
        .map_or(0, |digits| 1 + digits.bytes().take_while(u8::is_ascii_digit).count());
    let (offset, length) = zone(rest.get(fraction..)?);
    let at = date.and_time(clock);
    let at = offset.map_or(at, |offset| at.checked_sub_signed(offset).unwrap_or(at));
    Some((shown(at, offset.is_some()), 19 + fraction + length))
}

/// The zone at the start of a text: how far it is ahead of UTC, and how long its name is.
fn zone(text: &str) -> (Option<TimeDelta>, usize) {
    if let Some(name) = ["Z", "z", " UTC", " GMT"].iter().find(|name| text.starts_with(*name)) {
        return (TimeDelta::try_seconds(0), name.len());
    }
    let signed = text.trim_start_matches(' ');
    let blanks = text.len() - signed.len();
    let Some(sign) = signed.bytes().next().filter(|byte| matches!(byte, b'+' | b'-')) else {
        return (None, 0);
    };
    let rest = signed.get(1..).unwrap_or_default();
    let (hours, minutes) = (rest.get(..2), rest.get(2..).unwrap_or_default());
    let colon = usize::from(minutes.starts_with(':'));
    let minutes = minutes.get(colon..colon + 2);
    let offset = hours
        .and_then(number::<i64>)
        .zip(minutes.and_then(number::<i64>))
        .and_then(|(hours, minutes)| TimeDelta::try_minutes(hours * 60 + minutes));
    match offset {
        Some(offset) => (Some(if sign == b'-' { -offset } else { offset }), blanks + 5 + colon),
        None => (None, 0),
    }
}

/// `09:15:21`.
fn clock(text: &str) -> Option<NaiveTime> {
    if text.get(2..3)? != ":" || text.get(5..6)? != ":" {
        return None;
    }
    NaiveTime::from_hms_opt(
        number(text.get(..2)?)?,
        number(text.get(3..5)?)?,
        number(text.get(6..8)?)?,
    )
}

/// A number of nothing but digits.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// Seconds, milli-, micro- or nanoseconds since 1970 in a member that is known for them.
fn epoch(line: &str) -> Option<String> {
    EPOCHS.iter().find_map(|name| {
        let (_, rest) = line.split_once(name)?;
        let rest = rest.trim_start_matches([' ', '"']);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let scale = match digits {
            10 => 1,
            13 => 1_000,
            16 => 1_000_000,
            19 => 1_000_000_000,
            _ => return None,
        };
        let seconds = number::<i64>(rest.get(..digits)?)? / scale;
        Some(shown(DateTime::from_timestamp(seconds, 0)?.naive_utc(), true))
    })
}

/// `Nov 22 09:15:21` of syslog and journals, at the start of the line or behind a quotation's marks.
fn by_month(line: &str, now: NaiveDateTime) -> Option<String> {
    let text = line.trim_start_matches(['>', ' ', '\u{feff}']);
    let mut words = text.split_ascii_whitespace();
    let month = MONTHS.iter().zip(1..).find(|(name, _)| Some(**name) == text.get(..3))?.1;
    let (_, day, time) = (words.next()?, words.next()?, words.next()?);
    yearless(month, number(day)?, clock(time.get(..8)?)?, now)
}

/// `E1122 09:15:21.443812` of Kubernetes' log library.
fn by_klog(line: &str, now: NaiveDateTime) -> Option<String> {
    let head = head(line);
    head.match_indices(['I', 'W', 'E', 'F']).find_map(|(at, _)| {
        let before = head.get(..at)?;
        if !before.is_empty() && !before.ends_with([' ', '"', '\t']) {
            return None;
        }
        let text = head.get(at + 1..)?;
        let (date, time) = (text.get(..4)?, text.get(5..13)?);
        yearless(number(date.get(..2)?)?, number(date.get(2..)?)?, clock(time)?, now)
    })
}

/// A date without its year: the latest that is no more than a day ahead of `now`.
fn yearless(month: u32, day: u32, time: NaiveTime, now: NaiveDateTime) -> Option<String> {
    let latest = now.checked_add_days(Days::new(1))?;
    (0..8)
        .filter_map(|back| NaiveDate::from_ymd_opt(latest.year() - back, month, day))
        .map(|date| date.and_time(time))
        .find(|at| *at <= latest)
        .map(|at| shown(at, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn now() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 11, 26).unwrap().and_hms_opt(12, 0, 0).unwrap()
    }

    #[rstest]
    #[case("2026-11-22T09:15:20.1234567Z ##[error]no", Some("2026-11-22T09:15:20Z"))]
    #[case("job\tPull images\t\u{feff}2026-11-22T09:15:20.1Z no", Some("2026-11-22T09:15:20Z"))]
    #[case("> 2026-11-22T10:15:20+01:00 node-1 kubelet[1]: no", Some("2026-11-22T09:15:20Z"))]
    #[case("2026-11-22T03:45:20-0530 no", Some("2026-11-22T09:15:20Z"))]
    #[case("2026-11-22 08:14:07,119 [Thread-41] ERROR no", Some("2026-11-22T08:14:07"))]
    #[case("2026/11/22 08:14:07 no", Some("2026-11-22T08:14:07"))]
    #[case("2026-11-22 09:15:20.1 +0000 UTC m=+1 no", Some("2026-11-22T09:15:20Z"))]
    #[case("[2026-11-22T09:15:20.123Z] no", Some("2026-11-22T09:15:20Z"))]
    #[case("time=\"2026-11-22T09:15:21Z\" level=fatal msg=no", Some("2026-11-22T09:15:21Z"))]
    #[case(
        "{\"log\":\"no\",\"stream\":\"stderr\",\"time\":\"2026-11-22T09:15:21.1Z\"}",
        Some("2026-11-22T09:15:21Z")
    )]
    #[case(
        "{\"level\":\"error\",\"ts\": \"2026-11-22T09:15:21.1Z\",\"msg\":\"no\"}",
        Some("2026-11-22T09:15:21Z")
    )]
    #[case("web-1  | 2026-11-22T09:15:21Z no", Some("2026-11-22T09:15:21Z"))]
    #[case("[pod/web-1/app] 2026-11-22T09:15:21Z no", Some("2026-11-22T09:15:21Z"))]
    #[case(
        "{\"__REALTIME_TIMESTAMP\":\"1795338921000000\",\"MESSAGE\":\"no\"}",
        Some("2026-11-22T09:15:21Z")
    )]
    #[case("\u{1b}_bk;t=1795338921000\u{7}no", Some("2026-11-22T09:15:21Z"))]
    #[case("Nov 22 09:15:21 worker-2 kubelet[1042]: no", Some("2026-11-22T09:15:21"))]
    #[case("Dec  3 09:15:21 worker-2 kubelet[1042]: no", Some("2025-12-03T09:15:21"))]
    #[case("Feb 29 09:15:21 worker-2 kubelet[1042]: no", Some("2024-02-29T09:15:21"))]
    #[case("E1122 09:15:21.443812    1042 remote_image.go:180] no", Some("2026-11-22T09:15:21"))]
    #[case(
        "x509: certificate has expired: current time 2026-11-22T09:15:21Z is after 2025-01-01T00:00:00Z",
        None
    )]
    #[case("2026-13-22T09:15:21Z no", None)]
    #[case("no time", None)]
    fn a_line_bears_the_time_of_its_stamp(#[case] line: &str, #[case] at: Option<&str>) {
        assert_eq!(of(line, Some(now())).as_deref(), at);
    }

    #[test]
    fn without_a_now_a_stamp_without_a_year_is_no_time() {
        assert_eq!(of("Nov 22 09:15:21 w kubelet[1]: no", None), None);
    }

    proptest! {
        #[test]
        fn reading_a_time_never_panics(text in any::<String>(), marks in "(2026-11-22|T|09:15:21|[.]1|Z|[+]01:00| |Nov |E1122 |\\[|é|\"ts\":|1795338921){0,14}") {
            let _ = (of(&text, Some(now())), of(&marks, Some(now())), value(&marks));
        }
    }
}
