//! The live view on a real terminal (tmux): what is seen, what keys do, and what is left behind.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use dhlimit::context::{Clock, Context};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::terminal::{Terminal, children, ends};
use crate::harness::wait_for;

fn watch(terminal: &Terminal, more: &str) {
    terminal.type_line(&format!(
        "{} watch --sandbox --traffic steady:2/s --interval 200ms -q {more}; echo \"code $?\"",
        env!("CARGO_BIN_EXE_dhlimit")
    ));
    terminal.sees("q quit");
    terminal.sees(" left  ");
}

#[test]
fn the_view_shows_gauge_chart_and_next_poll_and_keys_turn_it() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    watch(&terminal, "");
    let screen = terminal.sees("pulls/h");
    for words in [
        "dhlimit watch",
        "anonymous effective  counted as 127.0.0.1",
        "of 100 used  2m window",
        "pulls left: anonymous",
        "every 200ms",
    ] {
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
    watch(&terminal, "");
    for (columns, rows) in [("120", "40"), ("40", "10"), ("20", "3"), ("80", "24")] {
        terminal.tmux(&["resize-window", "-x", columns, "-y", rows]);
        let rows: usize = rows.parse().expect("a number");
        let fits = wait_for(Duration::from_secs(10), || {
            let screen = terminal.screen();
            (screen.contains("left") && screen.trim_end().lines().count() >= rows.min(10) - 1)
                .then_some(())
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
    watch(&terminal, "");
    terminal.keys(&["C-c"]);
    terminal.is_given_back("130");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        terminal.type_line("clear; echo before the view");
        watch(&terminal, "");
        kill_process(terminal.program(), signal).expect("it runs");
        terminal.is_given_back("130");
    }
}

/// The view is gone, and the shell has its screen, its cursor and its modes again.
#[track_caller]
fn is_away(terminal: &Terminal) {
    terminal.sees("before the view");
    terminal.type_line("stty -a | grep -ow -e '-*icanon' -e '-*echo'");
    terminal.sees("icanon\necho");
    assert!(
        !terminal.screen().contains("-icanon") && !terminal.screen().contains("q quit"),
        "{}",
        terminal.screen()
    );
    assert_eq!(
        terminal.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim(),
        "0 1"
    );
}

/// The view is there again, all of it and nothing else, and hears keys.
#[track_caller]
fn is_back(terminal: &Terminal) {
    terminal.sees("q quit");
    terminal.misses("before the view");
    let screen = terminal.sees("dhlimit watch");
    assert!(
        screen.contains(" left  ") && screen.contains("pulls left: anonymous"),
        "only what changed is drawn:\n{screen}"
    );
    assert!(
        !screen.contains("code ") && !screen.contains("icanon"),
        "the shell's text is between it:\n{screen}"
    );
    assert_eq!(
        terminal.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).trim(),
        "1 0"
    );
    terminal.keys(&["?"]);
    terminal.sees("the next identity");
    terminal.keys(&["Escape"]);
    terminal.misses("the next identity");
}

/// The letter for what a process does: `T` for a stopped one.
fn state(process: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

#[track_caller]
fn stops(process: Pid) {
    let stopped = wait_for(Duration::from_secs(10), || (state(process) == Some('T')).then_some(()));
    assert!(stopped.is_some(), "{:?}", state(process));
}

#[test]
fn stopped_and_continued_the_view_is_whole_and_the_shell_was_so_meanwhile() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    watch(&terminal, "");
    let program = terminal.program();
    for way in ["C-z", "a signal", "C-z", "no warning"] {
        match way {
            "C-z" => terminal.keys(&["C-z"]),
            "a signal" => kill_process(program, Signal::TSTP).expect("it runs"),
            _ => kill_process(program, Signal::STOP).expect("it runs"),
        }
        stops(program);
        if way == "no warning" {
            // What it could not do, the user does; Enter is no line end yet.
            terminal.keys(&["stty sane; echo before the view; fg; echo \"code $?\"", "C-j"]);
        } else {
            is_away(&terminal);
            terminal.type_line("clear; echo before the view; fg; echo \"code $?\"");
        }
        is_back(&terminal);
        assert_ne!(state(program), Some('T'), "{way}");
    }
    terminal.keys(&["q"]);
    terminal.is_given_back("0");
}

#[test]
fn in_the_background_the_view_leaves_the_terminal_alone() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    // A script is stopped as a whole: else its shell would wait, with nobody on the terminal.
    let file = terminal.home.write(
        "script",
        &format!("{} watch --sandbox --interval 200ms -q\n", env!("CARGO_BIN_EXE_dhlimit")),
    );
    terminal.type_line(&format!("sh {}; echo \"code $?\"", file.display()));
    terminal.sees("q quit");
    let program = children(terminal.program()).into_iter().next().expect("the script's child");
    terminal.keys(&["C-z"]);
    stops(program);
    is_away(&terminal);
    terminal.type_line("clear; echo before the view; bg");
    let goes_on = wait_for(Duration::from_secs(10), || (state(program) != Some('T')).then_some(()));
    assert!(goes_on.is_some());
    std::thread::sleep(Duration::from_millis(1_500));
    is_away(&terminal);
    assert_ne!(state(program), Some('T'), "it touched the terminal from the background");
    terminal.type_line("fg; echo \"code $?\"");
    is_back(&terminal);
    kill_process(program, Signal::TSTP).expect("it runs");
    // A signal stops whom it was sent to; the script, who did not hear it, has the terminal then.
    stops(program);
    kill_process(program, Signal::CONT).expect("it is there");
    is_back(&terminal);
    // Ended where it may not set modes.
    terminal.keys(&["C-z"]);
    stops(program);
    terminal.type_line("clear; echo before the view; bg");
    kill_process(program, Signal::TERM).expect("it is there");
    ends(program);
    is_away(&terminal);
}

