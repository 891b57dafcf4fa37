//! Running a program within bounds: a limit on its time, its output read whole and at once, its
//! peak memory seen, and every process that it leaves behind found again.
//!
//! Descendants are found by a variable in their environment, not by their parent: what a program
//! leaves behind is a child of init by then.

use std::any::Any;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::wait_for;

/// No test waits longer for one program than this, unless it says so.
const LIMIT: Duration = Duration::from_secs(60);
/// Output beyond this is read and dropped.
const OUTPUT_LIMIT: usize = 64 << 20;
const MARK: &str = "DHLIMIT_TEST_MARK";

/// A program that is about to be run.
pub(crate) struct Program {
    command: Command,
    mark: String,
    limit: Duration,
    stdin: Vec<u8>,
    kept: Vec<Box<dyn Any + Send>>,
}

impl Program {
    pub(super) fn new<S: AsRef<OsStr>>(program: &OsStr, args: impl IntoIterator<Item = S>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mark = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(program);
        command.args(args).env_clear().env(MARK, &mark);
        Self { command, mark, limit: LIMIT, stdin: Vec::new(), kept: Vec::new() }
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets several variables.
    pub(crate) fn envs(
        self,
        variables: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Self {
        variables.into_iter().fold(self, |program, (name, value)| program.env(name, value))
    }

    /// Takes a variable away.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// One more argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// The working folder.
    pub(crate) fn directory(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// What the program reads from standard input; nothing unless given.
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// After this long the program and all that it started are killed.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Keeps a value alive as long as the program runs.
    pub(crate) fn keep(mut self, value: impl Any + Send) -> Self {
        self.kept.push(Box::new(value));
        self
    }

    /// Runs to the end; being killed at the limit fails the test.
    pub(crate) fn run(self) -> Outcome {
        self.start().outcome()
    }

    /// Starts in a process group of its own.
    pub(crate) fn start(mut self) -> Running {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let started = Instant::now();
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.command));
        let mut stdin = child.stdin.take().expect("piped");
        let input = self.stdin;
        // A program need not read what it is given, so a broken pipe is no failure here.
        thread::spawn(move || stdin.write_all(&input));
        let stdout = Stream::read(child.stdout.take().expect("piped"));
        let stderr = Stream::read(child.stderr.take().expect("piped"));
        let name = Path::new(self.command.get_program())
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let line = self.command.get_program().display().to_string()
            + &self
                .command
                .get_args()
                .fold(String::new(), |line, arg| line + " " + &arg.to_string_lossy());
        Running {
            line,
            name,
            child: Some(child),
            mark: self.mark,
            started,
            limit: self.limit,
            stdout,
            stderr,
            peak_memory: 0,
            kept: self.kept,
        }
    }
}

/// A stream of a running program, read by a thread of its own.
#[derive(Debug, Clone)]
struct Stream {
    bytes: Arc<Mutex<(Vec<u8>, bool)>>,
}

impl Stream {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new((Vec::new(), false)));
        let shared = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count) = from.read(&mut buffer)
                && count > 0
            {
                let mut bytes = shared.lock().expect("no reader panics");
                let room = OUTPUT_LIMIT.saturating_sub(bytes.0.len()).min(count);
                bytes.0.extend_from_slice(&buffer[..room]);
            }
            shared.lock().expect("no reader panics").1 = true;
        });
        Self { bytes }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no reader panics").0).into_owned()
    }

    fn ended(&self) -> bool {
        self.bytes.lock().expect("no reader panics").1
    }
}

/// A program that runs. Dropped, it is ended: by SIGTERM, and by SIGKILL where that does not help.
pub(crate) struct Running {
    line: String,
    name: String,
    child: Option<Child>,
    mark: String,
    started: Instant,
    limit: Duration,
    stdout: Stream,
    stderr: Stream,
    peak_memory: u64,
    kept: Vec<Box<dyn Any + Send>>,
}

