//! The last readings, as `check -o json` has them, and the counts over time.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::check::{Asked, CheckReport};
use crate::quota::{Record, timestamp};
use crate::serve::{Since, Status};

/// The last readings as the report of a check that was made at `now`. A failed one has no counts here, however
/// young the last ones are.
///
/// # Errors
/// None in practice.
pub fn readings(status: &Status, now: DateTime<Utc>) -> serde_json::Result<String> {
    let records: Vec<Record> =
        status.standings.values().map(|standing| standing.record.clone()).collect();
    let asked = Asked { endpoint: status.endpoint.clone(), sandbox: status.sandbox };
    Ok(serde_json::to_string(&CheckReport::new(now, asked, records))? + "\n")
}

#[derive(Serialize)]
struct History<'a> {
    schema: &'static str,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Series<'a> {
    registry: &'a str,
    image: &'a str,
    identity: &'a str,
    effective: bool,
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    at: String,
    remaining: u64,
    lowest: u64,
    highest: u64,
    refused: bool,
}

/// Counts over time, of an identity where one is named, from a time on. Neighbours in time are one point
/// where there are many: its lowest and its highest count are kept.
///
/// # Errors
/// None in practice.
pub fn history(status: &Status, Since { identity, from }: Since<'_>) -> serde_json::Result<String> {
    let wanted = status
        .standings
        .values()
        .filter(|standing| identity.is_none_or(|name| standing.record.identity.label() == name));
    let series = wanted.map(|standing| Series {
        registry: &standing.record.registry,
        image: &standing.record.image,
        identity: standing.record.identity.label(),
        effective: standing.record.effective,
        points: standing
            .trace
            .cells()
            .iter()
            .filter(|cell| from.is_none_or(|from| cell.at >= from))
            .map(|cell| Point {
                at: timestamp(cell.at),
                remaining: cell.last,
                lowest: cell.low,
                highest: cell.high,
                refused: cell.refused,
            })
            .collect(),
    });
    let history = History { schema: "dhlimit/history/1", series: series.collect() };
    Ok(serde_json::to_string(&history)? + "\n")
}
