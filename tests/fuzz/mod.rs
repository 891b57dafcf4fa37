//! Fuzz targets, one a parser: whatever the bytes, it ends soon, never panics, and holds what it
//! promises (what is written is read again, no control character passes, no secret shows). A seed
//! corpus is committed in `corpus/`, one file a target, its seeds parted by lines of `%%`.
//!
//! Part of the library's unit tests, since most parsers are private. Each target runs for
//! `DHLIMIT_FUZZ_SECONDS` (1 by default, more in CI) on the same inputs, or on others with
//! `DHLIMIT_FUZZ_START=NUMBER`; a failure names the `DHLIMIT_FUZZ_SEED` that brings it back.

mod mutator;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mutator::{Random, mutated};

/// From one seed to the next.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;
/// No input may take longer, on a loaded machine and in a debug build.
const SLOWEST: Duration = Duration::from_secs(5);

/// Runs `target` on the seeds of `name` as they are, then on mutations of them until the time is up.
fn fuzz(name: &str, target: impl Fn(&[u8])) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(format!("{name}.txt"));
    let corpus = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = String::from_utf8(corpus).expect("a corpus is UTF-8");
    let seeds: Vec<Vec<u8>> = text.split("%%\n").map(|seed| seed.as_bytes().to_vec()).collect();
    let number = |variable: &str| {
        std::env::var(variable).ok().map(|value| value.parse::<u64>().expect(variable))
    };
    let seconds = number("DHLIMIT_FUZZ_SECONDS").unwrap_or(1);
    let first = number("DHLIMIT_FUZZ_SEED");
    // The same inputs each time, so that a run of CI says something of the change alone; another
    // beginning is for whoever looks for more.
    let mut seed = first.or_else(|| number("DHLIMIT_FUZZ_START")).unwrap_or(STRIDE);
    for input in &seeds {
        attempt(name, &target, input, None);
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        attempt(name, &target, &mutated(&seeds, &mut Random::new(seed)), Some(seed));
        if first.is_some() {
            break;
        }
        seed = seed.wrapping_add(STRIDE);
    }
}

fn attempt(name: &str, target: &impl Fn(&[u8]), input: &[u8], seed: Option<u64>) {
    let start = Instant::now();
    let is_ok = catch_unwind(AssertUnwindSafe(|| target(input))).is_ok();
    let took = start.elapsed();
    assert!(
        is_ok && took < SLOWEST,
        "{name} with DHLIMIT_FUZZ_SEED={seed:?} {} on {:?}",
        if is_ok { format!("takes {took:?}") } else { "fails".to_owned() },
        String::from_utf8_lossy(input)
    );
}
