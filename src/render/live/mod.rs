//! The live view on a real terminal: a thread of its own that reads keys and draws, so that neither
//! a slow terminal holds up the polling nor a slow registry the keys. Whatever happens (a key, a
//! signal, an error, a panic, Ctrl-Z), the terminal is given back as it was (see `tty`).

mod tty;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::tty::{Halt, Jobs, Screen, Taken, can_halt, give_back, in_foreground};
use crate::Context;
use crate::history::Observed;
use crate::polling::turns::{Shared, Wish, locked};
use crate::render::watch::line;
use crate::render::watch::view::{Schedule, Subject, Theme, View, draw};

/// A key is waited for no longer than this before the view looks for readings and its end.
const TICK: Duration = Duration::from_millis(100);
/// The clock and the countdown are drawn this often.
const REDRAW: Duration = Duration::from_secs(1);
/// How long the thread may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// What comes to the view.
#[derive(Debug)]
pub(crate) enum Update {
    /// A reading of the target with this number.
    Reading(usize, Box<Observed>),
    /// Words of the command on changes.
    Note(String),
}

/// How the view was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// By q or Escape.
    Quit,
    /// By Ctrl-C.
    Interrupted,
}

/// The view in its thread.
pub(crate) struct Live {
    thread: JoinHandle<(Option<Left>, io::Result<()>, View)>,
    stop: CancellationToken,
    /// Whether the last readings are to stay as lines.
    leaves_lines: bool,
    /// Cancelled when the view is left.
    pub(crate) left: CancellationToken,
}

/// What the view is made of.
pub(crate) struct Parts {
    /// The series, by name.
    pub(crate) names: Vec<String>,
    /// What it is of.
    pub(crate) subject: Subject,
    /// Where readings come from.
    pub(crate) updates: Receiver<Update>,
    /// `None` where rounds go by themselves.
    pub(crate) control: Option<Control>,
}

/// What keys may change of a schedule.
pub(crate) struct Control {
    /// Where wishes go.
    pub(crate) wishes: Sender<Wish>,
    /// Whose turn is next.
    pub(crate) turns: Shared,
}

impl Live {
    /// Takes the terminal over, in the background as soon as it is brought to the fore.
    ///
    /// # Errors
    /// The terminal does not let itself be taken over; it is as it was then.
    pub(crate) fn open(context: &Context, parts: Parts) -> io::Result<Self> {
        let (stop, left) = (CancellationToken::new(), CancellationToken::new());
        // Also where the thread panics: nobody watches a watch without its view.
        let at_end = left.clone().drop_guard();
        let jobs = Jobs::listen(left.clone())?;
        let taken = Taken::new(context)?;
        let view = View::new(parts.names.clone(), parts.subject, Theme { colour: context.colour });
        let leaves_lines = parts.control.is_some();
        let mut loops =
            Loop { context: context.clone(), parts, view, taken, jobs, stop: stop.clone() };
        let thread = std::thread::Builder::new().name("view".to_owned()).spawn(move || {
            let left = loops.run();
            drop(loops.taken);
            drop(at_end);
            match left {
                Ok(left) => (left, Ok(()), loops.view),
                Err(error) => (None, Err(error), loops.view),
            }
        })?;
        Ok(Self { thread, stop, leaves_lines, left })
    }

    /// Gives the terminal back, and leaves the last readings on it as lines.
    ///
    /// # Errors
    /// The terminal failed while the view was on it.
    pub(crate) async fn close(self, context: &Context) -> io::Result<Option<Left>> {
        self.stop.cancel();
        let end = Instant::now() + PATIENCE;
        while !self.thread.is_finished() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if !self.thread.is_finished() {
            // A terminal that takes nothing more: at least its modes are given back.
            give_back();
            return Ok(None);
        }
        // What the panic said stands on the terminal, which the hook gave back before.
        let (left, result, view) =
            self.thread.join().map_err(|_| io::Error::other("the live view broke"))?;
        result?;
        if self.leaves_lines {
            for shown in view.last() {
                context.answer(&line(&shown))?;
            }
        }
        Ok(left)
    }
}

