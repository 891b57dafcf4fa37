//! A frame of the view, laid out by what there is room for: down to a single line the most important
//! number stays.

use std::time::Duration;

use chrono::{DateTime, Local, Utc};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::{Schedule, Theme, View, chart, panel};
use crate::render::span;
use crate::render::style::Role;

/// What the keys do.
const KEYS: [(&str, &str); 7] = [
    ("q, Esc", "quit"),
    ("p", "pause and go on"),
    ("space, r", "a reading now"),
    ("+ and -", "a longer or shorter interval"),
    ("Tab, ↑ ↓", "the next identity"),
    ("z", "the chart alone, or everything"),
    ("?", "this help"),
];
/// What they do where rounds go by themselves.
const KEYS_OF_A_RUN: [(&str, &str); 3] =
    [("q, Esc", "stop and clean up"), ("z", "the chart alone, or everything"), ("?", "this help")];
/// Lines of the chart at the least, its frame and axis included.
const CHART: u16 = 6;
/// Lines of events at the most.
const EVENTS: u16 = 8;

/// Draws the view.
///
/// Without a schedule nothing is to be paused or hurried: the keys for that are not shown.
pub fn draw(frame: &mut Frame<'_>, view: &View, schedule: Option<Schedule>, now: DateTime<Utc>) {
    let area = frame.area();
    if area.width == 0 || area.height == 0 {
        return;
    }
    let shows_footer = area.height >= 3;
    let shows_header = area.height >= 10;
    let [header, body, footer] = Layout::vertical([
        Constraint::Length(u16::from(shows_header)),
        Constraint::Min(1),
        Constraint::Length(u16::from(shows_footer)),
    ])
    .areas(area);
    if shows_header {
        draw_header(frame, header, view, now);
    }
    draw_body(frame, body, view, schedule.and_then(|schedule| schedule.asking), now);
    if shows_footer {
        frame
            .render_widget(Paragraph::new(footer_line(view.theme, schedule, footer.width)), footer);
    }
    if view.help {
        draw_help(frame, area, view.theme, schedule.is_some());
    }
}

fn draw_header(frame: &mut Frame<'_>, area: Rect, view: &View, now: DateTime<Utc>) {
    let clock = now.with_timezone(&Local).format("%H:%M:%S").to_string();
    let count = view.series.len();
    let title = if count > 1 {
        format!("dhlimit {}  {} of {count}", view.subject.command, view.selected + 1)
    } else {
        format!("dhlimit {}", view.subject.command)
    };
    let mut title = vec![Span::styled(title, view.theme.of(Role::Strong))];
    if view.subject.sandbox {
        title.push(Span::styled("  SANDBOX", view.theme.of(Role::Caution)));
    }
    frame.render_widget(Paragraph::new(Line::from(title)), area);
    frame.render_widget(
        Paragraph::new(Span::styled(clock, view.theme.of(Role::Dim))).right_aligned(),
        area,
    );
}

fn draw_body(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    asking: Option<usize>,
    now: DateTime<Utc>,
) {
    let count =
        if view.zoomed { 1 } else { u16::try_from(view.series.len()).unwrap_or(u16::MAX).max(1) };
    // Every series gets as many lines as leave room for the chart; where all do not fit, those around
    // the selected one are shown.
    let has_chart = area.height > CHART && area.width >= chart::LEAST.0;
    let spare = area.height.saturating_sub(if has_chart { CHART } else { 0 });
    let each = (spare / count).clamp(1, 3).min(area.height);
    let panels = count.saturating_mul(each).min(if spare >= each { spare } else { area.height })
        / each
        * each;
    let rest = area.height.saturating_sub(panels);
    let wanted =
        u16::try_from(view.events.len() + view.notes.len()).unwrap_or(u16::MAX).min(EVENTS) + 1;
    let events = if view.zoomed || rest < CHART + 3 || wanted == 1 {
        0
    } else {
        wanted.min(rest - CHART).min(rest / 3 + 1)
    };
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(panels),
        Constraint::Min(0),
        Constraint::Length(events),
    ])
    .areas(area);
    draw_panels(frame, top, view, each, asking, now);
    if let Some(series) = view.series.get(view.selected) {
        chart::draw(frame, middle, series, &view.label(view.selected, 60), view.theme, now);
    }
    if events > 0 {
        draw_events(frame, bottom, view);
    }
}

