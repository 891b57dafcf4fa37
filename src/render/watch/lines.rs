//! A line a reading, fields apart by two spaces or more: for pipes, logs and CI.

use chrono::{DateTime, Utc};

use crate::history::{Event, Observed};
use crate::quota::timestamp;
use crate::render::check::sentence;
use crate::text::one_line;

/// `2026-11-22T09:15:21Z  IMAGE  anonymous counted as 192.0.2.10: limited  76 of 100 pulls left (1h window)  …`
pub fn line(shown: &Observed) -> String {
    let reading = &shown.record;
    let counted =
        reading.counted().map(|source| format!(" counted as {source}")).unwrap_or_default();
    let effective = if reading.effective { " [effective]" } else { "" };
    let mut line = format!(
        "{}  {}  {}{effective}{counted}: {}  {}",
        timestamp(shown.at),
        reading.image,
        reading.identity.label(),
        reading.state.as_str(),
        sentence(reading)
    );
    if let Some(burn) = shown.forecast.burn_per_hour {
        line.push_str(&format!("  {burn:.1} pulls/h"));
    }
    if let Some(empty) = shown.forecast.empty_at {
        line.push_str(&format!(
            "  empty at {}{}",
            timestamp(empty),
            range(empty, shown.forecast.empty_range)
        ));
    } else if let Some((earliest, _)) =
        shown.forecast.empty_range.filter(|(earliest, _)| *earliest > shown.at)
    {
        line.push_str(&format!("  not empty before {}, perhaps never", timestamp(earliest)));
    }
    for event in &shown.events {
        // What the reading's own words say already is not said twice.
        let words = match event {
            Event::NetworkLost { .. } => "network lost".to_owned(),
            Event::FaultBegan { .. } => "no readings any more".to_owned(),
            event => event.words(),
        };
        line.push_str(&format!("  ! {words}"));
    }
    let mut line = one_line(&line, 2_000);
    line.push('\n');
    line
}

/// How sure the time is; nothing where both ends are the time itself.
fn range(at: DateTime<Utc>, range: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>) -> String {
    match range.map(|(earliest, latest)| (timestamp(earliest), latest.map(timestamp))) {
        Some((earliest, Some(latest))) if earliest == latest && latest == timestamp(at) => {
            String::new()
        }
        Some((earliest, Some(latest))) => format!(" (between {earliest} and {latest})"),
        Some((earliest, None)) => format!(" ({earliest} at the earliest, perhaps never)"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Forecast;
    use crate::render::check::fixtures::limited;

    #[test]
    fn a_reading_is_a_line_with_its_forecast_and_events() {
        let at: DateTime<Utc> = "2026-11-22T09:15:21.750Z".parse().unwrap();
        let forecast = Forecast {
            burn_per_hour: Some(12.04),
            empty_at: Some(at + chrono::TimeDelta::hours(2)),
            ..Forecast::default()
        };
        let shown =
            Observed { at, record: limited(), forecast, events: vec![Event::Drop { pulls: 12 }] };
        assert_eq!(
            line(&shown),
            "2026-11-22T09:15:21Z  docker.io/library/nginx:latest  anonymous [effective] counted as 192.0.2.10: limited  \
             76 of 100 pulls left (1h window)  12.0 pulls/h  empty at 2026-11-22T11:15:21Z  ! 12 pulls gone at once\n"
        );
    }

    #[test]
    fn a_forecast_says_how_sure_it_is() {
        let time =
            |hour: u32| format!("2026-11-22T{hour:02}:00:00Z").parse::<DateTime<Utc>>().unwrap();
        for (empty, range, wanted) in [
            (
                Some(12),
                Some((11, Some(14))),
                "empty at 2026-11-22T12:00:00Z (between 2026-11-22T11:00:00Z and 2026-11-22T14:00:00Z)\n",
            ),
            (
                Some(12),
                Some((11, None)),
                "empty at 2026-11-22T12:00:00Z (2026-11-22T11:00:00Z at the earliest, perhaps never)\n",
            ),
            (Some(12), Some((12, Some(12))), "empty at 2026-11-22T12:00:00Z\n"),
            (None, Some((11, None)), "  not empty before 2026-11-22T11:00:00Z, perhaps never\n"),
            // Not even that: it may be empty any moment.
            (None, Some((9, None)), "(1h window)\n"),
            (None, None, "(1h window)\n"),
        ] {
            let empty_range = range.map(|(earliest, latest)| (time(earliest), latest.map(time)));
            let forecast =
                Forecast { empty_at: empty.map(time), empty_range, ..Forecast::default() };
            let line =
                line(&Observed { at: time(9), record: limited(), forecast, events: Vec::new() });
            assert!(line.ends_with(wanted), "{wanted:?} is missing: {line}");
        }
    }
}
