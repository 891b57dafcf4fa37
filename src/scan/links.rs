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
