//! Where a setting's value came from: said by `-v`, by errors and by `doctor`.

use std::fmt;

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable, by its name.
    Variable(String),
    /// The configuration file.
    File {
        /// The file, as shown.
        file: String,
        /// The key, with its table, such as `check.timeout`.
        key: String,
        /// The line, from 1.
        line: usize,
        /// How many tables deep the key stands: the deeper wins.
        depth: usize,
    },
    /// dhlimit itself.
    Default,
}

impl Origin {
    /// The higher wins.
    pub(super) const fn rank(&self) -> (u8, usize) {
        match self {
            Self::Default => (0, 0),
            Self::File { depth, .. } => (1, *depth),
            Self::Variable(_) => (2, 0),
            Self::Flag => (3, 0),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Variable(name) => f.write_str(name),
            Self::File { file, key, line, .. } => write!(f, "{file}:{line}: {key}"),
            Self::Default => f.write_str("the default"),
        }
    }
}
