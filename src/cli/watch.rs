//! `watch`: readings at an interval, what they burn, and when the limit will be empty.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Asking, Format, only};

/// The formats `watch` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Jsonl];

/// Read the pull limit again and again: a live view on a terminal, one line per reading elsewhere.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Costs nothing: HEAD requests only, one per reading. Keys of the live view: q quit, p pause, space poll now, \
+ and - interval, Tab identity, z zoom, ? help.\n\nExit codes: 0 when what --until-empty, --until-full or --until asks for was reached, \
or the view was left by q; at the end of --for as check has them, and 1 if what an --until option names was not reached; 130 interrupted. \
A network or server that fails never ends it."
)]
pub struct Watch {
    /// Images to watch [default: ratelimitpreview/test:latest]
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Fixed time between two readings of an identity [default: a 60th of the window, 10s to 5m, slower while nothing moves; 1s on
    /// loopback]
    #[arg(short, long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub interval: Option<Duration>,
    /// Allow an --interval below 10s for Docker Hub, down to 1s
    #[arg(long)]
    pub force_interval: bool,
    /// How to show readings [default: table, a live view, on a terminal; plain elsewhere]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// Stop when no pull is left
    #[arg(long, group = "until_what")]
    pub until_empty: bool,
    /// Stop when all pulls are back
    #[arg(long, group = "until_what")]
    pub until_full: bool,
    /// Stop when so many pulls or fewer are left
    #[arg(long, value_name = "N", group = "until_what")]
    pub until: Option<u64>,
    /// Stop after this long
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Call it an event when more than this many pulls are gone from one reading to the next [default: a tenth of the limit]
    #[arg(long, value_name = "N")]
    pub drop: Option<u64>,
    /// Run this by `sh -c` when a count, a state or a source changes: the sample as JSON on standard input, DHLIMIT_EVENT_* variables
    #[arg(long, value_name = "COMMAND")]
    pub on_change: Option<String>,
    /// Append every sample to this file, one JSON document per line, before it is shown
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Begin a new file of the recording before it grows larger than this, such as 10MB
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "rotate_daily")]
    pub rotate_size: Option<u64>,
    /// Begin a new file of the recording every day (UTC)
    #[arg(long)]
    pub rotate_daily: bool,
    /// With --sandbox: the simulated pulls, such as steady:2000/h, bursty:1/s, falling or rising
    #[arg(long, value_name = "PATTERN")]
    pub traffic: Option<String>,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}

/// `1500000`, `500kB`, `1.5MB`, `1GB`; with an `i`, powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let end = text
        .find(|character: char| !(character.is_ascii_digit() || character == '.'))
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let times: u128 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err("a number of bytes such as 500kB, 10MB or 1GiB".to_owned()),
    };
    whole(digits, times)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "a whole number of bytes above zero such as 10MB".to_owned())
}

/// A number with or without a decimal point, so many times; `None` where that is no whole number.
fn whole(digits: &str, times: u128) -> Option<u64> {
    let (before, after) =
        digits.split_once('.').map_or((digits, None), |(before, after)| (before, Some(after)));
    let mut bytes = before.parse::<u128>().ok()?.checked_mul(times)?;
    if let Some(after) = after {
        let tenths = 10_u128.checked_pow(u32::try_from(after.len()).ok()?)?;
        let part = after.parse::<u128>().ok()?.checked_mul(times)?;
        bytes = bytes.checked_add(part / tenths).filter(|_| part % tenths == 0)?;
    }
    u64::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read() {
        let read: Vec<_> = ["1", "10 MB", "2kB", "3GiB", "7m", "1.5MB", "0.25KiB"]
            .map(size)
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(read, [1, 10_000_000, 2_000, 3 << 30, 7_000_000, 1_500_000, 256]);
        for wrong in [
            "",
            "MB",
            "-1",
            "0",
            "1.5",
            "1.5.0MB",
            ".5MB",
            "1.MB",
            "1.00005kB",
            "0.0MB",
            "99999999999999999999",
            "9999999999999GB",
            "1TB",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
