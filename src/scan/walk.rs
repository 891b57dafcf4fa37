//! Files found and read: as git sees them (hidden ones, too), on as many threads as there are processors,
//! each as the first kind that recognises it. A file that cannot be read is named and stops no other.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use ignore::overrides::OverrideBuilder;
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::assemble::{self, FileResult};
use super::input::{bounded, text_of};
use super::kind::{self, Candidate, Kind};
use super::{Request, ScanError};

/// How much of a file is read to recognise it.
const HEAD: usize = 4096;
/// Endings of files that name no images, whatever is in them.
const NEVER: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "pdf", "woff", "woff2", "ttf", "eot", "otf",
    "mp4", "mp3", "wav", "zip", "gz", "tgz", "xz", "bz2", "zst", "tar", "jar", "war", "class", "o",
    "a", "so", "dll", "exe", "bin", "wasm", "css", "scss", "less", "html", "htm", "md", "rst",
    "adoc", "lock", "sum", "map", "min", "snap", "po", "pot", "mo", "csv", "tsv", "sql", "parquet",
    "db", "sqlite", "c", "h", "cc", "cpp", "hpp", "m", "mm", "s", "asm", "proto", "graphql", "vue",
    "svelte", "xml", "xsd", "plist", "patch", "diff",
];

/// Reads all files of all paths.
pub(super) fn read_all(
    request: &Request,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<BTreeMap<String, FileResult>, ScanError> {
    let found = Mutex::new(BTreeMap::new());
    let counted = AtomicU64::new(0);
    let put = |path: String, file: FileResult| {
        progress(counted.fetch_add(1, Ordering::Relaxed) + 1);
        found.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_insert(file);
    };
    for path in &request.paths {
        let root = shown(path);
        if root == "-" {
            if let Some(text) = &request.stdin {
                put(root.clone(), stdin(text, request));
            }
            continue;
        }
        let metadata = fs::metadata(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ScanError::Missing(root.clone()),
            _ => ScanError::Unreadable { path: root.clone(), source },
        })?;
        if metadata.is_file() {
            let file = one(path, &root, &root, request);
            put(root.clone(), file.unwrap_or_else(|| not_known(&root)));
            continue;
        }
        walk(path, &root, request, &put)?;
    }
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn not_known(root: &str) -> FileResult {
    FileResult {
        root: root.to_owned(),
        warnings: vec!["it is of no kind that names images; --as KIND reads it as one".to_owned()],
        ..FileResult::default()
    }
}

/// A path as it was given, `/` between its parts.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

fn walk(
    path: &Path,
    root: &str,
    request: &Request,
    put: &(dyn Fn(String, FileResult) + Sync),
) -> Result<(), ScanError> {
    let mut overrides = OverrideBuilder::new(path);
    for glob in &request.exclude {
        let wrong =
            |error: ignore::Error| ScanError::Glob { glob: glob.clone(), why: error.to_string() };
        overrides.add(&format!("!{glob}")).map_err(wrong)?;
    }
    let wrong = |error: ignore::Error| ScanError::Glob {
        glob: request.exclude.join(" "),
        why: error.to_string(),
    };
    let heeded = !request.no_ignore;
    let walk = WalkBuilder::new(path)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(heeded)
        .git_ignore(heeded)
        .parents(heeded)
        .require_git(false)
        .overrides(overrides.build().map_err(wrong)?)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) => visit(&entry, root, request, put),
                Err(error) => {
                    let reason = error.to_string();
                    let warnings = vec![reason.clone()];
                    let file =
                        FileResult { root: root.to_owned(), warnings, ..FileResult::default() };
                    put(path_in(&error).unwrap_or_else(|| root.to_owned()), file);
                }
            }
            WalkState::Continue
        })
    });
    Ok(())
}

/// The path that an error is about.
fn path_in(error: &ignore::Error) -> Option<String> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(shown(path)),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_in(err)
        }
        _ => None,
    }
}

fn visit(
    entry: &DirEntry,
    root: &str,
    request: &Request,
    put: &(dyn Fn(String, FileResult) + Sync),
) {
    // What `mirror rewrite` keeps beside the files is none of them.
    let is_own = entry.file_name().as_encoded_bytes().starts_with(b".dhlimit-rewrite");
    if is_own || !entry.file_type().is_some_and(|kind| kind.is_file()) {
        return;
    }
    let path = shown(entry.path());
    let path = if root == "." { path.trim_start_matches("./").to_owned() } else { path };
    if let Some(file) = one(entry.path(), &path, root, request) {
        put(path, file);
    }
}

/// Reads a file; `None` where it is of no kind.
fn one(path: &Path, name: &str, root: &str, request: &Request) -> Option<FileResult> {
    let failed = |error: io::Error| {
        let warnings = vec![error.to_string()];
        Some(FileResult { root: root.to_owned(), warnings, ..FileResult::default() })
    };
    let forced = request.kind.and_then(kind::named);
    let kind = match forced {
        Some(kind) => kind,
        None => match recognised(path, name) {
            Ok(kind) => kind?,
            Err(error) => return failed(error),
        },
    };
    if let Some(text) = request.given.instead.get(name) {
        return Some(assemble::read(kind, name, root, text, &request.given, true, &[]));
    }
    match bytes_of(path) {
        Ok(bytes) if is_binary(&bytes) => None,
        Ok(bytes) => {
            Some(assemble::read(kind, name, root, &text_of(&bytes), &request.given, true, &[]))
        }
        Err(error) => failed(error),
    }
}

/// The kind of a file by its name and first bytes.
fn recognised(path: &Path, name: &str) -> io::Result<Option<&'static Kind>> {
    let bare = Candidate::new(name, "");
    if NEVER.contains(&bare.extension().as_str()) && !bare.name.starts_with('.') {
        return Ok(None);
    }
    let mut head = Vec::with_capacity(HEAD);
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    if is_binary(&head) {
        return Ok(None);
    }
    Ok(kind::of(&Candidate::new(name, &text_of(&head))))
}

fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes.get(..bytes.len().min(HEAD)).unwrap_or_default()).is_some()
}

/// A whole file, where it is not too large.
pub(super) fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    bounded(File::open(path)?)
}

/// Standard input: a name that has no ending, so that its first bytes decide.
fn stdin(text: &str, request: &Request) -> FileResult {
    let head: String = text.chars().take(HEAD).collect();
    let guesses = ["-", "-.yaml", "-.json"];
    let forced = request.kind.and_then(kind::named);
    let kind =
        forced.or_else(|| guesses.iter().find_map(|name| kind::of(&Candidate::new(name, &head))));
    match kind {
        Some(kind) => assemble::read(kind, "-", "-", text, &request.given, false, &[]),
        None => FileResult {
            root: "-".to_owned(),
            warnings: vec![
                "standard input is of no kind that can be told; --as KIND says which".to_owned(),
            ],
            ..FileResult::default()
        },
    }
}