fn draw_panels(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    each: u16,
    asking: Option<usize>,
    now: DateTime<Utc>,
) {
    let room = usize::from((area.height / each.max(1)).max(1));
    let first = if view.zoomed { view.selected } else { (view.selected + 1).saturating_sub(room) };
    let mut lines = Vec::new();
    let shown = view.series.iter().enumerate().skip(first).take(if view.zoomed { 1 } else { room });
    for (number, series) in shown {
        let selected = view.series.len() > 1 && number == view.selected;
        let [title, gauge, outlook] = panel::lines(
            series,
            panel::Marks { selected, asking: asking == Some(number) },
            view.theme,
            area.width,
            now,
        );
        match each {
            1 => lines.push(gauge),
            2 => lines.extend([title, gauge]),
            _ => lines.extend([title, gauge, outlook]),
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_events(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let theme = view.theme;
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(theme.of(Role::Dim))
        .title(Span::styled(" events ", theme.of(Role::Strong)));
    let lines =
        view.news().into_iter().take(usize::from(area.height)).map(|(at, number, words, role)| {
            let clock = at.with_timezone(&Local).format("%H:%M:%S  ").to_string();
            let mut spans = vec![Span::styled(clock, theme.of(Role::Dim))];
            if let Some(number) = number.filter(|_| view.series.len() > 1) {
                spans.push(Span::styled(
                    format!("{}  ", view.label(number, 28)),
                    theme.of(Role::Dim),
                ));
            }
            spans.push(Span::styled(words, theme.of(role)));
            Line::from(spans)
        });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn footer_line(theme: Theme, schedule: Option<Schedule>, width: u16) -> Line<'static> {
    let Some(schedule) = schedule else {
        return Line::from(Span::styled("q stop  z zoom  ? help", theme.of(Role::Dim)));
    };
    // Milliseconds would flicker, and what is due at once needs no countdown.
    let seconds = |wait: Duration| wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let is_fast = schedule.interval < Duration::from_secs(2);
    let next = match schedule.next_in {
        _ if schedule.paused => Some(Span::styled("paused", theme.of(Role::Caution))),
        Some(wait) if is_fast && seconds(wait) < 3 => None,
        Some(wait) => Some(Span::raw(format!("next in {}", span(seconds(wait))))),
        None if is_fast => None,
        None => Some(Span::raw("asking…")),
    };
    let dim = |words: String| Span::styled(words, theme.of(Role::Dim));
    let keys = [
        "q quit  p pause  space now  +/- interval  Tab next  z zoom  ? help",
        "q quit  p pause  space now  ? help",
        "q quit  ? help",
    ];
    let pieces: [Vec<Span<'static>>; 3] = [
        next.into_iter().collect(),
        vec![dim(format!("every {}", brief(schedule.interval)))],
        keys.into_iter().map(|keys| dim(keys.to_owned())).collect(),
    ];
    // As much as there is room for, of each piece the first form that fits.
    let mut room = usize::from(width);
    let mut spans: Vec<Span<'static>> = Vec::new();
    for forms in pieces {
        let dot = dim(if spans.is_empty() { String::new() } else { " · ".to_owned() });
        if let Some(piece) = forms.into_iter().find(|form| dot.width() + form.width() <= room) {
            room -= dot.width() + piece.width();
            spans.extend([dot, piece]);
        }
    }
    Line::from(spans)
}

/// `200ms`, `42s`, `1m 5s`.
fn brief(time: Duration) -> String {
    if time.is_zero() || time >= Duration::from_secs(1) {
        return span(time.as_secs() + u64::from(time.subsec_millis() >= 500 && time.as_secs() > 0));
    }
    format!("{}ms", time.as_millis())
}

fn draw_help(frame: &mut Frame<'_>, area: Rect, theme: Theme, has_schedule: bool) {
    let keys: &[(&str, &str)] = if has_schedule { &KEYS } else { &KEYS_OF_A_RUN };
    let width = area.width.min(48);
    let height = area.height.min(u16::try_from(keys.len()).unwrap_or(0) + 2);
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    let lines: Vec<Line<'_>> = keys
        .iter()
        .map(|(key, what)| {
            let key = Span::styled(format!(" {key:<10}"), theme.of(Role::Strong));
            Line::from(vec![key, Span::raw(*what)])
        })
        .collect();
    let block =
        Block::new().borders(Borders::ALL).border_style(theme.of(Role::Dim)).title(" keys ");
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(block), place);
}
