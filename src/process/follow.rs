//! A child that is listened to for as long as it goes on: each line of its standard output as it comes. Bounded
//! in the length of a line; ended with all that it started when nobody listens any more.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::Pid;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::child::Group;
use super::guard::Guard;

/// The longest line; what is longer is passed over.
const MOST_LINE: usize = 64 << 10;

/// Runs a child and hands on its lines until it ends. Dropping the future kills its process group.
///
/// # Errors
/// The child could not be started, read or waited for.
pub(crate) async fn follow(
    mut command: Command,
    mut each: impl FnMut(&str),
) -> io::Result<ExitStatus> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let guard = Guard::over(group.0);
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        while let Some(line) = line(&mut reader).await? {
            if let Some(line) = line {
                each(&String::from_utf8_lossy(&line));
            }
        }
    }
    let status = child.wait().await?;
    guard.dismiss().await;
    Ok(status)
}

/// The next line without its end; `Some(None)` for one that is too long, `None` at the end of all.
async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Option<Vec<u8>>>> {
    let (mut line, mut any, mut is_long) = (Vec::new(), false, false);
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(any.then_some((!is_long).then_some(line)));
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        is_long |= line.len() + part.len() > MOST_LINE;
        if !is_long {
            line.extend_from_slice(part);
        }
        let taken = part.len() + usize::from(end.is_some());
        reader.consume(taken);
        if end.is_some() {
            return Ok(Some((!is_long).then_some(line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(script: &str) -> Vec<String> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let mut lines = Vec::new();
        follow(command, |line| lines.push(line.to_owned())).await.unwrap();
        lines
    }

    #[tokio::test]
    async fn lines_come_one_by_one_and_what_is_too_long_is_passed_over() {
        let found = lines("echo a; echo; head -c 100000 /dev/zero; echo; printf b").await;
        assert_eq!(found, ["a", "", "b"]);
    }

    #[tokio::test]
    async fn whoever_is_no_longer_listened_to_ends_with_all_that_it_started() {
        let folder = std::env::temp_dir().join(format!("dhlimit-follow-{}", std::process::id()));
        let script = format!("sleep 1000 & echo $! > {0}; echo ready; wait", folder.display());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script]);
        let (ready, seen) = tokio::sync::oneshot::channel();
        let mut ready = Some(ready);
        let following = follow(command, move |_| {
            if let Some(ready) = ready.take() {
                let _ = ready.send(());
            }
        });
        tokio::select! {
            _ = following => panic!("it goes on"),
            seen = seen => seen.unwrap(),
        }
        let id = std::fs::read_to_string(&folder).unwrap();
        std::fs::remove_file(&folder).unwrap();
        let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        let gone = async {
            while rustix::process::test_kill_process(id).is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.unwrap();
    }
}
