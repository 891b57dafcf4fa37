//! One identity: who it is, a gauge of what is used, and what is to be expected. One to three lines.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::text::{Line, Span};

use super::{Series, Theme};
use crate::quota::{Forecast, Record, State, Window};
use crate::render::check::sentence;
use crate::render::style::Role;
use crate::render::{Look, span};
use crate::text::one_line;

/// Columns of a gauge at the most.
const GAUGE: u16 = 40;

/// How near trouble is: the colour of a gauge.
fn role(record: &Record) -> Role {
    match (record.state, record.limit, record.remaining) {
        (State::Failed | State::Throttled | State::Exhausted, ..) => Role::Bad,
        (State::Unknown, ..) => Role::Caution,
        (State::Limited, Some(limit), Some(left)) if left.saturating_mul(5) <= limit => Role::Caution,
        _ => Role::Good,
    }
}

/// The lines of a series: as many of the three as there is room for.
pub(super) fn lines(series: &Series, marked: bool, theme: Theme, width: u16, now: DateTime<Utc>) -> [Line<'static>; 3] {
    [title(series, marked, theme), gauge(series, theme, width), outlook(series, theme, now)]
}

fn title(series: &Series, marked: bool, theme: Theme) -> Line<'static> {
    let mark = Span::styled(if marked { "▸ " } else { "  " }, theme.of(Role::Strong));
    let Some((_, record)) = &series.last else {
        return Line::from(vec![mark, Span::styled(series.name.clone(), theme.of(Role::Strong))]);
    };
    let mut spans = vec![mark, Span::styled(one_line(record.identity.label(), 60), theme.of(Role::Strong))];
    if record.effective {
        spans.push(Span::styled(" effective", theme.of(Role::Dim)));
    }
    if let Some(source) = series.last.as_ref().and_then(|(_, record)| record.counted()).or_else(|| known(series)?.counted()) {
        spans.push(Span::raw(format!("  counted as {source}")));
    }
    spans.push(Span::styled(format!("  {}", one_line(&record.image, 120)), theme.of(Role::Dim)));
    Line::from(spans)
}

fn known(series: &Series) -> Option<&Record> {
    series.counted.as_ref()
}

fn gauge(series: &Series, theme: Theme, width: u16) -> Line<'static> {
    let Some((_, record)) = &series.last else { return Line::from("  asking…") };
    let shown = if record.remaining.is_some() { record } else { known(series).unwrap_or(record) };
    let (Some(limit), Some(left)) = (shown.limit.filter(|limit| *limit > 0), shown.remaining) else {
        return Line::from(vec![Span::raw("  "), Span::styled(one_line(&sentence(record), 300), theme.of(role(record)))]);
    };
    let used = limit.saturating_sub(left);
    let cells = u64::from((width / 2).clamp(4, GAUGE));
    let full = (used.saturating_mul(cells).div_ceil(limit)).min(cells);
    let bar = |count: u64, sign: &str| sign.repeat(usize::try_from(count).unwrap_or(0));
    let window = shown.window_seconds.and_then(Window::from_seconds).map(|window| format!("  {window} window")).unwrap_or_default();
    let mut spans = vec![
        Span::raw("  "),
        Span::styled(bar(full, "█"), theme.of(role(shown))),
        Span::styled(bar(cells - full, "░"), theme.of(Role::Dim)),
        Span::styled(format!(" {left} left"), theme.of(if role(shown) == Role::Good { Role::Strong } else { role(shown) })),
        Span::raw(format!("  {used} of {limit} used{window}")),
    ];
    if !std::ptr::eq(shown, record) {
        spans.push(Span::styled(format!("  {}", record.state.as_str()), theme.of(Role::Bad)));
    }
    Line::from(spans)
}

fn outlook(series: &Series, theme: Theme, now: DateTime<Utc>) -> Line<'static> {
    let Some((_, record)) = &series.last else { return Line::default() };
    if let Some(error) = &record.error {
        return Line::from(Span::styled(format!("  {}", one_line(&error.message, 300)), theme.of(Role::Bad)));
    }
    let look = Look { columns: None, colour: false, now };
    let mut parts = expected(&series.forecast, look);
    if let Some(full) = record.full_by {
        parts.push(format!("full again by {}", look.time(full)));
    }
    if let Some(warning) = record.warnings.first() {
        parts.push(one_line(warning, 200));
    }
    if parts.is_empty() {
        let words = match record.state {
            State::Limited if record.used == Some(0) => "nothing used".to_owned(),
            State::Limited => "nothing burns, or too little is known yet".to_owned(),
            _ => sentence(record),
        };
        parts.push(words);
    }
    Line::from(Span::raw(format!("  {}", parts.join(" · "))))
}

fn expected(forecast: &Forecast, look: Look) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(burn) = forecast.burn_per_hour {
        parts.push(format!("{burn:.0} pulls/h"));
    }
    if let Some(empty) = forecast.empty_at {
        let range = forecast.empty_range.map(|(early, late)| range(early, late, look.now)).unwrap_or_default();
        parts.push(format!("empty {}{range}", look.time(empty)));
    }
    parts
}

/// ` between 4m and 6m`, ` in 4m at the earliest`.
fn range(early: DateTime<Utc>, late: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let away = |at: DateTime<Utc>| span(u64::try_from((at - now).max(TimeDelta::zero()).num_seconds()).unwrap_or(0));
    match late {
        Some(late) if away(early) == away(late) => String::new(),
        Some(late) => format!(", {} to {}", away(early), away(late)),
        None => format!(", {} or later, perhaps never", away(early)),
    }
}
