//! Recordings read in their order and folded: what is passed over is said where it stands.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::Report;
use super::fold::Fold;
use crate::recording::{Line, Reader};
use crate::{Context, Exit, Failure};

/// Samples between two looks at whether to stop.
const BREATH: u64 = 4096;
/// Foreign schemas that are told apart.
const MOST_SCHEMAS: usize = 8;

/// The report of these files, in their order; `None` where it was interrupted.
pub(crate) fn read(context: &Context, files: &[PathBuf]) -> Result<Option<Report>, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let advice = "give files that `dhlimit watch --record FILE` or `dhlimit watch -o jsonl` wrote";
    let mut fold = Fold::default();
    for path in files {
        let reader = if path == Path::new("-") {
            Reader::new(Path::new("standard input"), BufReader::new(io::stdin()))
        } else {
            Reader::open(path).map_err(|error| usage(anyhow::Error::new(error)).advise(advice))?
        };
        let name = path.to_string_lossy();
        let (mut count, mut passed) = (0_u64, Passed::default());
        for line in reader {
            match line.map_err(|error| usage(anyhow::Error::new(error)).advise(advice))? {
                Line::Sample(sample) => fold.push(&name, &sample),
                Line::Torn(number) => {
                    fold.torn();
                    context.say(&format!(
                        "! {}: line {number} had been torn off by a crash; it is passed over",
                        path.display()
                    ));
                }
                Line::Foreign { line, schema } => {
                    fold.torn();
                    passed.push(line, schema);
                }
            }
            count += 1;
            if count.is_multiple_of(BREATH) && context.shutdown.is_cancelled() {
                return Ok(None);
            }
        }
        passed
            .words()
            .iter()
            .for_each(|words| context.say(&format!("! {}: {words}", path.display())));
        if count == 0 {
            context.say(&format!("! {} holds no samples yet", path.display()));
        }
    }
    Ok(Some(fold.finish()))
}

/// The lines of one recording that are no samples: what is said of them in the end.
#[derive(Default)]
struct Passed {
    /// By the schema that they name, the first line and how many.
    schemas: BTreeMap<Option<String>, (u64, u64)>,
}

impl Passed {
    fn push(&mut self, line: u64, schema: Option<String>) {
        // Beyond so many schemas a name says nothing any more.
        let schema = schema.filter(|schema| {
            self.schemas.len() < MOST_SCHEMAS || self.schemas.contains_key(&Some(schema.clone()))
        });
        self.schemas.entry(schema).or_insert((line, 0)).1 += 1;
    }

    fn words(&self) -> Vec<String> {
        let words = |(schema, (first, count)): (&Option<String>, &(u64, u64))| {
            let lines = if *count == 1 {
                format!("line {first}")
            } else {
                format!("{count} lines, the first of them line {first},")
            };
            let (is, it) = if *count == 1 { ("is", "it is") } else { ("are", "they are") };
            match schema {
                Some(schema) => format!(
                    "{lines} {is} of the schema {schema}, which this version does not read; {it} passed over"
                ),
                None => format!(
                    "{lines} {is} damaged or no {}; {it} passed over",
                    if *count == 1 { "sample" } else { "samples" }
                ),
            }
        };
        self.schemas.iter().map(words).collect()
    }
}
