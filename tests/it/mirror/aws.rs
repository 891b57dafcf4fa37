//! A stand-in of AWS for the real aws command: `fixtures/ecr.py`, which checks each call against the
//! service's own model.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::harness::program::Program;
use crate::harness::{Home, Running, http, tools};

/// A running stand-in. Ended when dropped.
pub(super) struct Aws {
    port: String,
    _running: Running,
    home: Home,
}

impl Aws {
    /// Starts one; `None`, after a word, where the aws command of `tests/run` is missing.
    pub(super) fn start() -> Option<Self> {
        Self::start_with("stand-in")
    }

    /// The same, whose registry has this password.
    pub(super) fn start_with(password: &str) -> Option<Self> {
        let python = tools::require_python()?;
        let home = Home::new();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/ecr.py");
        let calls = home.path().join("calls");
        let program = home
            .program(python, [script.as_os_str(), calls.as_os_str(), password.as_ref()])
            .limit(Duration::from_secs(300));
        let mut running = program.start();
        let port = running.wait_until(Duration::from_secs(60), |running| {
            running.stdout().split_once('\n').map(|(port, _)| port.to_owned())
        });
        Some(Self { port, _running: running, home })
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A program that finds this as AWS.
    pub(super) fn given(&self, program: Program) -> Program {
        program
            .env("AWS_ENDPOINT_URL", self.url())
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "none")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .limit(Duration::from_secs(180))
    }

    /// Answers the next call of an operation with an exception.
    pub(super) fn refuse(&self, operation: &str, exception: &str) {
        let answer = http::post(
            &format!("{}/refuse", self.url()),
            &serde_json::json!({ operation: exception }),
        );
        assert_eq!(answer.status, 200);
    }

    /// The calls so far.
    pub(super) fn calls(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.home.path().join("calls")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The operations so far, from the nth on.
    pub(super) fn operations(&self, from: usize) -> Vec<String> {
        let name = |call: &Value| call["op"].as_str().unwrap_or_default().to_owned();
        self.calls().iter().skip(from).map(name).collect()
    }
}
