//! How good forecasts are: sandbox runs under each window law and kind of use, 300 of each. Not a
//! test: it prints what it measures. `cargo bench --bench forecast`; a number after `--` is the first
//! seed, for runs that nobody has seen.

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::time::Instant;

use dhlimit::quota::Law;

#[path = "../it/forecast/runs.rs"]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "small numbers of a simulation that may not go on without them"
)]
mod runs;

use runs::{JUDGED_FROM, Outcome, Use, median, part};

const RUNS: u64 = 300;

fn main() {
    let first = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_u64);
    println!(
        "{RUNS} runs each, forecasts from reading {JUDGED_FROM} on; error of the time to empty, relative to it."
    );
    println!(
        "no time: where it came to be empty; in runs: nine in ten ranges held; width: of half of the ranges that have an end"
    );
    println!(
        "{:<8} {:<8} {:>9} {:>12} {:>12} {:>9} {:>11} {:>11} {:>11} {:>8}",
        "law",
        "use",
        "forecasts",
        "median error",
        "at reading",
        "no time",
        "range holds",
        "at reading",
        "in runs",
        "width"
    );
    let started = Instant::now();
    let mut all = 0;
    for law in [Law::Sliding, Law::Fixed, Law::Bucket] {
        for kind in [Use::Steady, Use::Bursty, Use::Falling] {
            let outcome = Outcome::of(law, kind, first..first + RUNS);
            let percent = |some: f64| format!("{:.1} %", some * 100.0);
            println!(
                "{:<8} {:<8} {:>9} {:>12} {:>12} {:>9} {:>11} {:>11} {:>11} {:>8}",
                format!("{law:?}").to_lowercase(),
                format!("{kind:?}").to_lowercase(),
                outcome.forecasts,
                percent(median(&outcome.errors)),
                percent(median(&outcome.first_errors)),
                percent(part(outcome.silent, outcome.silent + outcome.errors.len())),
                percent(part(outcome.held, outcome.forecasts)),
                percent(part(outcome.first_held, outcome.runs)),
                percent(part(outcome.runs_held, outcome.runs)),
                percent(median(&outcome.widths)),
            );
            all += outcome.forecasts;
        }
    }
    println!("{all} forecasts in {:.1} s, the sandbox included", started.elapsed().as_secs_f64());
}