/// Whether the live view is wanted and possible: not in CI, where a terminal may be pretended, not
/// under `-v`, whose trace would be written across it.
/// `table` says whether the output that was asked for is one for people.
pub(crate) fn is_wanted(context: &Context, table: Option<bool>) -> bool {
    let pretended = context.environment.var("CI").is_some_and(|value| value != "false");
    let usual = context.terminal.stdout && context.environment.var("TERM") != Some("dumb");
    match table {
        Some(table) => table && usual,
        None => {
            usual
                && !pretended
                && !(context.terminal.stderr && tracing::enabled!(tracing::Level::DEBUG))
        }
    }
}

struct Loop {
    context: Context,
    parts: Parts,
    view: View,
    taken: Taken,
    jobs: Arc<Jobs>,
    stop: CancellationToken,
}

/// Where the view is.
enum Place {
    /// On the terminal.
    Here,
    /// There again: nothing of it is to be seen yet.
    Back,
    /// Stopped or in the background; the terminal is somebody else's.
    Away,
}

impl Loop {
    fn run(&mut self) -> io::Result<Option<Left>> {
        let mut terminal = self.screen()?;
        let mut drawn: Option<Instant> = None;
        let mut dirty = true;
        loop {
            if self.stop.is_cancelled() {
                return Ok(None);
            }
            dirty |= self.catch_up();
            match self.place()? {
                Place::Here => {}
                Place::Back => {
                    terminal = self.screen()?;
                    dirty = true;
                }
                Place::Away => {
                    std::thread::sleep(TICK);
                    continue;
                }
            }
            if dirty || drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
                let (schedule, now) = (self.schedule(), self.context.clock.now());
                terminal.draw(|frame| draw(frame, &self.view, schedule, now))?;
                drawn = Some(Instant::now());
                dirty = false;
            }
            if !event::poll(TICK)? {
                continue;
            }
            match event::read()? {
                event::Event::Key(key) if key.kind != KeyEventKind::Release => {
                    match self.key(key) {
                        Some(left) => return Ok(Some(left)),
                        None => dirty = true,
                    }
                }
                event::Event::Resize(..) => {
                    terminal.autoresize()?;
                    dirty = true;
                }
                _ => {}
            }
        }
    }

    fn screen(&self) -> io::Result<Terminal<CrosstermBackend<Screen>>> {
        Terminal::new(CrosstermBackend::new(Screen::new(&self.context)))
    }

    /// Follows the shell's control of jobs.
    fn place(&mut self) -> io::Result<Place> {
        if self.jobs.wants_stop() {
            self.halt(Halt::Process);
        }
        // Whoever was stopped without a warning finds the shell's text and modes.
        if self.jobs.has_continued() || !in_foreground() {
            self.taken.release();
        }
        if self.taken.is_ours() {
            return Ok(Place::Here);
        }
        if !in_foreground() {
            return Ok(Place::Away);
        }
        self.taken.take()?;
        Ok(Place::Back)
    }

    fn halt(&mut self, what: Halt) {
        if can_halt() {
            self.taken.release();
            self.jobs.halt(what);
        }
    }

    /// Takes in what has come; whether anything has.
    fn catch_up(&mut self) -> bool {
        let mut any = false;
        loop {
            match self.parts.updates.try_recv() {
                Ok(Update::Reading(number, shown)) => self.view.take(number, *shown),
                Ok(Update::Note(words)) => self.view.note(self.context.clock.now(), &words),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return any,
            }
            any = true;
        }
    }

    fn schedule(&self) -> Option<Schedule> {
        let turns = locked(&self.parts.control.as_ref()?.turns);
        let now = Instant::now();
        let next_in = turns
            .schedule
            .next()
            .map(|(_, at)| at.saturating_duration_since(now))
            .filter(|wait| !wait.is_zero());
        Some(Schedule {
            asking: turns.schedule.under_way(),
            next_in,
            interval: turns.schedule.interval(),
            paused: turns.schedule.is_paused(),
        })
    }

    fn key(&mut self, key: KeyEvent) -> Option<Left> {
        match press(key)? {
            Press::Interrupt => return Some(Left::Interrupted),
            Press::Halt => self.halt(Halt::Job),
            Press::Close if self.view.close() => {}
            Press::Close | Press::Quit => return Some(Left::Quit),
            // Where so many wishes wait, one more or less is not missed.
            Press::Wish(wish) => {
                if let Some(control) = &self.parts.control {
                    let _ = control.wishes.try_send(wish);
                }
            }
            Press::Zoom => self.view.zoom(),
            Press::Help => self.view.help(),
            Press::Select { back } => self.view.select(back),
        }
        None
    }
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Press {
    /// Leave, as by a signal.
    Interrupt,
    /// Stop until the shell lets it go on.
    Halt,
    /// Close what lies on top, or leave.
    Close,
    /// Leave.
    Quit,
    /// For the schedule.
    Wish(Wish),
    /// The chart alone, or everything.
    Zoom,
    /// What the keys do.
    Help,
    /// The next series, or the one before.
    Select { back: bool },
}

