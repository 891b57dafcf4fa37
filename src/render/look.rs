//! How output may look: width, colour, and the time that relative times are told from. Passed in,
//! so that a test sees what a terminal of 80 columns would.

use crate::Context;
use chrono::{DateTime, Local, Utc};

/// How output may look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns to fill; `None`: as wide as it needs.
    pub columns: Option<u16>,
    /// Whether ANSI colours may be used.
    pub colour: bool,
    /// The time now.
    pub now: DateTime<Utc>,
}

impl Look {
    /// How a command's answer may look: as standard output is, now.
    pub fn of(context: &Context) -> Self {
        Self { columns: context.terminal.columns, colour: context.colour, now: context.clock.now() }
    }

    /// A time for people: local hour and minute, and how far away it is.
    ///
    /// ```
    /// use dhlimit::render::Look;
    /// let now = "2026-11-22T09:15:21Z".parse().unwrap();
    /// let look = Look { columns: None, colour: false, now };
    /// assert!(look.time(now + chrono::TimeDelta::minutes(60)).ends_with("(in 1h)"));
    /// ```
    pub fn time(&self, at: DateTime<Utc>) -> String {
        let clock = self.clock(at);
        let seconds = (at - self.now).num_seconds();
        let distance = span(seconds.unsigned_abs());
        if seconds >= 0 {
            format!("{clock} (in {distance})")
        } else {
            format!("{clock} ({distance} ago)")
        }
    }
}

impl Look {
    /// The same without how far away it is; with the date where that is a day or more.
    pub fn clock(&self, at: DateTime<Utc>) -> String {
        let far = (at - self.now).num_hours().abs() >= 24;
        let format = if far { "%Y-%m-%d %H:%M" } else { "%H:%M:%S" };
        at.with_timezone(&Local).format(format).to_string()
    }
}

impl From<Look> for super::table::Surface {
    fn from(look: Look) -> Self {
        Self { width: look.columns, colour: look.colour }
    }
}

/// A span in its two largest units: `1h 2m`, `45s`.
///
/// ```
/// assert_eq!(dhlimit::render::span(3_725), "1h 2m");
/// assert_eq!(dhlimit::render::span(60), "1m");
/// ```
pub fn span(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    let first = units.iter().position(|(_, size)| seconds >= *size).unwrap_or(3);
    for (name, size) in units.iter().skip(first).take(2) {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count}{name}"));
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}
