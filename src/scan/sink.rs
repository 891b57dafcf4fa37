//! Where readers put what they find: references, files that belong to the one that is read, builds that
//! pass values on, and warnings. Apart so that a reader knows nothing of paths, totals and rules.

use std::ops::Range;

use super::FileKind;
use super::input::Input;
use super::text::Text;
use super::value::{Beside, Definition, Puller, Purpose, Workload};
use super::vars::Expanded;

/// A reference as a reader found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The bytes of the file that name it.
    pub span: Range<usize>,
    /// As it stands in the file.
    pub written: String,
    /// As a runtime would be given it, or as far as that is known.
    pub reference: String,
    /// The variables that have no value.
    pub unresolved: Vec<String>,
    /// Where its values are defined.
    pub defined_at: Vec<Definition>,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether it is certain that this is an image that is pulled.
    pub certain: bool,
    /// As whom it is pulled.
    pub puller: Puller,
    /// How often it is pulled where nothing is there yet: 0 for what is only named.
    pub pulls: u64,
    /// The job within which an image is pulled once; `None` where that is the whole machine.
    pub job: Option<String>,
    /// The Compose profiles of its service.
    pub profiles: Vec<String>,
    /// The workloads whose pods pull it.
    pub pods: Vec<Workload>,
    /// The Compose service.
    pub service: Option<String>,
    /// The kind, where it is not that of the file.
    pub kind: Option<FileKind>,
    /// What else of the reference stands beside it.
    pub beside: Beside,
}

impl Found {
    /// A reference that stands in the file without variables.
    pub(crate) fn literal(text: &Text<'_>, purpose: Purpose) -> Self {
        let expanded = Expanded::literal(text.as_str());
        Self::expanded(text, expanded, purpose)
    }

    /// A reference and what it resolves to.
    pub(crate) fn expanded(text: &Text<'_>, expanded: Expanded, purpose: Purpose) -> Self {
        Self {
            span: text.origin(0..text.as_str().len()),
            written: text.as_str().to_owned(),
            reference: expanded.text,
            unresolved: expanded.unresolved,
            defined_at: expanded.defined_at,
            purpose,
            certain: true,
            puller: Puller::Unknown,
            pulls: 1,
            job: None,
            profiles: Vec::new(),
            pods: Vec::new(),
            service: None,
            kind: None,
            beside: Beside::default(),
        }
    }

    /// The same, but it may be no image that is pulled.
    pub(crate) fn unsure(mut self) -> Self {
        self.certain = false;
        self
    }
}

/// A build that a file asks for: the values it passes to the Dockerfile's arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// The Dockerfile, as references name their files.
    pub dockerfile: String,
    /// The arguments that it passes.
    pub args: Vec<(String, Expanded)>,
    /// Names that stand for other things than images: named build contexts.
    pub contexts: Vec<String>,
    /// The stage that it builds; `None` for the last one.
    pub target: Option<String>,
}

/// What a reader found in one file.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The references.
    pub uses: Vec<Found>,
    /// Files to be read as a kind because this one names them.
    pub includes: Vec<(String, FileKind)>,
    /// Builds that this file asks for.
    pub builds: Vec<Build>,
    /// Images that this file renames, as kustomize does.
    pub renames: Vec<Rename>,
    /// What could not be read as it should be.
    pub warnings: Vec<String>,
}

/// An image that other files name and that this one replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rename {
    /// The name that the base uses.
    pub name: String,
    /// The bytes of that name.
    pub name_at: Range<usize>,
    /// The files and folders whose references are replaced.
    pub bases: Vec<String>,
    /// Where in [`Findings::uses`] the replacement is; `None` where only the tag is known.
    pub used: Option<usize>,
    /// The new name, where there is one.
    pub new_name: Option<String>,
    /// The new tag, where there is one.
    pub new_tag: Option<String>,
    /// The new digest, where there is one.
    pub digest: Option<String>,
}

/// Where a reader puts what it finds.
pub(crate) struct Sink<'a> {
    input: &'a Input<'a>,
    found: Findings,
}

impl<'a> Sink<'a> {
    /// An empty sink for a file.
    pub(crate) fn new(input: &'a Input<'a>) -> Self {
        Self { input, found: Findings::default() }
    }

    /// A reference; what is empty is none. The same text that says the same twice is one.
    pub(crate) fn add(&mut self, found: Found) -> Option<usize> {
        let reference = found.reference.trim();
        if reference.is_empty() && found.unresolved.is_empty() {
            return None;
        }
        let same = |other: &Found| other.span == found.span && other.reference == found.reference;
        if let Some(at) = self.found.uses.iter().rposition(same) {
            if let Some(known) = self.found.uses.get_mut(at) {
                known.certain |= found.certain;
                known.pulls = known.pulls.max(found.pulls);
                // Who tells of no pods may be anywhere.
                if known.pods.is_empty() || found.pods.is_empty() {
                    known.pods.clear();
                } else {
                    known.pods.extend(found.pods);
                }
                if found.profiles.is_empty() {
                    known.profiles.clear();
                }
            }
            return Some(at);
        }
        self.found.uses.push(found);
        Some(self.found.uses.len() - 1)
    }

    /// Each of what a reference may resolve to.
    pub(crate) fn add_each(
        &mut self,
        text: &Text<'_>,
        expanded: Vec<Expanded>,
        purpose: Purpose,
        change: impl Fn(&mut Found),
    ) {
        for one in expanded {
            let mut found = Found::expanded(text, one, purpose);
            change(&mut found);
            self.add(found);
        }
    }

    /// A file that this one names, to be read as a kind: a path beside this file, or from the root that
    /// is scanned where it begins with a slash.
    pub(crate) fn include(&mut self, path: &str, kind: FileKind) {
        if let Some(path) = self.input.beside(path) {
            self.found.includes.push((path, kind));
        }
    }

    /// A build whose Dockerfile stands beside this file.
    pub(crate) fn build(&mut self, build: Build) {
        if let Some(dockerfile) = self.input.beside(&build.dockerfile) {
            self.found.builds.push(Build { dockerfile, ..build });
        }
    }

    /// Images that are replaced in other files.
    pub(crate) fn rename(&mut self, rename: Rename) {
        let bases = rename.bases.iter().filter_map(|base| self.input.beside(base)).collect();
        self.found.renames.push(Rename { bases, ..rename });
    }

    /// What could not be read as it should be.
    pub(crate) fn warn(&mut self, what: impl Into<String>) {
        self.found.warnings.push(what.into());
    }

    /// How many references were found so far.
    pub(crate) fn len(&self) -> usize {
        self.found.uses.len()
    }

    /// Changes the references found since there were `from` of them.
    pub(crate) fn change(&mut self, from: usize, change: impl Fn(&mut Found)) {
        self.found.uses.iter_mut().skip(from).for_each(change);
    }

    /// Changes one reference.
    pub(crate) fn change_one(&mut self, at: usize, change: impl Fn(&mut Found)) {
        self.found.uses.get_mut(at).into_iter().for_each(change);
    }

    /// All that was found.
    pub(crate) fn finish(self) -> Findings {
        self.found
    }
}
