//! Writing: one `write` and one `fdatasync` a sample, in append mode, under an advisory lock.
//!
//! A line that a crash left unfinished is closed with a line end when the file is opened again, so
//! nothing that is in the file is ever taken out of it. Rotation renames: `hub.jsonl` becomes
//! `hub.2026-11-22T091521.250Z.jsonl`, by the time of its first sample, and a new `hub.jsonl` begins.
//! Old files sort by name in the order of their time, match the same pattern and are never deleted.
//!
//! Others may move the file away, too (logrotate) or remove it: before each sample the file that has
//! the name is compared with the one that is open, and what is not ours is never renamed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{FlockOperation, flock};

use super::{Line, MOST_LINE, Reader, RecordingError, Sample};

/// When a new file is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotation {
    /// Never.
    #[default]
    Never,
    /// Before a sample that would make the file larger than so many bytes.
    Size(u64),
    /// With the first sample of another day, UTC.
    Daily,
}

/// Where a sample went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Behind the others, or in a file that rotation began.
    Usual,
    /// Somebody had moved the file away or removed it: in the file that has its name now.
    Anew,
}

/// The one writer of a recording. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Recorder {
    /// Without links: what is renamed is the file, not a link to it.
    path: PathBuf,
    rotation: Rotation,
    file: File,
    /// Device and inode of the open file.
    identity: (u64, u64),
    size: u64,
    first: Option<DateTime<Utc>>,
    mended: bool,
    /// A write failed half-way: the next line begins with a line end.
    unfinished: bool,
}

impl Recorder {
    /// Opens a recording, or begins one, to append to it.
    pub fn open(path: &Path, rotation: Rotation) -> Result<Self, RecordingError> {
        let file = lock(path)?;
        let open = |source| RecordingError::Open { path: path.to_owned(), source };
        // Once it is there, so that a link to nothing has an end, too.
        let path = path.canonicalize().map_err(open)?;
        let found = file.metadata().map_err(open)?;
        let (identity, size) = ((found.dev(), found.ino()), found.len());
        let first = first_of(&path)?;
        if size == 0 {
            sync_folder(&path);
        }
        let mut recorder =
            Self { path, rotation, file, identity, size, first, mended: false, unfinished: false };
        if size > 0 && recorder.ends_torn().map_err(open)? {
            recorder.write(b"\n")?;
            recorder.mended = true;
        }
        Ok(recorder)
    }

    /// Whether the last line had been left unfinished by a crash. It is closed now; a reader passes it over.
    pub fn mended(&self) -> bool {
        self.mended
    }

    /// Appends a sample. When this returns, the sample is on the disk, in the file of this name.
    ///
    /// # Errors
    /// It cannot be written; or the file had gone, and another writer, or something that is no
    /// recording, has its name.
    pub fn append(&mut self, sample: &Sample) -> Result<Appended, RecordingError> {
        let mut appended = Appended::Usual;
        if !self.is_at(&self.path) {
            // A link may lead to where it was moved: then that is its name now.
            match self.path.canonicalize() {
                Ok(path) if self.is_at(&path) => self.path = path,
                _ => {
                    *self = Self::open(&self.path, self.rotation)?;
                    appended = Appended::Anew;
                }
            }
        }
        let mut line = Vec::with_capacity(1024);
        if self.unfinished {
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, sample).map_err(|error| self.failed(error.into()))?;
        line.push(b'\n');
        if line.len() > MOST_LINE {
            return Err(self.failed(io::Error::other("the sample is longer than a line may be")));
        }
        if self.is_due(sample, line.len()) {
            self.rotate()?;
        }
        self.write(&line)?;
        self.first.get_or_insert(sample.at);
        Ok(appended)
    }

    /// Whether the open file has a name: not through a link, which would be renamed in its place.
    fn is_at(&self, path: &Path) -> bool {
        std::fs::symlink_metadata(path)
            .is_ok_and(|named| (named.dev(), named.ino()) == self.identity)
    }

    fn is_due(&self, sample: &Sample, length: usize) -> bool {
        let Some(first) = self.first else { return false };
        match self.rotation {
            Rotation::Never => false,
            Rotation::Size(most) => {
                self.size.saturating_add(u64::try_from(length).unwrap_or(u64::MAX)) > most
            }
            Rotation::Daily => first.date_naive() != sample.at.date_naive(),
        }
    }

