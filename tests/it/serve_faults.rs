//! `serve` while everything fails around it: never down, never a wrong "unlimited", and every outage in the
//! metrics. One round of faults takes half a minute; `DHLIMIT_FAULTS=600` goes on for so many seconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Home, Running, Sandbox, http};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long a server that lies is listened to.
const LIES: Duration = Duration::from_secs(3);

/// A server, the registry that it asks, and the files that both are made of.
struct Trial {
    home: Home,
    running: Running,
    url: String,
    registry: Option<Sandbox>,
    port: String,
    trusted: PathBuf,
    config: PathBuf,
}

impl Trial {
    fn start() -> Self {
        let home = Home::new();
        let trusted = home.path().join("ca.pem");
        let registry = Sandbox::start(&[&format!("--tls={}", trusted.display())]);
        let port = registry.authority().rsplit(':').next().expect("a port").to_owned();
        let config = home.write("config.toml", "quiet = true\n");
        let args = ["serve", "nginx", "--interval", "500ms", "--timeout", "1s", "--listen"];
        let mut running = home
            .dhlimit(args.into_iter().chain(["127.0.0.1:0", "--config"]))
            .arg(&config)
            .envs(registry.as_docker_hub())
            .env("DHLIMIT_CA_CERT", &trusted)
            .limit(Duration::from_secs(1_200))
            .start();
        let url =
            running.wait_until(PATIENCE, |one| one.stdout().lines().next().map(str::to_owned));
        Self { home, running, url, registry: Some(registry), port, trusted, config }
    }

    /// The metrics, in which nothing may be wrong whatever happens.
    fn metrics(&self) -> String {
        let metrics = http::get(&format!("{}metrics", self.url)).body;
        let states = metrics.lines().filter(|line| line.starts_with("dhlimit_state{"));
        let now: Vec<&str> = states.filter(|line| line.ends_with(" 1")).collect();
        assert!(now.len() <= 1, "one target is in several states: {now:?}");
        assert!(!now.iter().any(|line| line.contains("state=\"unlimited\"")), "{metrics}");
        assert_eq!(http::get(&format!("{}healthz", self.url)).status, 200);
        metrics
    }

    #[track_caller]
    fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let metrics = self.metrics();
            if wanted(&metrics) {
                return metrics;
            }
            assert!(began.elapsed() < PATIENCE, "{what} is not in\n{metrics}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    #[track_caller]
    fn is_well(&mut self, after: &str) {
        self.until(&format!("a count after {after}"), |metrics| {
            metrics.contains("state=\"limited\"} 1") && metrics.contains("dhlimit_pulls_remaining{")
        });
    }

    /// An outage is a state, its counts vanish, and its times stay.
    #[track_caller]
    fn is_out(&mut self, why: &str) {
        let metrics = self.until(&format!("an outage: {why}"), |metrics| {
            metrics.contains("state=\"failed\"} 1") && !metrics.contains("dhlimit_pulls_remaining{")
        });
        assert!(metrics.contains("dhlimit_last_success_timestamp_seconds{"), "{metrics}");
    }

    /// Another registry at the same place.
    fn replace(&mut self, ca: &Path, options: &[&str]) {
        drop(self.registry.take());
        let tls = format!("--tls={}", ca.display());
        let options: Vec<&str> =
            [tls.as_str()].into_iter().chain(options.iter().copied()).collect();
        self.registry = Some(Sandbox::start_at(&format!("127.0.0.1:{}", self.port), &options));
    }

    fn round(&mut self) {
        self.is_well("the start");
        drop(self.registry.take());
        self.is_out("the registry was killed");
        self.again("it was killed");

        let trusted = self.trusted.clone();
        self.replace(&trusted, &["--latency", "20s"]);
        self.is_out("the registry is slow");
        self.again("it was slow");

        for profile in ["odd", "flaky", "abuse", "blocked"] {
            self.replace(&trusted, &["--profile", profile]);
            let began = Instant::now();
            while began.elapsed() < LIES {
                self.metrics();
                std::thread::sleep(Duration::from_millis(150));
            }
            if profile == "abuse" {
                self.until("the overall limit", |metrics| metrics.contains("\"throttled\"} 1"));
            }
            self.again(profile);
        }

        let other = self.home.path().join("other.pem");
        self.replace(&other, &[]);
        self.is_out("the certificate is of somebody else");
        fs::copy(&other, &trusted).unwrap();
        self.is_well("the new certificate was trusted");

        fs::write(&self.config, "quiet = [\n").unwrap();
        self.running.signal(Signal::HUP);
        self.until("a refused configuration", |metrics| {
            metrics.contains("dhlimit_config_last_reload_success 0")
        });
        self.is_well("a configuration was refused");
        fs::write(&self.config, "quiet = true\n").unwrap();
        self.until("a configuration that is right again", |metrics| {
            metrics.contains("dhlimit_config_last_reload_success 1")
        });
    }

    fn again(&mut self, after: &str) {
        let trusted = self.trusted.clone();
        self.replace(&trusted, &[]);
        self.is_well(after);
    }
}

#[test]
fn whatever_fails_it_serves_on_and_tells_of_it() {
    let seconds = std::env::var("DHLIMIT_FAULTS").ok().and_then(|seconds| seconds.parse().ok());
    let duration = Duration::from_secs(seconds.unwrap_or(0));
    let mut trial = Trial::start();
    let began = Instant::now();
    loop {
        trial.round();
        if began.elapsed() >= duration {
            break;
        }
    }
    trial.running.signal(Signal::TERM);
    trial.running.outcome().expect_code(130);
}
