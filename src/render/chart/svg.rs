//! Pictures as a drawing that stands by itself: light and dark by the viewer's wish, with a title
//! and a description for those who cannot see it. Lines differ in dashes, marks and a number at
//! the end of the line, not only in colour (colours: Okabe and Ito, 2008). At most three points a
//! column, however long the recording.

use std::fmt::Write;

use super::axis::Axis;
use super::{Cell, Line, Picture};

const WIDTH: f64 = 960.0;
/// The same for a phone, so that its letters stay as large.
const NARROW: f64 = 400.0;
const HEIGHT: f64 = 350.0;
/// Left, top and bottom of the plot, and its distance from the right.
const LEFT: f64 = 64.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 310.0;
const RIGHT: f64 = 32.0;
/// The plot's columns for each time on the axis.
const COLUMNS_A_TIME: f64 = 120.0;
/// Height of a line of the legend.
const LEGEND: f64 = 22.0;
/// Columns between two marks on a line.
const MARK_EVERY: f64 = 96.0;
/// Columns between two crosses of a 429.
const CROSS_EVERY: f64 = 9.0;
const DASHES: [&str; 4] = ["none", "9 4", "3 3", "12 3 3 3"];

/// How the parts of a chart look; also part of the page, which holds the same drawing.
pub(super) const STYLE: &str = "\
.c{--ink:#1b1f24;--dim:#57606a;--grid:#d8dee4;--paper:#fff;--bad:#b3261e;--s0:#0072b2;--s1:#b85000;--s2:#00795a;--s3:#a8457f}\
@media(prefers-color-scheme:dark){.c{--ink:#e6edf3;--dim:#9da7b3;--grid:#30363d;--paper:#0d1117;--bad:#ff8a80;--s0:#56b4e9;--s1:#f0a35e;--s2:#3ccf9f;--s3:#ea9cc6}}\
@media print{.c{--ink:#000;--dim:#333;--grid:#bbb;--paper:#fff;--bad:#900;--s0:#0072b2;--s1:#b85000;--s2:#00795a;--s3:#a8457f}}\
.c text{font:13px system-ui,sans-serif;fill:var(--dim)}.c .n{fill:var(--ink)}.c .e{font-weight:700}\
.c .p{fill:var(--paper)}.c .g{stroke:var(--grid);fill:none}.c .b{stroke:var(--bad);stroke-width:2}\
.c .l{fill:none;stroke-width:2;stroke-linejoin:round}\
.c .k0{stroke:var(--s0)}.c .k1{stroke:var(--s1)}.c .k2{stroke:var(--s2)}.c .k3{stroke:var(--s3)}\
.c .m{fill:var(--paper);stroke-width:1.8}";

/// Pictures below each other, as an SVG document.
pub fn svg(pictures: &[Picture], empty: &str) -> String {
    match pictures {
        [picture] => drawing(picture, "", WIDTH, empty, true).0,
        many => {
            let (mut body, mut height) = (String::new(), 0.0);
            for (number, picture) in many.iter().enumerate() {
                let (drawn, own) = drawing(picture, &suffix(number), WIDTH, empty, false);
                let _ = write!(
                    body,
                    "<svg y=\"{height}\" width=\"{WIDTH}\" height=\"{own}\"{}",
                    drawn.strip_prefix("<svg").unwrap_or(&drawn)
                );
                height += own;
            }
            format!(
                "<svg class=\"c\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\"><style>{STYLE}</style>{body}</svg>\n"
            )
        }
    }
}

/// A picture on a page, which shows the one of two that fits its width. `number` is its place among those of
/// the page.
pub fn figure(picture: &Picture, number: usize, empty: &str) -> String {
    let id = suffix(number);
    let (wide, _) = drawing(picture, &id, WIDTH, empty, false);
    let (narrow, _) = drawing(picture, &format!("n{id}"), NARROW, empty, false);
    format!("<figure class=\"wide\">{wide}</figure><figure class=\"narrow\">{narrow}</figure>")
}

/// One alone has had its names for as long as there are drawings.
fn suffix(number: usize) -> String {
    if number == 0 { String::new() } else { number.to_string() }
}

