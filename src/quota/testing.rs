//! Readings for the tests of whoever reads them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Confidence, Count, Fault, FaultKind, Identity, LimitStatus, Reading, Window};

/// A reading that stands so.
pub(crate) fn reading(status: LimitStatus) -> Reading {
    Reading {
        at: "2026-11-22T09:15:21Z".parse().unwrap(),
        image: "nginx".parse().unwrap(),
        identity: Identity::Anonymous,
        effective: true,
        family: None,
        status,
        confidence: Confidence::Reported,
        full_by: None,
        source: None,
        http_status: Some(200),
        digest: None,
        retry_after: None,
        elapsed: Duration::from_millis(1),
        headers: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// So many of 100 left, in a window of an hour.
pub(crate) fn limited(remaining: u64) -> LimitStatus {
    match remaining {
        0 => LimitStatus::Exhausted { limit: Some(100), window: Window::from_seconds(3_600) },
        _ => LimitStatus::Limited(Count {
            limit: 100,
            remaining,
            window: Window::from_seconds(3_600),
        }),
    }
}

/// A failure of a kind.
pub(crate) fn failed(kind: FaultKind) -> LimitStatus {
    LimitStatus::Failed(fault(kind))
}

/// A fault of a kind.
pub(crate) fn fault(kind: FaultKind) -> Fault {
    Fault { kind, message: "m".into(), advice: "a".into() }
}
