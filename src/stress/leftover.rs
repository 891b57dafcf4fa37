//! What a run that was killed left behind. A run notes in the state folder what it is about to pull, and
//! holds a lock on the note while it lives; the note goes when the image is gone. A later run that finds
//! the image there, and the note of it without its run, can tell that image from the user's: by runtime,
//! reference and digest, all of them. Follows the XDG Base Directory Specification 0.8 (2021).

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::cli::Stress;
use crate::context::{Context, Environment, read_bounded};
use crate::image::Reference;
use crate::runtime::{Outcome, Presence, Removal, Runtime, RuntimeError};

/// The schema of a note.
const SCHEMA: &str = "dhlimit/pulling/1";
/// A tag that no image has: to ask a runtime for a digest under any name.
const NO_TAG: &str = "dhlimit-no-such-tag";

/// What a run is about to pull, and through what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    schema: String,
    runtime: String,
    namespace: Option<String>,
    address: Option<String>,
    instance: Option<String>,
    image: String,
    digest: String,
    started_at: DateTime<Utc>,
}

impl Note {
    /// Whether both are of the same place.
    fn is_beside(&self, other: &Self) -> bool {
        let place = |note: &Self| {
            let Self { runtime, namespace, address, instance, .. } = note.clone();
            (runtime, namespace, address, instance)
        };
        place(self) == place(other)
    }
}

/// The note of this run.
pub(crate) struct Kept {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Kept {
    /// Notes what is about to be pulled; `None` where there is nothing to recognise it by later, or no
    /// place for it.
    pub(crate) fn write(
        context: &Context,
        args: &Stress,
        image: &Reference,
        digest: Option<&str>,
    ) -> Option<Self> {
        let note = note(context, args, image, digest?);
        let folder = folder(&context.environment)?;
        let kept = (args.runtime != "builtin").then(|| create(&folder, &note))?;
        if let Err(error) = &kept {
            tracing::debug!(%error, "no note of what is about to be pulled");
        }
        kept.ok()
    }

    /// What was pulled is gone, and so is the note.
    pub(crate) fn discard(self) {
        // A note without its image does no harm.
        let _ = fs::remove_file(&self.path);
        if let Some(folder) = self.path.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn note(context: &Context, args: &Stress, image: &Reference, digest: &str) -> Note {
    Note {
        schema: SCHEMA.to_owned(),
        runtime: args.runtime.clone(),
        namespace: args.reach.namespace.clone(),
        address: args.reach.address.clone(),
        instance: args.reach.instance.clone(),
        image: image.to_string(),
        digest: digest.to_owned(),
        started_at: context.clock.now(),
    }
}

fn folder(environment: &Environment) -> Option<PathBuf> {
    let named =
        environment.var("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = named.or_else(|| Some(environment.home()?.join(".local/state")))?;
    Some(state.join("dhlimit"))
}

fn create(folder: &Path, note: &Note) -> std::io::Result<Kept> {
    fs::create_dir_all(folder)?;
    let nanoseconds = note.started_at.timestamp_subsec_nanos();
    let path = folder.join(format!("stress-{}-{nanoseconds}.json", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    file.write_all(serde_json::to_string(note)?.as_bytes())?;
    file.sync_all()?;
    Ok(Kept { path, _file: file })
}

/// The image of a run that was killed.
#[derive(Debug)]
pub(crate) struct Leftover {
    /// Its name.
    pub(crate) image: Reference,
    /// When that run began.
    pub(crate) started_at: DateTime<Utc>,
    note: PathBuf,
}

impl Leftover {
    /// The leftover among what is present, where all of that is one.
    pub(super) async fn among(
        present: &[Presence],
        context: &Context,
        args: &Stress,
        image: &Reference,
        runtime: &dyn Runtime,
    ) -> Result<Option<Self>, RuntimeError> {
        for (path, found) in abandoned(&context.environment) {
            // Its name may be another than the one that is to be pulled now: a sandbox has another port each time.
            let Ok(left) = found.image.parse::<Reference>() else { continue };
            let is_it = |held: &Presence| held.image.parse::<Reference>().as_ref() == Ok(&left);
            let is_beside = found.is_beside(&note(context, args, image, &found.digest));
            if !is_beside || !present.iter().all(is_it) {
                continue;
            }
            // Under its name may stand another image by now, and this one under another name, too.
            let any = format!("{}/{}:{NO_TAG}", left.registry(), left.repository());
            let Ok(any) = any.parse() else { continue };
            let same = runtime.present(&any, Some(&found.digest)).await?;
            if !same.is_empty() && same.iter().all(is_it) {
                return Ok(Some(Self { image: left, started_at: found.started_at, note: path }));
            }
        }
        Ok(None)
    }

    /// Removes it, and proves it.
    pub(crate) async fn remove(self, runtime: &dyn Runtime) -> Result<Removal, RuntimeError> {
        let removed = runtime.clear(&self.image, &Outcome::Interrupted).await?;
        let _ = fs::remove_file(&self.note);
        Ok(removed)
    }
}

/// Notes whose run does not live any more.
fn abandoned(environment: &Environment) -> Vec<(PathBuf, Note)> {
    let Some(entries) = folder(environment).and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let notes = paths.filter(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
            name.starts_with("stress-") && path.extension().is_some_and(|end| end == "json")
        })
    });
    notes.filter_map(|path| Some((path.clone(), read_abandoned(&path)?))).collect()
}

fn read_abandoned(path: &Path) -> Option<Note> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|it| it.is_file()))?;
    // The lock goes with the file at the end of this function.
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    let note: Note = serde_json::from_slice(&read_bounded(&file).ok()?).ok()?;
    (note.schema == SCHEMA).then_some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Note {
        Note {
            schema: SCHEMA.to_owned(),
            runtime: "nerdctl".to_owned(),
            namespace: None,
            address: None,
            instance: None,
            image: "docker.io/library/nginx:latest".to_owned(),
            digest: "sha256:1".to_owned(),
            started_at: "2026-11-26T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_note_is_abandoned_only_once_its_run_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let environment: Environment =
            [("XDG_STATE_HOME", home.path().display().to_string())].into_iter().collect();
        let folder = folder(&environment).unwrap();
        let kept = create(&folder, &example()).unwrap();
        fs::write(folder.join("stress-1.json"), "no JSON").unwrap();
        fs::write(folder.join("other.json"), "{}").unwrap();
        assert_eq!(abandoned(&environment).len(), 0, "its run lives");
        let path = kept.path.clone();
        drop(kept);
        assert_eq!(abandoned(&environment), [(path, example())], "its run was killed");
        let (path, _) = abandoned(&environment).remove(0);
        Kept { _file: File::open(&path).unwrap(), path }.discard();
        assert_eq!(abandoned(&environment), []);
    }

    #[test]
    fn another_runtime_namespace_or_socket_is_another_place() {
        let changed = |change: fn(&mut Note)| {
            let mut note = example();
            change(&mut note);
            note.is_beside(&example())
        };
        assert!(changed(|note| note.digest = "sha256:2".to_owned()));
        assert!(!changed(|note| note.runtime = "docker".to_owned()));
        assert!(!changed(|note| note.namespace = Some("k8s.io".to_owned())));
        assert!(!changed(|note| note.address = Some("/run/x.sock".to_owned())));
    }
}
