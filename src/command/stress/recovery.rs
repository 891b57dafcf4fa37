//! After the 429: readings, politely apart, until the count is full again. HEAD only, so that
//! looking costs nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::act::PullAndRead;
use crate::quota::LimitStatus;
use crate::render::stress::{Recovery, RecoveryReading};

/// Waits for the count to come back; ends early on shutdown or when three windows have passed.
pub(super) async fn watch(act: &mut PullAndRead<'_>, loopback: bool) -> Recovery {
    let started = Instant::now();
    let window = act
        .reading
        .count()
        .and_then(|count| count.window)
        .map_or(Duration::from_secs(3_600), crate::quota::Window::duration);
    let least = if loopback { Duration::from_millis(200) } else { Duration::from_secs(10) };
    let step = (window / 60).clamp(least, Duration::from_secs(60));
    let mut recovery =
        Recovery { seconds_to_first: None, seconds_to_full: None, readings: Vec::new() };
    while started.elapsed() < window * 3 && recovery.seconds_to_full.is_none() {
        let wait = act.reading.retry_after.unwrap_or_default().max(step);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = act.context.shutdown.cancelled() => break,
        }
        act.reading = act.session.read(&act.client, &act.image, &act.who).await;
        let after_seconds = started.elapsed().as_secs();
        let Some(remaining) = act.reading.remaining() else { continue };
        recovery.readings.push(RecoveryReading { after_seconds, remaining });
        act.context.say(&format!("after {}: {remaining} left", crate::render::span(after_seconds)));
        if remaining > 0 {
            recovery.seconds_to_first.get_or_insert(after_seconds);
        }
        if let LimitStatus::Limited(count) = act.reading.status
            && count.used() == 0
        {
            recovery.seconds_to_full = Some(after_seconds);
        }
    }
    recovery
}
