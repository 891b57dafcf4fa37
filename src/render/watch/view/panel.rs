//! One identity: who it is, a gauge of what is left, and what is to be expected. One to three lines.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::{Series, Theme};
use crate::image::hub;
use crate::quota::{Forecast, Record, State, Window};
use crate::render::check::sentence;
use crate::render::style::Role;
use crate::render::{Look, span};
use crate::text::one_line;

/// Columns of a gauge at the most.
const GAUGE: usize = 40;

/// How near trouble is: the colour of a gauge.
fn role(record: &Record) -> Role {
    match (record.state, record.limit, record.remaining) {
        (State::Failed | State::Throttled | State::Exhausted, ..) => Role::Bad,
        (State::Unknown, ..) => Role::Caution,
        (State::Limited, Some(limit), Some(left)) if left.saturating_mul(5) <= limit => {
            Role::Caution
        }
        _ => Role::Good,
    }
}

/// What a series is among the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// The chart is its: the name in reverse video.
    pub(super) selected: bool,
    /// It is being read.
    pub(super) asking: bool,
}

/// The lines of a series: as many of the three as there is room for. What does not fit is left out
/// piece by piece, the least first; nothing is cut in the middle of a number.
pub(super) fn lines(
    series: &Series,
    marks: Marks,
    theme: Theme,
    width: u16,
    now: DateTime<Utc>,
) -> [Line<'static>; 3] {
    let width = usize::from(width);
    [
        title(series, marks.selected, theme, width),
        gauge(series, marks.asking, theme, width),
        outlook(series, theme, width, now),
    ]
}

fn title(series: &Series, selected: bool, theme: Theme, width: usize) -> Line<'static> {
    let used = series.last.as_ref().is_some_and(|(_, record)| record.effective);
    let mark = Span::styled(if used { "▸ " } else { "  " }, theme.of(Role::Strong));
    let name = if selected {
        theme.of(Role::Strong).add_modifier(Modifier::REVERSED)
    } else {
        theme.of(Role::Strong)
    };
    let Some((_, record)) = &series.last else {
        let who = one_line(&series.name, width.saturating_sub(2));
        return Line::from(vec![mark, Span::styled(who, name)]);
    };
    let who =
        Span::styled(one_line(record.identity.label(), 60.min(width.saturating_sub(2))), name);
    let mut room = width.saturating_sub(2 + who.width());
    let effective =
        Some(Span::styled(" effective", theme.of(Role::Dim))).filter(|_| record.effective);
    let source = record.source.as_deref().or_else(|| series.counted.as_ref()?.source.as_deref());
    let source = source.map(|source| Span::raw(format!("  counted as {}", one_line(source, 60))));
    let mut fitting = |span: Option<Span<'static>>| {
        let span = span.filter(|span| span.width() <= room);
        room -= span.as_ref().map_or(0, Span::width);
        span
    };
    let source = fitting(source);
    let effective = fitting(effective);
    let room = room.saturating_sub(2).min(120);
    let image = if record.image.chars().count() <= room {
        &record.image
    } else {
        hub::familiar(&record.image)
    };
    let image =
        Some(one_line(image, room)).filter(|shown| shown.chars().count() > 10 || shown == image);
    let image = image.map(|image| Span::styled(format!("  {image}"), theme.of(Role::Dim)));
    Line::from(
        [Some(mark), Some(who), effective, source, image].into_iter().flatten().collect::<Vec<_>>(),
    )
}

/// The reading whose count is shown, the limit and what is left of it; `None` where the gauge has a
/// sentence in its place.
fn count<'a>(series: &'a Series, record: &'a Record) -> Option<(&'a Record, u64, u64)> {
    let shown =
        if record.remaining.is_some() { record } else { series.counted.as_ref().unwrap_or(record) };
    Some((shown, shown.limit.filter(|limit| *limit > 0)?, shown.remaining?))
}

