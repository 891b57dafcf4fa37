//! What a reading means for the exit code: one rule for every command that asks.

use crate::exit::Exit;
use crate::quota::{FaultKind, LimitStatus, Reading};

/// The exit code of one reading.
pub fn exit_of(reading: &Reading) -> Exit {
    match &reading.status {
        LimitStatus::Limited(_) | LimitStatus::Unlimited => Exit::Ok,
        LimitStatus::Exhausted { .. } => Exit::Limit,
        LimitStatus::Unknown => Exit::Unknown,
        LimitStatus::Throttled(..) => Exit::Throttled,
        LimitStatus::Failed(fault) => match fault.kind {
            FaultKind::Credentials
            | FaultKind::Denied
            | FaultKind::NotFound
            | FaultKind::Blocked => Exit::Credentials,
            FaultKind::OverallLimit | FaultKind::LoginLimit => Exit::Throttled,
            FaultKind::Network
            | FaultKind::Timeout
            | FaultKind::Tls
            | FaultKind::Server
            | FaultKind::Protocol => Exit::Unreachable,
        },
    }
}
