//! One reading as `watch` shows it: with its time, what is to be expected, and what happened since
//! the one before.

use chrono::{DateTime, Utc};

use super::Event;
use crate::quota::{Forecast, Record};

/// One reading as `watch` shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// When the answer was there.
    pub at: DateTime<Utc>,
    /// The reading.
    pub record: Record,
    /// What is to be expected.
    pub forecast: Forecast,
    /// What happened since the reading before.
    pub events: Vec<Event>,
}
