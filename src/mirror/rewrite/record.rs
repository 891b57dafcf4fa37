//! What stood where a mirror's names stand now. `nginx`, `library/nginx` and `docker.io/library/nginx` have one
//! name behind a mirror, so that the name alone does not say which of them it was. Where it was not the
//! shortest, a record beside the files says so: names without tags, in the order of each file, so that it holds
//! when versions or lines change. A tree of short names has no record.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::write;

/// What the record is called. Scans pass over it.
const NAME: &str = ".dhlimit-rewrite.json";
const SCHEMA: &str = "dhlimit/rewrite-record/1";
/// How many folders are looked into on the way up.
const MOST_FOLDERS: usize = 64;

/// What stands in a file, and what stood there before, in its order.
pub(super) type Entries = Vec<(String, String)>;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Content {
    schema: String,
    /// By mirror and by file.
    mirrors: BTreeMap<String, BTreeMap<String, Entries>>,
}

/// The records that are read and written.
#[derive(Debug)]
pub(super) struct Records {
    mirror: String,
    given: Option<PathBuf>,
    roots: Vec<PathBuf>,
    read: BTreeMap<PathBuf, Content>,
    changed: Vec<PathBuf>,
}

/// Why a record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It cannot be read.
    #[error("cannot read the record {path}")]
    Read {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{path} is no record of dhlimit mirror rewrite")]
    Foreign {
        /// Its path.
        path: String,
    },
    /// It cannot be written.
    #[error("cannot write the record {path}")]
    Write {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl Records {
    /// Records of a mirror or variable: in one file that was given, or else beside the paths that are rewritten.
    pub(super) fn new(mirror: &str, given: Option<PathBuf>, roots: &[PathBuf]) -> Self {
        let roots = roots.iter().map(|root| {
            let is_folder = root.is_dir();
            let root = absolute(root);
            if is_folder { root } else { root.parent().map(Path::to_owned).unwrap_or(root) }
        });
        Self {
            mirror: mirror.to_owned(),
            given: given.map(|path| absolute(&path)),
            roots: roots.collect(),
            read: BTreeMap::new(),
            changed: Vec::new(),
        }
    }

    /// What a file's names were.
    ///
    /// # Errors
    /// Where a record is there and cannot be read.
    pub(super) fn of(&mut self, path: &str) -> Result<Option<Entries>, RecordError> {
        for record in self.places(path) {
            let key = key(&record, path);
            let mirror = self.mirror.clone();
            let content = self.content(&record)?;
            if let Some(entries) = content.mirrors.get(&mirror).and_then(|files| files.get(&key)) {
                return Ok(Some(entries.clone()));
            }
        }
        Ok(None)
    }

    /// Where a file's names may be recorded, the nearest first.
    fn places(&self, path: &str) -> Vec<PathBuf> {
        if let Some(given) = &self.given {
            return vec![given.clone()];
        }
        let path = absolute(Path::new(path));
        let above = path.ancestors().skip(1).take(MOST_FOLDERS);
        above.map(|folder| folder.join(NAME)).filter(|record| record.is_file()).collect()
    }

    /// Keeps what a file's names were; forgets it where nothing is to be kept.
    ///
    /// # Errors
    /// Where a record is there and cannot be read.
    pub(super) fn keep(&mut self, path: &str, entries: &Entries) -> Result<(), RecordError> {
        let mirror = self.mirror.clone();
        let mut places = self.places(path);
        if self.given.is_none() {
            let file = absolute(Path::new(path));
            let root = self.roots.iter().find(|root| file.starts_with(root)).cloned();
            let root = root.or_else(|| file.parent().map(Path::to_owned)).unwrap_or_default();
            let home = root.join(NAME);
            if !places.contains(&home) {
                places.push(home);
            }
        }
        let mut kept = entries.is_empty();
        for record in places {
            let key = key(&record, path);
            let content = self.content(&record)?;
            let files = content.mirrors.entry(mirror.clone()).or_default();
            let is_home = !kept;
            let before = files.get(&key).cloned();
            if is_home {
                files.insert(key, entries.clone());
                kept = true;
            } else {
                files.remove(&key);
            }
            let now = is_home.then(|| entries.clone());
            content.mirrors.retain(|_, files| !files.is_empty());
            if before != now && !self.changed.contains(&record) {
                self.changed.push(record);
            }
        }
        Ok(())
    }

    /// Removes what runs that were killed have left beside the records.
    pub(super) fn clean(&self) {
        let given = self.given.iter().filter_map(|given| given.parent());
        for folder in self.roots.iter().map(PathBuf::as_path).chain(given) {
            write::clean_folder(folder);
        }
    }

    /// Forgets files in which nothing is left of the mirror, as after a run that was killed.
    ///
    /// # Errors
    /// Where a record is there and cannot be read.
    pub(super) fn forget_without(&mut self, mark: &str) -> Result<(), RecordError> {
        let records: Vec<PathBuf> = match &self.given {
            Some(given) => vec![given.clone()],
            None => self.roots.iter().map(|root| root.join(NAME)).collect(),
        };
        for record in records.into_iter().filter(|record| record.is_file()) {
            let mirror = self.mirror.clone();
            let folder = record.parent().map(Path::to_owned).unwrap_or_default();
            let content = self.content(&record)?;
            let Some(files) = content.mirrors.get_mut(&mirror) else { continue };
            let before = files.len();
            let holds = |path: &String| {
                let text = std::fs::read(folder.join(path)).unwrap_or_default();
                memchr::memmem::find(&text, mark.as_bytes()).is_some()
            };
            files.retain(|path, _| holds(path));
            let is_less = files.len() < before;
            content.mirrors.retain(|_, files| !files.is_empty());
            if is_less && !self.changed.contains(&record) {
                self.changed.push(record);
            }
        }
        Ok(())
    }

    fn content(&mut self, record: &Path) -> Result<&mut Content, RecordError> {
        if !self.read.contains_key(record) {
            let path = record.display().to_string();
            let content = match std::fs::read(record) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Content::default(),
                Err(source) => return Err(RecordError::Read { path, source }),
                Ok(bytes) if bytes.is_empty() => Content::default(),
                Ok(bytes) => match serde_json::from_slice::<Content>(&bytes) {
                    Ok(content) if content.schema == SCHEMA => content,
                    _ => return Err(RecordError::Foreign { path }),
                },
            };
            self.read.insert(record.to_owned(), content);
        }
        Ok(self.read.entry(record.to_owned()).or_default())
    }

    /// Writes what has changed; a record of nothing is removed. Says which were written.
    ///
    /// # Errors
    /// Where one cannot be written.
    pub(super) fn save(&mut self) -> Result<Vec<String>, RecordError> {
        let mut written = Vec::new();
        for path in std::mem::take(&mut self.changed) {
            let Some(content) = self.read.get_mut(&path) else { continue };
            let shown = path.display().to_string();
            let failed = |source| RecordError::Write { path: path.display().to_string(), source };
            if content.mirrors.is_empty() {
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed(error));
                    }
                    _ => continue,
                }
            }
            SCHEMA.clone_into(&mut content.schema);
            let text = serde_json::to_string_pretty(content).map_err(io::Error::other);
            let text = text.map_err(failed)? + "\n";
            write::create(&path, text.as_bytes()).map_err(failed)?;
            written.push(shown);
        }
        Ok(written)
    }
}

