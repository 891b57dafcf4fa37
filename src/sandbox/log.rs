//! The request log: the last thousand requests in memory, and every one in a file if one was named.
//! A line has no secrets: no headers, no bodies, no query but its scopes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use tokio::sync::watch;

use super::identity::Identity;

/// Requests kept in memory.
const KEPT: usize = 1_000;
/// The most characters of a path that are kept.
const PATH_MAX: usize = 400;

/// One request and its answer.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at: DateTime<Utc>,
    pub(super) identity: Identity,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) status: u16,
    /// What the identity has left, where it is limited and the request was for a manifest.
    pub(super) remaining: Option<u32>,
    /// It was counted as a pull.
    pub(super) counted: bool,
}

/// An entry as JSON has it.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    /// An address or an account's name.
    identity: String,
    method: &'a str,
    path: &'a str,
    status: u16,
    remaining: Option<u32>,
    counted: bool,
}

impl Entry {
    fn line(&self, describe: impl Fn(Identity) -> String) -> String {
        let line = Line {
            at: self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            identity: describe(self.identity),
            method: self.method.as_str(),
            path: &self.path,
            status: self.status,
            remaining: self.remaining,
            counted: self.counted,
        };
        // Texts and numbers always make JSON.
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Where requests are noted.
#[derive(Debug, Default)]
pub(super) struct Log {
    recent: Mutex<VecDeque<Entry>>,
    file: Option<Mutex<File>>,
    /// Why the file is left alone, once it is.
    failure: watch::Sender<Option<Arc<io::Error>>>,
}

impl Log {
    /// A log that also writes to a file, which is made or emptied now.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let file = path.map(File::create).transpose()?.map(Mutex::new);
        Ok(Self { file, ..Self::default() })
    }

    /// Notes a request. A file that cannot be written to is left alone from then on.
    pub(super) fn note(&self, mut entry: Entry, describe: impl Fn(Identity) -> String) {
        if let Some((cut, _)) = entry.path.char_indices().nth(PATH_MAX) {
            entry.path.truncate(cut);
            entry.path.push('…');
        }
        if let Some(file) = self.file.as_ref().filter(|_| self.failure.borrow().is_none()) {
            let line = entry.line(describe);
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = append(&mut file, line.as_bytes()) {
                self.failure.send_replace(Some(Arc::new(error)));
            }
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= KEPT {
            recent.pop_front();
        }
        recent.push_back(entry);
    }

    /// Waits until the file cannot be written any more; for ever where there is none.
    pub(super) async fn failure(&self) -> Arc<io::Error> {
        let mut failure = self.failure.subscribe();
        loop {
            if let Some(error) = failure.borrow_and_update().clone() {
                return error;
            }
            // The sender lives as long as the log itself.
            if failure.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The requests in memory as JSON lines, oldest first.
    pub(super) fn recent(&self, describe: impl Fn(Identity) -> String) -> String {
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|entry| entry.line(&describe))
            .collect()
    }
}

/// Adds a line to a file, whole or not at all: what a full disk took of it is cut off again.
fn append(file: &mut File, line: &[u8]) -> io::Result<()> {
    // A pipe or a device has no place to go back to.
    let before = file.stream_position().ok();
    file.write_all(line).inspect_err(|_| {
        if let Some(before) = before {
            // What is left is half a line, which the failure speaks of.
            let _ = file.set_len(before);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry {
        Entry {
            at: DateTime::UNIX_EPOCH,
            identity: Identity::of_address("192.0.2.1".parse().unwrap()),
            method: Method::GET,
            path: path.into(),
            status: 200,
            remaining: Some(4),
            counted: true,
        }
    }

    #[test]
    fn the_log_is_bounded_in_lines_and_in_their_length() {
        let log = Log::default();
        for number in 0..KEPT + 5 {
            log.note(entry(&format!("/{number}")), |identity| identity.to_string());
        }
        log.note(entry(&"é".repeat(10_000)), |identity| identity.to_string());
        let text = log.recent(|identity| identity.to_string());
        assert_eq!(text.lines().count(), KEPT);
        assert!(text.starts_with(r#"{"at":"1970-01-01T00:00:00.000Z","identity":"192.0.2.1","method":"GET","path":"/6","status":200,"remaining":4,"counted":true}"#), "{text:.200}");
        assert!(text.lines().all(|line| line.len() < 1_100));
    }
}
