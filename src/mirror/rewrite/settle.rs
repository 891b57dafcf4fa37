//! What is proposed is tried: the files with all pieces replaced are scanned in memory, and each reference must
//! come to what was meant, and no other may have changed. What does not is taken back with all that hangs
//! together with it, and said.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::piece::{Change, Piece, Way};
use super::propose::{Proposals, Refusal};
use super::source::Sources;
use super::variable;
use crate::scan::{ImageUse, Request, Scan, ScanError, scan};

/// How often it is tried before all is taken back that is not settled.
const MOST_ROUNDS: usize = 12;

/// What holds.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// What is replaced, by file and in the order of the file.
    pub pieces: BTreeMap<String, Vec<Piece>>,
    /// The files' new bytes.
    pub changed: BTreeMap<String, Vec<u8>>,
    /// What is left as it is.
    pub left: Vec<Refusal>,
    /// What the files scan to then.
    pub after: Option<Scan>,
}

/// Tries what is proposed until what is left of it holds.
///
/// # Errors
/// Where the files cannot be scanned.
pub(super) fn settle(
    before: &Scan,
    sources: &Sources,
    change: &Change,
    proposals: Proposals,
    request: &Request,
) -> Result<Settled, ScanError> {
    let mut work = Work::new(before, sources, change, proposals);
    work.refuse_conflicts();
    for round in 0..=MOST_ROUNDS {
        let (pieces, changed) = work.apply();
        if changed.is_empty() {
            return Ok(Settled { left: work.left, ..Settled::default() });
        }
        let mut request = request.clone();
        let texts = changed
            .iter()
            .map(|(path, bytes)| (path.clone(), crate::scan::text_of(bytes).into_owned()));
        request.given.instead = texts.collect();
        let after = scan(&request, &|_| {})?;
        let wrong = work.wrong(&after, &pieces);
        if wrong.is_empty() {
            return Ok(Settled { pieces, changed, left: work.left, after: Some(after) });
        }
        if round + 1 < MOST_ROUNDS {
            work.take_back(&wrong);
        } else {
            let all = (0..work.proposals.made.len()).map(|at| (at, String::new())).collect();
            work.take_back(&all);
        }
    }
    Ok(Settled { left: work.left, ..Settled::default() })
}

struct Work<'a> {
    before: &'a Scan,
    sources: &'a Sources,
    change: &'a Change,
    proposals: Proposals,
    /// The group that each proposal belongs to: those that share a piece.
    groups: Vec<usize>,
    dropped: BTreeSet<usize>,
    left: Vec<Refusal>,
}

/// A reference as it can be compared: its file, its place, what it comes to, whether it is replaced elsewhere.
type Seen<'a> = (&'a str, usize, &'a str, bool);

impl<'a> Work<'a> {
    fn new(
        before: &'a Scan,
        sources: &'a Sources,
        change: &'a Change,
        mut proposals: Proposals,
    ) -> Self {
        let left = std::mem::take(&mut proposals.left);
        let mut groups: Vec<usize> = (0..proposals.made.len()).collect();
        let mut owners: BTreeMap<(&str, usize), usize> = BTreeMap::new();
        for (at, proposal) in proposals.made.iter().enumerate() {
            for piece in &proposal.pieces {
                let key = (piece.path.as_str(), piece.span.start);
                let other = *owners.entry(key).or_insert(at);
                let (from, to) = (group(&groups, at), group(&groups, other));
                if let Some(slot) = groups.get_mut(from) {
                    *slot = to;
                }
            }
        }
        let groups = (0..groups.len()).map(|at| group(&groups, at)).collect();
        Self { before, sources, change, proposals, groups, dropped: BTreeSet::new(), left }
    }

