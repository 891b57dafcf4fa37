//! What makes `serve` read its configuration and logins again: SIGHUP, or files whose content is another one.
//! Asked by content every few seconds, as Kubernetes swaps a symbolic link and touches no file.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use crate::context::{aside, read_bounded};

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(3);

/// The files, and what stood in them.
pub(crate) struct Sources {
    /// What stood in each file.
    seen: BTreeMap<PathBuf, u64>,
    hasher: RandomState,
    hangup: Option<Signal>,
}

impl Sources {
    /// These files as they are now. One that is not there counts as empty.
    pub(crate) async fn new(files: Vec<PathBuf>) -> Self {
        // Where the signal cannot be had, files alone tell.
        let hangup = signal(SignalKind::hangup()).ok();
        let mut sources = Self { seen: BTreeMap::new(), hasher: RandomState::new(), hangup };
        sources.follow(files).await;
        sources
    }

    /// Other files from now on. Of those that were followed before, what was seen stays: what became of
    /// them meanwhile is a change.
    pub(crate) async fn follow(&mut self, files: Vec<PathBuf>) {
        let before = std::mem::take(&mut self.seen);
        self.seen = files.into_iter().map(|path| (path, 0)).collect();
        self.seen = self.read().await;
        for (path, seen) in before {
            self.seen.entry(path).and_modify(|now| *now = seen);
        }
    }

    /// Waits until a file has another content, or SIGHUP comes.
    pub(crate) async fn changed(&mut self) {
        loop {
            tokio::select! {
                () = hangup(self.hangup.as_mut()) => {
                    self.seen = self.read().await;
                    return;
                }
                () = sleep(LOOK) => {}
            }
            let now = self.read().await;
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    async fn read(&self) -> BTreeMap<PathBuf, u64> {
        let (files, hasher) = (self.seen.clone(), self.hasher.clone());
        // A file may lie where nobody answers; then nothing is new.
        let reading = aside(move || {
            let content = |path: &PathBuf| std::fs::File::open(path).and_then(read_bounded).ok();
            let read = |path: PathBuf| (path.clone(), hasher.hash_one(content(&path)));
            files.into_keys().map(read).collect()
        });
        match tokio::time::timeout(LOOK, reading).await {
            Ok(Ok(read)) => read,
            _ => self.seen.clone(),
        }
    }
}

async fn hangup(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_swapped_link_is_a_change_and_a_touched_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("one"), "a").unwrap();
        std::fs::write(path("other"), "b").unwrap();
        std::os::unix::fs::symlink(path("one"), path("link")).unwrap();
        let mut sources = Sources::new(vec![path("link"), path("missing")]).await;
        std::fs::write(path("one"), "a").unwrap();
        assert_eq!(sources.read().await, sources.seen);
        std::os::unix::fs::symlink(path("other"), path("new")).unwrap();
        std::fs::rename(path("new"), path("link")).unwrap();
        tokio::time::timeout(Duration::from_secs(20), sources.changed()).await.unwrap();
        assert_eq!(sources.read().await, sources.seen);
    }
}