fn absolute(path: &Path) -> PathBuf {
    let path = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    path.unwrap_or_default()
}

/// A file's name in a record: its path from the record's folder, or all of it.
fn key(record: &Path, path: &str) -> String {
    let path = absolute(Path::new(path));
    let folder = record.parent().unwrap_or(record);
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let path = path.strip_prefix(&folder).unwrap_or(&path);
    path.to_string_lossy().replace('\\', "/")
}

/// What stood in the place of each of a file's names. In the order of the file where nothing came in between;
/// else by what stands there now, where that says it.
pub(super) fn matched(entries: &Entries, now: &[&str]) -> Vec<Option<String>> {
    let is_same =
        entries.len() == now.len() && entries.iter().zip(now).all(|((is, _), now)| is == now);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut originals = Vec::new();
    for (at, now) in now.iter().enumerate() {
        let nth = seen.entry(now).or_insert(0);
        let all: Vec<&String> =
            entries.iter().filter(|(is, _)| is == now).map(|(_, was)| was).collect();
        let is_one = all.windows(2).all(|two| two.first() == two.last());
        let original = match is_same {
            true => entries.get(at).map(|(_, was)| was),
            false if is_one => all.first().copied(),
            false => all.get(*nth).copied(),
        };
        *nth += 1;
        originals.push(original.cloned());
    }
    originals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_in_order_or_by_what_they_are() {
        let entries: Entries = [("m/a", "a"), ("m/b", "x/b"), ("m/b", "b")]
            .map(|(is, was)| (is.to_owned(), was.to_owned()))
            .to_vec();
        let said = |now: &[&str]| {
            let matched = matched(&entries, now);
            matched.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said(&["m/a", "m/b", "m/b"]), "a x/b b");
        assert_eq!(said(&["m/b", "m/a", "m/c", "m/b"]), "x/b a  b");
    }

    #[test]
    fn a_record_of_nothing_is_removed_and_a_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, "").unwrap();
        let path = file.to_str().unwrap();
        let roots = [folder.path().to_owned()];
        let open = || Records::new("m.example", None, &roots);
        let entries = vec![("m.example/a".to_owned(), "docker.io/a".to_owned())];
        let mut records = open();
        records.keep(path, &entries).unwrap();
        assert_eq!(records.save().unwrap().len(), 1);
        let mut again = open();
        again.keep(path, &entries).unwrap();
        assert!(again.save().unwrap().is_empty(), "it is there already");
        assert_eq!(open().of(path).unwrap(), Some(entries));
        assert_eq!(Records::new("other.example", None, &roots).of(path).unwrap(), None);
        let mut records = open();
        records.keep(path, &Vec::new()).unwrap();
        records.save().unwrap();
        assert!(!folder.path().join(NAME).exists());
        std::fs::write(folder.path().join(NAME), "{}").unwrap();
        assert!(matches!(open().of(path), Err(RecordError::Foreign { .. })));
    }
}
