//! After the 429: readings, politely apart, until the count is full again. HEAD only, so that
//! looking costs nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::pulling::Pulling;
use super::report::{Recovery, RecoveryReading};
use crate::polling::waiting::Waiting;
use crate::quota::LimitStatus;

/// Waits for the count to come back; ends early on shutdown or when three windows have passed.
pub(super) async fn watch(pulling: &mut Pulling<'_>) -> Recovery {
    let started = Instant::now();
    let window = pulling
        .reading
        .count()
        .and_then(|count| count.window)
        .map_or(Duration::from_secs(3_600), crate::quota::Window::duration);
    let pace = Waiting::new(pulling.task.loopback);
    let mut recovery =
        Recovery { seconds_to_first: None, seconds_to_full: None, readings: Vec::new() };
    while started.elapsed() < window * 3 && recovery.seconds_to_full.is_none() {
        let wait = pace.recovery(window, pulling.reading.retry_after);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = pulling.task.context.shutdown.cancelled() => break,
        }
        pulling.reading = pulling.task.read().await;
        let after_seconds = started.elapsed().as_secs();
        let Some(remaining) = pulling.reading.remaining() else { continue };
        recovery.readings.push(RecoveryReading { after_seconds, remaining });
        pulling.watcher.recovering(after_seconds, &pulling.reading);
        if remaining > 0 {
            recovery.seconds_to_first.get_or_insert(after_seconds);
        }
        if let LimitStatus::Limited(count) = pulling.reading.status
            && count.used() == 0
        {
            recovery.seconds_to_full = Some(after_seconds);
        }
    }
    recovery
}
