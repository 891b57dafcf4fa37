//! The grammar of rate-limit headers. Docker Hub's own (a private hybrid, protocol notes of
//! November 2026):
//!
//! ```text
//! limit     = number *( ";" param ) *( "," number *( ";" param ) )
//! remaining = ["-"] number *( ";" param )
//! ```
//!
//! under `ratelimit-*`, `x-ratelimit-*` or both; and for other registries the IETF drafts 00–06
//! (`RateLimit-Limit`, `-Remaining`, `-Reset`), 07 (`RateLimit: limit=…, remaining=…, reset=…`) and
//! 08–11 (`RateLimit-Policy: "name";q=…;w=…` with `RateLimit: "name";r=…;t=…`).

use std::time::Duration;

use super::Window;

/// A reset above this is a time since 1970, not a number of seconds to wait.
const ABSOLUTE: u64 = 1_000_000_000;

/// One header line: name in any case, value as it came.
pub type Field<'a> = (&'a str, &'a str);

/// What the headers of one answer say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many in a window.
    pub limit: Option<u64>,
    /// How many are left; negative values have been seen.
    pub remaining: Option<i64>,
    /// The window, where any header tells it.
    pub window: Option<Window>,
    /// When it is full again.
    pub reset: Option<Reset>,
    /// What was odd, for people.
    pub warnings: Vec<String>,
}

/// When a count is full again, as a header says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// After so long.
    After(Duration),
    /// At so many seconds since 1970.
    At(u64),
}

/// Why a value is no limit or remaining count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// No number where one must be.
    #[error("{0:?} has no number")]
    NoNumber(String),
    /// Digits that no count has.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

