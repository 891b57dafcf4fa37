//! `mirror rewrite`: references moved behind a mirror, and back. Only the bytes of their names change; what
//! cannot be changed with certainty is said and left.
//!
//! What is a reference, where it stands and what it resolves through is `scan`'s to say. For each, `propose`
//! finds the `piece`s of bytes that make its name; `settle` tries them by scanning the files as they would be,
//! and takes back all after which anything but the meant references has changed. `record` keeps how a name
//! was spelled where the mirror's name cannot tell; `write` replaces a file whole or not at all.

mod arguments;
mod name;
mod piece;
mod propose;
mod record;
mod report;
mod settle;
mod source;
mod target;
mod uses;
mod variable;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use piece::{Change, Piece, Way};
pub use record::RecordError;
pub use report::{Changed, FileReport, Left, Report, SkippedFile, State};
pub use target::{Form, Target, TargetError};
pub use variable::Variable;

use crate::scan::{ImageUse, Request, Scan, ScanError, scan};
use propose::propose;
use record::{Entries, Records};
use settle::{Settled, moved, settle};
use source::Sources;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The files.
    pub request: Request,
    /// What is done to their references.
    pub change: Change,
    /// The record; else one beside the files where one is needed.
    pub record: Option<PathBuf>,
}

/// Why nothing can be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// The files cannot be scanned.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The record cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// What would change, before anything is written.
#[derive(Debug)]
pub struct Prepared {
    /// What would change, and what is left.
    pub report: Report,
    records: Records,
    entries: BTreeMap<String, Entries>,
    /// The files that name images: beside any of them may be what a run that was killed left.
    seen: BTreeSet<String>,
    way: Way,
}

/// Finds what changes; writes nothing. `progress` is told how many files were read.
///
/// # Errors
/// Where a path is not there, or a record is none.
pub fn prepare(wanted: &Wanted, progress: &(dyn Fn(u64) + Sync)) -> Result<Prepared, RewriteError> {
    let change = &wanted.change;
    let before = scan(&wanted.request, progress)?;
    let sources = Sources::read(&before, |at| {
        before.references.get(at).is_some_and(|one| change.concerns(one))
    });
    let key = match &change.variable {
        Some(variable) => format!("${}", variable.name()),
        None => change.target.base().to_owned(),
    };
    let mut records = Records::new(&key, wanted.record.clone(), &wanted.request.paths);
    let known = known(&before, change, &mut records)?;
    let originals = |path: &str, pieces: &[&Piece]| originals(known.get(path), pieces);
    let proposals = propose(&before, &sources, change, &originals);
    let settled = settle(&before, &sources, change, proposals, &wanted.request)?;
    let entries = entries(&settled, &sources, change, &known);
    let report = report(&before, &settled, &sources, change);
    let seen = before.references.into_iter().map(|one| one.path).collect();
    Ok(Prepared { report, records, entries, seen, way: change.way })
}

/// What the records say of the files that matter.
fn known(
    scan: &Scan,
    change: &Change,
    records: &mut Records,
) -> Result<BTreeMap<String, Entries>, RecordError> {
    let mut known = BTreeMap::new();
    let mut asked = BTreeSet::new();
    let files = scan.references.iter().flat_map(|one| {
        let defined = one.defined_at.iter().map(|at| &at.path);
        let renamed = one.beside.renamed_by.iter().map(|(path, _)| path);
        let concerned = change.target.has(&one.known) || change.concerns(one);
        std::iter::once(&one.path).chain(defined).chain(renamed).filter(move |_| concerned)
    });
    for path in files {
        if asked.insert(path)
            && let Some(entries) = records.of(path)?
        {
            known.insert(path.clone(), entries);
        }
    }
    Ok(known)
}

/// What stood in the place of a file's pieces, as its record says.
fn originals(entries: Option<&Entries>, pieces: &[&Piece]) -> Vec<Option<String>> {
    let now: Vec<&str> = pieces.iter().map(|piece| piece.was.as_str()).collect();
    match entries {
        Some(entries) => record::matched(entries, &now),
        None => vec![None; now.len()],
    }
}

