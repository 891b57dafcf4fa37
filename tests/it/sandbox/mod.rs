//! The sandbox: as a library through real sockets, with a clock of the test's own, and as a command.

mod command;
mod connections;
mod content;
mod counting;
mod profiles;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use dhlimit::context::Clock;
use dhlimit::quota::Window;
use dhlimit::sandbox::{Profile, Running, Sandbox, Settings, start};

use crate::harness::http::{Answer, request};

const NGINX: &str = "library/nginx";

/// A clock that is moved by hand, in milliseconds.
#[derive(Debug)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// A sandbox in this process, and a client of it.
struct Hub {
    clock: Arc<Hands>,
    running: Option<Running>,
    runtime: tokio::runtime::Runtime,
}

impl Hub {
    fn start(settings: Settings) -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(1_795_338_921_000)));
        let settings = Settings { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..settings };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let running = runtime.block_on(start(settings, "127.0.0.1:0".parse().unwrap())).unwrap();
        Self { clock, running: Some(running), runtime }
    }

    fn of(profile: Profile) -> Self {
        Self::start(Settings::of(profile))
    }

    fn with_limit(limit: u32) -> Self {
        Self::start(limited(limit))
    }

    fn sandbox(&self) -> &Sandbox {
        self.running.as_ref().unwrap().sandbox()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.as_ref().unwrap().url())
    }

    fn advance(&self, seconds: i64) {
        self.advance_millis(seconds * 1_000);
    }

    fn advance_millis(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
    }

    fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        request(method, &self.url(path), fields, "")
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn form(&self, body: &str) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        request("POST", &self.url("/token"), &form, body)
            .unwrap_or_else(|error| panic!("POST /token: {error}"))
    }

    fn set(&self, json: &str) -> Answer {
        request("POST", &self.url("/_sandbox/set"), &[], json)
            .unwrap_or_else(|error| panic!("POST /_sandbox/set: {error}"))
    }

    /// A token for pulling from a repository, with these further fields.
    fn token_with(&self, repository: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.ask(
            "GET",
            &format!("/token?service=registry.docker.io&scope=repository:{repository}:pull"),
            fields,
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    fn nobody(&self) -> Puller<'_> {
        self.puller(&[])
    }

    /// Somebody who sends these fields with every request and asks for a token first.
    fn puller<'a>(&'a self, fields: &[(&'a str, &str)]) -> Puller<'a> {
        let fields: Vec<(&str, String)> =
            fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let borrowed: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let token = self.token_with(NGINX, &borrowed);
        let others = fields.into_iter().filter(|(name, _)| *name != "authorization");
        Puller {
            hub: self,
            fields: others.chain([("authorization", format!("Bearer {token}"))]).collect(),
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// Somebody with a token for [`NGINX`].
struct Puller<'a> {
    hub: &'a Hub,
    fields: Vec<(&'a str, String)>,
}

impl Puller<'_> {
    fn ask(&self, method: &str, path: &str) -> Answer {
        self.ask_with(method, path, &[])
    }

    fn ask_with(&self, method: &str, path: &str, more: &[(&str, &str)]) -> Answer {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(more.iter().copied())
            .collect();
        self.hub.ask(method, path, &fields)
    }

    fn manifest(&self, method: &str, reference: &str) -> Answer {
        self.ask(method, &format!("/v2/{NGINX}/manifests/{reference}"))
    }

    /// What a HEAD says is left.
    fn remaining(&self) -> Option<u32> {
        let answer = self.manifest("HEAD", "latest");
        let value = answer
            .header("x-ratelimit-remaining")
            .or_else(|| answer.header("ratelimit-remaining"))?;
        value.split(';').next()?.parse().ok()
    }
}

fn limited(limit: u32) -> Settings {
    Settings { limit: Some(limit), ..Settings::default() }
}

fn window(seconds: u64) -> Option<Window> {
    Window::from_seconds(seconds)
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
    )
}
