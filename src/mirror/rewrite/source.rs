//! The texts of the files that references and their definitions stand in.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use crate::scan::{Scan, text_of};

/// The largest file that is rewritten, as the scan reads none that is larger.
const MOST_BYTES: u64 = 64 << 20;

/// Files by the paths that references name.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<String, Source>);

/// One file.
#[derive(Debug)]
pub struct Source {
    /// As it is on the disk.
    pub bytes: Vec<u8>,
    /// The same as a text of the same length, which the places of references are in.
    pub text: String,
}

impl Source {
    fn of(bytes: Vec<u8>) -> Self {
        let text = text_of(&bytes).into_owned();
        Self { bytes, text }
    }
}

impl Sources {
    /// Reads every file that a reference or a definition of one stands in; what cannot be read is left out.
    pub fn read(scan: &Scan, wanted: impl Fn(usize) -> bool) -> Self {
        let mut all = BTreeMap::new();
        for (at, one) in scan.references.iter().enumerate() {
            if !wanted(at) {
                continue;
            }
            let defined = one.defined_at.iter().map(|definition| &definition.path);
            let renamed = one.beside.renamed_by.iter().map(|(path, _)| path);
            for path in std::iter::once(&one.path).chain(defined).chain(renamed) {
                if !all.contains_key(path)
                    && fs::metadata(path).is_ok_and(|found| found.len() <= MOST_BYTES)
                    && let Ok(bytes) = fs::read(path)
                {
                    all.insert(path.clone(), Source::of(bytes));
                }
            }
        }
        Self(all)
    }

    /// The same files, some of them with other bytes.
    pub fn with(&self, changed: &BTreeMap<String, Vec<u8>>) -> Self {
        let now = |(path, source): (&String, &Source)| {
            let bytes = changed.get(path).unwrap_or(&source.bytes).clone();
            (path.clone(), Source::of(bytes))
        };
        Self(self.0.iter().map(now).collect())
    }

    /// One of them.
    pub fn get(&self, path: &str) -> Option<&Source> {
        self.0.get(path)
    }

    /// The text of a range of one of them.
    pub fn slice(&self, path: &str, span: Range<usize>) -> Option<&str> {
        self.0.get(path)?.text.get(span)
    }

    /// The text from a byte to the end of its line.
    pub fn line_from(&self, path: &str, at: usize) -> Option<&str> {
        self.0.get(path)?.text.get(at..)?.lines().next()
    }

    /// The line and column of a byte, both from 1, the column in characters.
    pub fn place(&self, path: &str, at: usize) -> (usize, usize) {
        let before = self.0.get(path).and_then(|source| source.text.get(..at)).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(start..).unwrap_or_default().trim_start_matches('\u{feff}');
        (before.matches('\n').count() + 1, column.chars().count() + 1)
    }
}
