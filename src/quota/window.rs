//! The window a limit counts over, as the header says it. Never assumed: where the header is
//! silent there is no window.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

/// Whole seconds over which a limit counts: at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window(NonZeroU64);

impl Window {
    /// A window of whole seconds; `None` for 0.
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        match NonZeroU64::new(seconds) {
            Some(seconds) => Some(Self(seconds)),
            None => None,
        }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        self.0.get()
    }

    /// Its length.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0.get())
    }
}

impl fmt::Display for Window {
    /// For people: `1h`, `6h`, `90s`, `10m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds() {
            s if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            s if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}