    fn rotate(&mut self) -> Result<(), RecordingError> {
        let open = |source| RecordingError::Open { path: self.path.clone(), source };
        // The next millisecond that is free: names go on to sort by time.
        let times = (0..1000).filter_map(|turn| {
            self.first.unwrap_or_default().checked_add_signed(TimeDelta::milliseconds(turn))
        });
        let old = times
            .map(|first| rotated(&self.path, first))
            .find(|old| std::fs::symlink_metadata(old).is_err());
        let old = old.ok_or_else(|| open(io::ErrorKind::AlreadyExists.into()))?;
        std::fs::rename(&self.path, &old).map_err(open)?;
        // The old file's lock is held until the new one's is.
        self.file = lock(&self.path)?;
        let found = self.file.metadata().map_err(open)?;
        (self.identity, self.size) = ((found.dev(), found.ino()), found.len());
        self.first = None;
        self.unfinished = false;
        sync_folder(&self.path);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), RecordingError> {
        self.unfinished = true;
        self.file
            .write_all(bytes)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| self.failed(source))?;
        self.unfinished = false;
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn ends_torn(&self) -> io::Result<bool> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(last != *b"\n")
    }

    fn failed(&self, source: io::Error) -> RecordingError {
        RecordingError::Write { path: self.path.clone(), source }
    }
}

/// The file, made where it is missing, with its lock taken; surely the one that the path names.
fn lock(path: &Path) -> Result<File, RecordingError> {
    let open = |source| RecordingError::Open { path: path.to_owned(), source };
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(RecordingError::NoFile(path.to_owned()));
    }
    for _ in 0..10 {
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(open)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(RecordingError::Locked(path.to_owned()));
            }
            Err(error) => return Err(open(error.into())),
        }
        let ours = file.metadata().map_err(open)?;
        // Between opening and locking another writer may have renamed it.
        if std::fs::metadata(path)
            .is_ok_and(|named| (named.dev(), named.ino()) == (ours.dev(), ours.ino()))
        {
            return Ok(file);
        }
    }
    Err(RecordingError::Locked(path.to_owned()))
}

/// The time of the first sample; an error where the file begins with something else, however it
/// goes on: nothing is appended to somebody's notes.
fn first_of(path: &Path) -> Result<Option<DateTime<Utc>>, RecordingError> {
    let mut lines = Reader::open(path)?;
    while let Some(line) = lines.next() {
        if let Line::Sample(sample) = line? {
            return Ok(Some(sample.at));
        }
        if let Some(error) = lines.foreign() {
            return Err(error);
        }
    }
    Ok(None)
}

fn rotated(path: &Path, first: DateTime<Utc>) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{}", first.format("%Y-%m-%dT%H%M%S%.3fZ")));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