/// Axes and the width of the whole drawing.
#[derive(Debug, Clone, Copy)]
struct Plot {
    axis: Axis,
    width: f64,
}

/// A picture as an element and its height; with its own style and size where it stands alone. `id` ends the
/// names of its parts, so that they are told from those of others in a document.
fn drawing(picture: &Picture, id: &str, width: f64, empty: &str, alone: bool) -> (String, f64) {
    let style = if alone { format!("<style>{STYLE}</style>") } else { String::new() };
    let Some(axis) = Axis::of(picture) else {
        let drawn = format!(
            "<svg class=\"c\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} 60\" role=\"img\" aria-labelledby=\"t{id}\"><title id=\"t{id}\">{empty}</title>{style}<rect class=\"p\" width=\"{width}\" height=\"60\"/><text x=\"20\" y=\"36\">{empty}</text></svg>\n"
        );
        return (drawn, 60.0);
    };
    let plot = Plot { axis, width };
    let mut rows = 0.0;
    let mut body = grid(picture, plot);
    for (place, shown) in
        picture.lines.iter().enumerate().filter(|(_, line)| !line.cells.is_empty())
    {
        body.push_str(&line(plot, place, shown));
        body.push_str(&legend(place, shown, HEIGHT + LEGEND * rows));
        rows += 1.0;
    }
    let height = HEIGHT + LEGEND * rows + 8.0;
    let size =
        if alone { format!(" width=\"{width}\" height=\"{height}\"") } else { String::new() };
    let drawn = format!(
        "<svg class=\"c\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\"{size} role=\"img\" aria-labelledby=\"t{id} d{id}\">\
<title id=\"t{id}\">{}</title><desc id=\"d{id}\">{}</desc>{style}<rect class=\"p\" width=\"{width}\" height=\"{height}\"/>{body}</svg>\n",
        escape(&picture.title),
        describe(picture, axis)
    );
    (drawn, height)
}

/// The picture in words.
fn describe(picture: &Picture, axis: Axis) -> String {
    let mut words = format!("A line chart of {}, {}.", picture.what, axis.span());
    for (place, line) in picture.lines.iter().enumerate().take(16) {
        let _ = write!(words, " Line {}, {}: {}.", place + 1, line.name, line.words);
    }
    escape(&words)
}

fn grid(picture: &Picture, plot: Plot) -> String {
    let Plot { axis, width } = plot;
    let (left, right, top, bottom) = (LEFT, width - RIGHT, TOP, BOTTOM);
    #[expect(clippy::cast_possible_truncation, reason = "a few hundreds")]
    let times = ((right - left) / COLUMNS_A_TIME) as i64;
    let mut grid = String::new();
    for count in axis.counts() {
        let y = plot.y(count);
        let _ = write!(
            grid,
            "<path class=\"g\" d=\"M{left} {y:.1}H{right}\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{count}</text>",
            left - 8.0,
            y + 4.5
        );
    }
    for (at, text) in axis.times(times.max(2)) {
        let x = plot.x(at);
        let anchor = if x > right - 30.0 { "end" } else { "middle" };
        let _ = write!(
            grid,
            "<path class=\"g\" d=\"M{x:.1} {top}V{:.0}\"/><text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{text}</text>",
            bottom + 5.0,
            bottom + 20.0
        );
    }
    let _ = write!(
        grid,
        "<text x=\"{left}\" y=\"17\">{}{}</text>",
        escape(picture.what),
        if width < WIDTH { String::new() } else { format!(" · {}", axis.span()) }
    );
    grid
}