/// What is to be recorded of each file that changes: what its names were, where the way back would not come to
/// them by itself.
fn entries(
    settled: &Settled,
    sources: &Sources,
    change: &Change,
    known: &BTreeMap<String, Entries>,
) -> BTreeMap<String, Entries> {
    let Some(after) = settled.after.as_ref().filter(|_| change.way == Way::Mirror) else {
        let files = settled.changed.keys();
        return files.map(|path| (path.clone(), Entries::new())).collect();
    };
    let back = Change { way: Way::Back, ..change.clone() };
    let sources = sources.with(&settled.changed);
    let proposals = propose(after, &sources, &back, &|_, pieces| vec![None; pieces.len()]);
    let mut files: BTreeMap<String, BTreeMap<usize, Piece>> = BTreeMap::new();
    for piece in proposals.made.into_iter().flat_map(|proposal| proposal.pieces) {
        files.entry(piece.path.clone()).or_default().entry(piece.span.start).or_insert(piece);
    }
    let mut all = BTreeMap::new();
    for path in settled.changed.keys() {
        let pieces = files.remove(path).unwrap_or_default();
        let made: BTreeMap<usize, &Piece> = settled
            .pieces
            .get(path)
            .into_iter()
            .flatten()
            .map(|piece| (moved(settled.pieces.get(path), piece.span.start), piece))
            .collect();
        let pieces: Vec<&Piece> = pieces.values().collect();
        let older = originals(known.get(path), &pieces);
        let mut is_plain = true;
        let mut entries = Entries::new();
        for (piece, older) in pieces.into_iter().zip(older) {
            let now = made.get(&piece.span.start).filter(|made| made.is == piece.was);
            let was = now.map(|made| made.was.clone()).or(older);
            let was = was.unwrap_or_else(|| piece.is.clone());
            is_plain &= was == piece.is;
            entries.push((piece.was.clone(), was));
        }
        all.insert(path.clone(), if is_plain { Entries::new() } else { entries });
    }
    all
}

fn report(before: &Scan, settled: &Settled, sources: &Sources, change: &Change) -> Report {
    let files = settled.pieces.iter().filter_map(|(path, pieces)| {
        let changes = pieces.iter().map(|piece| {
            let (line, column) = sources.place(path, piece.span.start);
            Changed { line, column, was: piece.was.clone(), is: piece.is.clone() }
        });
        Some(FileReport {
            path: path.clone(),
            state: State::WouldChange,
            changes: changes.collect(),
            failure: None,
            before: sources.get(path)?.bytes.clone(),
            after: settled.changed.get(path)?.clone(),
        })
    });
    let left = |one: &ImageUse, reason: &str| Left {
        path: one.path.clone(),
        line: one.line,
        column: one.column,
        written: one.written.clone(),
        image: one.image.clone(),
        reason: reason.to_owned(),
    };
    let mut all: Vec<Left> = settled
        .left
        .iter()
        .filter_map(|refusal| Some(left(before.references.get(refusal.at)?, &refusal.why)))
        .collect();
    all.extend(
        still_there(settled, change, &all)
            .into_iter()
            .map(|one| left(one, "it stands there after the rewrite, too")),
    );
    all.sort();
    all.dedup();
    let skipped = before
        .skipped
        .iter()
        .map(|skipped| SkippedFile { path: skipped.path.clone(), reason: skipped.reason.clone() });
    Report {
        schema: Report::SCHEMA,
        mirror: change.target.base().to_owned(),
        form: change.target.form().name(),
        reverse: change.way == Way::Back,
        variable: change.variable.as_ref().map(|variable| variable.name().to_owned()),
        files: files.collect(),
        left: all,
        skipped: skipped.collect(),
        records: Vec::new(),
    }
}

/// References that are where they should not be any more, and of which nothing was said.
fn still_there<'s>(settled: &'s Settled, change: &Change, said: &[Left]) -> Vec<&'s ImageUse> {
    let Some(after) = settled.after.as_ref().filter(|_| change.variable.is_none()) else {
        return Vec::new();
    };
    let is_said = |one: &ImageUse| {
        said.iter().any(|left| left.path == one.path && left.written == one.written)
    };
    after.references.iter().filter(|one| change.concerns(one) && !is_said(one)).collect()
}

impl Prepared {
    /// Writes the files, one after another, until `stop` says no more: each is whole at all times. What the names
    /// were is on disk before the first of them.
    ///
    /// # Errors
    /// Where that cannot be recorded; no file is changed then.
    pub fn write(mut self, stop: &dyn Fn() -> bool) -> Result<Report, RewriteError> {
        self.records.clean();
        for path in &self.seen {
            write::clean(Path::new(path));
        }
        if self.way == Way::Mirror {
            for (path, entries) in std::mem::take(&mut self.entries) {
                self.records.keep(&path, &entries)?;
            }
            self.report.records = self.records.save()?;
        }
        for file in &mut self.report.files {
            if stop() {
                file.state = State::Interrupted;
                continue;
            }
            match write::replace(Path::new(&file.path), &file.before, &file.after) {
                Ok(()) => file.state = State::Changed,
                Err(error) => {
                    file.state = State::Failed;
                    file.failure = Some(error.to_string());
                }
            }
        }
        if self.way == Way::Back {
            let done = self.report.files.iter().filter(|file| file.state == State::Changed);
            let done: Vec<String> = done.map(|file| file.path.clone()).collect();
            for path in done {
                self.records.keep(&path, &Entries::new())?;
            }
            let mark = self.report.variable.as_deref().unwrap_or(self.report.mirror.as_str());
            // Of Helm's two keys only the first holds the host.
            let mark = mark.split('/').next().unwrap_or(mark);
            self.records.forget_without(mark)?;
            self.report.records = self.records.save()?;
        }
        Ok(self.report)
    }
}