    fn one(&self, proposal: usize) -> Option<&'a ImageUse> {
        self.before.references.get(self.proposals.made.get(proposal)?.at)
    }

    /// Takes proposals back, and with each all of its group.
    fn take_back(&mut self, wrong: &BTreeMap<usize, String>) {
        for (at, why) in wrong {
            let Some(group) = self.groups.get(*at).copied() else { continue };
            let place = self.one(*at).map(|one| format!("{}:{}", one.path, one.line));
            for (other, proposal) in self.proposals.made.iter().enumerate() {
                if self.groups.get(other) != Some(&group) || !self.dropped.insert(other) {
                    continue;
                }
                let why = match (&place, other == *at, why.is_empty()) {
                    (_, _, true) => "what it would come to is not certain".to_owned(),
                    (_, true, _) | (None, ..) => why.clone(),
                    (Some(place), ..) => {
                        format!("it shares a definition with {place}, which stays")
                    }
                };
                self.left.push(Refusal { at: proposal.at, why });
            }
        }
    }

    /// Two references that want different names in one place, or in places that overlap.
    fn refuse_conflicts(&mut self) {
        let mut pieces: Vec<(&Piece, usize)> = Vec::new();
        for (at, proposal) in self.proposals.made.iter().enumerate() {
            pieces.extend(proposal.pieces.iter().map(|piece| (piece, at)));
        }
        pieces.sort_by_key(|(piece, _)| (&piece.path, piece.span.start, piece.span.end));
        let mut wrong = BTreeMap::new();
        let mut last: Option<&Piece> = None;
        for (piece, at) in pieces {
            let conflict = last.filter(|last| {
                let same = last.span == piece.span && last.is == piece.is;
                last.path == piece.path && last.span.end > piece.span.start && !same
            });
            if conflict.is_some() {
                let why =
                    format!("two references want different names where {:?} stands", piece.was);
                wrong.insert(at, why);
            }
            last = Some(piece);
        }
        self.take_back(&wrong);
    }

    /// What holds so far, applied.
    fn apply(&self) -> (BTreeMap<String, Vec<Piece>>, BTreeMap<String, Vec<u8>>) {
        let mut files: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
        for (at, proposal) in self.proposals.made.iter().enumerate() {
            if self.dropped.contains(&at) {
                continue;
            }
            for piece in proposal.pieces.iter().filter(|piece| piece.was != piece.is) {
                let known = files.entry(piece.path.clone()).or_default();
                if !known.iter().any(|other| other.span == piece.span) {
                    known.push(piece.clone());
                }
            }
        }
        for (path, piece) in &self.proposals.added {
            if let Some(pieces) = files.get_mut(path) {
                pieces.push(piece.clone());
            }
        }
        let mut changed = BTreeMap::new();
        for (path, pieces) in &mut files {
            self.take_argument(path, pieces);
            pieces.sort_by_key(|piece| piece.span.start);
            if let Some(bytes) = self.replaced(path, pieces) {
                changed.insert(path.clone(), bytes);
            }
        }
        files.retain(|path, _| changed.contains_key(path));
        (files, changed)
    }

    /// The definition of a variable that nothing uses any more goes with its uses.
    fn take_argument(&self, path: &str, pieces: &mut Vec<Piece>) {
        let Some(name) = self.change.variable.as_ref().filter(|_| self.change.way == Way::Back)
        else {
            return;
        };
        let text = self.sources.get(path).map(|source| source.text.as_str()).unwrap_or_default();
        let uses = |text: &str| {
            let bare = format!("${}", name.name());
            let braced = format!("${{{}", name.name());
            text.matches(&bare).count() + text.matches(&braced).count()
        };
        let gone: usize = pieces.iter().map(|piece| uses(&piece.was)).sum();
        if gone == uses(text) {
            pieces.extend(variable::argument_taken(path, text, name));
        }
    }

    fn replaced(&self, path: &str, pieces: &[Piece]) -> Option<Vec<u8>> {
        let source = self.sources.get(path)?;
        let mut bytes = Vec::with_capacity(source.bytes.len() + 64 * pieces.len());
        let mut at = 0;
        for piece in pieces {
            if source.bytes.get(piece.span.clone())? != piece.was.as_bytes() {
                return None;
            }
            bytes.extend_from_slice(source.bytes.get(at..piece.span.start)?);
            bytes.extend_from_slice(piece.is.as_bytes());
            at = piece.span.end;
        }
        bytes.extend_from_slice(source.bytes.get(at..)?);
        Some(bytes)
    }

    /// The proposals after which a reference is not what it should be, each with what is wrong.
    fn wrong(
        &self,
        after: &Scan,
        pieces: &BTreeMap<String, Vec<Piece>>,
    ) -> BTreeMap<usize, String> {
        let mut meant: BTreeMap<usize, &str> = BTreeMap::new();
        for (at, proposal) in self.proposals.made.iter().enumerate() {
            if !self.dropped.contains(&at) {
                meant.insert(proposal.at, &proposal.known);
            }
        }
        let found: BTreeSet<Seen<'_>> =
            after.references.iter().map(|one| seen(one, one.span.start, &one.known)).collect();
        let mut expected = BTreeSet::new();
        let mut wrong = BTreeMap::new();
        let mut files = BTreeSet::new();
        for (at, one) in self.before.references.iter().enumerate() {
            let start = moved(pieces.get(&one.path), one.span.start);
            let known = meant.get(&at).copied().unwrap_or(&one.known);
            let tuple = seen(one, start, known);
            expected.insert(tuple);
            if found.contains(&tuple) {
                continue;
            }
            let is =
                after.references.iter().find(|now| now.path == one.path && now.span.start == start);
            let why = match is {
                Some(now) => format!("{} would become {}", one.known, now.known),
                None => "a new name in its place would not be read as an image".to_owned(),
            };
            let culprits = self.culprits(at, one);
            if culprits.is_empty() {
                files.insert(one.path.as_str());
            }
            wrong.extend(culprits.into_iter().map(|culprit| (culprit, why.clone())));
        }
        if wrong.is_empty() {
            let extra = found.difference(&expected).map(|(path, ..)| *path);
            files.extend(extra);
            let live = self.live().filter(|at| {
                self.proposals.made.get(*at).is_some_and(|proposal| {
                    proposal.pieces.iter().any(|piece| files.contains(piece.path.as_str()))
                })
            });
            wrong.extend(live.map(|at| (at, String::new())));
        }
        if wrong.is_empty() && !files.is_empty() {
            wrong.extend(self.live().map(|at| (at, String::new())));
        }
        wrong
    }

    fn live(&self) -> impl Iterator<Item = usize> {
        (0..self.proposals.made.len()).filter(|at| !self.dropped.contains(at))
    }

    /// The proposals that can have changed a reference: its own, or those at its place or definitions.
    fn culprits(&self, reference: usize, one: &ImageUse) -> Vec<usize> {
        let touches = |piece: &Piece| {
            let overlaps =
                |span: &Range<usize>| span.start <= piece.span.end && piece.span.start <= span.end;
            let line = self.sources.place(&piece.path, piece.span.start).0;
            (piece.path == one.path && overlaps(&one.span))
                || one.defined_at.iter().any(|at| at.path == piece.path && at.line == line)
        };
        let is = |at: &usize| {
            self.proposals.made.get(*at).is_some_and(|proposal| {
                proposal.at == reference || proposal.pieces.iter().any(touches)
            })
        };
        self.live().filter(is).collect()
    }
}

fn group(groups: &[usize], mut at: usize) -> usize {
    while let Some(next) = groups.get(at).copied().filter(|next| *next != at) {
        at = next;
    }
    at
}

fn seen<'a>(one: &'a ImageUse, start: usize, known: &'a str) -> Seen<'a> {
    (&one.path, start, known, !one.beside.renamed_by.is_empty())
}

/// Where a byte of a file stands after its pieces were replaced.
pub(super) fn moved(pieces: Option<&Vec<Piece>>, at: usize) -> usize {
    let before: Vec<&Piece> =
        pieces.into_iter().flatten().filter(|piece| piece.span.end <= at).collect();
    let added: usize = before.iter().map(|piece| piece.is.len()).sum();
    let gone: usize = before.iter().map(|piece| piece.was.len()).sum();
    (at + added).saturating_sub(gone)
}
