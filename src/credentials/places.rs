//! Where credentials files lie on this machine, and reading them within bounds. Follows docker/cli
//! (v28, 2025) and containers-auth.json(5) (2025).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::origin::shown_path;
use super::{FolderFault, Note, Store};
use crate::context::{Environment, MOST_FILE, aside, read_bounded, why_unread};

/// The variable that names the folder of docker's file.
const DOCKER_CONFIG: &str = "DOCKER_CONFIG";

/// A file that can hold credentials, and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file or variable, as it is shown.
    pub store: Store,
    /// The file itself.
    pub path: PathBuf,
    /// Why it is looked at.
    pub named_by: NamedBy,
}

/// Who says that a place is to be looked at, and so what its absence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// Nobody: it may be absent, or in a folder of another user.
    Habit,
    /// A variable that names this very file: it ought to be there.
    File(&'static str),
    /// A variable that names its folder: the folder ought to be there.
    Folder(&'static str),
}

/// Docker's file: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
pub(super) fn docker(environment: &Environment) -> Option<Place> {
    let (folder, named_by) = match environment.var(DOCKER_CONFIG) {
        Some(folder) => (PathBuf::from(folder), NamedBy::Folder(DOCKER_CONFIG)),
        None => (environment.home()?.join(".docker"), NamedBy::Habit),
    };
    let path = folder.join("config.json");
    Some(Place { store: Store::Docker(shown(&path, environment)), path, named_by })
}

/// All files that may hold logins here, there or not.
pub fn files(environment: &Environment) -> Vec<PathBuf> {
    let places =
        docker(environment).into_iter().chain(podman(environment)).chain(dockercfg(environment));
    places.map(|place| place.path).collect()
}

/// Podman's files, in the order it asks them. `$REGISTRY_AUTH_FILE` stands for all.
pub(super) fn podman(environment: &Environment) -> Vec<Place> {
    let place = |path: PathBuf, named_by| Place {
        store: Store::Podman(shown(&path, environment)),
        path,
        named_by,
    };
    if let Some(file) = environment.var("REGISTRY_AUTH_FILE") {
        return vec![place(PathBuf::from(file), NamedBy::File("REGISTRY_AUTH_FILE"))];
    }
    let run = match environment.var("XDG_RUNTIME_DIR") {
        Some(folder) => Some(PathBuf::from(folder)),
        None if cfg!(target_os = "linux") => {
            Some(PathBuf::from(format!("/run/containers/{}", rustix::process::getuid().as_raw())))
        }
        None => None,
    };
    let run = run.map(|folder| {
        if environment.var("XDG_RUNTIME_DIR").is_some() {
            folder.join("containers")
        } else {
            folder
        }
    });
    let config = environment
        .var("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(environment.home()?.join(".config")));
    let config = config.map(|folder| folder.join("containers"));
    run.into_iter()
        .chain(config)
        .map(|folder| place(folder.join("auth.json"), NamedBy::Habit))
        .collect()
}

/// Docker's file of before 2014, which podman still reads after all others, unless a variable tells it
/// which file to use (seen with podman 4.3.1).
pub(super) fn dockercfg(environment: &Environment) -> Option<Place> {
    let is_told = |variable: &str| environment.var(variable).is_some();
    if is_told("REGISTRY_AUTH_FILE") || is_told(DOCKER_CONFIG) {
        return None;
    }
    let path = environment.home()?.join(".dockercfg");
    let store = Store::Dockercfg(shown(&path, environment));
    // Where it is not, nobody misses it.
    path.is_file().then_some(Place { store, path, named_by: NamedBy::Habit })
}

/// A path as people write it.
pub(super) fn shown(path: &Path, environment: &Environment) -> String {
    shown_path(path, environment.home().as_deref())
}

impl Place {
    /// The file's bytes; `None` where there is no such file.
    pub(super) async fn read(&self, limit: std::time::Duration) -> Result<Option<Vec<u8>>, Note> {
        let file = || self.store.to_string();
        match tokio::time::timeout(limit, read(&self.path)).await {
            Err(_) => Err(Note::Unreadable {
                file: file(),
                why: "it gives no end within the time limit".into(),
            }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(Note::TooLarge { file: file(), most: MOST_FILE })
            }
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                match self.named_by {
                    NamedBy::File(variable) => Err(Note::Missing { variable, file: file() }),
                    NamedBy::Folder(variable) => match self.folder_fault() {
                        Some((folder, fault)) => Err(Note::Folder { variable, folder, fault }),
                        None => Ok(None),
                    },
                    NamedBy::Habit => Ok(None),
                }
            }
            // Root's, or another user's: whoever may not look there has nothing there.
            Ok(Err(error))
                if error.kind() == io::ErrorKind::PermissionDenied
                    && self.named_by == NamedBy::Habit
                    && matches!(self.store, Store::Podman(_))
                    && !self.is_seen() =>
            {
                Ok(None)
            }
            Ok(Err(error)) => Err(Note::Unreadable { file: file(), why: why_unread(&error) }),
        }
    }

    /// Whether the file is seen to be there, readable or not.
    fn is_seen(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok()
    }

    /// What is wrong with the folder that a variable names, and the folder; `None` where it is one.
    fn folder_fault(&self) -> Option<(String, FolderFault)> {
        let folder = self.path.parent()?;
        let fault = match std::fs::metadata(folder) {
            Ok(found) if found.is_dir() => return None,
            Ok(_) => FolderFault::File,
            Err(_) if folder.starts_with("~") => FolderFault::Tilde,
            Err(_) => FolderFault::Absent,
        };
        Some((crate::text::one_line(&folder.display().to_string(), 500), fault))
    }
}

/// A file's bytes, at most [`MOST_FILE`].
pub(super) async fn read(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    read_from(move || File::open(path)).await
}

/// The same of whatever `open` opens; a pipe may keep that or the reading waiting for ever.
pub(super) async fn read_from<R: Read>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<Vec<u8>> {
    aside(move || read_bounded(open()?)).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_variables() {
        let rows: &[(&[(&str, &str)], &str)] = &[
            (
                &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")],
                "~/.docker/config.json /r/containers/auth.json ~/.config/containers/auth.json",
            ),
            (
                &[
                    ("HOME", "/h"),
                    ("XDG_RUNTIME_DIR", "/r"),
                    ("XDG_CONFIG_HOME", "/c"),
                    ("DOCKER_CONFIG", "/d"),
                ],
                "/d/config.json /r/containers/auth.json /c/containers/auth.json",
            ),
            (
                &[("HOME", "/h"), ("REGISTRY_AUTH_FILE", "/h/a.json"), ("XDG_RUNTIME_DIR", "/r")],
                "~/.docker/config.json ~/a.json",
            ),
            (&[("XDG_RUNTIME_DIR", "/r")], "/r/containers/auth.json"),
            (
                &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r"), ("DOCKER_CONFIG", "")],
                "~/.docker/config.json /r/containers/auth.json ~/.config/containers/auth.json",
            ),
        ];
        for (variables, wanted) in rows {
            let environment: Environment = variables.iter().copied().collect();
            let found: Vec<String> = docker(&environment)
                .into_iter()
                .chain(podman(&environment))
                .map(|place| place.store.to_string())
                .collect();
            assert_eq!(found.join(" "), *wanted, "{variables:?}");
        }
    }

    #[tokio::test]
    async fn reading_is_bounded_and_says_what_it_met() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, named_by| Place {
            store: Store::Docker(name.to_owned()),
            path: folder.path().join(name),
            named_by,
        };
        let limit = std::time::Duration::from_secs(5);
        std::fs::write(folder.path().join("good"), "x").unwrap();
        std::fs::write(folder.path().join("large"), vec![b' '; 1024 * 1024 + 1]).unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("good", folder.path().join("link")).unwrap();
        assert_eq!(place("good", NamedBy::Habit).read(limit).await, Ok(Some(b"x".to_vec())));
        assert_eq!(place("link", NamedBy::Habit).read(limit).await, Ok(Some(b"x".to_vec())));
        assert_eq!(place("none", NamedBy::Habit).read(limit).await, Ok(None));
        assert_eq!(place("good/below", NamedBy::Habit).read(limit).await, Ok(None));
        assert!(matches!(
            place("none", NamedBy::File("V")).read(limit).await,
            Err(Note::Missing { variable: "V", .. })
        ));
        assert!(matches!(
            place("large", NamedBy::Habit).read(limit).await,
            Err(Note::TooLarge { .. })
        ));
        assert!(matches!(
            place("folder", NamedBy::Habit).read(limit).await,
            Err(Note::Unreadable { .. })
        ));
    }
}
