//! What is proposed for each reference: its pieces and what it comes to with them, or why it is left as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::name::Name;
use super::piece::{Change, Piece, Way};
use super::source::Sources;
use super::uses;
use super::variable;
use crate::image::hub;
use crate::scan::{FileKind, ImageUse, Purpose, Scan};

/// What is put into the place of one reference's name.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    /// Which of the scan's references it is.
    pub at: usize,
    /// What is replaced.
    pub pieces: Vec<Piece>,
    /// What the reference comes to.
    pub known: String,
}

/// A reference that is left as it is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Which of the scan's references it is.
    pub at: usize,
    /// Why.
    pub why: String,
}

/// All that is proposed.
#[derive(Debug, Default)]
pub(super) struct Proposals {
    /// What is replaced.
    pub made: Vec<Proposal>,
    /// What is left.
    pub left: Vec<Refusal>,
    /// Lines that are added where anything in their file is replaced.
    pub added: BTreeMap<String, Piece>,
}

/// What stood in the place of a piece of a file before it was replaced, where that is known.
pub(super) type Originals<'o> = dyn Fn(&str, &[&Piece]) -> Vec<Option<String>> + 'o;

/// Proposes what to do with each reference.
pub(super) fn propose(
    scan: &Scan,
    sources: &Sources,
    change: &Change,
    originals: &Originals<'_>,
) -> Proposals {
    let mut all = Proposals::default();
    let renamed: BTreeSet<(&str, usize)> = scan
        .references
        .iter()
        .filter(|one| change.concerns(one))
        .flat_map(|one| &one.beside.renamed_by)
        .map(|(path, span)| (path.as_str(), span.start))
        .collect();
    for (at, one) in scan.references.iter().enumerate() {
        if !change.concerns(one) {
            if change.way == Way::Mirror && one.registry.is_none() && !one.unresolved.is_empty() {
                all.left.push(Refusal { at, why: no_value(one) });
            }
            continue;
        }
        if change.way == Way::Mirror
            && change.variable.as_ref().is_some_and(|name| name.is_before(one, sources))
        {
            continue;
        }
        match held(one, change, &renamed, sources).map_or_else(|| change.pieces(one, sources), Err)
        {
            Ok(pieces) => all.made.push(Proposal { at, pieces, known: String::new() }),
            Err(why) if why.is_empty() => {}
            Err(why) => all.left.push(Refusal { at, why }),
        }
    }
    refuse_other_uses(&mut all, scan, sources);
    if change.variable.is_some() && change.way == Way::Mirror {
        all.add_arguments(scan, sources, change);
    }
    if change.way == Way::Back {
        all.restore(originals);
    }
    for proposal in &mut all.made {
        let Some(one) = scan.references.get(proposal.at) else { continue };
        proposal.known = resolved(&one.known, &proposal.pieces);
    }
    all.follow(scan, sources);
    all
}

fn no_value(one: &ImageUse) -> String {
    format!("{} has no value here", one.unresolved.join(", "))
}

/// Why a reference is not touched, whatever its name.
fn held(
    one: &ImageUse,
    change: &Change,
    renamed: &BTreeSet<(&str, usize)>,
    sources: &Sources,
) -> Option<String> {
    let never = one.pulls == 0
        && one.kind == FileKind::Compose
        && one.purpose == Purpose::Service
        && !one.beside.overridden;
    if one.purpose == Purpose::Product {
        return Some("it is built here, not pulled".to_owned());
    }
    if never {
        return Some("its service never pulls it".to_owned());
    }
    if !one.certain {
        return Some("it may be no image that is pulled".to_owned());
    }
    if one.kind == FileKind::Testcontainers {
        let base = change.target.base();
        return Some(format!(
            "Testcontainers compares names: set TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX={base}/ instead"
        ));
    }
    let name = one.beside.name.as_ref()?;
    let own = sources.slice(&one.path, one.span.clone()).unwrap_or_default();
    let is_alone = super::piece::place(own, &Name::of(&one.known), true).is_none();
    (is_alone && !renamed.contains(&(one.path.as_str(), name.start)))
        .then(|| "the image that kustomize replaces is named elsewhere".to_owned())
}

/// What a reference comes to with its pieces replaced.
fn resolved(known: &str, pieces: &[Piece]) -> String {
    let mut cut: Vec<&Piece> = pieces.iter().filter(|piece| !piece.covers.is_empty()).collect();
    cut.sort_by_key(|piece| piece.covers.start);
    cut.dedup_by_key(|piece| piece.covers.clone());
    let mut text = known.to_owned();
    for piece in cut.into_iter().rev() {
        if text.get(piece.covers.clone()).is_some() {
            text.replace_range(piece.covers.clone(), &piece.means);
        }
    }
    text
}

