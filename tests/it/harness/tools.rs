//! Real tools that a test needs: found in the folder that `tests/run` builds into or in the search
//! path, and left out by name where they are missing, so that no test passes by doing nothing unseen.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::thread;

/// Where `tests/run` puts what it builds.
fn built() -> PathBuf {
    env::var_os("DHLIMIT_TEST_TOOLS").map_or_else(
        || {
            let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            cache
                .or_else(|| Some(env::home_dir()?.join(".cache")))
                .unwrap_or_default()
                .join("dhlimit-tests/bin")
        },
        PathBuf::from,
    )
}

/// The search path of the programs under test: pinned tools before this machine's own.
pub(crate) fn search_path() -> OsString {
    let own = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(built()).chain(env::split_paths(&own))).unwrap_or(own)
}

/// The options of a Chromium that asks nobody for anything by itself.
pub(crate) const BROWSER: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The tool's path, or a word that the running test is left out for want of it.
pub(crate) fn require(name: &str) -> Option<PathBuf> {
    let found = env::split_paths(&search_path())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        leave_out(name);
    }
    found
}

/// The Python of the folder that `tests/run` puts packages in, with the aws command's own library; or a
/// word that the running test is left out for want of it.
pub(crate) fn require_python() -> Option<PathBuf> {
    let python = built().parent()?.join("python/bin/python3");
    if python.is_file() && require("aws").is_some() {
        return Some(python);
    }
    leave_out("the Python packages of tests/run");
    None
}

/// Whether the test may do what only root may; says so where not.
pub(crate) fn require_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        leave_out("what needs root");
    }
    root
}

/// Says by name what a test is left out for; a failure where nothing may be left out.
///
/// Written past libtest's capture, which only catches the printing macros: a passing test's word
/// must be seen, and `tests/run` collects these lines.
pub(crate) fn leave_out(what: &str) {
    let test = thread::current().name().unwrap_or("?").to_owned();
    assert!(
        env::var("DHLIMIT_REQUIRE_ALL").as_deref() != Ok("1"),
        "{what} is missing, and DHLIMIT_REQUIRE_ALL=1 forbids leaving {test} out"
    );
    let _ = writeln!(std::io::stderr(), "left out: {test}, for want of {what}");
}
