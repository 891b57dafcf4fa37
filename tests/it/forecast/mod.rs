//! Forecasts of what a sandbox does, under each window law.

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small numbers of a simulation"
)]
mod runs;

use dhlimit::quota::Law;
use rstest::rstest;
use runs::{Outcome, Use, median, part};

const RUNS: u64 = 40;

#[rstest]
fn the_time_to_empty_of_a_sandbox_is_foretold(
    #[values(Law::Sliding, Law::Fixed, Law::Bucket)] law: Law,
    #[values(Use::Steady, Use::Bursty, Use::Falling)] kind: Use,
) {
    let outcome = Outcome::of(law, kind, 1..=RUNS);
    let (error, first_error) = (median(&outcome.errors), median(&outcome.first_errors));
    let (held, first_held) =
        (part(outcome.held, outcome.forecasts), part(outcome.first_held, outcome.runs));
    let said = format!(
        "{law:?} {kind:?}: median error {error:.3} of {}, at the 20th reading {first_error:.3} of {}; ranges hold in {held:.3}, \
         at the 20th reading {first_held:.3}, in {} of {} runs nine in ten; half of them are narrower than {:.2} of the time",
        outcome.errors.len(),
        outcome.first_errors.len(),
        outcome.runs_held,
        outcome.runs,
        median(&outcome.widths)
    );
    println!("{said}");
    assert!(outcome.runs >= 30 && outcome.errors.len() >= 400, "too few to tell: {said}");
    assert!(error < 0.10, "{said}");
    // Whoever says nothing is never wrong.
    let silent = part(outcome.silent, outcome.silent + outcome.errors.len());
    assert!(silent < 0.25, "no time in {silent:.3} of the forecasts before an empty count: {said}");
    assert!(held >= 0.90 && first_held >= 0.90, "{said}");
    // One from now to never would always hold.
    assert!(
        outcome.widths.len() >= 400 && median(&outcome.widths) < 1.0,
        "ranges that say nothing: {said}"
    );
    assert!(part(outcome.runs_held, outcome.runs) >= 0.90, "{said}");
}