/// Reads every rate-limit header of an answer.
///
/// `None`: there is none. `Some(Err)`: there are some, and none can be understood. Where the plain
/// and the `x-` pair disagree the smaller remaining holds, and the longer window, with a warning.
pub fn read_limits(fields: &[Field<'_>]) -> Option<Result<Limits, GrammarError>> {
    let value = |name: &str| {
        let values: Vec<&str> = fields
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let families = [
        (
            "",
            pair(
                value("ratelimit-limit").as_deref(),
                value("ratelimit-remaining").as_deref(),
                value("ratelimit-reset").as_deref(),
            ),
        ),
        (
            "x-",
            pair(
                value("x-ratelimit-limit").as_deref(),
                value("x-ratelimit-remaining").as_deref(),
                value("x-ratelimit-reset").as_deref(),
            ),
        ),
        (
            "",
            value("ratelimit").map(|limits| {
                structured(&limits, value("ratelimit-policy").as_deref().unwrap_or(""))
            }),
        ),
    ];
    if families.iter().all(|(_, family)| family.is_none()) {
        // A policy without a count is no count, but neither is it silence.
        return value("ratelimit-policy").map(|policy| Ok(policy_alone(&policy)));
    }
    let mut best: Option<(&str, Limits)> = None;
    let mut warnings = Vec::new();
    let mut error = None;
    for (prefix, family) in families {
        match family {
            None => {}
            Some(Err(problem)) => {
                warnings
                    .push(format!("a {prefix}ratelimit header cannot be understood: {problem}"));
                error = Some(problem);
            }
            Some(Ok(limits)) => {
                best = Some(match best.take() {
                    None => (prefix, limits),
                    Some((first, earlier)) => merge(first, earlier, prefix, limits, &mut warnings),
                });
            }
        }
    }
    match (best, error) {
        (Some((_, limits)), Some(error))
            if limits.limit.is_none() && limits.remaining.is_none() =>
        {
            Some(Err(error))
        }
        (Some((_, mut limits)), _) => {
            limits.warnings.extend(warnings);
            Some(Ok(limits))
        }
        (None, Some(error)) => Some(Err(error)),
        (None, None) => None,
    }
}

fn merge<'a>(
    first: &'a str,
    one: Limits,
    second: &'a str,
    other: Limits,
    warnings: &mut Vec<String>,
) -> (&'a str, Limits) {
    if let (Some(one), Some(other)) = (one.remaining, other.remaining)
        && one != other
    {
        warnings
            .push(format!("the {first}ratelimit headers say {one} remaining, the {second}ratelimit headers {other}: the smaller holds"));
    }
    let limits = (one.limit, other.limit);
    let window = longer(one.window, other.window, warnings);
    let other_is_smaller = match (one.remaining, other.remaining) {
        (Some(one), Some(other)) => other < one,
        (None, Some(_)) => true,
        _ => false,
    };
    let (name, mut holds, rest) =
        if other_is_smaller { (second, other, one) } else { (first, one, other) };
    holds.limit = holds.limit.or(rest.limit);
    holds.window = window;
    if let ((Some(one), Some(other)), Some(taken)) = (limits, holds.limit)
        && one != other
    {
        warnings.push(format!(
            "the {first}ratelimit headers say a limit of {one}, the {second}ratelimit headers a limit of {other}: {taken} is taken"
        ));
    }
    holds.reset = holds.reset.or(rest.reset);
    holds.warnings.extend(rest.warnings);
    (name, holds)
}

/// Of two windows the longer, as what is promised is by when the count is full at the latest.
fn longer(
    one: Option<Window>,
    other: Option<Window>,
    warnings: &mut Vec<String>,
) -> Option<Window> {
    if let (Some(one), Some(other)) = (one, other)
        && one != other
    {
        warnings.push(format!(
            "the ratelimit headers say windows of {one} and of {other}: the longer is taken"
        ));
    }
    one.max(other)
}

/// The older form: one header for each of limit, remaining and reset. `None`: none is there.
fn pair(
    limit: Option<&str>,
    remaining: Option<&str>,
    reset: Option<&str>,
) -> Option<Result<Limits, GrammarError>> {
    (limit.is_some() || remaining.is_some() || reset.is_some())
        .then(|| read_pair(limit, remaining, reset))
}

fn read_pair(
    limit: Option<&str>,
    remaining: Option<&str>,
    reset: Option<&str>,
) -> Result<Limits, GrammarError> {
    let items = limit.map(parse_list).transpose()?.unwrap_or_default();
    let left = remaining.map(parse_remaining).transpose()?.unwrap_or_default();
    let mut warnings = Vec::new();
    // As many counts as limits belong to each other in their order, unless one limit is said twice.
    let are_paired = items.len() == left.len()
        && items.iter().any(|(number, _)| items.first().is_some_and(|(first, _)| first != number));
    let tightest = left.iter().enumerate().min_by_key(|(_, (left, _))| *left);
    if let Some((_, (least, _))) = tightest
        && left.iter().any(|(other, _)| other != least)
        && !are_paired
    {
        warnings.push(format!(
            "the ratelimit headers say several counts remaining: the smallest, {least}, holds"
        ));
    }
    let first =
        tightest.filter(|_| are_paired).and_then(|(place, _)| items.get(place)).or(items.first());
    // `3000, 3000;w=60`: the number first, then the policy it belongs to.
    let window = first.and_then(|(number, window)| {
        window.or_else(|| items.iter().find(|(other, own)| other == number && own.is_some())?.1)
    });
    let window = longer(window, tightest.and_then(|(_, (_, window))| *window), &mut warnings);
    Ok(Limits {
        limit: first.map(|(number, _)| *number),
        remaining: tightest.map(|(_, (left, _))| *left),
        window,
        reset: reset.and_then(parse_reset),
        warnings,
    })
}

fn parse_list(value: &str) -> Result<Vec<(u64, Option<Window>)>, GrammarError> {
    value
        .split(',')
        .map(|item| {
            let (number, params) = item.split_once(';').unwrap_or((item, ""));
            Ok((parse_number(number.trim(), value)?, parse_window(params)))
        })
        .collect()
}

/// The counts of a list. The first must be one; others that are none are passed over.
fn parse_remaining(value: &str) -> Result<Vec<(i64, Option<Window>)>, GrammarError> {
    let mut items = value.split(',');
    let first = parse_count(items.next().unwrap_or(""), value)?;
    Ok(std::iter::once(first)
        .chain(items.filter_map(|item| parse_count(item, value).ok()))
        .collect())
}

fn parse_count(item: &str, value: &str) -> Result<(i64, Option<Window>), GrammarError> {
    let (number, params) = item.split_once(';').unwrap_or((item, ""));
    let number = number.trim();
    let left = match number.strip_prefix('-') {
        Some(digits) => -i64::try_from(parse_number(digits, value)?)
            .map_err(|_| GrammarError::TooLarge(value.to_owned()))?,
        None => i64::try_from(parse_number(number, value)?)
            .map_err(|_| GrammarError::TooLarge(value.to_owned()))?,
    };
    Ok((left, parse_window(params)))
}

fn parse_number(digits: &str, whole: &str) -> Result<u64, GrammarError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(GrammarError::NoNumber(whole.to_owned()));
    }
    digits.parse().map_err(|_| GrammarError::TooLarge(whole.to_owned()))
}

