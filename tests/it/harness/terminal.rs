//! A real terminal for the programs under test: tmux with a shell in it, in a home of its own. Keys
//! go in, and what a person would see comes out.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Pid;

use super::{Home, tools, wait_for};

/// A terminal of tmux with a shell in it. Gone when dropped.
pub(crate) struct Terminal {
    tmux: PathBuf,
    pub(crate) home: Home,
    socket: PathBuf,
}

impl Terminal {
    /// Columns by rows.
    pub(crate) fn new(columns: u16, rows: u16) -> Option<Self> {
        let tmux = tools::require("tmux")?;
        let home = Home::new();
        let terminal = Self { tmux, socket: home.path().join("tmux"), home };
        let size = [columns.to_string(), rows.to_string()];
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &size[0],
            "-y",
            &size[1],
            "env PS1='$ ' TZ=UTC sh",
        ]);
        terminal.type_line("echo before the view");
        terminal.sees("before the view");
        Some(terminal)
    }

    pub(crate) fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new(&self.tmux);
        command
            .arg("-S")
            .arg(&self.socket)
            .args(args)
            .env_remove("TMUX")
            .env("HOME", self.home.path().join("home"));
        let scrubbed =
            ["DOCKER_CONFIG", "docker", "XDG_CONFIG_HOME", "config", "XDG_RUNTIME_DIR", "run"];
        for pair in scrubbed.chunks(2) {
            command.env(pair[0], self.home.path().join(pair[1]));
        }
        let output = command
            .env("LANG", "C.UTF-8")
            .env_remove("CI")
            .env_remove("NO_COLOR")
            .output()
            .expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    pub(crate) fn type_line(&self, line: &str) {
        self.keys(&[line, "Enter"]);
    }

    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until words are on the screen; the screen.
    #[track_caller]
    pub(crate) fn sees(&self, words: &str) -> String {
        let seen = wait_for(Duration::from_secs(20), || {
            Some(self.screen()).filter(|screen| screen.contains(words))
        });
        seen.unwrap_or_else(|| panic!("{words:?} does not appear:\n{}", self.screen()))
    }

    /// Waits until words are gone.
    #[track_caller]
    pub(crate) fn misses(&self, words: &str) {
        let gone =
            wait_for(Duration::from_secs(20), || (!self.screen().contains(words)).then_some(()));
        assert!(gone.is_some(), "{words:?} stays:\n{}", self.screen());
    }

    /// The process id of the shell.
    pub(crate) fn shell(&self) -> Pid {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]);
        shell.trim().parse().ok().and_then(Pid::from_raw).expect("the shell's id")
    }

    /// The process id of the program in the shell.
    pub(crate) fn program(&self) -> Pid {
        let first = children(self.shell()).into_iter().next();
        first.expect("the shell has a child")
    }

    /// The shell is there again, with its cursor, its modes and what stood on the screen before.
    #[track_caller]
    pub(crate) fn is_given_back(&self, code: &str) {
        let screen = self.sees(&format!("code {code}"));
        assert!(screen.contains("before the view"), "the screen from before is gone:\n{screen}");
        assert_eq!(
            self.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim(),
            "0 1"
        );
        self.type_line("stty -a | grep -ow -e '-*icanon' -e '-*echo'");
        self.sees("icanon\necho");
        assert!(!self.screen().contains("-icanon"), "{}", self.screen());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The children of a process.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let id = parent.as_raw_pid();
    let children =
        std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|id| id.parse().ok().and_then(Pid::from_raw)).collect()
}

/// Waits until a process has ended; whether its new parent has taken note is another matter.
#[track_caller]
pub(crate) fn ends(process: Pid) {
    let id = process.as_raw_pid();
    let gone = wait_for(Duration::from_secs(10), || {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ")
            .next()
            .is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
            .then_some(())
    });
    assert!(gone.is_some(), "process {id} stays");
}
