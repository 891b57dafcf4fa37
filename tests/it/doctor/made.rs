//! Logins made by `docker login`, `nerdctl login` and `podman login` against a sandbox: what `doctor`
//! says of each tool is what the sandbox then counts for a pull by it.

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use serde_json::json;

use super::{BOB, Found, HUB, PASSWORD, findings, the};
use crate::harness::real::{Containerd, Dockerd, podman};
use crate::harness::secrets::assert_absent;
use crate::harness::{Home, Outcome, Sandbox, tools};

const IMAGE: &str = "library/nginx:latest";

/// A home in which docker, nerdctl and podman work, and a sandbox that knows Bob.
struct Bench {
    home: Home,
    sandbox: Sandbox,
    variables: Vec<(&'static str, OsString)>,
    _dockerd: Dockerd,
    _containerd: Containerd,
}

impl Bench {
    fn new() -> Option<Self> {
        let home = Home::new();
        tools::require("nerdctl")?;
        let mut variables = podman(&home)?;
        let dockerd = Dockerd::start()?;
        let containerd = Containerd::start()?;
        variables.extend(dockerd.environment());
        variables.extend(containerd.environment());
        let sandbox =
            Sandbox::start(&["--limit", "100", "--account", &format!("bob:{PASSWORD}:50")]);
        Some(Self { home, sandbox, variables, _dockerd: dockerd, _containerd: containerd })
    }

    fn run(&self, tool: &str, args: &[&str], input: &str) -> Outcome {
        let program =
            self.home.program(tool, args).envs(self.variables.clone()).without("DOCKER_CONFIG");
        program.stdin(input).limit(Duration::from_secs(120)).run()
    }

    #[track_caller]
    fn login(&self, tool: &str) {
        let mut args = vec!["login", "--username", "bob", "--password-stdin"];
        args.extend(["--tls-verify=false"].iter().filter(|_| tool == "podman"));
        args.push(self.sandbox.authority());
        self.run(tool, &args, PASSWORD).expect_code(0);
    }

    fn log_out_everywhere(&self) {
        for file in ["home/.docker/config.json", "run/containers/auth.json"] {
            let _ = fs::remove_file(self.home.path().join(file));
        }
    }

    fn doctor(&self) -> Vec<Found> {
        let program = self
            .home
            .dhlimit(["doctor", "-o", "json", "-vvv", self.sandbox.authority()])
            .envs(self.variables.clone());
        findings(&program.without("DOCKER_CONFIG").run().expect_code(0))
    }

