//! Ends a child's process group when dhlimit itself is killed and can end nothing any more: a shell
//! that waits on a pipe from dhlimit, which ends when dhlimit does. A pipe, and not
//! `PR_SET_PDEATHSIG`: that reaches the child alone, on Linux alone, and wants code between fork and
//! exec.

use std::process::Stdio;

use rustix::process::Pid;
use tokio::process::{Child, Command};

/// The pipe ends: the group is told to end, then killed. No `--` before the group: dash knows none.
const SCRIPT: &str =
    "read -r line; kill -TERM \"-$0\" || exit; kill -CONT \"-$0\"; sleep 2; kill -KILL \"-$0\"";

/// Who watches over a child's process group while dhlimit lives.
pub(super) struct Guard(Option<Child>);

impl Guard {
    /// Watches over a group. Where no shell is to be had nobody does: a child is worth more than that.
    pub(super) fn over(group: Option<Pid>) -> Self {
        let Some(group) = group else { return Self(None) };
        let spawned = Command::new("/bin/sh")
            .args(["-c", SCRIPT, &group.as_raw_nonzero().to_string()])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not of dhlimit's group: what ends that must not end this.
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        if let Err(error) = &spawned {
            tracing::debug!(%error, "no guard");
        }
        Self(spawned.ok())
    }

    /// The group has ended.
    pub(super) async fn dismiss(mut self) {
        if let Some(guard) = &mut self.0 {
            // One that is gone is dismissed.
            let _ = guard.kill().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn group(script: &str) -> (Child, Option<Pid>) {
        let child =
            Command::new("/bin/sh").args(["-c", script]).process_group(0).spawn().expect("a shell");
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        (child, group)
    }

    #[tokio::test]
    async fn the_end_of_dhlimit_is_the_end_of_the_group_even_of_one_that_will_not() {
        for (script, signal) in [("sleep 60", 15), ("trap '' TERM; while :; do sleep 0.1; done", 9)]
        {
            let (mut child, group) = group(script);
            let mut guard = Guard::over(group);
            // The shell sets its trap.
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(guard.0.as_mut().and_then(|guard| guard.stdin.take()));
            let status = timeout(Duration::from_secs(20), child.wait()).await.unwrap().unwrap();
            assert_eq!(status.signal(), Some(signal), "{script}");
        }
    }

    #[tokio::test]
    async fn a_dismissed_guard_touches_nothing() {
        let (mut child, group) = group("sleep 0.3; exit 7");
        Guard::over(group).dismiss().await;
        let status = timeout(Duration::from_secs(20), child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(7));
    }
}
