//! The live view on a real terminal (tmux): what is seen, what keys do, and what is left behind.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Home, tools, wait_for};

/// A terminal of tmux with a shell in it. Gone when dropped.
struct Terminal {
    tmux: PathBuf,
    home: Home,
    socket: PathBuf,
}

impl Terminal {
    /// Columns by rows.
    fn new(columns: u16, rows: u16) -> Option<Self> {
        let tmux = tools::require("tmux")?;
        let home = Home::new();
        let terminal = Self { tmux, socket: home.path().join("tmux"), home };
        let size = [columns.to_string(), rows.to_string()];
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &size[0], "-y", &size[1], "env PS1='$ ' TZ=UTC sh"]);
        terminal.type_line("echo before the view");
        terminal.sees("before the view");
        Some(terminal)
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new(&self.tmux);
        command.arg("-S").arg(&self.socket).args(args).env_remove("TMUX").env("HOME", self.home.path().join("home"));
        let scrubbed = ["DOCKER_CONFIG", "docker", "XDG_CONFIG_HOME", "config", "XDG_RUNTIME_DIR", "run"];
        for pair in scrubbed.chunks(2) {
            command.env(pair[0], self.home.path().join(pair[1]));
        }
        let output = command.env("LANG", "C.UTF-8").env_remove("CI").env_remove("NO_COLOR").output().expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn type_line(&self, line: &str) {
        self.keys(&[line, "Enter"]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until words are on the screen; the screen.
    #[track_caller]
    fn sees(&self, words: &str) -> String {
        let seen = wait_for(Duration::from_secs(20), || Some(self.screen()).filter(|screen| screen.contains(words)));
        seen.unwrap_or_else(|| panic!("{words:?} does not appear:\n{}", self.screen()))
    }

    /// Waits until words are gone.
    #[track_caller]
    fn misses(&self, words: &str) {
        let gone = wait_for(Duration::from_secs(20), || (!self.screen().contains(words)).then_some(()));
        assert!(gone.is_some(), "{words:?} stays:\n{}", self.screen());
    }

    fn watch(&self, more: &str) {
        self.type_line(&format!(
            "{} watch --sandbox --traffic steady:2/s --interval 200ms -q {more}; echo \"code $?\"",
            env!("CARGO_BIN_EXE_dhlimit")
        ));
        self.sees("q quit");
        self.sees(" left  ");
    }

    /// The process id of the program in the shell.
    fn dhlimit(&self) -> String {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]).trim().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap_or_default();
        children.split_whitespace().next().expect("the shell has a child").to_owned()
    }

    /// The shell is there again, with its cursor, its modes and what stood on the screen before.
    #[track_caller]
    fn is_given_back(&self, code: &str) {
        let screen = self.sees(&format!("code {code}"));
        assert!(screen.contains("before the view"), "the screen from before is gone:\n{screen}");
        assert_eq!(self.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim(), "0 1");
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

#[test]
fn the_view_shows_gauge_chart_and_next_poll_and_keys_turn_it() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.watch("");
    let screen = terminal.sees("pulls/h");
    for words in
        ["dhlimit watch", "anonymous effective  counted as 127.0.0.1", "of 100 used  2m window", "pulls left: anonymous", "every 200ms"]
    {
        assert!(screen.contains(words), "{words:?} is missing:\n{screen}");
    }
    assert!(screen.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "no chart:\n{screen}");
    terminal.keys(&["?"]);
    terminal.sees("the next identity");
    terminal.keys(&["Escape"]);
    terminal.misses("the next identity");
    terminal.keys(&["p"]);
    terminal.sees("paused");
    terminal.keys(&["p"]);
    terminal.misses("paused");
    terminal.keys(&["+"]);
    terminal.sees("every 500ms");
    terminal.keys(&["-", "-"]);
    terminal.sees("every 100ms");
    terminal.keys(&["q"]);
    terminal.is_given_back("0");
}

#[test]
fn the_view_follows_the_size_of_its_terminal() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.watch("");
    for (columns, rows) in [("120", "40"), ("40", "10"), ("20", "3"), ("80", "24")] {
        terminal.tmux(&["resize-window", "-x", columns, "-y", rows]);
        let rows: usize = rows.parse().expect("a number");
        let fits = wait_for(Duration::from_secs(10), || {
            let screen = terminal.screen();
            (screen.contains("left") && screen.trim_end().lines().count() >= rows.min(10) - 1).then_some(())
        });
        assert!(fits.is_some(), "{columns}x{rows}:\n{}", terminal.screen());
    }
    terminal.sees("dhlimit watch");
    terminal.keys(&["q"]);
    terminal.is_given_back("0");
}

#[test]
fn interrupted_killed_and_done_the_terminal_is_given_back() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.watch("");
    terminal.keys(&["C-c"]);
    terminal.is_given_back("130");
    for signal in ["TERM", "INT"] {
        terminal.type_line("clear; echo before the view");
        terminal.watch("");
        let id = terminal.dhlimit();
        assert!(Command::new("kill").args([format!("-{signal}"), id]).status().expect("kill runs").success());
        terminal.is_given_back("130");
    }
}

#[test]
fn a_goal_reached_leaves_the_last_reading_on_the_screen() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.watch("--until 90");
    terminal.is_given_back("0");
    terminal.sees("Z  docker.io/ratelimitpreview/test:latest  anonymous [effec");
}

#[test]
fn without_colour_there_is_none() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    for (variable, coloured) in [("NO_COLOR=1", false), ("NO_COLOR=", true)] {
        terminal.type_line("clear; echo before the view");
        terminal.type_line(&format!("export {variable}"));
        terminal.watch("");
        let escapes = terminal.tmux(&["capture-pane", "-p", "-e"]);
        assert_eq!(escapes.contains("\u{1b}[38;5;"), coloured, "{variable}: {escapes:?}");
        assert!(!escapes.contains("\u{1b}[48;"), "something is painted behind the text: {escapes:?}");
        terminal.keys(&["q"]);
        terminal.sees("code 0");
    }
}
