//! What was left over time, and from now on the forecast: the likely line, and the range around it.

use chrono::{DateTime, Local, Utc};
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Borders, Chart, Dataset, GraphType};

use super::{Series, Theme};
use crate::render::style::Role;

/// Dots of a forecast line.
const DOTS: u32 = 48;
/// Smaller than this there is nothing to see.
pub(super) const LEAST: (u16, u16) = (24, 5);

type Dots = Vec<(f64, f64)>;

/// Draws the chart of a series; nothing where there is no room for one.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    series: &Series,
    label: &str,
    theme: Theme,
    now: DateTime<Utc>,
) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return;
    }
    let block = Block::new().borders(Borders::TOP).border_style(theme.of(Role::Dim)).title(
        Line::from(vec![Span::styled(format!(" pulls left: {label} "), theme.of(Role::Strong))]),
    );
    let Some(plot) = Plot::of(series, now) else {
        let words = if series.last.is_some() { "  no count to draw" } else { "" };
        frame.render_widget(
            ratatui::widgets::Paragraph::new(words).style(theme.of(Role::Dim)).block(block),
            area,
        );
        return;
    };
    let lines = plot.lines.iter().map(|dots| {
        Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(theme.of(Role::Accent))
            .data(dots)
    });
    let ahead = [(&plot.range, Role::Dim), (&plot.likely, Role::Caution)];
    let ahead = ahead.into_iter().map(|(dots, role)| {
        Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Scatter)
            .style(theme.of(role))
            .data(dots)
    });
    let height = area.height;
    let chart = Chart::new(ahead.chain(lines).collect())
        .block(block)
        .legend_position(None)
        .hidden_legend_constraints((Constraint::Length(0), Constraint::Length(0)))
        .x_axis(
            Axis::default()
                .bounds([plot.from, plot.to])
                .labels(plot.times(area.width))
                .style(theme.of(Role::Dim)),
        )
        .y_axis(
            Axis::default()
                .bounds([0.0, plot.top])
                .labels(plot.counts(height))
                .style(theme.of(Role::Dim)),
        );
    frame.render_widget(chart, area);
}

/// The numbers of a chart: seconds since 1970 and pulls.
struct Plot {
    /// Stretches without a gap.
    lines: Vec<Dots>,
    likely: Dots,
    range: Dots,
    from: f64,
    to: f64,
    top: f64,
}

impl Plot {
    fn of(series: &Series, now: DateTime<Utc>) -> Option<Self> {
        let points = series.history.points();
        let mut lines: Vec<Dots> = vec![Vec::new()];
        for (at, remaining) in points {
            match remaining {
                Some(left) => lines.last_mut()?.push((seconds(*at), real(*left))),
                None if lines.last().is_some_and(|line| !line.is_empty()) => lines.push(Vec::new()),
                None => {}
            }
        }
        lines.retain(|line| !line.is_empty());
        let last = *lines.last()?.last()?;
        let highest = lines.iter().flatten().map(|(_, left)| *left).fold(1.0, f64::max);
        let limit = series.counted.as_ref().and_then(|record| record.limit).map_or(highest, real);
        let first = seconds(points.first()?.0);
        let present = seconds(now.timestamp_millis()).max(last.0);
        let span = (present - first).max(30.0);
        let empty = |at: Option<DateTime<Utc>>| {
            at.map(|at| seconds(at.timestamp_millis())).filter(|at| *at > last.0)
        };
        let likely = empty(series.forecast.empty_at);
        let (early, late) = series
            .forecast
            .empty_range
            .map_or((None, None), |(early, late)| (empty(Some(early)), empty(late)));
        // What is to come takes at most as much room as what was.
        let furthest = late.or(likely).unwrap_or(present).max(likely.unwrap_or(present));
        let to = (furthest + span * 0.05).clamp(present + span * 0.02, present + span);
        let ahead = |at: Option<f64>, dots| {
            at.map(|at| dotted(last, (at, 0.0), to, dots)).unwrap_or_default()
        };
        let mut range = ahead(early, DOTS / 2);
        range.extend(ahead(late, DOTS / 2));
        Some(Self {
            lines,
            likely: ahead(likely, DOTS),
            range,
            from: present - span,
            to,
            top: highest.max(limit),
        })
    }

    fn times(&self, width: u16) -> Vec<Span<'static>> {
        let format = if self.to - self.from < 600.0 {
            "%H:%M:%S"
        } else if self.to - self.from < 86_400.0 {
            "%H:%M"
        } else {
            "%m-%d %H:%M"
        };
        let label = |at: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970")]
            let at = DateTime::from_timestamp(at as i64, 0).unwrap_or_default();
            Span::raw(at.with_timezone(&Local).format(format).to_string())
        };
        let middle = f64::midpoint(self.from, self.to);
        if width < 50 {
            vec![label(self.from), label(self.to)]
        } else {
            vec![label(self.from), label(middle), label(self.to)]
        }
    }

    fn counts(&self, height: u16) -> Vec<Span<'static>> {
        let label = |count: f64| Span::raw(format!("{count:>4.0}"));
        if height < 8 {
            return vec![label(0.0), label(self.top)];
        }
        vec![label(0.0), label(self.top / 2.0), label(self.top)]
    }
}

/// Dots on a line, as far as the chart goes.
fn dotted(from: (f64, f64), to: (f64, f64), end: f64, dots: u32) -> Dots {
    (1..=dots)
        .map(|dot| {
            let part = f64::from(dot) / f64::from(dots);
            let at = from.0 + (end.min(to.0) - from.0) * part;
            let fallen = if to.0 > from.0 { (at - from.0) / (to.0 - from.0) } else { 1.0 };
            (at, from.1 + (to.1 - from.1) * fallen)
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a chart is not that fine")]
fn real(count: u64) -> f64 {
    count as f64
}