fn line(plot: Plot, place: usize, shown: &Line) -> String {
    let columns = columns(plot, &shown.cells);
    let mut path = String::new();
    let mut marks = String::new();
    let mut refused = String::new();
    let (mut before, mut marked, mut crossed): (Option<f64>, f64, f64) =
        (None, f64::NEG_INFINITY, f64::NEG_INFINITY);
    // Marks of different series are shifted, so that they do not cover each other where lines meet.
    let shift = MARK_EVERY / 4.0 * f64::from(u8::try_from(place % 4).unwrap_or(0));
    for (x, cell) in &columns {
        let (high, low, last) = (plot.y(cell.high), plot.y(cell.low), plot.y(cell.last));
        match before.filter(|_| !cell.breaks) {
            None => {
                // What ends here may be one reading: it is to be seen as well.
                let end = if before.is_some() { "h.1" } else { "" };
                let _ = write!(path, "{end}M{x:.1} {high:.1}");
            }
            // The count holds until the next reading, then steps.
            Some(level) => {
                let _ = write!(path, "H{x:.1}");
                if (level - high).abs() > 0.05 {
                    let _ = write!(path, "V{high:.1}");
                }
            }
        }
        if cell.low != cell.high {
            let _ = write!(path, "V{low:.1}V{last:.1}");
        }
        before = Some(last);
        if *x + shift >= marked + MARK_EVERY {
            marks.push_str(&mark(place, *x, last));
            marked = *x + shift;
        }
        if cell.refused && *x >= crossed + CROSS_EVERY {
            crossed = *x;
            let _ = write!(refused, "M{:.1} {:.1}l6 6m0 -6l-6 6", x - 3.0, BOTTOM - 3.0);
        }
    }
    if let Some((x, level)) = columns.last().map(|(x, _)| x).zip(before) {
        let _ = write!(path, "h.1");
        marks.push_str(&mark(place, *x, level));
        let _ = write!(
            marks,
            "<text class=\"e n\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 8.0,
            level - 5.0,
            place + 1
        );
    }
    if !refused.is_empty() {
        refused = format!(
            "<path class=\"b\" fill=\"none\" d=\"{refused}\"><title>answered 429</title></path>"
        );
    }
    let dash = DASHES.get(place % 4).copied().unwrap_or("none");
    format!(
        "<path class=\"l k{}\" stroke-dasharray=\"{dash}\" d=\"{path}\"/>{marks}{refused}",
        place % 4
    )
}

/// Cells of the same column of the drawing put together.
fn columns(plot: Plot, cells: &[Cell]) -> Vec<(f64, Cell)> {
    let mut columns: Vec<(f64, Cell)> = Vec::new();
    for cell in cells {
        let x = plot.x(cell.at).round();
        match columns.last_mut().filter(|(last, _)| x - *last < 1.0) {
            Some((_, last)) => {
                last.low = last.low.min(cell.low);
                last.high = last.high.max(cell.high);
                last.last = cell.last;
                last.refused |= cell.refused;
            }
            None => columns.push((x, *cell)),
        }
    }
    columns
}

fn mark(place: usize, x: f64, y: f64) -> String {
    let kind = format!("class=\"m k{}\"", place % 4);
    match (place + place / 4) % 4 {
        0 => format!("<circle {kind} cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"),
        1 => format!(
            "<rect {kind} x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\"/>",
            x - 4.0,
            y - 4.0
        ),
        2 => format!("<path {kind} d=\"M{x:.1} {:.1}l5 9h-10z\"/>", y - 5.5),
        _ => format!("<path {kind} d=\"M{x:.1} {:.1}l5 5l-5 5l-5 -5z\"/>", y - 5.0),
    }
}

fn legend(place: usize, shown: &Line, top: f64) -> String {
    let (left, middle) = (LEFT, top + LEGEND / 2.0);
    let dash = DASHES.get(place % 4).copied().unwrap_or("none");
    format!(
        "<path class=\"l k{}\" stroke-dasharray=\"{dash}\" d=\"M{left} {middle:.1}h44\"/>{}<text class=\"n\" x=\"{:.0}\" y=\"{:.1}\"><tspan class=\"e\">{}</tspan> {}{}</text>",
        place % 4,
        mark(place, left + 22.0, middle),
        left + 54.0,
        middle + 4.5,
        place + 1,
        escape(&shown.name),
        escape(&shown.note),
    )
}

impl Plot {
    fn x(self, at: chrono::DateTime<chrono::Utc>) -> f64 {
        LEFT + self.axis.across(at) * (self.width - RIGHT - LEFT)
    }

    fn y(self, remaining: u64) -> f64 {
        BOTTOM - self.axis.up(remaining) * (BOTTOM - TOP)
    }
}

/// Text as XML and HTML take it, in content and in attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No document may hold them, however they are written (XML 1.0, 2.2).
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character if crate::text::is_control(character) => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}
