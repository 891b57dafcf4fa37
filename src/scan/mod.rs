//! `scan`: every image named in Dockerfiles, Compose and Kubernetes files, CI files and scripts; what of it
//! Docker Hub counts, as whom, and how many pulls that is. Asks no registry.
//!
//! Files are walked in parallel and each is read by its [kind](self::FileKind): a reader gets the file as
//! `input`, uses the shared readers (`yaml` into a `tree`, `shell`, `instructions`, `vars`) and
//! puts what it finds into a `sink`, with byte ranges of the file. Then what files say of each other is
//! settled (`links`): includes are read, builds pass their arguments on. At the end come `totals` and
//! `rules`. How a kind is added is said in `kind`.

mod arguments;
mod assemble;
mod env_file;
mod hcl;
mod input;
mod instructions;
mod json;
mod kind;
mod kinds;
mod lines;
mod links;
mod list;
mod live;
mod pages;
mod rules;
mod run;
mod shell;
mod sink;
mod suppression;
#[cfg(test)]
mod testing;
mod text;
mod tools;
mod totals;
mod tree;
mod value;
mod vars;
mod via;
mod walk;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use input::Given;
pub(crate) use input::text_of;
pub use kind::{FileKind, kind_names, kind_of};
pub(crate) use list::images_from;
pub use live::{Live, LiveError};
pub(crate) use pages::explained;
pub use pages::page;
pub use rules::{Allowed, Rule, RuleError, RuleSet, Rules};
pub(crate) use run::{of_path, run, say_skipped};
pub use tools::ToolError;
pub(crate) use tools::running;
pub use totals::Crowd;
pub use value::{
    Beside, Definition, ImageUse, Level, Pinned, Puller, Pulls, Purpose, Registry, Scan, Skipped,
    Totals, Violation, Waived, Waiver,
};

use assemble::FileResult;

/// What is to be scanned.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Standard input, where it is one of the paths: its text.
    pub stdin: Option<String>,
    /// The kind that all files are read as.
    pub kind: Option<FileKind>,
    /// What is said about variables and profiles.
    pub given: Given,
    /// Globs of files that are left out.
    pub exclude: Vec<String>,
    /// Whether what .gitignore names is read, too.
    pub no_ignore: bool,
    /// How many machines and platforms pull.
    pub crowd: Crowd,
    /// Which rules hold.
    pub rules: RuleSet,
    /// What runs now, beside what files say.
    pub live: Live,
}

/// Why nothing can be scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A path that is not there.
    #[error("{0}: no such file or folder")]
    Missing(String),
    /// A path that cannot be looked at.
    #[error("cannot read {path}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A glob that is none.
    #[error("--exclude {glob}: {why}")]
    Glob {
        /// What was given.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Scans all paths; `progress` is told how many files were read, from any thread.
pub fn scan(request: &Request, progress: &(dyn Fn(u64) + Sync)) -> Result<Scan, ScanError> {
    let mut files = walk::read_all(request, progress)?;
    links::settle(&mut files, request);
    Ok(finish(files, request))
}

/// All that the files say, in their order, with totals and findings.
fn finish(files: BTreeMap<String, FileResult>, request: &Request) -> Scan {
    let mut references = request.live.uses();
    let mut skipped = request.live.skipped.clone();
    let mut suppressions = BTreeMap::new();
    let mut count = 0_u64;
    for (path, mut file) in files {
        count += u64::from(file.kind.is_some());
        for reason in file.warnings.drain(..) {
            skipped.push(Skipped { path: path.clone(), reason });
        }
        references.append(&mut file.uses);
        if !file.suppressions.is_empty() {
            suppressions.insert(path, file.suppressions);
        }
    }
    references.sort_by(|one, other| {
        (&one.path, one.line, one.column, &one.reference).cmp(&(
            &other.path,
            other.line,
            other.column,
            &other.reference,
        ))
    });
    skipped.sort();
    skipped.dedup();
    totals::through_profiles(&mut references, &request.given.profiles);
    let totals = totals::of(&references, count, &request.crowd);
    let (findings, suppressed) = rules::judge(&references, &suppressions, &request.rules);
    Scan { schema: Scan::SCHEMA, references, totals, findings, suppressed, skipped }
}
