//! The one place that runs children: own process group, no terminal, bounded output, bounded time,
//! always reaped, and ended with dhlimit however that ends. Every driver, and `watch --on-change`,
//! needs exactly this. A tool that waits quietly can be ended by what it prints (`stop_at`).

use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::capture::Capture;
use super::guard::Guard;

/// How long a child may take to leave after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long the pipes of a child that has ended are read for what a grandchild may still write.
const DRAIN: Duration = Duration::from_millis(100);

/// What a child may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// How long it may run.
    pub(crate) limit: Duration,
    /// How many bytes of each of its two output streams are kept.
    pub(crate) room: usize,
    /// Ends it early when cancelled.
    pub(crate) shutdown: Option<&'a CancellationToken>,
    /// How long it may go on by itself once shutdown is asked for.
    pub(crate) patience: Duration,
    /// Ends it early when this text appears on its standard error.
    pub(crate) stop_at: Option<&'static str>,
    /// What it finds on its standard input; it need not read it.
    pub(crate) input: &'a [u8],
}

impl<'a> Bounds<'a> {
    /// A time and room for each stream, nothing else.
    pub(crate) fn new(limit: Duration, room: usize) -> Self {
        Self { limit, room, shutdown: None, patience: Duration::ZERO, stop_at: None, input: &[] }
    }

    /// The same, ended early by `shutdown`.
    pub(crate) fn until(self, shutdown: &'a CancellationToken) -> Self {
        Self { shutdown: Some(shutdown), ..self }
    }

    /// The same, with something on its standard input.
    pub(crate) fn given(self, input: &'a [u8]) -> Self {
        Self { input, ..self }
    }

    /// The same, with a moment to finish after shutdown: what it does is over sooner than it is undone.
    pub(crate) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same, ended early by what it prints.
    pub(crate) fn stopping_at(self, text: &'static str) -> Self {
        Self { stop_at: Some(text), ..self }
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Ended by us: it printed the text of `stop_at`.
    Stopped,
    /// Ended by us: its time was up.
    TimedOut,
    /// Ended by us: shutdown was asked for.
    Interrupted,
}

/// A child that has ended and left nothing behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) ending: Ending,
    /// What it printed on standard output.
    pub(crate) stdout: Capture,
    /// What it printed on standard error.
    pub(crate) stderr: Capture,
    /// From its start to its end.
    pub(crate) elapsed: Duration,
}

impl Finished {
    /// Whether it ended by itself with exit code 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.ending == Ending::Exited(0)
    }

    /// The ending in words.
    pub(crate) fn status(&self) -> String {
        match self.ending {
            Ending::Exited(code) => format!("exit code {code}"),
            Ending::Signalled(signal) => format!("killed by signal {signal}"),
            Ending::Stopped | Ending::TimedOut | Ending::Interrupted => {
                "ended by dhlimit".to_owned()
            }
        }
    }

    /// Both streams as one text, errors last.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout.text(), self.stderr.text())
    }

    /// The last thing it said, errors before answers, without the dress of a log line.
    pub(crate) fn complaint(&self) -> String {
        let (errors, answers) = (self.stderr.text(), self.stdout.text());
        let last = |text: &str| {
            text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
        };
        let line = last(&errors).or_else(|| last(&answers)).unwrap_or_default();
        let message = line.split_once(" msg=\"").and_then(|(_, rest)| rest.rsplit_once('"'));
        message.map_or_else(|| line.clone(), |(message, _)| message.replace("\\\"", "\""))
    }

    /// Whether either stream has one of these words, whatever their case.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        let text = self.text().to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    }
}

