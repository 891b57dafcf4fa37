//! Registries written by others: Distribution (Debian's docker-registry) and crane's, in memory.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::{Home, tools};
use super::Daemon;

/// A running registry on a free port of 127.0.0.1. Ended when dropped.
pub(crate) struct Registry {
    daemon: Daemon,
    port: u16,
}

/// What Distribution does beside storing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Distribution<'a> {
    /// Asks for this user and password by a Basic challenge.
    pub(crate) htpasswd: Option<(&'a str, &'a str)>,
    /// Is a pull-through cache in front of the registry at this URL.
    pub(crate) cache_of: Option<&'a str>,
}

/// Starts Distribution; `None`, after a word, where it is missing.
pub(crate) fn distribution(wanted: Distribution<'_>) -> Option<Registry> {
    let program = tools::require("docker-registry")?;
    let home = Home::new();
    let root = home.path().display().to_string();
    let mut config = format!(
        "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {root}/storage\nhttp:\n  addr: 127.0.0.1:0\n  secret: of-this-test\n"
    );
    if let Some((user, password)) = wanted.htpasswd {
        tools::require("htpasswd")?;
        // bcrypt is the only kind that Distribution takes.
        let file = home.program("htpasswd", ["-Bbn", user, password]).run().expect_code(0).stdout;
        let file = home.write("htpasswd", &file);
        let _ = write!(
            config,
            "auth:\n  htpasswd:\n    realm: distribution\n    path: {}\n",
            file.display()
        );
    }
    if let Some(url) = wanted.cache_of {
        let _ = write!(config, "proxy:\n  remoteurl: {url}\n");
    }
    let config = home.write("registry.yml", &config);
    let mut daemon =
        Daemon::start(home, [program.into_os_string(), "serve".into(), config.into_os_string()]);
    let port =
        daemon.wait_until(|running| port_after(&running.stderr(), "listening on 127.0.0.1:"));
    Some(Registry { daemon, port })
}

/// Starts `crane registry serve`; `None`, after a word, where crane is missing.
pub(crate) fn crane_registry() -> Option<Registry> {
    let program = tools::require("crane")?;
    let args = [
        program.into_os_string(),
        "registry".into(),
        "serve".into(),
        "--address".into(),
        "127.0.0.1:0".into(),
    ];
    let mut daemon = Daemon::start(Home::new(), args);
    let port = daemon.wait_until(|running| port_after(&running.stderr(), "serving on port "));
    Some(Registry { daemon, port })
}

fn port_after(text: &str, words: &str) -> Option<u16> {
    let (_, rest) = text.split_once(words)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..digits].parse().ok()
}

impl Registry {
    /// HOST:PORT.
    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Copies an image into this registry from another on loopback, with skopeo; `None` where that is missing.
    #[track_caller]
    pub(crate) fn fill(&self, from: &str, name: &str, login: Option<(&str, &str)>) -> Option<()> {
        let skopeo = tools::require("skopeo")?;
        let mut args = vec!["copy".to_owned(), "-q".to_owned(), "--all".to_owned()];
        args.extend(
            ["--src-tls-verify=false", "--dest-tls-verify=false", "--insecure-policy"]
                .map(str::to_owned),
        );
        if let Some((user, password)) = login {
            args.extend(["--dest-creds".to_owned(), format!("{user}:{password}")]);
        }
        args.extend([format!("docker://{from}"), format!("docker://{}/{name}", self.authority())]);
        self.daemon.home.program(skopeo, args).limit(Duration::from_secs(60)).run().expect_code(0);
        Some(())
    }
}
