//! The live view of a terminal, as a state and a way to draw it: readings go in, keys turn its
//! dials, and a frame of any size comes out. It knows neither terminal nor clock, so that a test can
//! look at it. Nothing is painted behind the text: it is read on dark and on light terminals.

mod chart;
mod draw;
mod history;
mod panel;
mod theme;

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::history::{Event, Observed};
use crate::image::hub;
use crate::quota::{Forecast, Record};
use crate::text::one_line;

pub use draw::draw;
pub use history::History;
pub use theme::Theme;

/// Events that are kept.
const EVENTS: usize = 200;

/// One image as one identity.
#[derive(Debug, Clone)]
pub struct Series {
    /// Image and identity, before there is a reading.
    name: String,
    history: History,
    last: Option<(DateTime<Utc>, Record)>,
    /// The last reading that has a count, so that a lost network does not blank the gauge.
    counted: Option<Record>,
    forecast: Forecast,
}

/// What the schedule is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schedule {
    /// Time until the next reading; `None` while one is under way.
    pub next_in: Option<Duration>,
    /// The number of the series that is being read.
    pub asking: Option<usize>,
    /// From one reading to the next.
    pub interval: Duration,
    /// It stands still.
    pub paused: bool,
}

/// What the view is of: the command, and whether a sandbox answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The command's name.
    pub command: &'static str,
    /// A sandbox answers for the registry.
    pub sandbox: bool,
}

/// The state of the view.
#[derive(Debug, Clone)]
pub struct View {
    subject: Subject,
    series: Vec<Series>,
    events: VecDeque<(DateTime<Utc>, Option<usize>, Event)>,
    notes: VecDeque<(DateTime<Utc>, String)>,
    selected: usize,
    /// Whether the user selected it.
    was_chosen: bool,
    zoomed: bool,
    help: bool,
    theme: Theme,
}

impl View {
    /// A view of these series, named as long as nothing is known of them.
    pub fn new(names: Vec<String>, subject: Subject, theme: Theme) -> Self {
        let series = |name| Series {
            name,
            history: History::default(),
            last: None,
            counted: None,
            forecast: Forecast::default(),
        };
        Self {
            subject,
            series: names.into_iter().map(series).collect(),
            events: VecDeque::new(),
            notes: VecDeque::new(),
            selected: 0,
            was_chosen: false,
            zoomed: false,
            help: false,
            theme,
        }
    }

    /// Takes in a reading of the series with this number.
    pub fn take(&mut self, number: usize, shown: Observed) {
        let Some(series) = self.series.get_mut(number) else { return };
        let Observed { at, record, forecast, events } = shown;
        for event in events {
            if matches!(event, Event::SourceChanged { .. } | Event::LimitChanged { .. }) {
                series.history.clear();
            }
            if self.events.len() >= EVENTS {
                self.events.pop_front();
            }
            self.events.push_back((at, Some(number), event));
        }
        // Whom pulls count on comes first, until somebody looks at another.
        if record.effective && !self.was_chosen {
            self.selected = number;
            self.was_chosen = true;
        }
        series.history.push(at, record.remaining);
        series.forecast = forecast;
        if record.remaining.is_some() {
            series.counted = Some(record.clone());
        }
        series.last = Some((at, record));
    }

    /// A word that is no event: of the command on changes, say.
    pub fn note(&mut self, at: DateTime<Utc>, words: &str) {
        if self.notes.len() >= EVENTS {
            self.notes.pop_front();
        }
        self.notes.push_back((at, one_line(words, 500)));
    }

    /// The next series, or the one before.
    pub fn select(&mut self, back: bool) {
        let count = self.series.len().max(1);
        self.was_chosen = true;
        self.selected = if back { self.selected + count - 1 } else { self.selected + 1 } % count;
    }

    /// The chart alone, or everything.
    pub fn zoom(&mut self) {
        self.zoomed = !self.zoomed;
    }

    /// Shows what the keys do, or no longer.
    pub fn help(&mut self) {
        self.help = !self.help;
    }

    /// Closes what lies on top; whether anything did.
    pub fn close(&mut self) -> bool {
        std::mem::take(&mut self.help)
    }

    /// The last reading of each series, in their order.
    pub fn last(&self) -> impl Iterator<Item = Observed> {
        self.series.iter().filter_map(|series| {
            let (at, record) = series.last.clone()?;
            Some(Observed { at, record, forecast: series.forecast, events: Vec::new() })
        })
    }

    /// What tells a series from the others, in so many characters: who asks, and where others ask as
    /// the same one, for which image.
    fn label(&self, number: usize, most: usize) -> String {
        let Some(series) = self.series.get(number) else { return String::new() };
        let Some((_, own)) = &series.last else { return one_line(&series.name, most) };
        let who = own.identity.label();
        let is_shared = self
            .series
            .iter()
            .filter_map(|other| other.last.as_ref())
            .filter(|(_, other)| other.identity.label() == who)
            .count()
            > 1;
        let image = hub::familiar(&own.image);
        let image = image.strip_suffix(":latest").unwrap_or(image);
        one_line(&if is_shared { format!("{who} {image}") } else { who.to_owned() }, most)
    }

    /// Events and notes, the newest first: when, of which series, in which words.
    fn news(&self) -> Vec<(DateTime<Utc>, Option<usize>, String, crate::render::style::Role)> {
        let events = self
            .events
            .iter()
            .rev()
            .map(|(at, number, event)| (*at, *number, event.words(), event.role()));
        let notes = self
            .notes
            .iter()
            .rev()
            .map(|(at, words)| (*at, None, words.clone(), crate::render::style::Role::Dim));
        let mut news: Vec<_> = events.chain(notes).collect();
        news.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        news
    }
}

#[cfg(test)]
mod tests;
