//! The effects a command may have, passed in: clock, standard streams, environment, terminal,
//! shutdown. Apart so that tests need no sleep, no global and no process.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead as _, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::text;

/// Where wall-clock time comes from. Waiting is tokio's, so that tests can pause it.
pub trait Clock: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A snapshot of environment variables. Names and values that are not UTF-8 are left out.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process.
    pub fn from_process() -> Self {
        let mut environment = Self(
            std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        );
        // A service or a cron job may have no HOME: docker then looks where the list of users says.
        if environment.home().is_none()
            && let Some(home) = std::env::home_dir()
                .and_then(|home| home.into_os_string().into_string().ok())
                .filter(|home| !home.is_empty())
        {
            environment.0.insert("HOME".to_owned(), home);
        }
        environment
    }

    /// The value of a variable; unset and empty are the same.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The home directory: `HOME`.
    pub fn home(&self) -> Option<PathBuf> {
        self.var("HOME").map(PathBuf::from)
    }

    /// The variables in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    // Values may be secrets: names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Which of the standard streams are terminals, and how wide standard output is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Standard input is a terminal.
    pub stdin: bool,
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal.
    pub stderr: bool,
    /// Columns of the terminal behind standard output; `None` where it is none.
    pub columns: Option<u16>,
}

type Sink = Arc<Mutex<Box<dyn Write + Send>>>;

/// Everything outside the program that a command may touch.
#[derive(Clone)]
pub struct Context {
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Environment variables.
    pub environment: Environment,
    /// What kind of thing the standard streams are.
    pub terminal: Terminal,
    /// Cancelled at the first SIGINT or SIGTERM: leave tidily, with [`crate::Exit::Interrupted`].
    pub shutdown: CancellationToken,
    /// Whether talk on standard error is wanted at all (`--quiet` clears it).
    pub talkative: bool,
    /// Whether an answer for people is to leave nothing out: `--verbose`.
    pub detailed: bool,
    /// Whether standard output may carry colour.
    pub colour: bool,
    out: Sink,
    err: Sink,
    /// Whether a passing line stands on standard error.
    passing: Arc<AtomicBool>,
}

/// Does on a thread of its own what may block for ever, such as reading from a pipe that nobody writes
/// to: the asynchronous runtime waits at its end for the threads that it keeps for this, and nobody waits
/// for this one. Whoever drops the future leaves it behind.
///
/// # Errors
/// Where no thread is to be had, or the work ended by a panic.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (sender, done) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("aside".to_owned()).spawn(move || {
        // Whoever asked may have gone.
        let _ = sender.send(work());
    })?;
    done.await.map_err(io::Error::other)
}

/// The most bytes of a file that is read whole: a configuration, a login, certificates.
pub const MOST_FILE: u64 = 1024 * 1024;

/// All of what `source` gives, and an error where that is more than [`MOST_FILE`].
///
/// # Errors
/// The reader's; of the kind `FileTooLarge` where there is more.
pub fn read_bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_FILE {
        let words = format!("it is larger than {MOST_FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(bytes)
}

/// The same of a file, before there is an asynchronous runtime. A pipe that nobody writes to is
/// left behind after `limit`.
///
/// # Errors
/// As [`read_bounded`]; of the kind `TimedOut` where there is no end in time.
pub fn read_file_within(path: &Path, limit: Duration) -> io::Result<Vec<u8>> {
    let file = path.to_owned();
    let read = move || read_bounded(std::fs::File::open(file)?);
    if std::fs::metadata(path)?.is_file() {
        return read();
    }
    let (sender, done) = mpsc::channel();
    std::thread::Builder::new().name("aside".to_owned()).spawn(move || {
        // Whoever asked may have gone.
        let _ = sender.send(read());
    })?;
    done.recv_timeout(limit).map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, "it gives no end within the time limit")
    })?
}

/// Why a file cannot be read, in words: our own, else those of the error's kind.
pub fn why_unread(error: &io::Error) -> String {
    let of_kind = || match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        kind => kind.to_string(),
    };
    error.get_ref().map_or_else(of_kind, ToString::to_string)
}