fn gauge(series: &Series, asking: bool, theme: Theme, width: usize) -> Line<'static> {
    let Some((_, record)) = &series.last else {
        return Line::from(if asking { "  asking…" } else { "  waits" });
    };
    let Some((shown, limit, left)) = count(series, record) else {
        let words = one_line(&sentence(record), 300.min(width.saturating_sub(2)));
        return Line::from(vec![Span::raw("  "), Span::styled(words, theme.of(role(record)))]);
    };
    let used = limit.saturating_sub(left);
    let cells = u64::try_from((width / 2).clamp(4, GAUGE)).unwrap_or(4);
    let full = (left.saturating_mul(cells).div_ceil(limit)).min(cells);
    let bar = |count: u64, sign: &str| sign.repeat(usize::try_from(count).unwrap_or(0));
    let window = shown
        .window_seconds
        .and_then(Window::from_seconds)
        .map(|window| format!("  {window} window"))
        .unwrap_or_default();
    let mut spans = vec![
        Span::raw("  "),
        Span::styled(bar(full, "█"), theme.of(role(shown))),
        Span::styled(bar(cells - full, "░"), theme.of(Role::Dim)),
        Span::styled(
            format!(" {left} left"),
            theme.of(if role(shown) == Role::Good { Role::Strong } else { role(shown) }),
        ),
    ];
    let stale = (!std::ptr::eq(shown, record))
        .then(|| Span::styled(format!("  {}", record.state.as_str()), theme.of(Role::Bad)));
    let taken: usize = spans.iter().chain(&stale).map(Span::width).sum();
    let rest = [
        format!("  {used} of {limit} used{window}"),
        format!("  {used} of {limit} used"),
        format!(" of {limit}"),
    ];
    spans
        .extend(rest.into_iter().find(|rest| taken + rest.chars().count() <= width).map(Span::raw));
    spans.extend(stale);
    Line::from(spans)
}

fn outlook(series: &Series, theme: Theme, width: usize, now: DateTime<Utc>) -> Line<'static> {
    let Some((_, record)) = &series.last else { return Line::default() };
    let room = width.saturating_sub(2);
    // What the gauge says in words is not said again.
    let said = count(series, record).is_none().then(|| sentence(record));
    if let Some(error) = &record.error {
        let (words, role) =
            if said.is_some() { (&error.advice, Role::Dim) } else { (&error.message, Role::Bad) };
        return Line::from(Span::styled(format!("  {}", one_line(words, room)), theme.of(role)));
    }
    let look = Look { columns: None, colour: false, now };
    let mut parts = expected(&series.forecast, look);
    if let Some(full) = record.full_by {
        let time = look.time(full);
        let clock = time.split(" (").next().unwrap_or_default().to_owned();
        parts.push([format!("full again by {time}"), format!("full by {clock}")]);
    }
    if let Some(warning) = record.warnings.iter().find(|warning| Some(*warning) != said.as_ref()) {
        let warning = one_line(warning, 200);
        parts.push([warning.clone(), one_line(&warning, 40)]);
    }
    if parts.is_empty() && said.is_none() {
        let words = match record.state {
            State::Limited if record.used == Some(0) => "nothing used".to_owned(),
            State::Limited => "nothing burns, or too little is known yet".to_owned(),
            _ => sentence(record),
        };
        parts.push([words.clone(), words]);
    }
    Line::from(Span::raw(format!("  {}", fitting(parts, room))))
}

/// Parts side by side, each in its long form or its short one, as many as there is room for; of the
/// first at least the beginning.
fn fitting(parts: Vec<[String; 2]>, room: usize) -> String {
    let mut line = String::new();
    let joined = |line: &str, part: &str| {
        if line.is_empty() { part.to_owned() } else { format!("{line} · {part}") }
    };
    for forms in parts {
        let Some(longer) = forms
            .iter()
            .map(|form| joined(&line, form))
            .find(|longer| longer.chars().count() <= room)
        else {
            if line.is_empty() {
                return one_line(&forms[1], room);
            }
            continue;
        };
        line = longer;
    }
    line
}

/// What the forecast says, in a long form and a short one.
fn expected(forecast: &Forecast, look: Look) -> Vec<[String; 2]> {
    let mut parts = Vec::new();
    if let Some(burn) = forecast.burn_per_hour {
        let burn = format!("{burn:.0} pulls/h");
        parts.push([burn.clone(), burn]);
    }
    if let Some(empty) = forecast.empty_at {
        let range = forecast
            .empty_range
            .map(|(early, late)| range(early, late, look.now))
            .unwrap_or_default();
        let time = format!("empty {}", look.time(empty));
        parts.push([format!("{time}{range}"), time]);
    } else if let Some((early, None)) = forecast.empty_range.filter(|(early, _)| *early > look.now)
    {
        let time = look.time(early);
        parts.push([
            format!("not empty before {time}, perhaps never"),
            format!("not empty before {time}"),
        ]);
    }
    parts
}

/// `, between 4m and 6m`, `, in 4m at the earliest`.
fn range(early: DateTime<Utc>, late: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let away = |at: DateTime<Utc>| {
        span(u64::try_from((at - now).max(TimeDelta::zero()).num_seconds()).unwrap_or(0))
    };
    match late {
        Some(late) if away(early) == away(late) => String::new(),
        Some(late) => format!(", between {} and {}", away(early), away(late)),
        None => format!(", in {} at the earliest", away(early)),
    }
}
