//! The files that run `serve` on machines and in clusters, judged by the programs they are for; and what the
//! rules for Prometheus ask for, found in what is served.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Home, Sandbox, http, tools};

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The manifests that the kustomizations name, and the secret that is made by hand.
fn manifests() -> Vec<String> {
    let listed = |folder: &str| -> Vec<String> {
        let named = text(&format!("{folder}/kustomization.yaml"));
        let listed = named.split("resources:\n").nth(1).expect("a list");
        let listed = listed.lines().map_while(|line| line.trim().strip_prefix("- "));
        listed
            .filter(|name| !name.starts_with(".."))
            .map(|name| format!("{folder}/{name}"))
            .collect()
    };
    let mut all = listed("kubernetes");
    all.extend(listed("kubernetes-operator"));
    all.push("kubernetes/secret.yaml".to_owned());
    all
}

#[test]
fn kubernetes_takes_every_manifest() {
    let Some(validate) = tools::require("kubernetes-validate") else { return };
    let home = Home::new();
    // A kind of the Prometheus Operator has no schema of Kubernetes' own.
    let own: Vec<String> =
        manifests().into_iter().filter(|name| !name.ends_with("servicemonitor.yaml")).collect();
    assert!(own.len() >= 8, "{own:?}");
    let files: Vec<String> =
        own.iter().map(|name| home.write(name, &text(name)).display().to_string()).collect();
    for version in (25..=37).map(|minor| format!("1.{minor}")) {
        let strict = ["-k", version.as_str(), "--strict"]
            .into_iter()
            .chain(files.iter().map(String::as_str));
        let outcome = home.program(&validate, strict).run();
        assert_eq!(outcome.code, Some(0), "{version}: {outcome:?}");
    }
    let wrong = text("kubernetes/daemonset.yaml").replace("readOnlyRootFilesystem", "readOnlyRoot");
    let wrong = home.write("wrong.yaml", &wrong).display().to_string();
    let outcome = home.program(&validate, ["-k", "1.34", "--strict", &wrong]).run();
    assert_ne!(outcome.code, Some(0), "a wrong manifest is seen: {outcome:?}");
}

#[test]
fn pods_are_poor_and_serve_as_they_say() {
    for name in ["daemonset", "deployment"] {
        let manifest = text(&format!("kubernetes/{name}.yaml"));
        for part in [
            "runAsNonRoot: true",
            "readOnlyRootFilesystem: true",
            "allowPrivilegeEscalation: false",
            "drop: [ALL]",
            "automountServiceAccountToken: false",
            "type: RuntimeDefault",
        ] {
            assert!(manifest.contains(part), "{name}: {part}");
        }
        let args = manifest.split("args: [").nth(1).and_then(|rest| rest.split(']').next());
        let args = args.expect("arguments").replace('"', "");
        let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
        let args: Vec<String> =
            args.split(", ").map(|arg| arg.replace("0.0.0.0:9767", "127.0.0.1:0")).collect();
        let mut running = home.dhlimit(&args).envs(sandbox.as_docker_hub()).start();
        let url = running.wait_until(Duration::from_secs(20), |running| {
            running.stdout().lines().next().map(str::to_owned)
        });
        running.wait_until(Duration::from_secs(20), |_| {
            (http::get(&format!("{url}readyz")).status == 200).then_some(())
        });
        running.signal(Signal::TERM);
        running.outcome().expect_code(130);
    }
}

#[test]
fn systemd_takes_the_unit_of_serve() {
    let Some(program) = tools::require("systemd-analyze") else { return };
    let home = Home::new();
    let unit = text("systemd/dhlimit.service");
    assert!(unit.contains("/usr/bin/dhlimit ") && unit.contains("SuccessExitStatus=130"), "{unit}");
    let unit = unit
        .replace("/usr/bin/dhlimit ", &format!("{} ", env!("CARGO_BIN_EXE_dhlimit")))
        .replace("Documentation=man:dhlimit(1)\n", "");
    let unit = home.write("units/dhlimit.service", &unit);
    let outcome = home.program(program, ["verify", "--man=no"]).arg(unit).run();
    let complaints: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.contains("dhlimit.service")).collect();
    assert_eq!((outcome.code, complaints.as_slice()), (Some(0), [].as_slice()), "{outcome:?}");
}

#[test]
fn every_metric_of_the_rules_is_served() {
    let rules = text("prometheus/dhlimit.rules.yml");
    let code: String = rules.lines().filter(|line| !line.trim().starts_with('#')).collect();
    let used: BTreeSet<&str> = code
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || "_:".contains(letter)))
        .filter(|word| word.starts_with("dhlimit_") && !word.contains(':'))
        .collect();
    assert!(used.len() >= 6, "{used:?}");
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let args = ["serve", "nginx", "--listen", "127.0.0.1:0"];
    let mut running = home.dhlimit(args).envs(sandbox.as_docker_hub()).start();
    let url = running.wait_until(Duration::from_secs(20), |running| {
        running.stdout().lines().next().map(str::to_owned)
    });
    let metrics = http::get(&format!("{url}metrics")).body;
    running.signal(Signal::TERM);
    running.outcome().expect_code(130);
    for metric in used {
        assert!(
            metrics.contains(&format!("# TYPE {metric} ")),
            "{metric} is not served: {metrics}"
        );
    }
}
