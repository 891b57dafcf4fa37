//! Where configuration lies and how it is read: below a root that is passed in, within bounds, and
//! never quoted. What cannot be read is something to tell, not an absence.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Broken, Sight, Unread};
use crate::context::Environment;
use crate::credentials::shown_path;

/// How the name of a tool ends that root looks at and does not use.
pub(crate) const WITHOUT_ROOT: &str = " without root";

/// The most bytes of a configuration file.
const MOST: u64 = 1 << 20;
/// The most files of a folder of drop-ins.
pub(super) const MOST_FILES: usize = 100;

/// The file system and the variables that configuration is looked up by.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Where `/etc` lies; `/` but in tests.
    pub root: PathBuf,
    /// The variables.
    pub environment: Environment,
    /// Whether this is root, whose tools do not use what is for rootless ones.
    pub is_root: bool,
}

impl Machine {
    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The user's folder of configuration.
    pub(super) fn own(&self, path: &str) -> Option<PathBuf> {
        let folder = self.environment.var("XDG_CONFIG_HOME").map(PathBuf::from);
        Some(folder.or_else(|| Some(self.environment.home()?.join(".config")))?.join(path))
    }

    /// What lies in the user's folder for tools without root, and what such a tool is called here: to
    /// root, whose own tools do not look there, it is another one.
    pub(super) fn rootless(
        &self,
        tool: &'static str,
        without_root: &'static str,
        path: &str,
    ) -> Option<(&'static str, PathBuf)> {
        Some((if self.is_root { without_root } else { tool }, self.own(path)?))
    }

    /// The files of a pattern, in order; relative ones lie beside `file`.
    pub(super) fn matching(&self, file: &Path, pattern: &str) -> Vec<PathBuf> {
        let (folder, rest) = match pattern.strip_prefix('/') {
            Some(rest) => (self.root.as_path(), rest),
            None => (file.parent().unwrap_or(&self.root), pattern),
        };
        let pattern = Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join(rest);
        let found = glob::glob(&pattern.to_string_lossy());
        found.into_iter().flatten().filter_map(Result::ok).take(MOST_FILES).collect()
    }

    pub(super) fn shown(&self, path: &Path) -> String {
        let home = self.environment.home();
        if home.as_ref().is_some_and(|home| path.starts_with(home)) {
            return shown_path(path, home.as_deref());
        }
        shown_path(
            &path
                .strip_prefix(&self.root)
                .map_or_else(|_| path.to_owned(), |rest| Path::new("/").join(rest)),
            None,
        )
    }

    /// A file's text; `None` where there is none. What cannot be read is a sight of its own.
    pub(super) fn read(
        &self,
        tool: &'static str,
        path: &Path,
        sights: &mut Vec<Sight>,
    ) -> Option<String> {
        let text = match std::fs::metadata(path) {
            Ok(of) if of.is_file() && of.len() <= MOST => {
                std::fs::File::open(path).and_then(|file| {
                    let mut bytes = Vec::new();
                    file.take(MOST).read_to_end(&mut bytes)?;
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                })
            }
            Ok(_) => {
                Err(std::io::Error::other(format!("it is no file, or larger than {MOST} bytes")))
            }
            Err(error) => Err(error),
        };
        match text {
            Ok(text) => Some(text),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                None
            }
            Err(error) => {
                sights.push(Sight::Unusable {
                    tool,
                    file: self.shown(path),
                    why: format!("it cannot be read: {error}"),
                });
                None
            }
        }
    }

    /// A file that is parsed; `None` where it is not there or is broken.
    pub(super) fn parsed<T>(
        &self,
        tool: &'static str,
        path: &Path,
        sights: &mut Vec<Sight>,
        parse: impl FnOnce(&str) -> Result<T, Broken>,
    ) -> Option<T> {
        let text = self.read(tool, path, sights)?;
        match parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(broken) => {
                let (file, why) = (self.shown(path), broken.to_string());
                sights.push(Sight::Unusable { tool, file, why });
                None
            }
        }
    }

    /// That nobody reads something in a file.
    pub(super) fn pass_over(
        &self,
        tool: &'static str,
        path: &Path,
        unread: impl IntoIterator<Item = Unread>,
        sights: &mut Vec<Sight>,
    ) {
        sights.extend(unread.into_iter().map(|Unread { what, advice }| Sight::Unread {
            tool,
            file: self.shown(path),
            what,
            advice,
        }));
    }

    /// The files of a folder whose names end so, in order.
    pub(super) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
        let entries =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = entries
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .take(MOST_FILES)
            .collect();
        files.sort();
        files
    }
}