/// Standard output takes no more: a full disk behind it, for one.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(io::Error);

/// An error of standard output, named as such; a reader that has gone stays what it is.
fn of_output(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => error,
        kind => io::Error::new(kind, OutputError(error)),
    }
}

/// Back to the beginning of the line, and nothing on it (ECMA-48: EL).
const NEW_LINE: &str = "\r\u{1b}[2K";

impl Context {
    /// The real process: its clock, streams and environment.
    pub fn from_process() -> Self {
        let terminal = Terminal {
            stdin: io::stdin().is_terminal(),
            stdout: io::stdout().is_terminal(),
            stderr: io::stderr().is_terminal(),
            columns: rustix::termios::tcgetwinsize(io::stdout())
                .ok()
                .map(|size| size.ws_col)
                .filter(|columns| *columns > 0),
        };
        Self {
            terminal,
            ..Self::new(Environment::from_process(), Box::new(io::stdout()), Box::new(io::stderr()))
        }
    }

    /// A context on the given environment and writers, without a terminal.
    pub fn new(
        environment: Environment,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            environment,
            terminal: Terminal::default(),
            shutdown: CancellationToken::new(),
            talkative: true,
            detailed: false,
            colour: false,
            out: Arc::new(Mutex::new(out)),
            err: Arc::new(Mutex::new(err)),
            passing: Arc::default(),
        }
    }

    /// Writes a piece of the answer to standard output and flushes it.
    ///
    /// # Errors
    /// The writer's; a broken pipe is passed on and ends the program quietly at the edge.
    pub fn answer(&self, text: &str) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(of_output)
    }

    /// The same for a command whose exit code is an answer, too: a reader that has gone is no error,
    /// and the command goes on to its end.
    ///
    /// # Errors
    /// The writer's, but for a broken pipe.
    pub fn tell(&self, text: &str) -> io::Result<()> {
        match self.answer(text) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            told => told,
        }
    }

    /// Writes one line of talk to standard error, unless `--quiet`; broken between words where that
    /// is a terminal. Failures are of no interest.
    pub fn say(&self, line: &str) {
        if self.talkative {
            self.complain(line);
        }
    }

    /// Appends text to the file that a variable names, as GitHub Actions has it. Where the variable is not
    /// set nothing is written. A job in a container may not have the file: that is told, and no more.
    pub fn append_to(&self, variable: &str, text: &str) {
        let Some(path) = self.environment.var(variable) else { return };
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
        if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
            self.say(&format!("! cannot append to {path}, which {variable} names: {error}"));
        }
    }

    /// Whether the answer to a question on the terminal is yes; an interruption is no.
    pub async fn confirms(&self, question: &str) -> bool {
        self.complain(question);
        let answer = aside(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        tokio::select! {
            answer = answer => matches!(answer, Ok(Ok(line)) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")),
            () = self.shutdown.cancelled() => false,
        }
    }

    /// Writes one line to standard error whatever `--quiet` says: errors only.
    pub fn complain(&self, line: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        if self.passing.swap(false, Ordering::SeqCst) {
            let _ = write!(err, "{NEW_LINE}");
        }
        let columns = self.terminal.columns.filter(|_| self.terminal.stderr);
        let _ = writeln!(
            err,
            "{}",
            line.lines().map(|line| text::wrap(line, columns)).collect::<Vec<_>>().join("\n")
        );
        let _ = err.flush();
    }

    /// Shows a line on the terminal behind standard error that the next one replaces, this one's or
    /// any other; an empty one takes it away. It must fit the terminal, with room for the `^C` that is
    /// echoed at its end: a line that wraps cannot be taken back.
    pub fn pass(&self, line: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.passing.swap(!line.is_empty(), Ordering::SeqCst) && line.is_empty() {
            return;
        }
        let _ = write!(err, "{NEW_LINE}{line}");
        let _ = err.flush();
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("terminal", &self.terminal)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
