//! A command of the user's that runs inside of dhlimit: it has the standard streams, signals sent to
//! dhlimit are sent on to it, and its exit code is passed on as a shell would say it (POSIX 2.8.2).

use std::ffi::OsString;
use std::process::ExitStatus;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::{Exit, Failure};

/// Signals that are sent on.
const PASSED_ON: [(SignalKind, Signal); 6] = [
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// Runs a command to its end, however long that takes; the value is its exit code.
pub(super) async fn run(command: &[OsString], variables: &[(&str, String)]) -> anyhow::Result<u8> {
    let Some((program, rest)) = command.split_first() else { return Ok(0) };
    // Listening first: a signal that comes while the command starts is sent on, too.
    let mut signals = signals();
    let mut command = Command::new(program);
    command.args(rest).envs(variables.iter().map(|(name, value)| (name, value))).kill_on_drop(true);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))
        .map_err(|error| Failure::new(Exit::Usage, error).advise("what stands behind -- is a program and its arguments"))?;
    loop {
        tokio::select! {
            status = child.wait() => {
                return Ok(code_of(status.with_context(|| format!("cannot wait for {}", program.display()))?));
            }
            Some(signal) = signals.recv() => pass_on(&child, signal),
        }
    }
}

fn signals() -> mpsc::Receiver<Signal> {
    let (sender, receiver) = mpsc::channel(16);
    for (kind, number) in PASSED_ON {
        let sender = sender.clone();
        if let Ok(mut arrivals) = signal(kind) {
            tokio::spawn(async move { while arrivals.recv().await.is_some() && sender.send(number).await.is_ok() {} });
        }
    }
    receiver
}

/// Sends a signal on, but for one typed on the terminal: that one has reached the command already.
fn pass_on(child: &Child, number: Signal) {
    let typed = matches!(number, Signal::INT | Signal::QUIT) && in_foreground();
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).filter(|_| !typed) {
        // It may have ended between the two calls.
        let _ = kill_process(pid, number);
    }
}

/// Whether this process and its command are the terminal's foreground job.
fn in_foreground() -> bool {
    let group = getpgrp();
    [tcgetpgrp(std::io::stdin()), tcgetpgrp(std::io::stdout()), tcgetpgrp(std::io::stderr())].contains(&Ok(group))
}

/// The code as a shell would say it: 128 and the signal for a command that a signal ended.
pub(super) fn code_of(status: ExitStatus) -> u8 {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
