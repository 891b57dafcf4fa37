//! What `stress` adds to a runtime's own time: its rounds beside the bare loop of pull and remove
//! that people copy, through the real nerdctl and Docker Engine on daemons of their own, against one
//! sandbox. Not a test: it prints what it measures. `tests/run` installs what it needs, then
//! `cargo bench --bench overhead`, as root.
//!
//! Both sides make the same rounds with the same pauses, in turns, so that whatever else the machine
//! does falls on both; the median of the turns counts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "it is there to print, and to stop where something is amiss; so are the fixtures"
)]

// The fixtures of the tests, of which this needs a few.
#[allow(
    dead_code,
    unused_imports,
    reason = "its tests and most of its fixtures are for the test binary"
)]
#[path = "../it/harness/mod.rs"]
mod harness;

use std::ffi::OsString;
use std::time::Duration;

use harness::real::{Containerd, Dockerd};
use harness::{Home, Sandbox};

const TURNS: usize = 5;

fn main() {
    let sandbox = Sandbox::start(&["--limit", "100000"]);
    println!("{:<32} {:>10} {:>10} {:>8}", "", "bare loop", "stress", "ratio");
    if let Some(containerd) = Containerd::start() {
        // containerd's default namespace and its arguments, as the driver has them.
        let image = sandbox.image("library/nginx:latest");
        let bare = format!("nerdctl --insecure-registry pull -q {image} && nerdctl rmi -f {image}");
        compare(
            "nerdctl, no pause, 20 rounds",
            &image,
            "nerdctl",
            &bare,
            20,
            None,
            &containerd.environment(),
        );
    }
    if let Some(dockerd) = Dockerd::start() {
        let image = sandbox.image("library/nginx:latest");
        let bare = format!("docker pull {image} && docker rmi {image}");
        compare(
            "docker, 1 s pause, 10 rounds",
            &image,
            "docker",
            &bare,
            10,
            Some(1),
            &dockerd.environment(),
        );
    }
}

fn compare(
    what: &str,
    image: &str,
    runtime: &str,
    bare: &str,
    rounds: u32,
    pause: Option<u32>,
    environment: &[(&'static str, OsString)],
) {
    let pause = pause.unwrap_or(0);
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    let between =
        if pause == 0 { String::new() } else { format!("[ $n = {rounds} ] || sleep {pause}") };
    let bare =
        format!("set -e; n=0; while [ $n -lt {rounds} ]; do n=$((n+1)); {bare}; {between}\ndone");
    for turn in 0..=TURNS {
        let home = Home::new();
        let bare = home
            .program("sh", ["-c", &bare])
            .envs(environment.iter().cloned())
            .limit(Duration::from_secs(300))
            .run()
            .expect_code(0);
        let (count, pause) = (rounds.to_string(), format!("{pause}s"));
        let stress = [
            "stress",
            image,
            "--runtime",
            runtime,
            "--count",
            &count,
            "--interval",
            "0s",
            "--pause",
            &pause,
            "-q",
        ];
        let stress = home
            .dhlimit(stress)
            .envs(environment.iter().cloned())
            .limit(Duration::from_secs(300))
            .run()
            .expect_code(0);
        // The first turn warms the daemon up.
        if turn > 0 {
            bares.push(bare.elapsed);
            ours.push(stress.elapsed);
        }
    }
    let (bare, ours) = (median(bares), median(ours));
    println!(
        "{what:<32} {:>8.2} s {:>8.2} s {:>8.3}",
        bare.as_secs_f64(),
        ours.as_secs_f64(),
        ours.as_secs_f64() / bare.as_secs_f64()
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap()
}