impl Running {
    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().expect("running").id()
    }

    /// What it has written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Sends a signal to the program alone, not to its children.
    pub(crate) fn signal(&self, signal: Signal) {
        // A program that has ended meanwhile is a matter for its outcome, not for the sender.
        let _ = kill_process(pid(self.id()), signal);
    }

    /// Whether it has a handler for a signal.
    pub(crate) fn catches(&self, signal: Signal) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        mask >> (signal.as_raw() - 1) & 1 == 1
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.peak_memory = self.peak_memory.max(resident_peak(self.id(), &self.name));
        self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Waits for a piece of output; the program's end or the limit fail the test.
    pub(crate) fn wait_until<T>(
        &mut self,
        limit: Duration,
        mut found: impl FnMut(&Self) -> Option<T>,
    ) -> T {
        let answer = wait_for(limit, || match found(self) {
            Some(answer) => Some(Ok(answer)),
            None if self.has_ended() => Some(found(self).ok_or(())),
            None => None,
        });
        match answer {
            Some(Ok(answer)) => answer,
            other => panic!(
                "{} {} before it was ready\nstdout: {}\nstderr: {}",
                self.line,
                if other.is_some() { "ended" } else { "took too long" },
                self.stdout(),
                self.stderr()
            ),
        }
    }

    /// Waits for the end; being killed at the limit fails the test.
    pub(crate) fn outcome(self) -> Outcome {
        let outcome = self.outcome_even_if_late();
        assert!(!outcome.timed_out, "killed after {:?}: {outcome:?}", outcome.elapsed);
        outcome
    }

    /// Waits for the end; [`Outcome::timed_out`] says if it had to be killed.
    pub(crate) fn outcome_even_if_late(mut self) -> Outcome {
        let left = self.limit.saturating_sub(self.started.elapsed());
        let timed_out = wait_for(left, || self.has_ended().then_some(())).is_none();
        let elapsed = self.started.elapsed();
        if timed_out {
            self.kill();
        }
        // Once the program has ended its streams end too, unless somebody it left behind holds them.
        wait_for(Duration::from_secs(2), || {
            (self.stdout.ended() && self.stderr.ended()).then_some(())
        });
        let mut child = self.child.take().expect("taken only here and in drop");
        let status = child.wait().expect("a status");
        Outcome {
            line: std::mem::take(&mut self.line),
            code: status.code(),
            signal: status.signal(),
            timed_out,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            elapsed,
            peak_memory: self.peak_memory,
            mark: std::mem::take(&mut self.mark),
            _kept: std::mem::take(&mut self.kept),
        }
    }

    fn kill(&self) {
        let _ = kill_process_group(pid(self.id()), Signal::KILL);
        end_all(&self.mark);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.is_none() {
            return;
        }
        self.signal(Signal::TERM);
        if wait_for(Duration::from_secs(10), || self.has_ended().then_some(())).is_none() {
            self.kill();
        }
        let _ = self.child.take().map(|mut child| child.wait());
    }
}

/// How a program ended and what it said.
pub(crate) struct Outcome {
    line: String,
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Killed at the limit.
    pub(crate) timed_out: bool,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// From start to end.
    pub(crate) elapsed: Duration,
    /// Peak resident memory in bytes, as last seen before the end; up to 5 ms old.
    pub(crate) peak_memory: u64,
    mark: String,
    _kept: Vec<Box<dyn Any + Send>>,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, code, signal, elapsed, stdout, stderr, .. } = self;
        write!(
            f,
            "{line}\n(code {code:?}, signal {signal:?}, {elapsed:?})\n-- stdout\n{stdout}\n-- stderr\n{stderr}\n--"
        )
    }
}

impl Outcome {
    /// The outcome, if the program ended with this code; fails the test otherwise.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Both streams.
    pub(crate) fn everything(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Processes that the program started and that are still there.
    pub(crate) fn left_running(&self) -> Vec<Process> {
        marked(&self.mark)
    }

    /// Kills them.
    pub(crate) fn end_left_running(&self) {
        end_all(&self.mark);
    }
}

/// A process of this machine.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) id: u32,
    /// Its command line.
    pub(crate) command: String,
}

fn marked(mark: &str) -> Vec<Process> {
    let wanted = format!("{MARK}={mark}");
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|id| {
            let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .map(|id| {
            let command = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            Process {
                id,
                command: String::from_utf8_lossy(&command).replace('\0', " ").trim().to_owned(),
            }
        })
        .collect()
}

fn end_all(mark: &str) {
    for process in marked(mark) {
        let _ = kill_process(pid(process.id), Signal::KILL);
    }
}

fn pid(id: u32) -> Pid {
    i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id")
}

/// The most memory that a process has had resident; 0 where that cannot be told. Until a moment after
/// it was started a process has its parent's memory, and its name: such a look does not count.
fn resident_peak(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let value = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    if value("Name:") != name.get(..name.len().min(15)) {
        return 0;
    }
    value("VmHWM:")
        .and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes << 10)
}
