//! A file as a reader gets it: its text, what it is called, what stands beside it, and what the user said
//! about variables. Bytes that are no UTF-8 become one question mark each, so that every place stays.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use memchr::memchr_iter;

use super::value::Definition;

/// The largest file that is read.
const MOST_BYTES: u64 = 64 << 20;
/// The largest file that is read only because another one is of interest.
const MOST_BESIDE: u64 = 4 << 20;

/// All of what `source` gives, and an error where that is more than [`MOST_BYTES`].
pub(super) fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(bytes)
}

/// What the user said about variables and where things are.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--arg NAME=VALUE`: values of variables, before all others.
    pub args: Vec<(String, String)>,
    /// `--env-file FILE`: its path and its text, instead of `.env`.
    pub env_files: Vec<(String, String)>,
    /// `--profile NAME`: the Compose profiles that count; none for all.
    pub profiles: Vec<String>,
    /// Texts to be read in the place of files on disk, by the paths that references name.
    pub instead: BTreeMap<String, String>,
}

/// A file as a reader gets it.
pub(crate) struct Input<'a> {
    /// The file as references name it.
    pub path: &'a str,
    /// The folder or file that was asked for and that the file was found in.
    pub root: &'a str,
    /// The whole text.
    pub text: &'a str,
    /// What the user said.
    pub given: &'a Given,
    /// Whether files beside it may be looked at: not for standard input.
    pub on_disk: bool,
    lines: Lines,
}

impl<'a> Input<'a> {
    /// A file with its text.
    pub(crate) fn new(path: &'a str, root: &'a str, text: &'a str, given: &'a Given) -> Self {
        Self { path, root, text, given, on_disk: true, lines: Lines::of(text) }
    }

    /// The file's name.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The line and column of a byte, both from 1, the column in characters.
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        self.lines.place(self.text, at)
    }

    /// The place of a byte as that of a definition.
    pub(crate) fn definition(&self, at: usize) -> Definition {
        Definition { path: self.path.to_owned(), line: self.place(at).0, at }
    }

    /// The path of a file beside this one, or from the root where it begins with a slash; `None` where it
    /// leads out of what is scanned or nowhere.
    pub(crate) fn beside(&self, path: &str) -> Option<String> {
        let (base, path) = match path.strip_prefix('/') {
            Some(path) => (self.root_folder(), path),
            None => (folder(self.path), path),
        };
        join(base, path)
    }

    fn root_folder(&self) -> &str {
        if self.root == self.path { folder(self.path) } else { self.root }
    }

    /// The text of a file beside this one, with its path.
    pub(crate) fn read_beside(&self, path: &str) -> Option<(String, String)> {
        if !self.on_disk {
            return None;
        }
        let path = self.beside(path)?;
        if let Some(text) = self.given.instead.get(&path) {
            return Some((path, text.clone()));
        }
        let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        if metadata.len() > MOST_BESIDE {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        Some((path, text_of(&bytes).into_owned()))
    }

    /// The names of the files in the folder of this one, in order.
    pub(crate) fn neighbours(&self) -> Vec<String> {
        if !self.on_disk {
            return Vec::new();
        }
        let folder = match folder(self.path) {
            "" => ".",
            folder => folder,
        };
        let names = fs::read_dir(Path::new(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            names.filter_map(|entry| entry.file_name().into_string().ok()).take(4_096).collect();
        names.sort();
        names
    }

    /// The value that the user gave a variable.
    pub(crate) fn arg(&self, name: &str) -> Option<&str> {
        self.given
            .args
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The folder that a path is in; empty where it has none.
pub(crate) fn folder(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    }
}

/// A path from a folder on, without `.` and `..`; `None` where it is no path below one.
pub(crate) fn join(base: &str, path: &str) -> Option<String> {
    if path.contains(['\0', '\n']) || path.contains("://") {
        return None;
    }
    let absolute = base.starts_with('/');
    let mut parts: Vec<&str> =
        base.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." => parts.push(".."),
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    let leads_out = parts.first() == Some(&"..");
    Some(match base {
        _ if absolute => format!("/{joined}"),
        // As it was given, so that a file has one name.
        _ if base.starts_with("./") && !leads_out => format!("./{joined}"),
        _ => joined,
    })
}

/// Bytes as text of the same length, so that places stay.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let mut text = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(_) => String::with_capacity(bytes.len()),
    };
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            std::iter::once(0)
                .chain(memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
                .collect(),
        )
    }

    fn place(&self, text: &str, at: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= at).max(1);
        let start = self.0.get(line - 1).copied().unwrap_or(0);
        let before = text.get(start..at).unwrap_or_default().trim_start_matches('\u{feff}');
        (line, before.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_bytes_that_are_none() {
        let given = Given::default();
        let text = text_of(b"\xef\xbb\xbfa\r\n\xe9\xc3\xbcx");
        assert_eq!(text, "\u{feff}a\r\n?üx");
        let input = Input::new("a/b", "a", &text, &given);
        assert_eq!(input.place(3), (1, 1));
        assert_eq!(input.place(text.find('x').unwrap()), (2, 3));
    }

    #[test]
    fn paths_are_joined_as_people_mean_them() {
        let given = Given::default();
        let input = Input::new("a/b/c.yml", "a", "", &given);
        for (path, joined) in [
            ("d", "a/b/d"),
            ("./d/e", "a/b/d/e"),
            ("../d", "a/d"),
            ("/ci/x.yml", "a/ci/x.yml"),
            ("../../../d", "../d"),
        ] {
            assert_eq!(input.beside(path).as_deref(), Some(joined), "{path}");
        }
        assert_eq!(input.beside("https://x/y"), None);
        assert_eq!(join("/tmp/x", "../y").as_deref(), Some("/tmp/y"));
        assert_eq!(join("./x/z", "../y").as_deref(), Some("./x/y"));
        assert_eq!(join("./x", "../../y").as_deref(), Some("../y"));
        assert_eq!(join("", "y").as_deref(), Some("y"));
        assert_eq!(join("..", "../y").as_deref(), Some("../../y"));
    }
}
