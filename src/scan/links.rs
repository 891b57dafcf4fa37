//! What files say of each other: files that others include are read as the kind that these say, and a
//! Dockerfile is read with the arguments, contexts and target of the builds that name it.

use std::collections::{BTreeMap, BTreeSet};

use super::Request;
use super::assemble::{self, FileResult};
use super::input::{Given, text_of};
use super::kind::{self, FileKind};
use super::kinds::dockerfile::Caller;
use super::walk;

/// The most files that are read because others name them.
const MOST_INCLUDES: usize = 10_000;

/// Settles all that files say of each other.
pub(super) fn settle(files: &mut BTreeMap<String, FileResult>, request: &Request) {
    include(files, &request.given);
    build(files, &request.given);
    rename(files);
    overrides(files);
}

/// Reads what is included and was not read as what it is included as, and what that includes.
fn include(files: &mut BTreeMap<String, FileResult>, given: &Given) {
    let mut asked = BTreeSet::new();
    let wanted = |file: &FileResult| -> Vec<(String, FileKind, String)> {
        let builds =
            file.builds.iter().map(|build| (build.dockerfile.clone(), FileKind::Dockerfile));
        let includes = file.includes.iter().cloned().chain(builds);
        includes.map(|(path, kind)| (path, kind, file.root.clone())).collect()
    };
    let mut queue: Vec<_> = files.values().flat_map(wanted).collect();
    while let Some((path, kind, root)) = queue.pop() {
        let known = files.get(&path).is_some_and(|file| file.kind == Some(kind));
        if known || asked.len() > MOST_INCLUDES || !asked.insert((path.clone(), kind)) {
            continue;
        }
        let Some(file) = read(&path, &root, kind, given, &[]) else { continue };
        queue.extend(wanted(&file));
        files.insert(path, file);
    }
}

fn read(
    path: &str,
    root: &str,
    kind: FileKind,
    given: &Given,
    callers: &[Caller],
) -> Option<FileResult> {
    let kind = kind::named(kind)?;
    if let Some(text) = given.instead.get(path) {
        return Some(assemble::read(kind, path, root, text, given, true, callers));
    }
    let bytes = walk::bytes_of(path.as_ref()).ok()?;
    Some(assemble::read(kind, path, root, &text_of(&bytes), given, true, callers))
}

/// Reads Dockerfiles with what their callers pass.
fn build(files: &mut BTreeMap<String, FileResult>, given: &Given) {
    let mut callers: BTreeMap<String, Vec<Caller>> = BTreeMap::new();
    for build in files.values().flat_map(|file| &file.builds) {
        callers.entry(build.dockerfile.clone()).or_default().push(Caller {
            args: build.args.iter().filter(|(_, value)| value.is_whole()).cloned().collect(),
            contexts: build.contexts.clone(),
            target: build.target.clone(),
        });
    }
    for (path, callers) in callers {
        let says =
            |one: &Caller| !one.args.is_empty() || !one.contexts.is_empty() || one.target.is_some();
        if !callers.iter().any(says) {
            continue;
        }
        let Some(known) = files.get(&path).filter(|file| file.kind == Some(FileKind::Dockerfile))
        else {
            continue;
        };
        if let Some(file) = read(&path, &known.root.clone(), FileKind::Dockerfile, given, &callers)
        {
            files.insert(path, file);
        }
    }
}

/// What a kustomization puts in the place of its bases' images counts there, and no more in the bases.
fn rename(files: &mut BTreeMap<String, FileResult>) {
    let overlays: Vec<String> = files
        .iter()
        .filter(|(_, file)| !file.renames.is_empty())
        .map(|(path, _)| path.clone())
        .collect();
    for overlay in overlays {
        let below = below(&overlay, files);
        let renames = files.get(&overlay).map(|file| file.renames.clone()).unwrap_or_default();
        for rename in renames {
            let (mut tag, mut pods) = (None, Vec::new());
            for path in &below {
                let Some(file) = files.get_mut(path) else { continue };
                for one in file.uses.iter_mut().filter(|one| one.kind == FileKind::Kubernetes) {
                    let Some(reference) = &one.reference else { continue };
                    let (name, rest) = named(reference);
                    if name == rename.name {
                        tag = tag.or_else(|| Some(rest.to_owned()).filter(|rest| !rest.is_empty()));
                        one.pulls = 0;
                        pods.extend(one.pods.iter().cloned());
                        let by = (overlay.clone(), rename.name_at.clone());
                        if !one.beside.renamed_by.contains(&by) {
                            one.beside.renamed_by.push(by);
                        }
                    }
                }
            }
            if let Some(one) = rename.used.and_then(|at| files.get_mut(&overlay)?.uses.get_mut(at))
            {
                one.pods = pods;
            }
            // A new name alone keeps what the base says behind the name.
            let keeps = rename.new_tag.is_none() && rename.digest.is_none();
            let replaced = rename.used.and_then(|at| files.get_mut(&overlay)?.uses.get_mut(at));
            if let (true, Some(tag), Some(one), Some(name)) =
                (keeps, tag, replaced, &rename.new_name)
            {
                assemble::refer(one, format!("{name}{tag}"));
            }
        }
    }
}

/// The files that a kustomization builds on, by way of others, too.
fn below(overlay: &str, files: &BTreeMap<String, FileResult>) -> BTreeSet<String> {
    let mut below = BTreeSet::new();
    let mut queue = vec![overlay.to_owned()];
    while let Some(path) = queue.pop() {
        for (path, _) in files.get(&path).map(|file| file.includes.as_slice()).unwrap_or_default() {
            if path != overlay && below.insert(path.clone()) {
                queue.push(path.clone());
            }
        }
    }
    below
}

/// A reference's name, and its tag and digest with their signs.
fn named(reference: &str) -> (&str, &str) {
    let name_end = reference.find('@').unwrap_or(reference.len());
    let name = reference.get(..name_end).unwrap_or(reference);
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let end = name.get(last..).and_then(|last| last.find(':')).map_or(name_end, |at| last + at);
    reference.split_at(end)
}

/// A service whose image an override file replaces is not pulled by the file below it.
fn overrides(files: &mut BTreeMap<String, FileResult>) {
    let mut replaced = Vec::new();
    for (path, file) in files.iter().filter(|(_, file)| file.kind == Some(FileKind::Compose)) {
        let Some((stem, ending)) = path.rsplit_once(".override.") else { continue };
        let services: Vec<String> =
            file.uses.iter().filter_map(|one| one.service.clone()).collect();
        for ending in [ending, "yml", "yaml"] {
            replaced.push((format!("{stem}.{ending}"), services.clone()));
        }
    }
    for (path, services) in replaced {
        for one in files.get_mut(&path).map(|file| file.uses.as_mut_slice()).unwrap_or_default() {
            if one.service.as_ref().is_some_and(|service| services.contains(service)) {
                one.pulls = 0;
                one.beside.overridden = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_references_name_ends_before_its_tag() {
        for (reference, name, rest) in [
            ("a", "a", ""),
            ("a:1", "a", ":1"),
            ("r:5000/a", "r:5000/a", ""),
            ("r:5000/a:1@sha256:x", "r:5000/a", ":1@sha256:x"),
            ("a@sha256:x", "a", "@sha256:x"),
        ] {
            assert_eq!(named(reference), (name, rest), "{reference}");
        }
    }
}