#[test]
fn begun_in_the_background_the_view_comes_with_the_terminal() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    terminal.type_line(&format!(
        "{} watch --sandbox --interval 200ms -q &",
        env!("CARGO_BIN_EXE_dhlimit")
    ));
    std::thread::sleep(Duration::from_secs(1));
    is_away(&terminal);
    terminal.type_line("fg; echo \"code $?\"");
    is_back(&terminal);
    terminal.keys(&["q"]);
    terminal.is_given_back("0");
}

#[test]
fn where_nobody_would_let_it_go_on_it_does_not_stop() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    // The leader of the session of a window of its own.
    terminal.tmux(&[
        "new-window",
        &format!("{} watch --sandbox --interval 200ms -q", env!("CARGO_BIN_EXE_dhlimit")),
    ]);
    terminal.sees("q quit");
    let program = terminal.shell();
    terminal.keys(&["C-z"]);
    kill_process(program, Signal::TSTP).expect("it runs");
    std::thread::sleep(Duration::from_secs(1));
    assert_ne!(state(program), Some('T'));
    is_back(&terminal);
    terminal.keys(&["q"]);
    terminal.sees("before the view");
}

#[test]
fn a_goal_reached_leaves_the_last_reading_on_the_screen() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    watch(&terminal, "--until 90");
    terminal.is_given_back("0");
    terminal.sees("Z  docker.io/ratelimitpreview/test:latest  anonymous [effec");
}

#[test]
fn without_colour_there_is_none() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    for (variable, coloured) in [("NO_COLOR=1", false), ("NO_COLOR=", true)] {
        terminal.type_line("clear; echo before the view");
        terminal.type_line(&format!("export {variable}"));
        watch(&terminal, "");
        let escapes = terminal.tmux(&["capture-pane", "-p", "-e"]);
        assert_eq!(escapes.contains("\u{1b}[38;5;"), coloured, "{variable}: {escapes:?}");
        assert!(
            !escapes.contains("\u{1b}[48;"),
            "something is painted behind the text: {escapes:?}"
        );
        terminal.keys(&["q"]);
        terminal.sees("code 0");
    }
}

/// A clock that breaks in the thread of the live view, once that has been drawn.
struct Broken(std::sync::atomic::AtomicU32);

impl Clock for Broken {
    fn now(&self) -> DateTime<Utc> {
        let in_view = std::thread::current().name() == Some("view");
        assert!(
            !in_view || self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 10,
            "the clock broke"
        );
        Utc::now()
    }
}

/// In a terminal of its own this test runs itself once more, with a variable set: there it is the
/// program, with a clock that makes the view panic.
#[test]
fn a_panic_in_the_view_gives_the_terminal_back_before_it_says_so() {
    const IN_THE_TERMINAL: &str = "DHLIMIT_TEST_BROKEN_CLOCK";
    if std::env::var_os(IN_THE_TERMINAL).is_some() {
        let mut context = Context::from_process();
        context.clock = Arc::new(Broken(0.into()));
        let exit = dhlimit::run(
            ["dhlimit", "watch", "--sandbox", "--interval", "100ms"].map(Into::into),
            &context,
        );
        return assert_eq!(exit.code(), 3, "a view that broke is no success");
    }
    let Some(terminal) = Terminal::new(80, 24) else { return };
    let this = std::env::current_exe().expect("this test");
    let name = "watch::terminal::a_panic_in_the_view_gives_the_terminal_back_before_it_says_so";
    terminal.type_line(&format!(
        "RUST_BACKTRACE=0 {IN_THE_TERMINAL}=1 {} --exact {name} --nocapture; echo \"code $?\"",
        this.display()
    ));
    terminal.sees("q quit");
    // On the screen from before: had the hook not given it back, these words would be lost with the view's.
    terminal.sees("the clock broke");
    terminal.sees("the live view broke");
    terminal.is_given_back("0");
}

/// Whole samples, each with its line end.
fn is_intact(recording: &Path) -> usize {
    let text = std::fs::read_to_string(recording).expect("the recording");
    assert!(text.ends_with('\n'), "the last line is torn: {text}");
    let samples =
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a sample"));
    samples.filter(|sample| sample["schema"] == "dhlimit/sample/1").count()
}

#[test]
fn a_terminal_that_goes_away_ends_the_watch_and_spares_its_recording() {
    let Some(terminal) = Terminal::new(80, 24) else { return };
    let start = |name: &str| {
        let path = terminal.home.path().join(name);
        watch(&terminal, &format!("--record {}", path.display()));
        (terminal.program(), path)
    };
    // The window is closed: every process on it hears SIGHUP.
    terminal.tmux(&["new-window", "env PS1='$ ' TZ=UTC sh"]);
    let (program, path) = start("closed.jsonl");
    terminal.tmux(&["kill-window"]);
    ends(program);
    assert!(is_intact(&path) > 0);
    // The shell is killed: nobody is left to tell.
    let (program, path) = start("orphaned.jsonl");
    kill_process(terminal.shell(), Signal::KILL).expect("it runs");
    ends(program);
    assert!(is_intact(&path) > 0);
}
