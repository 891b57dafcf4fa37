//! Whether a program is installed, and where: the one answer to that question. A program is a file
//! that this user may execute, in a folder of `PATH`. Relative folders there are passed over, as Go's
//! tools do (`os/exec`, Go 1.19): what is run would change with the current folder.

use std::path::PathBuf;

use crate::context::Environment;

/// The program of that name, in the first folder of `PATH` that has it; a name with a slash is taken
/// as a path.
pub(crate) fn find(name: &str, environment: &Environment) -> Option<PathBuf> {
    let folders = std::env::split_paths(environment.var("PATH").unwrap_or_default())
        .filter(|folder| folder.is_absolute());
    let folders = std::env::join_paths(folders).ok()?;
    which::which_in(name, Some(folders), ".").ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn file(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_program_is_an_executable_file_in_an_absolute_folder_or_at_a_path() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        file(&at("one/tool"), 0o644);
        file(&at("two/tool"), 0o755);
        file(&at("two/document"), 0o644);
        file(&at("three/tool"), 0o755);
        fs::create_dir(at("two/folder")).unwrap();
        std::os::unix::fs::symlink(at("two/tool"), at("two/link")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("two/dangling")).unwrap();
        let search = format!(
            "relative::{}:{}:{}:{}",
            at("absent").display(),
            at("one").display(),
            at("two").display(),
            at("three").display()
        );
        let environment: Environment = [("PATH", search)].into_iter().collect();
        let path = |name: &str| at(name).display().to_string();
        let rows = [
            ("tool".to_owned(), Some("two/tool")),
            ("link".to_owned(), Some("two/link")),
            (path("three/tool"), Some("three/tool")),
            ("document".to_owned(), None),
            ("folder".to_owned(), None),
            ("dangling".to_owned(), None),
            ("absent".to_owned(), None),
            (String::new(), None),
            (path("one/tool"), None),
            (path("absent/tool"), None),
            ("./tool".to_owned(), None),
        ];
        for (name, wanted) in rows {
            assert_eq!(find(&name, &environment), wanted.map(at), "{name:?}");
        }
        assert_eq!(find("sh", &Environment::default()), None, "no PATH, no program");
        let relative: Environment = [("PATH", ".:bin")].into_iter().collect();
        assert_eq!(find("Cargo.toml", &relative), None);
    }
}