/// Runs a child to its end. `command` brings program, arguments and environment; the rest is set here.
///
/// Dropping the future kills the child's whole process group at once.
///
/// # Errors
/// The child could not be started, or waited for.
pub(crate) async fn run(mut command: Command, bounds: Bounds<'_>) -> io::Result<Finished> {
    let stdin = if bounds.input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let started = Instant::now();
    let mut child = command.spawn()?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let guard = Guard::over(group.0);
    let (stdin_pipe, stdout_pipe, stderr_pipe) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Capture::new(bounds.room), Capture::new(bounds.room));
    let (never, found) = (Notify::new(), Notify::new());
    let (ending, elapsed) = {
        let reading = async {
            tokio::join!(
                feed(stdin_pipe, bounds.input),
                drain(stdout_pipe, &mut stdout, None, &never),
                drain(stderr_pipe, &mut stderr, bounds.stop_at, &found)
            )
        };
        tokio::pin!(reading);
        let mut pipes = Pipes { reading, closed: false };
        let ending = tokio::select! {
            status = pipes.wait(&mut child) => ending_of(status?),
            () = found.notified() => Ending::Stopped,
            () = asked(bounds.shutdown, bounds.patience) => Ending::Interrupted,
            () = tokio::time::sleep(bounds.limit) => Ending::TimedOut,
        };
        if matches!(ending, Ending::Stopped | Ending::TimedOut | Ending::Interrupted) {
            end(&group, &mut pipes, &mut child).await;
        }
        let elapsed = started.elapsed();
        // A grandchild may hold the pipes open for ever: what comes in a moment is taken, then the group goes.
        pipes.drain().await;
        group.signal(Signal::KILL);
        pipes.drain().await;
        (ending, elapsed)
    };
    guard.dismiss().await;
    tracing::debug!(?ending, ?elapsed, "ended");
    Ok(Finished { ending, stdout, stderr, elapsed })
}

/// Ends a child and all it started: by being told, then by force.
async fn end<F: Future>(group: &Group, pipes: &mut Pipes<'_, F>, child: &mut Child) {
    // A stopped process takes SIGTERM only after it goes on.
    group.signal(Signal::TERM);
    group.signal(Signal::CONT);
    if timeout(GRACE, pipes.wait(child)).await.is_err() {
        group.signal(Signal::KILL);
        // Only one that hangs in the kernel outlives this; it is reaped when it comes back.
        let _ = timeout(GRACE, pipes.wait(child)).await;
    }
}

/// The two pipes of a child, read until both are closed.
struct Pipes<'a, F> {
    reading: Pin<&'a mut F>,
    closed: bool,
}

impl<F: Future> Pipes<'_, F> {
    /// Waits for the child, reading meanwhile so that it never blocks on a full pipe.
    async fn wait(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                _ = &mut self.reading, if !self.closed => self.closed = true,
            }
        }
    }

    /// Reads on until both pipes are closed, for a moment at most.
    async fn drain(&mut self) {
        if !self.closed {
            self.closed = timeout(DRAIN, &mut self.reading).await.is_ok();
        }
    }
}

/// A child's process group, killed when dropped.
///
/// Its number cannot have been given to another group while one of its processes lives, and once
/// all are gone the system's process numbers would have to wrap between two lines above.
pub(super) struct Group(pub(super) Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Nobody left to signal is the usual case, and fine.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Writes what a child is given, and closes the pipe. A child that does not read it is no fault.
async fn feed(pipe: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut pipe) = pipe {
        let _ = pipe.write_all(input).await;
    }
}

/// Copies a pipe into its capture until it closes; says when `stop_at` came by.
async fn drain(
    pipe: Option<impl AsyncRead + Unpin>,
    capture: &mut Capture,
    stop_at: Option<&'static str>,
    found: &Notify,
) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0_u8; 8192];
    let mut seen: Vec<u8> = Vec::new();
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        let chunk = buffer.get(..length).unwrap_or_default();
        capture.push(chunk);
        if let Some(text) = stop_at.map(str::as_bytes) {
            seen.extend_from_slice(chunk);
            if seen.windows(text.len()).any(|window| window == text) {
                found.notify_one();
            }
            // The text may be cut between two reads.
            seen.drain(..seen.len().saturating_sub(text.len()));
        }
    }
}

/// Waits for shutdown and its moment of patience; for ever where none can be asked for.
async fn asked(shutdown: Option<&CancellationToken>, patience: Duration) {
    match shutdown {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
    tokio::time::sleep(patience).await;
}

fn ending_of(status: ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .map_or_else(|| Ending::Signalled(status.signal().unwrap_or_default()), Ending::Exited)
}

#[cfg(test)]
mod tests;
