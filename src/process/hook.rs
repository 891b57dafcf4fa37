//! `--on-change COMMAND`: one `sh -c` at a time beside the polling, never in its way. Each run is
//! bounded in time and output, in a process group of its own, and ended with everything it started.
//! Where changes come faster than the command runs, the oldest that wait are left out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::child::{self, Bounds, Ending};
use crate::text::one_line;

/// How long one run may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to leave after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// How long what waits may take when the watch has ended well.
const LAST: Duration = Duration::from_secs(10);
/// Bytes of each output stream that are kept.
const ROOM: usize = 16 * 1024;
/// Lines of a run's output that are shown.
const LINES: usize = 20;
/// Changes that wait.
const WAITING: usize = 16;

/// One change for the command.
#[derive(Debug)]
pub(crate) struct Change {
    /// The sample, on its standard input.
    pub(crate) json: String,
    /// What happened, in its environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// Where the command's words go.
pub(crate) type Say = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Debug, Default)]
struct Queue {
    changes: VecDeque<Change>,
    left_out: u64,
    closed: bool,
}

/// The command that is run on changes.
pub(crate) struct Hook {
    queue: Arc<Mutex<Queue>>,
    bell: Arc<Notify>,
    end: CancellationToken,
    task: JoinHandle<()>,
}

impl Hook {
    /// Starts to wait for changes.
    pub(crate) fn new(command: String, say: Say) -> Self {
        let (queue, bell, end) =
            (Arc::<Mutex<Queue>>::default(), Arc::new(Notify::new()), CancellationToken::new());
        let task = tokio::spawn(work(command, queue.clone(), bell.clone(), end.clone(), say));
        Self { queue, bell, end, task }
    }

    /// Hands a change over. Never waits.
    pub(crate) fn hand(&self, change: Change) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.changes.len() >= WAITING {
            queue.changes.pop_front();
            queue.left_out += 1;
        }
        queue.changes.push_back(change);
        drop(queue);
        self.bell.notify_one();
    }

    /// Lets what waits be done where the watch ended `well`, within bounds and until `shutdown`; else
    /// ends it now.
    pub(crate) async fn finish(mut self, well: bool, shutdown: &CancellationToken) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.bell.notify_one();
        if well {
            tokio::select! {
                done = timeout(LAST, &mut self.task) => if done.is_ok() { return },
                () = shutdown.cancelled() => {}
            }
        }
        self.end.cancel();
        // Bounded by the grace that the child is given.
        let _ = timeout(GRACE * 2, &mut self.task).await;
    }
}

async fn work(
    command: String,
    queue: Arc<Mutex<Queue>>,
    bell: Arc<Notify>,
    end: CancellationToken,
    say: Say,
) {
    loop {
        let (change, left_out, closed) = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            (queue.changes.pop_front(), std::mem::take(&mut queue.left_out), queue.closed)
        };
        if left_out > 0 {
            say(&format!(
                "! on-change: the command is slower than the changes: {left_out} were left out"
            ));
        }
        match change {
            Some(change) => run(&command, change, &end, &say).await,
            None if closed => return,
            None => bell.notified().await,
        }
        if end.is_cancelled() {
            return;
        }
    }
}

async fn run(command: &str, change: Change, end: &CancellationToken, say: &Say) {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).envs(change.variables);
    let bounds = Bounds::new(LIMIT, ROOM).until(end).given(change.json.as_bytes());
    let finished = match child::run(shell, bounds).await {
        Ok(finished) => finished,
        Err(error) => return say(&format!("! on-change: cannot start sh: {error}")),
    };
    for output in [&finished.stdout, &finished.stderr] {
        output
            .text()
            .lines()
            .take(LINES)
            .for_each(|line| say(&format!("on-change: {}", one_line(line, 500))));
    }
    match finished.ending {
        Ending::TimedOut => say(&format!("! on-change: ended after {} s", LIMIT.as_secs())),
        Ending::Exited(code) if code != 0 => say(&format!("! on-change: exit code {code}")),
        Ending::Signalled(signal) => say(&format!("! on-change: ended by signal {signal}")),
        Ending::Exited(_) | Ending::Interrupted | Ending::Stopped => {}
    }
}