/// The `w` among parameters separated by semicolons; a window of 0 or of no number is none.
fn parse_window(params: &str) -> Option<Window> {
    param(params, ';', "w")?.parse().ok().and_then(Window::from_seconds)
}

fn parse_reset(value: &str) -> Option<Reset> {
    let number = value.split([',', ';']).next()?.trim().parse::<u64>().ok()?;
    Some(if number > ABSOLUTE {
        Reset::At(number)
    } else {
        Reset::After(Duration::from_secs(number))
    })
}

/// The newer forms: draft 07's dictionary, drafts 08–11's list of named items with a policy.
fn structured(limits: &str, policy: &str) -> Result<Limits, GrammarError> {
    let first = limits.split(',').next().unwrap_or("");
    if first.contains('=') && !first.contains(';') {
        dictionary(limits, policy)
    } else {
        named_items(limits, policy)
    }
}

/// The first item of a policy that no count came with.
fn policy_alone(policy: &str) -> Limits {
    let first = policy.split(',').next().unwrap_or("");
    let limit = param(first, ';', "q")
        .or_else(|| first.split(';').next())
        .and_then(|number| number.trim().parse().ok());
    Limits { limit, window: parse_window(first), ..Limits::default() }
}

fn dictionary(limits: &str, policy: &str) -> Result<Limits, GrammarError> {
    let remaining =
        param(limits, ',', "remaining").ok_or_else(|| GrammarError::NoNumber(limits.to_owned()))?;
    Ok(Limits {
        limit: param(limits, ',', "limit")
            .map(|number| parse_number(number, limits))
            .transpose()?,
        remaining: Some(parse_count(remaining, limits)?.0),
        window: parse_window(policy),
        reset: param(limits, ',', "reset").and_then(parse_reset),
        warnings: Vec::new(),
    })
}

/// Several policies may be listed; the one with the least left is the one that bites.
fn named_items(limits: &str, policies: &str) -> Result<Limits, GrammarError> {
    let mut tightest: Option<(i64, &str)> = None;
    for item in limits.split(',') {
        let Some(left) = param(item, ';', "r") else { continue };
        let (left, _) = parse_count(left, limits)?;
        if tightest.is_none_or(|(least, _)| left < least) {
            tightest = Some((left, item));
        }
    }
    let (left, item) = tightest.ok_or_else(|| GrammarError::NoNumber(limits.to_owned()))?;
    let name = |text: &str| text.split(';').next().unwrap_or("").trim().to_owned();
    let policy = policies.split(',').find(|policy| name(policy) == name(item));
    Ok(Limits {
        limit: policy
            .and_then(|policy| param(policy, ';', "q"))
            .map(|number| parse_number(number, limits))
            .transpose()?,
        remaining: Some(left),
        window: policy.and_then(parse_window),
        reset: param(item, ';', "t").and_then(parse_reset),
        warnings: Vec::new(),
    })
}

