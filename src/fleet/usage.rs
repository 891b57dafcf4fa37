//! Docker's own usage file: what Docker Hub's page of usage gives as CSV, the only attribution that a paid
//! account gets. Columns by their names (docs.docker.com, Usage and charges, November 2026): `datehour`,
//! `user_name`, `repository`, `access_token_name`, `ips`, …, `version_checks`, `pulls`.

use std::collections::BTreeMap;
use std::io::Read;

use chrono::NaiveDateTime;

use super::Spender;

/// Names that are told apart; further ones are put together.
const MOST_NAMES: usize = 50_000;
/// The name of those.
const OTHERS: &str = "others";
/// Where spenders of this file are from.
const FROM: &str = "hub-csv";

/// What a file is not.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// No CSV, or not read.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A column is missing.
    #[error("it has no column `{0}`: it is not what Docker Hub's page of usage gives")]
    Column(&'static str),
    /// A value is none.
    #[error("line {line}: `{value}` is no {what}")]
    Value {
        /// The line, from 1.
        line: u64,
        /// What stands there, shortened.
        value: String,
        /// What should.
        what: &'static str,
    },
}

/// A spender with the account and the addresses that it pulled from.
pub type UsageRow = (String, Vec<String>, Spender);

/// Who pulled, by repository, access token, user and address, an hour of the time that the file is about.
///
/// # Errors
/// It is no such file; the line is named.
pub fn usage(source: impl Read) -> Result<Vec<UsageRow>, UsageError> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(source);
    let heads = reader.headers()?.clone();
    let place = |name: &str| {
        heads.iter().position(|head| head.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name))
    };
    let needed = |name: &'static str| place(name).ok_or(UsageError::Column(name));
    let (hour, pulls) = (needed("datehour")?, needed("pulls")?);
    let kinds = [
        ("repository", place("repository")),
        ("token", place("access_token_name")),
        ("user", place("user_name")),
        ("address", place("ips")),
    ];
    let (user, ips) = (place("user_name"), place("ips"));
    // Apart by the addresses, too: they tell on which count of the fleet a pull was.
    let mut sums: BTreeMap<(&'static str, String, String, Vec<String>), f64> = BTreeMap::new();
    let mut span: Option<(NaiveDateTime, NaiveDateTime)> = None;
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or("");
        let wrong = |value: &str, what| UsageError::Value {
            line,
            value: crate::text::one_line(value, 40),
            what,
        };
        let count = cell(Some(pulls));
        let count: f64 = count
            .parse()
            .ok()
            .filter(|count: &f64| count.is_finite() && *count >= 0.0)
            .ok_or_else(|| wrong(count, "number of pulls"))?;
        let at = cell(Some(hour));
        let at = hour_of(at).ok_or_else(|| wrong(at, "hour"))?;
        span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        if count == 0.0 {
            continue;
        }
        let owner = cell(user).to_owned();
        let addresses: Vec<String> = cell(ips)
            .split([',', ';', ' ', '[', ']', '"'])
            .filter(|address| !address.is_empty())
            .map(str::to_owned)
            .collect();
        for (kind, place) in kinds {
            let names = match kind {
                "address" => addresses.clone(),
                _ => vec![cell(place).to_owned()],
            };
            let share = count / f64::from(u32::try_from(names.len().max(1)).unwrap_or(1));
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                let key = (kind, owner.clone(), name, addresses.clone());
                if sums.len() < MOST_NAMES || sums.contains_key(&key) {
                    *sums.entry(key).or_default() += share;
                } else {
                    let key = (kind, owner.clone(), OTHERS.to_owned(), Vec::new());
                    *sums.entry(key).or_default() += share;
                }
            }
        }
    }
    let Some((first, last)) = span else { return Ok(Vec::new()) };
    let hours = f64::from(i32::try_from((last - first).num_hours() + 1).unwrap_or(i32::MAX));
    Ok(sums
        .into_iter()
        .map(|((kind, user, name, addresses), pulls)| {
            let pulls_per_hour = pulls / hours;
            (user, addresses, Spender { name, kind, pulls_per_hour, from: FROM })
        })
        .collect())
}

/// `2026-11-26T14`, with or without what follows, a blank in the place of the `T` or not.
fn hour_of(text: &str) -> Option<NaiveDateTime> {
    let text: String =
        text.chars().take(13).map(|one| if one == ' ' { 'T' } else { one }).collect();
    NaiveDateTime::parse_from_str(&format!("{text}:00:00"), "%Y-%m-%dT%H:%M:%S").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "datehour,user_name,repository,access_token_name,ips,repository_privacy,tag,digest,version_checks,pulls\n";

    #[test]
    fn pulls_are_told_by_repository_token_user_and_address() {
        let text = format!(
            "{HEAD}2026-11-26T10,acme,library/nginx,ci,\"192.0.2.1,192.0.2.2\",public,latest,sha256:a,3,8\n\
             2026-11-26 13:00:00,acme,library/redis,,192.0.2.1,public,7,sha256:b,0,4\n\
             2026-11-26T12,acme,library/nginx,ci,,public,latest,sha256:a,9,0\n"
        );
        let used = usage(text.as_bytes()).unwrap();
        let mut told: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for (user, _, one) in &used {
            assert_eq!(user, "acme");
            *told.entry((one.kind, &one.name)).or_default() += one.pulls_per_hour;
        }
        let expected = [
            (("address", "192.0.2.1"), 2.0),
            (("address", "192.0.2.2"), 1.0),
            (("repository", "library/nginx"), 2.0),
            (("repository", "library/redis"), 1.0),
            (("token", "ci"), 2.0),
            (("user", "acme"), 3.0),
        ];
        assert_eq!(told, BTreeMap::from(expected));
        // 8 pulls from two addresses and 4 from one of them are told apart.
        let from_one = |one: &&UsageRow| one.2.kind == "user" && one.1 == ["192.0.2.1"];
        assert_eq!(used.iter().find(from_one).map(|one| one.2.pulls_per_hour), Some(1.0));
    }

    #[test]
    fn what_is_no_usage_is_told_by_its_line() {
        for (text, said) in [
            ("a,b\n1,2\n".to_owned(), "no column `datehour`"),
            (
                format!("{HEAD}2026-11-26T10,a,b,c,,,,,0,many\n"),
                "line 2: `many` is no number of pulls",
            ),
            (
                format!("{HEAD}2026-11-26T10,a,b,c,,,,,0,1\nyesterday,a,b,c,,,,,0,1\n"),
                "line 3: `yesterday` is no hour",
            ),
            (format!("{HEAD}2026-11-26T10,a,b,c,,,,,0,-1\n"), "line 2: `-1` is no number"),
        ] {
            let error = usage(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(usage(HEAD.as_bytes()).unwrap(), []);
    }
}
