//! The terminal while the live view has it: raw mode, the alternate screen, no cursor. Given back at
//! the end, in a panic, and while the program is stopped (Ctrl-Z, SIGTSTP, SIGSTOP) or in the
//! background; taken again in the foreground. Apart because who may touch a terminal's modes is a
//! matter of its own: follows POSIX.1-2024, chapter 11.1.4, and its rules for orphaned groups.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, is_raw_mode_enabled};
use crossterm::{cursor, execute};
use rustix::process::{Signal, getpgrp, getpid, getsid, kill_process, kill_process_group};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Context;

/// A signal that stops us has done so after this long, and whoever is still running was not stopped.
const STOPPING: Duration = Duration::from_millis(500);

/// What signals ask of the view.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    stop: AtomicBool,
    continued: AtomicBool,
}

/// What is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// This process: somebody signalled it.
    Process,
    /// All of the job that it is part of, as a terminal does it at Ctrl-Z.
    Job,
}

impl Jobs {
    /// Hears SIGTSTP and SIGCONT from now on. Once the view is `left`, SIGTSTP stops the process as usual.
    ///
    /// # Errors
    /// The signals cannot be heard.
    pub(super) fn listen(left: CancellationToken) -> io::Result<Arc<Self>> {
        let kind = |signal: Signal| SignalKind::from_raw(signal.as_raw());
        let (mut stops, mut continues) = (signal(kind(Signal::TSTP))?, signal(kind(Signal::CONT))?);
        let jobs = Arc::new(Self::default());
        let heard = jobs.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = stops.recv() => {
                        if left.is_cancelled() {
                            halt(Halt::Process);
                        } else {
                            heard.stop.store(true, Ordering::SeqCst);
                        }
                    }
                    Some(()) = continues.recv() => heard.continued.store(true, Ordering::SeqCst),
                    else => return,
                }
            }
        });
        Ok(jobs)
    }

    /// Whether SIGTSTP came since this was last asked.
    pub(super) fn wants_stop(&self) -> bool {
        self.stop.swap(false, Ordering::SeqCst)
    }

    /// Whether SIGCONT came since this was last asked: something else may have been on the terminal.
    pub(super) fn has_continued(&self) -> bool {
        self.continued.swap(false, Ordering::SeqCst)
    }

    /// Stops; returns when it goes on, or when that is not to be.
    pub(super) fn halt(&self, what: Halt) {
        self.continued.store(false, Ordering::SeqCst);
        halt(what);
        // The signal may reach this thread a little later than the others.
        let asked = Instant::now();
        while !self.continued.load(Ordering::SeqCst) && asked.elapsed() < STOPPING {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether somebody would let a stopped job go on: not that of the session's leader, whose parent is
/// elsewhere (`ssh -t`, a container, a window of its own). The kernel ignores SIGTSTP there, too.
pub(super) fn can_halt() -> bool {
    getsid(None).is_ok_and(|leader| leader != getpgrp())
}

/// SIGSTOP, as SIGTSTP is heard by ourselves.
fn halt(what: Halt) {
    if can_halt() {
        // What does not stop goes on.
        let _ = match what {
            Halt::Process => kill_process(getpid(), Signal::STOP),
            Halt::Job => kill_process_group(getpgrp(), Signal::STOP),
        };
    }
}

/// Whether the terminal is ours to use: else setting its modes or reading from it would stop us. One
/// that controls no jobs is.
pub(super) fn in_foreground() -> bool {
    tcgetpgrp(io::stdout()).map_or(true, |group| group == getpgrp())
}

/// Standard output as the view writes it: a frame at a time.
pub(super) struct Screen {
    context: Context,
    bytes: Vec<u8>,
}

impl Screen {
    pub(super) fn new(context: &Context) -> Self {
        Self { context: context.clone(), bytes: Vec::new() }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        self.context.answer(&String::from_utf8_lossy(&bytes))
    }
}

/// The terminal, while it is ours and while it is not; given back when dropped.
pub(super) struct Taken {
    screen: Screen,
    given_back: Arc<AtomicBool>,
}

impl Taken {
    /// Takes the terminal, if this is its foreground.
    ///
    /// # Errors
    /// It does not let itself be taken; it is as it was then.
    pub(super) fn new(context: &Context) -> io::Result<Self> {
        if context.colour {
            // crossterm would look at NO_COLOR once more and overrule --color.
            crossterm::style::force_color_output(true);
        }
        let given_back = Arc::new(AtomicBool::new(true));
        let mut taken = Self { screen: Screen::new(context), given_back: given_back.clone() };
        // The release build aborts on a panic, so that nothing is dropped: the hook is what is left.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !given_back.swap(true, Ordering::SeqCst) {
                give_back();
            }
            before(panic);
        }));
        if in_foreground() {
            taken.take()?;
        }
        Ok(taken)
    }

    /// Whether the view is on it.
    pub(super) fn is_ours(&self) -> bool {
        !self.given_back.load(Ordering::SeqCst)
    }

    /// Takes it, in the foreground, with nothing on it yet.
    ///
    /// # Errors
    /// It does not let itself be taken.
    pub(super) fn take(&mut self) -> io::Result<()> {
        if is_raw_mode_enabled()? {
            // Meanwhile others had it: raw mode is what they left, and not what is remembered.
            disable_raw_mode()?;
        }
        enable_raw_mode()?;
        self.given_back.store(false, Ordering::SeqCst);
        execute!(self.screen, EnterAlternateScreen, Clear(ClearType::All), cursor::Hide)
    }

    /// Gives it back as it was.
    pub(super) fn release(&mut self) {
        if self.given_back.swap(true, Ordering::SeqCst) {
            return;
        }
        // What cannot be given back now cannot be given back at all.
        let _ = execute!(self.screen, LeaveAlternateScreen, cursor::Show);
        // In the background the shell has set the modes that it wants.
        if in_foreground() {
            let _ = disable_raw_mode();
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.release();
    }
}

/// Gives the terminal back without anything of ours, as in a panic.
pub(super) fn give_back() {
    if in_foreground() {
        let _ = disable_raw_mode();
    }
    let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
}
