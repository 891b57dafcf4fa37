//! A picture as text. One line is drawn in braille, two dots a column and four a line; of several
//! each has its letter, so that they are told apart without colour.

use super::axis::Axis;
use super::{Line, Picture};
use crate::render::Look;
use crate::render::style::{Palette, Role};

/// Lines of a chart.
const LINES: usize = 12;
/// The width where there is no terminal, and the least and the most of any.
const COLUMNS: (usize, usize, usize) = (80, 40, 240);
/// Dots of a braille character by their place: column, then line from the top (Unicode 17, 2800–28FF).
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The letter of a line.
pub fn letter(place: usize) -> char {
    u8::try_from(place % 26).map_or('?', |place| char::from(b'a' + place))
}

/// The chart with its axes, each line with its end; nothing where nothing was counted.
pub fn chart(picture: &Picture, look: Look) -> String {
    let Some(axis) = Axis::of(picture) else { return String::new() };
    let (usual, least, most) = COLUMNS;
    let margin = axis.top.to_string().len() + 2;
    let columns =
        look.columns.map_or(usual, usize::from).clamp(least, most).saturating_sub(margin).max(8);
    let mut canvas = Canvas { columns, cells: vec![' '; columns * LINES] };
    let shown: Vec<&Line> = picture.lines.iter().filter(|line| !line.cells.is_empty()).collect();
    if let [line] = shown.as_slice() {
        canvas.braille(axis, line);
    } else {
        for (place, line) in picture.lines.iter().enumerate() {
            canvas.letters(axis, line, letter(place));
        }
    }
    let palette = Palette::new(look.colour);
    let counts = axis.counts();
    let mut text = String::new();
    for (line, cells) in canvas.cells.chunks(columns).enumerate() {
        let label = counts
            .iter()
            .find(|count| row(axis.up(**count), LINES) == line)
            .map(ToString::to_string)
            .unwrap_or_default();
        let cells: String = cells.iter().collect();
        let mark = if label.is_empty() { '│' } else { '┤' };
        text.push_str(&format!(
            "{label:>width$} {mark}{}\n",
            palette.paint(Role::Accent, cells.trim_end()),
            width = margin - 2
        ));
    }
    text.push_str(&format!("{:>width$} └{}\n", "", "─".repeat(columns), width = margin - 2));
    text.push_str(&format!("{:>width$}  {}\n", "", times(axis, columns), width = margin - 2));
    let below = format!("{}, {}", picture.what, axis.span());
    text.push_str(&format!("{:>width$}  {below}\n", "", width = margin - 2));
    text
}

/// The line of times below: each begins at its place, where it does not touch the one before.
fn times(axis: Axis, columns: usize) -> String {
    let mut line = String::new();
    let most = i64::try_from(columns / 14).unwrap_or(1).max(1);
    for (at, text) in axis.times(most) {
        let place = column(axis.across(at), columns);
        let length = line.chars().count();
        if place + text.len() <= columns && (length == 0 || place > length) {
            line.push_str(&" ".repeat(place - length));
            line.push_str(&text);
        }
    }
    line
}

struct Canvas {
    columns: usize,
    cells: Vec<char>,
}

impl Canvas {
    /// A line in dots: between two cells the count stays as it was last read, then steps.
    fn braille(&mut self, axis: Axis, shown: &Line) {
        let (width, height) = (self.columns * 2, LINES * 4);
        let mut before: Option<(usize, usize)> = None;
        for cell in shown.cells.iter() {
            let at = column(axis.across(cell.at), width);
            let (high, low, last) = (
                row(axis.up(cell.high), height),
                row(axis.up(cell.low), height),
                row(axis.up(cell.last), height),
            );
            let (mut top, mut bottom) = (high.min(low), high.max(low));
            if let Some((from, level)) = before.filter(|_| !cell.breaks) {
                (from..=at).for_each(|column| self.dot(column, level));
                (top, bottom) = (top.min(level), bottom.max(level));
            }
            (top..=bottom).for_each(|line| self.dot(at, line));
            before = Some((at, last));
        }
    }

    fn dot(&mut self, column: usize, line: usize) {
        let bit = DOTS.get(column % 2).and_then(|dots| dots.get(line % 4)).copied().unwrap_or(0);
        if let Some(cell) = self.cells.get_mut(line / 4 * self.columns + column / 2) {
            let dots = if *cell == ' ' { 0x2800 } else { u32::from(*cell) };
            *cell = char::from_u32(dots | bit).unwrap_or(*cell);
        }
    }

    /// A letter for each reading, and on the way to the next one.
    fn letters(&mut self, axis: Axis, shown: &Line, letter: char) {
        let mut before: Option<(usize, usize)> = None;
        for cell in shown.cells.iter() {
            let (at, line) =
                (column(axis.across(cell.at), self.columns), row(axis.up(cell.low), LINES));
            if let Some((from, level)) = before.filter(|_| !cell.breaks) {
                (from + 1..at).for_each(|column| self.put(column, level, letter));
            }
            self.put(at, line, letter);
            before = Some((at, line));
        }
    }

    fn put(&mut self, column: usize, line: usize, letter: char) {
        if let Some(cell) = self.cells.get_mut(line * self.columns + column) {
            // Two in one place: both are there, so neither hides the other.
            *cell = if *cell == ' ' || *cell == letter { letter } else { '+' };
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a small number"
)]
fn column(share: f64, columns: usize) -> usize {
    ((share * columns as f64) as usize).min(columns.saturating_sub(1))
}

/// The line of a share of the height, from the top.
fn row(share: f64, lines: usize) -> usize {
    lines.saturating_sub(1).saturating_sub(column(share, lines))
}
