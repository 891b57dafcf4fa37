//! `gate`: open or closed by exit code, before a pipeline pulls.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Asking, Format, Threshold, only};

/// The formats `gate` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json, Format::Github];

/// Open (exit code 0) if enough pulls remain, closed (1) if not. Costs nothing: HEAD only.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit codes: 0 open, 1 closed (or --max-use exceeded), 3 cannot connect, 4 credentials or access
refused, 5 unknown, 7 throttled by another limit, 130 interrupted; COMMAND's own if it ran.
With COMMAND, standard output is COMMAND's and the gate's words go to standard error: --report FILE
has the JSON. With GITHUB_ACTIONS=true or -o github: an annotation, the job summary and the outputs
verdict, remaining, limit, used, remaining_before, remaining_after, enough_at. With GITLAB_CI=true: a
collapsible section.")]
pub struct Gate {
    /// The image to ask for [default: ratelimitpreview/test:latest]
    #[arg(value_name = "IMAGE")]
    pub image: Option<String>,
    /// Open only if this many pulls are left, or this share of the limit
    #[arg(long, value_name = "N|P%", default_value = "1", value_parser = need)]
    pub need: Threshold,
    /// Open only if enough pulls are left for the images in PATH; with --need, the larger counts
    #[arg(long, value_name = "PATH")]
    pub need_for: Option<PathBuf>,
    /// Open only if this share of the limit is left, in percent; with --need, the larger counts
    #[arg(long, value_name = "P", value_parser = percent)]
    pub need_percent: Option<f64>,
    /// While closed, keep asking for this long at most; without DURATION, for two windows
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "window")]
    pub wait: Option<Wait>,
    /// What to do when the limit cannot be read: no connection, or no valid answer
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Pass::Fail)]
    pub on_unknown: Pass,
    /// What to do when the registry names no limit
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Pass::Pass)]
    pub on_unlimited: Pass,
    /// Fail with exit code 1 if COMMAND used more pulls, as far as the count tells while it runs
    #[arg(long, value_name = "N", requires = "command")]
    pub max_use: Option<u64>,
    /// Write the answer to this file, too, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write the verdict as variables to this file, for artifacts:reports:dotenv of GitLab
    #[arg(long, value_name = "FILE")]
    pub dotenv: Option<PathBuf>,
    /// How to show the answer [default: table on a terminal, github in GitHub Actions, plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
    /// Run this if the gate is open, pass on its exit code, and say how many pulls it used
    #[arg(last = true, value_name = "COMMAND", help_heading = "Behind the gate")]
    pub command: Vec<OsString>,
}

/// Whether to let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pass {
    /// Let through
    Pass,
    /// Do not let through
    Fail,
}

/// How long to wait at a closed gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Two windows, as the registry names them.
    Windows,
    /// This long.
    For(Duration),
}

impl std::str::FromStr for Wait {
    type Err = String;

    /// `window`, or a duration such as `10m`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "window" => Ok(Self::Windows),
            _ => super::asking::duration(text)
                .map(Self::For)
                .map_err(|error| format!("{error}, or window for two windows")),
        }
    }
}

/// A number of pulls above 0, or a share of the limit.
fn need(text: &str) -> Result<Threshold, String> {
    match text.parse() {
        Ok(Threshold::Pulls(0)) => Err("at least 1 pull".to_owned()),
        Ok(Threshold::Percent(share)) if share <= 0.0 => Err("a share above 0%".to_owned()),
        other => other,
    }
}

/// A share of the limit: more than 0, at most 100.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let parsed = number.parse().ok().filter(|percent| *percent > 0.0 && *percent <= 100.0);
    parsed.ok_or_else(|| "a percentage above 0 and up to 100, such as 20".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_duration_or_the_window() {
        assert_eq!("window".parse(), Ok(Wait::Windows));
        assert_eq!("90s".parse(), Ok(Wait::For(Duration::from_secs(90))));
        assert_eq!("30".parse(), Ok(Wait::For(Duration::from_secs(30))));
        for wrong in ["", "-1s", "soon", "10 pulls"] {
            assert!(wrong.parse::<Wait>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_need_is_a_number_of_pulls_or_a_share() {
        assert_eq!(need("20"), Ok(Threshold::Pulls(20)));
        assert_eq!(need("20%"), Ok(Threshold::Percent(20.0)));
        for wrong in ["0", "0%", "101%", "-1", "many", ""] {
            assert!(need(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_percentage_is_above_nothing_and_up_to_all() {
        assert_eq!(
            (percent("20"), percent("0.5%"), percent("100")),
            (Ok(20.0), Ok(0.5), Ok(100.0))
        );
        for wrong in ["0", "-1", "100.1", "NaN", "inf", "%", ""] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