    /// Whether a pull by a tool is counted on the account.
    #[track_caller]
    fn is_counted_on_bob(&self, tool: &str) -> bool {
        let used = || {
            let state = self.sandbox.state();
            let identities = state["identities"].as_array().cloned().unwrap_or_default();
            let of = |kind: &str| {
                identities
                    .iter()
                    .filter(|one| one["kind"] == kind)
                    .filter_map(|one| one["used"].as_u64())
                    .sum::<u64>()
            };
            (of("account"), of("address"))
        };
        let before = used();
        let image = self.sandbox.image(IMAGE);
        self.run(tool, &["pull", "-q", &image], "").expect_code(0);
        self.run(tool, &["rmi", "-f", &image], "").expect_code(0);
        let after = used();
        assert_eq!(after.0 + after.1, before.0 + before.1 + 1, "{tool}: {before:?} {after:?}");
        after.0 > before.0
    }
}

#[test]
fn what_is_said_of_each_tool_is_what_the_registry_counts() {
    let Some(bench) = Bench::new() else { return };
    // Who logs in, and the tools whose pulls are then counted on the account.
    let rows: [(&str, &str, &[&str]); 3] = [
        ("docker", "login-used", &["docker", "nerdctl", "podman"]),
        ("nerdctl", "login-used", &["docker", "nerdctl", "podman"]),
        ("podman", "login-differs", &["podman"]),
    ];
    for (tool, id, as_bob) in rows {
        bench.log_out_everywhere();
        bench.login(tool);
        let found = bench.doctor();
        let told = the(&found, id);
        assert_eq!(told.subject, bench.sandbox.authority());
        for group in told.evidence.split("; ") {
            let (names, words) = group.split_once(": ").expect("tools and a login");
            for name in names.split(", ") {
                assert_eq!(is_bob(words), as_bob.contains(&name), "{tool}: {told:?}");
                assert_eq!(
                    bench.is_counted_on_bob(name),
                    as_bob.contains(&name),
                    "{name} after {tool} login: {told:?}"
                );
            }
        }
        for name in ["docker", "nerdctl", "podman"] {
            let works = found
                .iter()
                .any(|finding| finding.id == "runtime-works" && finding.subject == name);
            assert!(works, "{name}: {found:#?}");
        }
        assert!(
            found.iter().any(|finding| finding.evidence.contains("as the account bob")),
            "{found:#?}"
        );
    }
}

/// Whether a login is Bob's. docker asks for an identity token in the place of the password, and a
/// helper keeps no name with it.
fn is_bob(words: &str) -> bool {
    ["bob, password from ", "bob, identity token from ", "identity token from "]
        .iter()
        .any(|login| words.starts_with(login))
}

/// A helper that writes down what it is asked for, and has nothing.
const SPY: &str = "#!/bin/sh\nread -r server\necho \"$server\" >> \"$HOME/asked\"\necho 'credentials not found in native keychain'\nexit 1\n";

#[test]
fn the_tools_ask_their_helpers_for_the_keys_that_doctor_takes_them_to_ask_for() {
    let Some(bench) = Bench::new() else { return };
    bench.home.script("docker-credential-spy", SPY);
    let store = json!({ "credsStore": "spy" });
    let keyed =
        json!({ "credHelpers": { HUB: "spy", "docker.io": "spy", "docker.io/library": "spy" } });
    let rows = [
        ("docker", &store, vec![HUB]),
        ("nerdctl", &store, vec![HUB, "docker.io"]),
        ("podman", &store, vec![]),
        ("docker", &keyed, vec![HUB]),
        ("nerdctl", &keyed, vec![HUB, "docker.io"]),
        ("podman", &keyed, vec!["docker.io"]),
    ];
    for (tool, config, wanted) in rows {
        bench.home.write("home/.docker/config.json", &config.to_string());
        let asked = bench.home.write("home/asked", "");
        // Nobody answers for docker.io here: who is asked for before is what counts.
        bench.run(tool, &["pull", "-q", "docker.io/library/missing:latest"], "");
        let text = fs::read_to_string(asked).expect("what was asked");
        let mut keys: Vec<&str> = text.lines().collect();
        keys.dedup();
        assert_eq!(keys, wanted, "{tool} with {config}");
    }
}

#[test]
fn a_helper_that_docker_login_used_and_that_is_gone_is_named() {
    let Some(bench) = Bench::new() else { return };
    // A store in a file, as small as one can be.
    let store = "#!/bin/sh\ncase \"$1\" in\nstore) cat > \"$HOME/kept\" ;;\nget) cat > /dev/null; cat \"$HOME/kept\" ;;\nlist) echo '{}' ;;\nesac\n";
    let helper = bench.home.script("docker-credential-kept", store);
    bench.home.write("home/.docker/config.json", r#"{ "credsStore": "kept" }"#);
    bench.login("docker");
    let found = bench.doctor();
    // podman asks no credsStore, the others do.
    let told = &the(&found, "login-differs").evidence;
    assert!(
        told.strip_prefix("docker, nerdctl: ").is_some_and(is_bob)
            && told.ends_with("podman: nobody"),
        "{told}"
    );
    assert!(bench.is_counted_on_bob("docker") && !bench.is_counted_on_bob("podman"));
    fs::remove_file(helper).expect("the helper");
    let found = bench.doctor();
    assert_eq!(the(&found, "helper-missing").severity, "error", "{found:#?}");
    assert!(!bench.is_counted_on_bob("docker"), "docker goes on as nobody");
    // docker has left an entry without a login for the registry, which is how it marks what a store holds.
    let places: String = found
        .iter()
        .filter(|finding| finding.id == "credentials-place")
        .map(|finding| finding.evidence.clone())
        .collect();
    assert!(
        places.contains(bench.sandbox.authority()) && places.contains("credsStore kept"),
        "{places}"
    );
    assert_absent(&[BOB], &places);
}
