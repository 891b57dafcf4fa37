//! A home of a test's own: HOME, DOCKER_CONFIG, the XDG folders and TMPDIR in one temporary folder,
//! so that nothing a developer has on the machine changes a test and no test changes the machine.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::program::Program;
use super::tools;

/// A temporary home. Removed when dropped.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
}

/// `dhlimit` with these arguments in a home of its own.
pub(crate) fn dhlimit<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Program {
    let home = Home::new();
    let program = home.dhlimit(args);
    program.keep(home)
}

impl Home {
    /// An empty home; DOCKER_CONFIG names a folder that exists and holds nothing, as podman's trap wants it.
    pub(crate) fn new() -> Self {
        // Not TMPDIR: unix sockets live below, and their paths end at 107 bytes.
        let folder =
            tempfile::Builder::new().prefix("dhl").tempdir_in("/tmp").expect("a temporary folder");
        for name in ["home", "docker", "tmp", "bin", "config", "cache", "data", "state", "run"] {
            fs::create_dir(folder.path().join(name)).expect("a folder in the temporary home");
        }
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700))
            .expect("a private run folder");
        Self { folder }
    }

    /// The folder that holds everything.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file at a path below the home's folder, making folders as needed.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a path below the home"))
            .expect("a folder in the temporary home");
        fs::write(&path, text).expect("a file in the temporary home");
        path
    }

    /// Puts an executable script first in the search path of the programs run here.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(&format!("bin/{name}"), text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .expect("an executable script");
        path
    }

    /// Writes `$DOCKER_CONFIG/config.json`.
    pub(crate) fn docker_config(&self, json: &serde_json::Value) {
        self.write("docker/config.json", &json.to_string());
    }

    /// The program under test with these arguments.
    pub(crate) fn dhlimit<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Program {
        self.program(env!("CARGO_BIN_EXE_dhlimit"), args)
    }

    /// Any program with these arguments, in this home's environment and nothing else's.
    pub(crate) fn program<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Program {
        let folder = |name: &str| self.path().join(name).into_os_string();
        let mut path = folder("bin");
        path.push(":");
        path.push(tools::search_path());
        // No run with coverage would count the program without this one.
        let coverage =
            std::env::var_os("LLVM_PROFILE_FILE").map(|value| ("LLVM_PROFILE_FILE", value));
        let program = Program::new(program.as_ref(), args)
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", folder("home"))
            .env("DOCKER_CONFIG", folder("docker"))
            .env("TMPDIR", folder("tmp"))
            .env("XDG_CONFIG_HOME", folder("config"))
            .env("XDG_CACHE_HOME", folder("cache"))
            .env("XDG_DATA_HOME", folder("data"))
            .env("XDG_STATE_HOME", folder("state"))
            .env("XDG_RUNTIME_DIR", folder("run"))
            .directory(&self.path().join("home"));
        coverage.into_iter().fold(program, |program, (name, value)| program.env(name, value))
    }
}
