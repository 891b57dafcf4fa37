//! One reading in its series: with its time, what is to be expected, and what happened since the one
//! before.

use chrono::{DateTime, Utc};

use super::Event;
use crate::quota::{Forecast, Record};

/// One reading in its series.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When the answer was there.
    pub at: DateTime<Utc>,
    /// The reading.
    pub record: Record,
    /// What is to be expected.
    pub forecast: Forecast,
    /// What happened since the reading before.
    pub events: Vec<Event>,
}