fn press(key: KeyEvent) -> Option<Press> {
    Some(match key.code {
        // Other keys held with Control are the terminal's or nobody's.
        KeyCode::Char(letter) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            return match letter {
                'c' => Some(Press::Interrupt),
                'z' => Some(Press::Halt),
                _ => None,
            };
        }
        KeyCode::Esc => Press::Close,
        KeyCode::Char('q') => Press::Quit,
        KeyCode::Char('p') => Press::Wish(Wish::Pause),
        KeyCode::Char(' ' | 'r') => Press::Wish(Wish::Hurry),
        KeyCode::Char('+' | '=') => Press::Wish(Wish::Interval { longer: true }),
        KeyCode::Char('-' | '_') => Press::Wish(Wish::Interval { longer: false }),
        KeyCode::Char('z') => Press::Zoom,
        KeyCode::Char('?' | 'h') => Press::Help,
        KeyCode::Tab | KeyCode::Down => Press::Select { back: false },
        KeyCode::BackTab | KeyCode::Up => Press::Select { back: true },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_means_what_the_help_says_and_no_other_means_anything() {
        let (longer, shorter) = (Wish::Interval { longer: true }, Wish::Interval { longer: false });
        let table = [
            (KeyCode::Esc, Press::Close),
            (KeyCode::Char('q'), Press::Quit),
            (KeyCode::Char('p'), Press::Wish(Wish::Pause)),
            (KeyCode::Char(' '), Press::Wish(Wish::Hurry)),
            (KeyCode::Char('r'), Press::Wish(Wish::Hurry)),
            (KeyCode::Char('+'), Press::Wish(longer)),
            (KeyCode::Char('='), Press::Wish(longer)),
            (KeyCode::Char('-'), Press::Wish(shorter)),
            (KeyCode::Char('_'), Press::Wish(shorter)),
            (KeyCode::Char('z'), Press::Zoom),
            (KeyCode::Char('?'), Press::Help),
            (KeyCode::Char('h'), Press::Help),
            (KeyCode::Tab, Press::Select { back: false }),
            (KeyCode::Down, Press::Select { back: false }),
            (KeyCode::BackTab, Press::Select { back: true }),
            (KeyCode::Up, Press::Select { back: true }),
        ];
        let meaning = |code| table.iter().find(|(key, _)| *key == code).map(|(_, press)| *press);
        let others = [
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Enter,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::F(1),
            KeyCode::Null,
        ];
        for code in (' '..='~').map(KeyCode::Char).chain([KeyCode::Char('é')]).chain(others) {
            assert_eq!(press(KeyEvent::new(code, KeyModifiers::NONE)), meaning(code), "{code:?}");
            let held = press(KeyEvent::new(code, KeyModifiers::CONTROL));
            match code {
                KeyCode::Char('c') => assert_eq!(held, Some(Press::Interrupt)),
                KeyCode::Char('z') => assert_eq!(held, Some(Press::Halt)),
                KeyCode::Char(_) => assert_eq!(held, None, "Control and {code:?}"),
                _ => {}
            }
        }
    }
}
