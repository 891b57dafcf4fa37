//! `check`: one reading per identity and image.

use clap::Args;

use super::{Asking, Format, only};

/// The formats `check` writes.
const FORMATS: &[Format] = &[
    Format::Table,
    Format::Plain,
    Format::Json,
    Format::Jsonl,
    Format::Prometheus,
    Format::Nagios,
    Format::Github,
];

/// One reading per identity and image. Costs nothing: HEAD requests only.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit codes: 0 may pull, 1 used up or below --critical, 3 not reached, 4 credentials or access refused, \
5 not understood, 7 throttled by another limit. With -o nagios: 0, 1, 2, 3 as the Monitoring Plugins have them."
)]
pub struct Check {
    /// Images to ask for [default: ratelimitpreview/test:latest]
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// How to show the answer [default: table on a terminal, plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// Show each reading through a template such as '{remaining}/{limit}'; the names are the JSON keys
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "output")]
    pub format: Option<String>,
    /// Warn when fewer pulls remain: a number, or a percentage of the limit such as 20%
    #[arg(short, long, value_name = "MIN")]
    pub warning: Option<Threshold>,
    /// Fail with exit code 1 (with -o nagios: 2) when fewer pulls remain
    #[arg(short, long, value_name = "MIN")]
    pub critical: Option<Threshold>,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}

/// The fewest pulls that may remain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// A number of pulls.
    Pulls(u64),
    /// A percentage of the limit, 0 to 100.
    Percent(f64),
}

impl Threshold {
    /// The threshold in pulls, rounded up; `None` where it depends on a limit that is not known.
    pub fn pulls(self, limit: Option<u64>) -> Option<u64> {
        match self {
            Self::Pulls(pulls) => Some(pulls),
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a percentage of a limit is within it"
            )]
            Self::Percent(percent) => {
                limit.map(|limit| (limit as f64 * percent / 100.0).ceil() as u64)
            }
        }
    }
}

impl std::str::FromStr for Threshold {
    type Err = String;

    /// `20`, `20%`, or the range forms `20:` and `20%:` of the Monitoring Plugins.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix(':').unwrap_or(text);
        let parsed = match number.strip_suffix('%') {
            Some(percent) => percent
                .parse()
                .ok()
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(Self::Percent),
            None => number.parse().ok().map(Self::Pulls),
        };
        parsed.ok_or_else(|| {
            "a number of pulls such as 20, or a percentage of the limit such as 20%".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_pulls_or_percent() {
        let pulls =
            |text: &str| text.parse::<Threshold>().map(|threshold| threshold.pulls(Some(150)));
        assert_eq!(
            (pulls("20"), pulls("20:"), pulls("10%"), pulls("0.5%"), pulls("100%:")),
            (Ok(Some(20)), Ok(Some(20)), Ok(Some(15)), Ok(Some(1)), Ok(Some(150)))
        );
        for wrong in ["", "-1", "101%", "x", "%", "10:20", "NaN%", "inf%"] {
            assert!(pulls(wrong).is_err(), "{wrong}");
        }
    }
}