/// The value of `key=value` among parts, without quotes.
fn param<'a>(text: &'a str, separator: char, key: &str) -> Option<&'a str> {
    text.split(separator).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case(key).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn read(fields: &[Field<'_>]) -> Option<Result<Limits, GrammarError>> {
        read_limits(fields)
    }

    /// Limit, remaining and window in seconds.
    type Row = (Option<u64>, Option<i64>, Option<u64>);

    #[rstest]
    #[case(&[("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")], (Some(100), Some(76), Some(21600)))]
    #[case(&[("RateLimit-Limit", "100;w=3600"), ("RATELIMIT-REMAINING", "76;w=3600")], (Some(100), Some(76), Some(3600)))]
    #[case(&[("x-ratelimit-limit", "200;w=3600"), ("x-ratelimit-remaining", "0;w=3600")], (Some(200), Some(0), Some(3600)))]
    #[case(&[("ratelimit-limit", "100"), ("ratelimit-remaining", "-1")], (Some(100), Some(-1), None))]
    #[case(&[("ratelimit-limit", "100"), ("ratelimit-remaining", "5;w=60")], (Some(100), Some(5), Some(60)))]
    #[case(&[("x-ratelimit-limit", "3000, 3000;w=60"), ("x-ratelimit-remaining", "2999")], (Some(3000), Some(2999), Some(60)))]
    #[case(&[("ratelimit-limit", "100;w=21600;burst=5, 10;w=60"), ("ratelimit-remaining", "9")], (Some(100), Some(9), Some(21600)))]
    #[case(&[("ratelimit-limit", "100 ; burst=2 ; w=60"), ("ratelimit-remaining", " 9 ")], (Some(100), Some(9), Some(60)))]
    #[case(&[("ratelimit-limit", "100;w=0"), ("ratelimit-remaining", "9;w=x")], (Some(100), Some(9), None))]
    #[case(&[("RateLimit", "limit=100, remaining=50, reset=5")], (Some(100), Some(50), None))]
    #[case(&[("RateLimit-Policy", "\"burst\";q=100;w=60,\"day\";q=1000;w=86400"), ("RateLimit", "\"burst\";r=50;t=30, \"day\";r=900")], (Some(100), Some(50), Some(60)))]
    #[case(&[("ratelimit-limit", ";w=21600"), ("ratelimit-remaining", ";w=21600"), ("x-ratelimit-limit", "100;w=60"), ("x-ratelimit-remaining", "3")], (Some(100), Some(3), Some(60)))]
    #[case(&[("ratelimit-limit", "100;w=3600"), ("ratelimit-remaining", "80"), ("x-ratelimit-limit", "100;w=3600"), ("x-ratelimit-remaining", "75")], (Some(100), Some(75), Some(3600)))]
    #[case(&[("ratelimit-remaining", "3")], (None, Some(3), None))]
    fn seen_forms_are_read(#[case] fields: &[Field<'_>], #[case] row: Row) {
        let limits = read(fields).unwrap().unwrap();
        assert_eq!((limits.limit, limits.remaining, limits.window.map(Window::seconds)), row);
    }

    #[rstest]
    #[case(&[("ratelimit-limit", ";w=21600"), ("ratelimit-remaining", ";w=21600")])]
    #[case(&[("ratelimit-limit", "many"), ("ratelimit-remaining", "few")])]
    #[case(&[("ratelimit-limit", ""), ("ratelimit-remaining", "")])]
    #[case(&[("ratelimit-limit", "99999999999999999999999"), ("ratelimit-remaining", "1")])]
    #[case(&[("RateLimit", "default")])]
    fn nonsense_is_an_error_and_no_count(#[case] fields: &[Field<'_>]) {
        assert!(read(fields).unwrap().is_err());
    }

    #[test]
    fn no_header_is_none() {
        assert!(read(&[("content-type", "x"), ("docker-ratelimit-source", "192.0.2.1")]).is_none());
    }

    #[test]
    fn a_disagreement_is_said() {
        let fields = [
            ("ratelimit-limit", "100"),
            ("ratelimit-remaining", "80"),
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "75"),
        ];
        let limits = read(&fields).unwrap().unwrap();
        assert_eq!(limits.warnings.len(), 1, "{limits:?}");
        assert!(limits.warnings[0].contains("80") && limits.warnings[0].contains("75"));
    }

    #[rstest]
    #[case(&[("ratelimit-limit", "100"), ("ratelimit-remaining", "9"), ("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "9")], (Some(100), Some(9), None), "limit of 100, the x-ratelimit headers a limit of 200: 100 is taken")]
    #[case(&[("ratelimit-limit", "100;w=3600"), ("ratelimit-remaining", "9"), ("x-ratelimit-limit", "100;w=21600"), ("x-ratelimit-remaining", "9")], (Some(100), Some(9), Some(21600)), "windows of 1h and of 6h: the longer")]
    #[case(&[("ratelimit-limit", "100;w=60"), ("ratelimit-remaining", "9;w=3600")], (Some(100), Some(9), Some(3600)), "windows of 1m and of 1h: the longer")]
    #[case(&[("ratelimit-limit", "100"), ("ratelimit-remaining", "50"), ("ratelimit-remaining", "40")], (Some(100), Some(40), None), "smallest, 40, holds")]
    #[case(&[("ratelimit-limit", "100"), ("ratelimit-limit", "100"), ("ratelimit-remaining", "50"), ("ratelimit-remaining", "40")], (Some(100), Some(40), None), "smallest, 40, holds")]
    #[case(&[("ratelimit-limit", "100;w=21600, 10;w=60"), ("ratelimit-remaining", "90, 3")], (Some(10), Some(3), Some(60)), "")]
    fn what_is_said_twice_and_differently_is_warned_of(
        #[case] fields: &[Field<'_>],
        #[case] row: Row,
        #[case] words: &str,
    ) {
        let limits = read(fields).unwrap().unwrap();
        assert_eq!(
            (limits.limit, limits.remaining, limits.window.map(Window::seconds)),
            row,
            "{limits:?}"
        );
        assert_eq!(limits.warnings.len(), usize::from(!words.is_empty()), "{limits:?}");
        assert!(limits.warnings.iter().all(|warning| warning.contains(words)), "{limits:?}");
    }

    #[rstest]
    #[case(&[("RateLimit-Policy", "\"day\";q=100;w=86400")], (Some(100), None, Some(86400)))]
    #[case(&[("RateLimit-Policy", "100;w=60")], (Some(100), None, Some(60)))]
    #[case(&[("RateLimit-Policy", "?")], (None, None, None))]
    #[case(&[("x-ratelimit-reset", "30")], (None, None, None))]
    fn a_header_without_a_count_is_not_silence(#[case] fields: &[Field<'_>], #[case] row: Row) {
        let limits = read(fields).unwrap().unwrap();
        assert_eq!((limits.limit, limits.remaining, limits.window.map(Window::seconds)), row);
    }

    #[test]
    fn a_large_reset_is_a_time() {
        assert_eq!(parse_reset("49"), Some(Reset::After(Duration::from_secs(49))));
        assert_eq!(parse_reset("1763802921"), Some(Reset::At(1_763_802_921)));
    }

    proptest! {
        #[test]
        fn any_values_are_survived(limit in "\\PC{0,30}", remaining in "\\PC{0,30}", new in "\\PC{0,40}", policy in "\\PC{0,40}") {
            let _ = read(&[("ratelimit-limit", &limit), ("ratelimit-remaining", &remaining), ("x-ratelimit-limit", &remaining), ("ratelimit", &new), ("ratelimit-policy", &policy)]);
        }

        #[test]
        fn dockers_form_round_trips(limit in 0_u64..1_000_000, left in -100_i64..1_000_000, seconds in 1_u64..1_000_000) {
            let limits = read(&[("ratelimit-limit", &format!("{limit};w={seconds}")), ("ratelimit-remaining", &format!("{left};w={seconds}"))]).unwrap().unwrap();
            prop_assert_eq!((limits.limit, limits.remaining, limits.window.map(Window::seconds)), (Some(limit), Some(left), Some(seconds)));
        }
    }
}
