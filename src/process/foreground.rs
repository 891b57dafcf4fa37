//! A command of the user's that runs inside of dhlimit: it has the standard streams, signals sent to
//! dhlimit are sent on to it, and its exit code is as a shell would say it (POSIX 2.8.2).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, getpgrp, kill_process, kill_process_group, test_kill_process_group,
};
use rustix::termios::tcgetpgrp;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::exit::{Exit, Failure};

/// Signals that are sent on.
const PASSED_ON: [(SignalKind, Signal); 6] = [
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// Those that end whoever does not catch them on purpose, and are sent for that.
const TO_END: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];
/// How long a command may take to end after a signal was sent on to it, and what it leaves behind after
/// its end.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often is looked whether something is left.
const STEP: Duration = Duration::from_millis(20);

/// Whom a signal that is sent to dhlimit reaches and, if it is one to end by, ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The command, which takes the time it needs.
    Command,
    /// The command and all that it started, within bounds. On a terminal whose foreground it shares it
    /// stays in dhlimit's own process group, which a typed Ctrl-C reaches whole, and takes its time.
    Tree,
}

/// Why a command could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForegroundError {
    /// It could not be started.
    #[error("cannot run {program}")]
    Start {
        /// The program, as it was named.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Its end could not be waited for.
    #[error("cannot wait for {program}")]
    Wait {
        /// The program, as it was named.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl From<ForegroundError> for Failure {
    fn from(error: ForegroundError) -> Self {
        Self::new(Exit::Usage, error).advise("after -- give a program and its arguments")
    }
}

/// Runs a command to its end, however long that takes; the value is its exit code.
pub(crate) async fn run(
    command: &[OsString],
    variables: &[(&str, String)],
    scope: Scope,
) -> Result<u8, ForegroundError> {
    let Some((program, rest)) = command.split_first() else { return Ok(0) };
    // Listening first: a signal that comes while the command starts is sent on, too.
    let mut signals = signals();
    let mut command = Command::new(program);
    command.args(rest).envs(variables.iter().map(|(name, value)| (name, value))).kill_on_drop(true);
    let apart = scope == Scope::Tree && !has_terminal();
    if apart {
        command.process_group(0);
    }
    let named = || program.display().to_string();
    let mut child =
        command.spawn().map_err(|source| ForegroundError::Start { program: named(), source })?;
    let group =
        child.id().filter(|_| apart).and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut end = None;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.map_err(|source| ForegroundError::Wait { program: named(), source })?;
                if let Some(group) = group.filter(|_| end.is_some()) {
                    end_rest(group).await;
                }
                return Ok(code_of(status));
            }
            Some(signal) = signals.recv() => {
                let is_sent = pass_on(&child, group, signal);
                if is_sent && scope == Scope::Tree && TO_END.contains(&signal) {
                    end.get_or_insert(Instant::now() + PATIENCE);
                }
            }
            () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => {
                // It may have ended between the two calls.
                let _ = group.map_or_else(|| child.start_kill(), |group| Ok(kill_process_group(group, Signal::KILL)?));
                end = Some(Instant::now() + PATIENCE);
            }
        }
    }
}

/// Ends what a command left behind in its process group: by being told, then by force.
async fn end_rest(group: Pid) {
    if kill_process_group(group, Signal::TERM).is_err() {
        return;
    }
    let patience = Instant::now() + PATIENCE / 2;
    while is_left(group) {
        if Instant::now() >= patience {
            // The last of it may have ended between the two calls.
            let _ = kill_process_group(group, Signal::KILL);
            return;
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Whether anybody of a process group lives. Who has ended and is not fetched by init, which in a container
/// may never happen, is nobody to wait for (`proc_pid_stat(5)`, 2024).
fn is_left(group: Pid) -> bool {
    if test_kill_process_group(group).is_err() {
        return false;
    }
    let Some(processes) = std::fs::read_dir("/proc").ok().filter(|_| cfg!(target_os = "linux"))
    else {
        return true;
    };
    let stats = processes
        .flatten()
        .filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    stats
        .filter_map(|stat| of_stat(&stat))
        .any(|(state, other)| other == group.as_raw_pid() && !matches!(state, 'Z' | 'X'))
}

/// A process's state and group, from behind its name, which may hold anything.
fn of_stat(stat: &str) -> Option<(char, i32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(1)?.parse().ok()?))
}

fn signals() -> mpsc::Receiver<Signal> {
    let (sender, receiver) = mpsc::channel(16);
    for (kind, number) in PASSED_ON {
        let sender = sender.clone();
        if let Ok(mut arrivals) = signal(kind) {
            tokio::spawn(async move {
                while arrivals.recv().await.is_some() && sender.send(number).await.is_ok() {}
            });
        }
    }
    receiver
}

/// Sends a signal on, but for one typed on the terminal: that one has reached the command already.
fn pass_on(child: &Child, group: Option<Pid>, number: Signal) -> bool {
    let typed = group.is_none() && matches!(number, Signal::INT | Signal::QUIT) && in_foreground();
    if let Some(pid) =
        child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).filter(|_| !typed)
    {
        // It may have ended between the two calls.
        let _ = group
            .map_or_else(|| kill_process(pid, number), |group| kill_process_group(group, number));
    }
    !typed
}

/// Whether a terminal is there whose foreground the command may need: another process group than the
/// terminal's is stopped when it reads from it.
fn has_terminal() -> bool {
    let streams =
        [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()];
    streams.contains(&true)
        || File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(terminal) == Ok(getpgrp()))
}

/// Whether this process and its command are the terminal's foreground job.
fn in_foreground() -> bool {
    let group = getpgrp();
    [tcgetpgrp(io::stdin()), tcgetpgrp(io::stdout()), tcgetpgrp(io::stderr())].contains(&Ok(group))
}

/// The code as a shell would say it: 128 and the signal for a command that a signal ended.
fn code_of(status: ExitStatus) -> u8 {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_and_a_group_stand_behind_the_name() {
        assert_eq!(of_stat("7 (a) Z 9 (b) S 1 42 42 0 -1"), Some(('S', 42)));
        assert_eq!(of_stat("7 (sh) Z 1 7 7 0 -1"), Some(('Z', 7)));
        assert_eq!((of_stat(""), of_stat("7 (sh"), of_stat("7 (sh) S 1")), (None, None, None));
    }
}
