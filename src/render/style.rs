//! Colours by what they say, not by what they are. The few shades are of middle brightness, so that
//! they can be read on a black terminal and on a white one (WCAG 2.1 contrast, checked by a test).
//! Colour only repeats what the words say already.

use std::fmt;

use anstyle::{Ansi256Color, Style};

/// What a piece of text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// All is well.
    Good,
    /// Worth a look.
    Caution,
    /// Wrong, or used up.
    Bad,
    /// A name to find by eye.
    Accent,
    /// Of less interest.
    Dim,
    /// Of more interest.
    Strong,
}

impl Role {
    /// The shade, in the palette of 256 colours; `None` where the text keeps the terminal's own.
    pub(super) const fn shade(self) -> Option<u8> {
        match self {
            Self::Good => Some(28),
            Self::Caution => Some(130),
            Self::Bad => Some(160),
            Self::Accent => Some(30),
            Self::Dim => Some(243),
            Self::Strong => None,
        }
    }

    const fn style(self) -> Style {
        let style = match self.shade() {
            Some(shade) => Ansi256Color(shade).on_default(),
            None => Style::new(),
        };
        if matches!(self, Self::Bad | Self::Strong) { style.bold() } else { style }
    }
}

/// Paints, or leaves plain: decided once, where `--color`, the terminal and the environment are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Palette {
    colour: bool,
}

impl Palette {
    /// A palette that paints only if `colour`.
    pub const fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// Whether it paints at all.
    pub const fn is_on(self) -> bool {
        self.colour
    }

    /// `text` in the colour of its role.
    ///
    /// ```
    /// use dhlimit::render::style::{Palette, Role};
    /// assert_eq!(Palette::new(false).paint(Role::Bad, 0).to_string(), "0");
    /// assert!(Palette::new(true).paint(Role::Bad, 0).to_string().starts_with('\u{1b}'));
    /// ```
    pub fn paint<T: fmt::Display>(self, role: Role, text: T) -> Painted<T> {
        Painted { style: self.colour.then(|| role.style()), text }
    }
}

/// A text with its colour.
#[derive(Debug, Clone, Copy)]
pub struct Painted<T> {
    style: Option<Style>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            None => self.text.fmt(f),
            Some(style) => {
                write!(f, "{style}")?;
                self.text.fmt(f)?;
                write!(f, "{style:#}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, green and blue of a colour in the cube or the grey ramp of the 256 (xterm's values).
    fn rgb(shade: u8) -> [f64; 3] {
        if shade >= 232 {
            return [f64::from(8 + 10 * u16::from(shade - 232)); 3];
        }
        let level = |step: u8| if step == 0 { 0.0 } else { f64::from(55 + 40 * u16::from(step)) };
        let at = shade - 16;
        [level(at / 36), level(at / 6 % 6), level(at % 6)]
    }

    fn luminance(rgb: [f64; 3]) -> f64 {
        let linear = |part: f64| {
            let part = part / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = rgb.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn every_shade_can_be_read_on_black_and_on_white() {
        for role in [Role::Good, Role::Caution, Role::Bad, Role::Accent, Role::Dim] {
            let shade = luminance(rgb(role.shade().unwrap()));
            let (on_black, on_white) = ((shade + 0.05) / 0.05, 1.05 / (shade + 0.05));
            // 4.5:1 for text, 3:1 for bold text.
            let least = if role == Role::Bad { 3.0 } else { 4.3 };
            assert!(
                on_black >= least && on_white >= least,
                "{role:?}: {on_black:.2} on black, {on_white:.2} on white"
            );
        }
    }

    #[test]
    fn paint_ends_where_the_text_ends() {
        assert_eq!(Palette::new(true).paint(Role::Strong, "x").to_string(), "\u{1b}[1mx\u{1b}[0m");
        assert_eq!(format!("{:>3}", Palette::new(false).paint(Role::Strong, "x")), "  x");
    }
}
