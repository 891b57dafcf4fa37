//! What happened between two readings: the events of `watch`, `serve` and recordings. Their words are
//! [`crate::render`]'s.

use crate::quota::FaultKind;

/// What happened between two readings. All text is free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The pull limit is used up.
    LimitBegan {
        /// It was said by a 429.
        refused: bool,
    },
    /// Pulls are left again.
    LimitEnded {
        /// After so many seconds.
        seconds: u64,
    },
    /// Another limit refuses.
    ThrottleBegan {
        /// `overall` or `login`.
        which: &'static str,
    },
    /// It refuses no longer.
    ThrottleEnded {
        /// After so many seconds.
        seconds: u64,
    },
    /// Many pulls at once.
    Drop {
        /// So many.
        pulls: u64,
    },
    /// The count jumped up: a window ended or the limit was reset.
    Reset {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// A full count that cannot be: ignored.
    FalseFull {
        /// What was shown.
        shown: u64,
    },
    /// A new token was fetched.
    TokenRenewed,
    /// The registry or its token service is not reached.
    NetworkLost {
        /// Why.
        message: String,
    },
    /// It is reached again.
    NetworkBack {
        /// After so many seconds.
        seconds: u64,
    },
    /// An answer without a reading: credentials, access, a failing server.
    FaultBegan {
        /// What kind.
        kind: FaultKind,
        /// Its words.
        message: String,
    },
    /// Readings again.
    FaultEnded {
        /// After so many seconds.
        seconds: u64,
    },
    /// Somebody else is counted: a new series.
    SourceChanged {
        /// Who was.
        from: String,
        /// Who is.
        to: String,
    },
    /// The limit is another one.
    LimitChanged {
        /// Pulls.
        from: u64,
        /// Pulls.
        to: u64,
    },
    /// It counts over another window.
    WindowChanged {
        /// Seconds.
        from: u64,
        /// Seconds.
        to: u64,
    },
    /// The limit applies no longer.
    Unlimited,
    /// The clock went on without us (sleep), or was set.
    ClockJumped {
        /// Forward, or backward where negative.
        seconds: i64,
    },
}

impl Event {
    /// Its stable name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::LimitBegan { .. } => "limit_began",
            Self::LimitEnded { .. } => "limit_ended",
            Self::ThrottleBegan { .. } => "throttle_began",
            Self::ThrottleEnded { .. } => "throttle_ended",
            Self::Drop { .. } => "drop",
            Self::Reset { .. } => "reset",
            Self::FalseFull { .. } => "false_full",
            Self::TokenRenewed => "token_renewed",
            Self::NetworkLost { .. } => "network_lost",
            Self::NetworkBack { .. } => "network_back",
            Self::FaultBegan { .. } => "fault_began",
            Self::FaultEnded { .. } => "fault_ended",
            Self::SourceChanged { .. } => "source_changed",
            Self::LimitChanged { .. } => "limit_changed",
            Self::WindowChanged { .. } => "window_changed",
            Self::Unlimited => "unlimited",
            Self::ClockJumped { .. } => "clock_jumped",
        }
    }
}