/// Makes a new name last through a power cut; where a file system cannot, the data is still synced.
fn sync_folder(path: &Path) {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::super::sample::fixtures::sample;
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn seconds(path: &Path) -> Vec<i64> {
        let lines = Reader::open(path).unwrap().map(Result::unwrap);
        lines
            .filter_map(|line| {
                if let Line::Sample(sample) = line {
                    Some((sample.at - super::super::sample::fixtures::sample(0).at).num_seconds())
                } else {
                    None
                }
            })
            .collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_appended_is_there_and_is_appended_to() {
        let folder = folder();
        let path = folder.path().join("hub.jsonl");
        for part in [0..3, 3..5] {
            let mut recorder = Recorder::open(&path, Rotation::Never).unwrap();
            part.for_each(|second| {
                assert_eq!(recorder.append(&sample(second)).unwrap(), Appended::Usual);
            });
            assert!(!recorder.mended());
        }
        assert_eq!(seconds(&path), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_torn_last_line_is_closed_and_nothing_before_it_is_lost() {
        let folder = folder();
        let path = folder.path().join("hub.jsonl");
        let whole = serde_json::to_string(&sample(0)).unwrap();
        for cut in [1, 20, 200, whole.len() - 1, whole.len()] {
            std::fs::write(&path, format!("{whole}\n{}", &whole[..cut])).unwrap();
            let mut recorder = Recorder::open(&path, Rotation::Never).unwrap();
            assert!(recorder.mended());
            recorder.append(&sample(7)).unwrap();
            // A line that lacks nothing but its end is a sample.
            let wanted: &[i64] = if cut == whole.len() { &[0, 0, 7] } else { &[0, 7] };
            assert_eq!(seconds(&path), wanted, "cut at {cut}");
        }
    }

    #[test]
    fn two_writers_refuse_each_other_also_after_a_rotation() {
        let folder = folder();
        let path = folder.path().join("hub.jsonl");
        let mut first = Recorder::open(&path, Rotation::Size(1)).unwrap();
        let refused = || Recorder::open(&path, Rotation::Never).unwrap_err().to_string();
        assert_eq!(refused(), format!("another process is recording in {}", path.display()));
        first.append(&sample(0)).unwrap();
        first.append(&sample(1)).unwrap();
        assert!(refused().starts_with("another process"));
        drop(first);
        assert!(Recorder::open(&path, Rotation::Never).is_ok());
    }

    #[test]
    fn what_is_no_recording_is_left_alone() {
        let folder = folder();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "milk, bread").unwrap();
        let error = Recorder::open(&path, Rotation::Never).unwrap_err();
        assert!(error.to_string().contains("line 1 of"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"milk, bread");
        std::fs::write(
            &path,
            format!("milk, bread\n{}\n", serde_json::to_string(&sample(0)).unwrap()),
        )
        .unwrap();
        assert!(
            Recorder::open(&path, Rotation::Never).is_err(),
            "a sample among notes makes them no recording"
        );
        assert!(matches!(
            Recorder::open(folder.path(), Rotation::Never),
            Err(RecordingError::NoFile(_))
        ));
        assert!(matches!(
            Recorder::open(&folder.path().join("no/such"), Rotation::Never),
            Err(RecordingError::Open { .. })
        ));
    }

    #[test]
    fn a_size_is_kept_and_old_files_sort_by_their_time() {
        let folder = folder();
        let path = folder.path().join("hub.jsonl");
        let length = u64::try_from(serde_json::to_string(&sample(0)).unwrap().len()).unwrap() + 1;
        for second in 0..5 {
            // Opened anew for each: the size and the first sample are those of the file.
            Recorder::open(&path, Rotation::Size(2 * length))
                .unwrap()
                .append(&sample(second))
                .unwrap();
        }
        let names = names(folder.path());
        assert_eq!(
            names,
            ["hub.2026-11-22T090000.000Z.jsonl", "hub.2026-11-22T090002.000Z.jsonl", "hub.jsonl"]
        );
        let all: Vec<i64> =
            names.iter().flat_map(|name| seconds(&folder.path().join(name))).collect();
        assert_eq!(all, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_day_ends_at_midnight_utc_and_no_old_file_is_written_over() {
        let folder = folder();
        let path = folder.path().join("hub");
        std::fs::write(folder.path().join("hub.2026-11-22T090000.000Z"), "").unwrap();
        let mut recorder = Recorder::open(&path, Rotation::Daily).unwrap();
        for second in [0, 15 * 3600 - 1, 15 * 3600, 20 * 3600] {
            recorder.append(&sample(second)).unwrap();
        }
        assert_eq!(
            names(folder.path()),
            ["hub", "hub.2026-11-22T090000.000Z", "hub.2026-11-22T090000.001Z"]
        );
        assert_eq!(seconds(&path), [15 * 3600, 20 * 3600]);
    }

    #[test]
    fn parts_of_one_second_sort_by_their_time() {
        let folder = folder();
        let path = folder.path().join("hub.jsonl");
        let mut recorder = Recorder::open(&path, Rotation::Size(1)).unwrap();
        let base = sample(0).at;
        let times: Vec<_> = [5, 90, 90, 90, 91, 700, 1_001]
            .map(|millis| base + TimeDelta::milliseconds(millis))
            .into();
        for at in &times {
            recorder.append(&Sample { at: *at, ..sample(0) }).unwrap();
        }
        let found: Vec<_> = names(folder.path())
            .iter()
            .flat_map(|name| Reader::open(&folder.path().join(name)).unwrap().collect::<Vec<_>>())
            .map(|line| {
                if let Line::Sample(sample) = line.unwrap() {
                    sample.at
                } else {
                    panic!("a line that is no sample")
                }
            })
            .collect();
        assert_eq!(found, times);
    }

    #[test]
    fn what_links_to_a_recording_goes_on_to_do_so() {
        let folder = folder();
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        let (link, real) = (folder.path().join("hub.jsonl"), folder.path().join("disk/real.jsonl"));
        // At first to nothing.
        std::os::unix::fs::symlink("disk/real.jsonl", &link).unwrap();
        let mut recorder = Recorder::open(&link, Rotation::Size(1)).unwrap();
        (0..3).for_each(|second| {
            assert_eq!(recorder.append(&sample(second)).unwrap(), Appended::Usual);
        });
        assert!(link.is_symlink() && !real.is_symlink());
        assert_eq!(names(folder.path()), ["disk", "hub.jsonl"]);
        let parts = names(&folder.path().join("disk"));
        assert_eq!(
            parts,
            [
                "real.2026-11-22T090000.000Z.jsonl",
                "real.2026-11-22T090001.000Z.jsonl",
                "real.jsonl"
            ]
        );
        assert_eq!(seconds(&link), [2]);
    }

    #[test]
    fn a_file_that_has_gone_is_begun_anew() {
        let folder = folder();
        let (path, away) = (folder.path().join("hub.jsonl"), folder.path().join("hub.jsonl.1"));
        for rotation in [Rotation::Never, Rotation::Size(1)] {
            let mut recorder = Recorder::open(&path, rotation).unwrap();
            recorder.append(&sample(0)).unwrap();
            std::fs::rename(&path, &away).unwrap();
            assert_eq!(recorder.append(&sample(1)).unwrap(), Appended::Anew);
            assert_eq!((seconds(&away), seconds(&path)), (vec![0], vec![1]));
            assert!(
                matches!(Recorder::open(&path, rotation), Err(RecordingError::Locked(_))),
                "the new file is this writer's"
            );
            std::fs::remove_file(&path).unwrap();
            // As logrotate makes it: there, and empty.
            std::fs::write(&path, "").unwrap();
            assert_eq!(recorder.append(&sample(2)).unwrap(), Appended::Anew);
            assert_eq!(seconds(&path), [2]);
            assert_eq!(names(folder.path()), ["hub.jsonl", "hub.jsonl.1"], "{rotation:?}");
            std::fs::remove_file(&path).unwrap();
        }
        let mut recorder = Recorder::open(&path, Rotation::Never).unwrap();
        recorder.append(&sample(0)).unwrap();
        std::fs::rename(&path, &away).unwrap();
        std::os::unix::fs::symlink(&away, &path).unwrap();
        assert_eq!(recorder.append(&sample(1)).unwrap(), Appended::Usual);
        assert_eq!(seconds(&away), [0, 1]);
    }

    #[test]
    fn a_file_that_took_the_name_is_not_touched_unless_it_is_a_free_recording() {
        let folder = folder();
        let path = folder.path().join("hub.jsonl");
        let other = |name: &str, text: &str| {
            let other = folder.path().join(name);
            std::fs::write(&other, text).unwrap();
            other
        };
        let line = format!("{}\n", serde_json::to_string(&sample(0)).unwrap());
        let mut recorder = Recorder::open(&path, Rotation::Size(1)).unwrap();
        recorder.append(&sample(1)).unwrap();
        std::fs::rename(other("notes", "milk, bread"), &path).unwrap();
        assert!(matches!(recorder.append(&sample(2)), Err(RecordingError::Foreign { .. })));
        assert_eq!(
            (names(folder.path()), std::fs::read_to_string(&path).unwrap()),
            (vec!["hub.jsonl".to_owned()], "milk, bread".to_owned())
        );
        // Another writer's.
        let taken = other("taken", &line);
        let held = Recorder::open(&taken, Rotation::Never).unwrap();
        std::fs::rename(&taken, &path).unwrap();
        assert!(matches!(recorder.append(&sample(2)), Err(RecordingError::Locked(_))));
        drop(held);
        assert_eq!(recorder.append(&sample(2)).unwrap(), Appended::Anew);
        assert_eq!(seconds(&path), [2]);
        assert_eq!(names(folder.path()), ["hub.2026-11-22T090000.000Z.jsonl", "hub.jsonl"]);
        // A folder that has gone cannot be recorded in.
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert!(matches!(recorder.append(&sample(3)), Err(RecordingError::Open { .. })));
    }
}
