//! What a gate says beside its exit code: when it could open and what to do, in every form; the JSON in
//! a file beside a command; the mark of a sandbox.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Home, Outcome, Sandbox, http};

const IMAGE: &str = "nginx";

fn left(sandbox: &Sandbox, remaining: u64) {
    let change = json!({"identity": "127.0.0.1", "remaining": remaining});
    assert!(http::post(&format!("{}/_sandbox/set", sandbox.url()), &change).status < 300);
}

/// `gate` with these arguments in front of a sandbox.
fn gate(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let home = Home::new();
    let program = home.dhlimit(["gate"].iter().chain(args)).envs(sandbox.as_docker_hub());
    program.keep(home).run()
}

#[test]
fn a_closed_gate_says_when_it_could_open_and_what_to_do() {
    let sandbox = Sandbox::start(&["--limit", "10", "--window", "10m"]);
    left(&sandbox, 3);
    let rows: [(&[&str], bool); 4] = [
        (&["--need", "5"], true),
        (&["--need", "50%"], true),
        (&["--need", "5", "--wait=1s"], true),
        (&["--need", "11"], false),
    ];
    for (args, is_told) in rows {
        let json = gate(&sandbox, &[args, &["-o", "json", IMAGE]].concat()).json();
        let at = json["enough_at"].as_str().map(str::parse::<chrono::DateTime<chrono::Utc>>);
        let left = at.map(|at| (at.expect("a time") - chrono::Utc::now()).num_seconds());
        assert_eq!(
            left.is_some_and(|left| (590..=605).contains(&left)),
            is_told,
            "{args:?}: {json}"
        );
        let advice = json["advice"].as_str().expect("advice");
        assert!(advice.contains("mirror"), "{advice}");
        for form in ["plain", "table", "github"] {
            let text = gate(&sandbox, &[args, &["-o", form, IMAGE]].concat()).stdout;
            assert_eq!(text.contains("enough again by"), is_told, "{form}: {text}");
            assert!(text.contains("mirror"), "{form}: {text}");
        }
    }
    let open = gate(&sandbox, &["-o", "json", IMAGE]).json();
    assert_eq!((&open["enough_at"], &open["advice"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_report_file_has_the_json_whatever_the_command_writes() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let home = Home::new();
    let path = home.path().join("gate.json");
    let file = path.display().to_string();
    let noisy = ["--", "sh", "-c", "echo mine; echo '{' >&2; exit 3"];
    let outcome = gate(&sandbox, &[&["-o", "json", "--report", &file, IMAGE], &noisy[..]].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(3), "mine\n"), "{outcome:?}");
    let report: Value =
        serde_json::from_str(&fs::read_to_string(&path).expect("a report")).expect("JSON");
    assert_eq!(
        (&report["command"]["exit_code"], &report["command"]["remaining_after"]),
        (&json!(3), &json!(10))
    );
    assert_eq!(report["endpoint"], json!(format!("{}/", sandbox.url())));
    let again = gate(&sandbox, &["--report", &file, IMAGE]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(2), ""), "not written over: {again:?}");
}

#[test]
fn what_a_sandbox_answers_is_marked_in_every_form() {
    let home = Home::new();
    let run = |form: &str| home.dhlimit(["gate", "--sandbox", "-o", form]).run();
    assert_eq!(run("json").json()["sandbox"], json!(true));
    for form in ["plain", "table", "github"] {
        let text = run(form).stdout.to_ascii_lowercase();
        assert!(text.contains("sandbox"), "{form}: {text}");
    }
}
