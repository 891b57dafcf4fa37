//! The sandbox as other programs see it: `dhlimit sandbox` in a process of its own on loopback.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::Value;

use super::{Home, Running, http};

/// A running sandbox. Ended when dropped.
pub(crate) struct Sandbox {
    url: String,
    running: Running,
    home: Home,
}

impl Sandbox {
    /// Starts `dhlimit sandbox` with these further options on a free port of 127.0.0.1.
    #[track_caller]
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_in(Home::new(), options)
    }

    /// The same in a home that a test has put something into.
    #[track_caller]
    pub(crate) fn start_in(home: Home, options: &[&str]) -> Self {
        Self::start_of(home, "127.0.0.1:0", options)
    }

    /// The same at an address that is known.
    #[track_caller]
    pub(crate) fn start_at(address: &str, options: &[&str]) -> Self {
        Self::start_of(Home::new(), address, options)
    }

    #[track_caller]
    fn start_of(home: Home, address: &str, options: &[&str]) -> Self {
        let args = ["sandbox", "--listen", address];
        let args = args.iter().chain(options);
        let mut running = home.dhlimit(args).limit(Duration::from_secs(600)).start();
        let url = running.wait_until(Duration::from_secs(20), |running| {
            let out = running.stdout();
            out.split_once('\n').map(|(line, _)| line.trim().to_owned())
        });
        assert!(
            url.starts_with("http://127.0.0.1:") || url.starts_with("https://"),
            "no URL in the first line: {url}"
        );
        Self { url, running, home }
    }

    /// Its URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    /// HOST:PORT.
    pub(crate) fn authority(&self) -> &str {
        self.url().split_once("://").map_or("", |(_, authority)| authority)
    }

    /// A reference to an image in this registry, such as `library/nginx:latest`.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.authority())
    }

    /// The variables that make this sandbox docker.io for dhlimit.
    pub(crate) fn as_docker_hub(&self) -> [(&'static str, OsString); 2] {
        [("DHLIMIT_REGISTRY_URL", self.url().into()), ("DHLIMIT_AUTH_URL", self.url().into())]
    }

    /// What it says of itself.
    #[track_caller]
    pub(crate) fn state(&self) -> Value {
        http::get(&format!("{}/_sandbox/state", self.url())).json()
    }

    /// Changes what it counts or which Docker Hub it is.
    #[track_caller]
    pub(crate) fn set(&self, change: &Value) {
        let set = http::post(&format!("{}/_sandbox/set", self.url()), change);
        assert_eq!(set.status, 200, "{}", set.body);
    }

    /// The process.
    pub(crate) fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// The requests it has answered, as JSON lines.
    #[track_caller]
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = http::get(&format!("{}/_sandbox/log", self.url())).body;
        text.lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("not a JSON line ({error}): {line}"))
            })
            .collect()
    }

    /// Its own home, where it writes what it is told to write.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }
}
