//! SIGINT and SIGTERM at a hundred random moments of a run through ctr, nerdctl and docker: exit code
//! 130, a report, no image, no child. The moments are drawn from a fixed seed and named on failure.

use std::ffi::OsString;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::real::{Containerd, Dockerd};
use crate::harness::{Home, Sandbox, tools};

/// The longest time into a run; a round takes about 200 ms, so that starting, asking, pulling and removing are all met.
const LATEST_MS: u64 = 900;

/// Numbers that look random and are the same every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

fn interrupt(
    times: usize,
    seed: u64,
    runtime: &str,
    environment: &[(&'static str, OsString)],
    held: impl Fn() -> Vec<String>,
) {
    let home = Home::new();
    let sandbox = Sandbox::start(&["--limit", "100000"]);
    let image = sandbox.image("library/nginx:latest");
    let mut dice = Dice(seed);
    let (mut time, mut reports) = (0, 0);
    while reports < times {
        time += 1;
        assert!(time <= 2 * times, "too few moments fell into a run: {reports} of {time}");
        let (signal, name) = [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM")][time % 2];
        let moment = Duration::from_millis(dice.below(LATEST_MS));
        let program = home.dhlimit([
            "stress",
            &image,
            "--runtime",
            runtime,
            "--interval",
            "0s",
            "--count",
            "100000",
            "-o",
            "json",
        ]);
        let mut running =
            program.envs(environment.iter().cloned()).limit(Duration::from_secs(60)).start();
        // Before its handlers are set a program cannot but die of the signal.
        running
            .wait_until(Duration::from_secs(10), |running| running.catches(signal).then_some(()));
        // Three in four moments are counted from the plan on, as looking around takes seconds on a busy machine.
        if time % 4 > 0 {
            running.wait_until(Duration::from_secs(50), |running| {
                running.stderr().contains("Plan:").then_some(())
            });
        }
        thread::sleep(moment);
        running.signal(signal);
        let outcome = running.outcome();
        let which = format!("{runtime}, time {time}: {name} after {moment:?}");
        assert_eq!(outcome.code, Some(130), "{which}: {outcome:?}");
        assert_eq!(held(), [""; 0], "{which}: {outcome:?}");
        assert!(outcome.left_running().is_empty(), "{which}: {:?}", outcome.left_running());
        // While it still looks around there is no run yet, and nothing to report.
        if outcome.stdout.is_empty() && !outcome.stderr.contains("Plan:") {
            continue;
        }
        let report = outcome.json();
        assert_eq!(report["schema"], "dhlimit/stress/1", "{which}: {outcome:?}");
        assert_eq!(report["stopped_by"], "interrupt", "{which}: {outcome:?}");
        reports += 1;
    }
}

#[test]
fn ctr_is_interrupted_at_random_moments_and_leaves_nothing() {
    let Some(containerd) = Containerd::start() else { return };
    interrupt(34, 0x00C7_2017, "ctr", &containerd.environment(), || containerd.images());
}

#[test]
fn nerdctl_is_interrupted_at_random_moments_and_leaves_nothing() {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("nerdctl").is_some() {
        interrupt(33, 0x00E4_D711, "nerdctl", &containerd.environment(), || containerd.images());
    }
}

#[test]
fn docker_is_interrupted_at_random_moments_and_leaves_nothing() {
    let Some(dockerd) = Dockerd::start() else { return };
    interrupt(33, 0x00D0_C4E2, "docker", &dockerd.environment(), || {
        [dockerd.images(), dockerd.leases()].concat()
    });
}
