//! Children that hang, flood, fork, ignore signals or stop themselves: each is ended in time, with
//! all that it started, and what it said is kept within bounds.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

/// Far longer than any test may take.
const NEVER: Duration = Duration::from_secs(60);

fn bounds() -> Bounds<'static> {
    Bounds::new(NEVER, 4096)
}

/// A shell script, run in an environment that holds only the search path and `FOLDER`.
fn shell(script: &str, folder: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin").env("FOLDER", folder);
    command
}

async fn finished(script: &str, bounds: Bounds<'_>) -> (Finished, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let finished = run(shell(script, folder.path()), bounds).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(20), "{script} took {:?}", started.elapsed());
    (finished, folder)
}

/// The process id that a script wrote into `$FOLDER/NAME`, once it is there.
async fn pid(folder: &Path, name: &str) -> u32 {
    for _ in 0..2000 {
        if let Ok(text) = fs::read_to_string(folder.join(name))
            && text.ends_with('\n')
        {
            return text.trim().parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{name} was not written");
}

/// Whether a process runs; one that only waits for its parent to take notice does not.
fn runs(pid: u32) -> bool {
    let listed = std::process::Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    !matches!(listed.stdout.trim_ascii_start().first(), None | Some(b'Z' | b'X'))
}

/// Waits until a process that was killed is gone: the kernel takes a moment.
async fn goes(pid: u32) -> bool {
    for _ in 0..400 {
        if !runs(pid) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

#[tokio::test]
async fn exit_code_and_both_streams_come_back() {
    let (finished, _folder) = finished("echo answer; echo talk >&2; exit 7", bounds()).await;
    assert_eq!(
        (finished.ending, finished.stdout.text(), finished.stderr.text()),
        (Ending::Exited(7), "answer\n".into(), "talk\n".into())
    );
}

#[tokio::test]
async fn a_signal_from_elsewhere_is_told_from_ours() {
    let (finished, _folder) = finished("kill -SEGV $$", bounds()).await;
    assert_eq!(finished.ending, Ending::Signalled(11));
}

#[tokio::test]
async fn a_child_sees_the_given_environment_no_input_and_no_terminal() {
    let (finished, _folder) = finished("cat; env; tty", bounds()).await;
    let text = finished.stdout.text();
    for expected in ["PATH=/usr/bin:/bin\n", "not a tty\n"] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    assert!(!text.contains("HOME="), "{text}");
}

#[tokio::test]
async fn what_a_child_is_given_is_on_its_input_and_need_not_be_read() {
    let much = vec![b'x'; 300_000];
    let (counted, _folder) = finished("wc -c", bounds().given(&much)).await;
    assert_eq!(counted.stdout.text().trim(), "300000");
    let (deaf, _folder) = finished("echo done", bounds().given(&much)).await;
    assert_eq!((deaf.ending, deaf.stdout.text()), (Ending::Exited(0), "done\n".into()));
}

#[tokio::test]
async fn a_hanging_child_is_ended_at_its_limit_with_its_children() {
    let script = "sleep 60 & echo $! > $FOLDER/grandchild; echo $$ > $FOLDER/child; wait";
    let (finished, folder) = finished(script, Bounds::new(Duration::from_millis(300), 4096)).await;
    assert_eq!(finished.ending, Ending::TimedOut);
    assert!(finished.elapsed < Duration::from_secs(2), "{:?}", finished.elapsed);
    for name in ["child", "grandchild"] {
        assert!(goes(pid(folder.path(), name).await).await, "{name} is left");
    }
}

#[tokio::test]
async fn a_child_that_ignores_sigterm_is_killed_after_a_moment() {
    let script = "trap '' TERM; echo $$ > $FOLDER/child; echo ready >&2; while :; do sleep 1; done";
    let (finished, folder) = finished(script, bounds().stopping_at("ready")).await;
    assert_eq!(finished.ending, Ending::Stopped);
    assert!(finished.elapsed >= GRACE && finished.elapsed < GRACE * 4, "{:?}", finished.elapsed);
    assert!(goes(pid(folder.path(), "child").await).await);
}

#[tokio::test]
async fn a_child_that_stopped_itself_is_ended() {
    let (finished, _folder) =
        finished("kill -STOP $$; sleep 60", Bounds::new(Duration::from_millis(300), 4096)).await;
    assert_eq!(finished.ending, Ending::TimedOut);
    assert!(finished.elapsed < GRACE, "{:?}", finished.elapsed);
}

#[tokio::test]
async fn a_flood_neither_blocks_the_child_nor_is_kept() {
    let (finished, _folder) =
        finished("yes flood | head -c 20000000; echo end >&2; echo last", bounds()).await;
    assert_eq!(finished.ending, Ending::Exited(0));
    let text = finished.stdout.text();
    assert!(
        text.starts_with("flood\n") && text.ends_with("last\n") && text.len() < 5000,
        "{} bytes",
        text.len()
    );
    assert!(finished.stdout.left_out() > 19_000_000);
}

#[tokio::test]
async fn a_grandchild_that_holds_the_pipe_open_does_not_hold_us_up_and_is_killed() {
    let (finished, folder) =
        finished("sleep 60 & echo $! > $FOLDER/grandchild; echo done", bounds()).await;
    assert_eq!((finished.ending, finished.stdout.text()), (Ending::Exited(0), "done\n".into()));
    assert!(goes(pid(folder.path(), "grandchild").await).await);
}

#[tokio::test]
async fn a_daemon_in_a_session_of_its_own_does_not_hold_us_up() {
    // What an ssh master does: it leaves the group and keeps the pipe.
    let script = "setsid sh -c 'echo $$ > $FOLDER/daemon; exec sleep 30' & while ! [ -s $FOLDER/daemon ]; do sleep 0.01; done; echo done";
    let (finished, folder) = finished(script, bounds()).await;
    assert_eq!((finished.ending, finished.stdout.text()), (Ending::Exited(0), "done\n".into()));
    let daemon = pid(folder.path(), "daemon").await;
    assert!(runs(daemon), "a daemon is not ours to kill");
    rustix::process::kill_process(Pid::from_raw(daemon.cast_signed()).unwrap(), Signal::KILL)
        .unwrap();
}

#[tokio::test]
async fn a_text_ends_the_child_even_where_it_comes_in_two_pieces() {
    let script =
        "echo before >&2; printf 'Too many req' >&2; sleep 0.1; printf 'uests to' >&2; sleep 60";
    let (finished, _folder) = finished(script, bounds().stopping_at("Too many requests to")).await;
    assert_eq!(finished.ending, Ending::Stopped);
    assert!(
        finished.elapsed < GRACE && finished.stderr.text().contains("Too many requests to"),
        "{finished:?}"
    );
}

#[tokio::test]
async fn shutdown_ends_the_child() {
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    let (finished, _folder) = finished("sleep 60", bounds().until(&shutdown)).await;
    assert_eq!(finished.ending, Ending::Interrupted);
    assert!(finished.elapsed < GRACE);
}

#[tokio::test]
async fn a_child_may_finish_in_the_moment_after_shutdown_and_no_longer() {
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    let patient = |patience| bounds().until(&shutdown).patient(Duration::from_millis(patience));
    let (in_time, _folder) = finished("sleep 0.2; exit 3", patient(5000)).await;
    assert_eq!(in_time.ending, Ending::Exited(3));
    let (late, _folder) = finished("sleep 60", patient(200)).await;
    assert_eq!(late.ending, Ending::Interrupted);
    assert!(late.elapsed >= Duration::from_millis(200), "{:?}", late.elapsed);
}

#[tokio::test]
async fn a_dropped_run_leaves_neither_child_nor_grandchild() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "trap '' TERM; sleep 60 & echo $! > $FOLDER/grandchild; echo $$ > $FOLDER/child; wait";
    let running = tokio::spawn(run(shell(script, folder.path()), bounds()));
    let (child, grandchild) =
        (pid(folder.path(), "child").await, pid(folder.path(), "grandchild").await);
    assert!(runs(child) && runs(grandchild));
    running.abort();
    assert!(goes(child).await && goes(grandchild).await);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let error = run(Command::new("/nonexistent/program"), bounds()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
