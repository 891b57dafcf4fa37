//! Roles as ratatui's styles: the same shades as everywhere, readable on dark and on light, and none
//! at all where no colour is wanted. Words always say what a colour says.

use ratatui::style::{Color, Modifier, Style};

use crate::render::style::Role;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used.
    pub colour: bool,
}

impl Theme {
    /// The style of a role. Never a background.
    pub(super) fn of(self, role: Role) -> Style {
        let style = match role.shade() {
            Some(shade) if self.colour => Style::new().fg(Color::Indexed(shade)),
            _ => Style::new(),
        };
        if matches!(role, Role::Strong | Role::Bad) {
            style.add_modifier(Modifier::BOLD)
        } else {
            style
        }
    }
}