/// A definition that more than references use is left where its other uses would break.
fn refuse_other_uses(all: &mut Proposals, scan: &Scan, sources: &Sources) {
    let mut spans: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
    for one in &scan.references {
        spans.entry(one.path.as_str()).or_default().push(one.span.clone());
    }
    let mut kept = Vec::new();
    for proposal in all.made.drain(..) {
        let Some(one) = scan.references.get(proposal.at) else { continue };
        match uses::broken(one, &proposal.pieces, &spans, sources) {
            Some(why) => all.left.push(Refusal { at: proposal.at, why }),
            None => kept.push(proposal),
        }
    }
    all.made = kept;
}

impl Proposals {
    /// A Dockerfile's argument before its first stage. Its default is Docker Hub's name where each of its
    /// references says that.
    fn add_arguments(&mut self, scan: &Scan, sources: &Sources, change: &Change) {
        let Some(variable) = &change.variable else { return };
        let hub = format!("{}/", hub::NAME);
        let mut explicit: BTreeMap<String, bool> = BTreeMap::new();
        let is_docker = |proposal: &Proposal| {
            scan.references.get(proposal.at).is_some_and(|one| one.kind == FileKind::Dockerfile)
        };
        for proposal in self.made.iter().filter(|proposal| is_docker(proposal)) {
            for piece in &proposal.pieces {
                *explicit.entry(piece.path.clone()).or_insert(true) &=
                    piece.means.starts_with(&hub);
            }
        }
        let mut wrong: BTreeMap<String, String> = BTreeMap::new();
        for (path, explicit) in &explicit {
            let text = sources.get(path).map(|source| source.text.as_str()).unwrap_or_default();
            let default = if *explicit { hub.as_str() } else { "" };
            match variable::argument(path, text, variable, default) {
                Ok(piece) => self.added.extend(piece.map(|piece| (path.clone(), piece))),
                Err(why) => drop(wrong.insert(path.clone(), why)),
            }
        }
        let mut kept = Vec::new();
        for mut proposal in self.made.drain(..) {
            let path = proposal.pieces.first().map(|piece| piece.path.clone()).unwrap_or_default();
            if let Some(why) = wrong.get(&path) {
                self.left.push(Refusal { at: proposal.at, why: why.clone() });
                continue;
            }
            if explicit.get(&path) == Some(&false) {
                for piece in &mut proposal.pieces {
                    if let Some(rest) = piece.means.strip_prefix(&hub) {
                        piece.means = rest.to_owned();
                    }
                }
            }
            kept.push(proposal);
        }
        self.made = kept;
    }

    /// Puts what stood there before into the place of each piece, where that is known.
    fn restore(&mut self, originals: &Originals<'_>) {
        let mut files: BTreeMap<String, BTreeMap<usize, Piece>> = BTreeMap::new();
        for piece in self.made.iter().flat_map(|proposal| &proposal.pieces) {
            files
                .entry(piece.path.clone())
                .or_default()
                .entry(piece.span.start)
                .or_insert_with(|| piece.clone());
        }
        let mut known: BTreeMap<(&str, usize), String> = BTreeMap::new();
        for (path, pieces) in &files {
            let pieces: Vec<&Piece> = pieces.values().collect();
            for (piece, original) in pieces.iter().zip(originals(path, &pieces)) {
                if let Some(original) = original {
                    known.insert((path, piece.span.start), original);
                }
            }
        }
        for piece in self.made.iter_mut().flat_map(|proposal| &mut proposal.pieces) {
            if let Some(original) = known.get(&(piece.path.as_str(), piece.span.start)) {
                piece.is.clone_from(original);
                piece.means.clone_from(original);
            }
        }
    }

    /// What kustomize replaces under a name is replaced under the new one.
    fn follow(&mut self, scan: &Scan, sources: &Sources) {
        for proposal in &mut self.made {
            let Some(one) = scan.references.get(proposal.at) else { continue };
            let (was, is) = (Name::of(&one.known).whole, Name::of(&proposal.known).whole);
            for (path, span) in &one.beside.renamed_by {
                if sources.slice(path, span.clone()) == Some(was) {
                    proposal.pieces.push(Piece {
                        path: path.clone(),
                        span: span.clone(),
                        was: was.to_owned(),
                        is: is.to_owned(),
                        means: is.to_owned(),
                        covers: 0..0,
                    });
                }
            }
        }
    }
}
