//! What happened between two readings, in words for people, and its form in JSON.

use serde::{Deserialize, Serialize};

use crate::history::Event;
use crate::quota::Window;
use crate::render::span;
use crate::render::style::Role;
use crate::text::one_line;

/// An event in JSON: its stable name and its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its stable name.
    pub kind: String,
    /// Its words.
    pub text: String,
}

impl Event {
    /// Its words: one line.
    pub fn words(&self) -> String {
        let window = |seconds: u64| {
            Window::from_seconds(seconds)
                .map_or_else(|| "none".to_owned(), |window| window.to_string())
        };
        match self {
            Self::LimitBegan { refused: true } => "the 429 of the pull limit began".to_owned(),
            Self::LimitBegan { refused: false } => "the pull limit is used up".to_owned(),
            Self::LimitEnded { seconds } => {
                format!("pulls are left again after {}", span(*seconds))
            }
            Self::ThrottleBegan { which } => {
                format!("the {which} limit refuses: requests are held back")
            }
            Self::ThrottleEnded { seconds } => {
                format!("the other limit refuses no longer after {}", span(*seconds))
            }
            Self::Drop { pulls } => format!("{pulls} pulls gone at once"),
            Self::Reset { from, to } => format!("the count came back from {from} to {to}"),
            Self::FalseFull { shown } => {
                format!("a full count of {shown} is ignored until a second reading says so")
            }
            Self::TokenRenewed => "a new token".to_owned(),
            Self::NetworkLost { message } => one_line(&format!("not reached: {message}"), 300),
            Self::NetworkBack { seconds } => format!("reached again after {}", span(*seconds)),
            Self::FaultBegan { message, .. } => one_line(message, 300),
            Self::FaultEnded { seconds } => format!("readings again after {}", span(*seconds)),
            Self::SourceChanged { from, to } => {
                one_line(&format!("counted as {to} now, as {from} before: a new series"), 400)
            }
            Self::LimitChanged { from, to } => {
                format!("the limit is {to} pulls now, {from} before")
            }
            Self::WindowChanged { from, to } => {
                format!("the window is {} now, {} before", window(*to), window(*from))
            }
            Self::Unlimited => "no pull limit applies any more".to_owned(),
            Self::ClockJumped { seconds } if *seconds >= 0 => {
                format!(
                    "{} went by unseen: this machine slept, or its clock was set",
                    span(seconds.unsigned_abs())
                )
            }
            Self::ClockJumped { seconds } => {
                format!("the clock was set back by {}: a new series", span(seconds.unsigned_abs()))
            }
        }
    }

    /// How it is coloured.
    pub const fn role(&self) -> Role {
        match self {
            Self::LimitBegan { .. }
            | Self::ThrottleBegan { .. }
            | Self::NetworkLost { .. }
            | Self::FaultBegan { .. } => Role::Bad,
            Self::LimitEnded { .. }
            | Self::ThrottleEnded { .. }
            | Self::NetworkBack { .. }
            | Self::FaultEnded { .. }
            | Self::Reset { .. }
            | Self::Unlimited => Role::Good,
            Self::Drop { .. }
            | Self::FalseFull { .. }
            | Self::SourceChanged { .. }
            | Self::LimitChanged { .. }
            | Self::WindowChanged { .. }
            | Self::ClockJumped { .. } => Role::Caution,
            Self::TokenRenewed => Role::Dim,
        }
    }

    /// Its form in JSON.
    pub fn record(&self) -> EventRecord {
        EventRecord { kind: self.kind().to_owned(), text: self.words() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_stay_on_their_line() {
        let event = Event::SourceChanged { from: "a\u{1b}[2J".into(), to: "b\r\nc".into() };
        assert_eq!(event.words(), "counted as b c now, as a [2J before: a new series");
    }

    #[test]
    fn a_clock_goes_both_ways() {
        assert!(Event::ClockJumped { seconds: 3_600 }.words().starts_with("1h went by unseen"));
        assert!(Event::ClockJumped { seconds: -60 }.words().contains("set back by 1m"));
    }
}
