//! `mirror ecr`: refused here before AWS is asked; printed as scripts that do it; done through the real
//! aws command against a stand-in that knows the service's model.

use std::time::Duration;

use serde_json::{Value, json};

use super::aws::Aws;
use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Outcome, dhlimit, tools};

const SECRET: Secret = Secret { user: "ann", password: "dckr_pat_s3cr\"t\\of+ann" };
const FIXED: [&str; 6] = ["mirror", "ecr", "--account", "123456789012", "--region", "eu-central-1"];

/// `mirror ecr` of the stand-in's account in a home of its own.
fn run(aws: &Aws, args: &[&str]) -> Outcome {
    let home = Home::new();
    let program = home.dhlimit(FIXED.iter().chain(args)).keep(home);
    aws.given(program).stdin(SECRET.password).run()
}

/// `--apply` with ann's token on standard input.
fn apply(aws: &Aws, args: &[&str]) -> Outcome {
    let fixed = ["--apply", "--yes", "-o", "json", "--user", "ann", "--password-stdin"];
    run(aws, &fixed.iter().chain(args).copied().collect::<Vec<_>>())
}

/// Each step's id and state.
fn steps(outcome: &Outcome) -> Vec<String> {
    let report = outcome.json();
    crate::schemas::valid("mirror-ecr", &report);
    let steps = report["steps"].as_array().expect("steps");
    let step = |step: &Value| {
        format!("{} {}", step["id"].as_str().unwrap(), step["state"].as_str().unwrap())
    };
    steps.iter().map(step).collect()
}

/// The steps that are neither skipped nor as in `usual`.
#[track_caller]
fn assert_steps(outcome: &Outcome, wanted: &[&str]) {
    let steps = steps(outcome);
    let done: Vec<&String> = steps.iter().filter(|step| !step.ends_with("skipped")).collect();
    assert_eq!(done, wanted, "{outcome:?}");
}

#[test]
fn what_ecr_would_refuse_is_refused_here_and_nobody_is_asked() {
    let rows: [(&[&str], &str); 9] = [
        (&["--account", "12345"], "twelve digits"),
        (&["--region", "us-gov-west-1"], "no pull through cache rules in us-gov-west-1"),
        (&["--region", "cn-north-1"], "no pull through cache rules"),
        (&["--region", "Frankfurt"], "no region"),
        (&["--prefix", "Docker..Hub"], "--prefix \"Docker..Hub\""),
        (&["--prefix", &"a".repeat(31)], "more than 30"),
        (&["--upstream", "dockerhub"], "docker-hub, ecr"),
        (&["--upstream-url", "docker.io"], "registry-1.docker.io"),
        (&["--secret", "docker-hub"], "ecr-pullthroughcache/"),
    ];
    for (args, words) in rows {
        for mode in [&["--apply", "--yes"][..], &["--print", "terraform"]] {
            let given: Vec<&str> = args.iter().chain(mode).copied().collect();
            // The last of an option counts nowhere: the fixed one is replaced.
            let kept = FIXED.chunks(2).filter(|pair| pair[0] != args[0]).flatten();
            let outcome = dhlimit(kept.copied().chain(given)).env("PATH", "/nonexistent").run();
            assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
            assert!(outcome.stderr.contains(words), "{words} in {outcome:?}");
        }
    }
}

#[test]
fn a_rule_is_made_with_all_it_needs_and_a_second_run_changes_nothing() {
    let Some(aws) = Aws::start() else { return };
    let puller = ["--puller", "210987654321"];
    let check = run(&aws, &["--check", "-o", "json"]).expect_code(1);
    assert_steps(
        &check,
        &["secret failed", "template failed", "rule failed", "validation failed", "login present"],
    );
    let first = apply(&aws, &puller).expect_code(0);
    assert_steps(
        &first,
        &[
            "secret created",
            "template created",
            "rule created",
            "validation present",
            "registry-policy created",
            "login present",
        ],
    );
    assert!(
        first
            .stdout
            .contains("123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub/library/nginx")
    );
    let made: Vec<String> =
        aws.operations(0).into_iter().filter(|op| op.starts_with("Create")).collect();
    assert_eq!(
        made,
        ["CreateSecret", "CreateRepositoryCreationTemplate", "CreatePullThroughCacheRule"],
        "the order that works"
    );
    let before = aws.calls().len();
    let second = apply(&aws, &puller).expect_code(0);
    let check = run(&aws, &["--check", "-o", "json", "--puller", "210987654321"]).expect_code(0);
    for outcome in [&second, &check] {
        assert_steps(
            outcome,
            &[
                "secret present",
                "template present",
                "rule present",
                "validation present",
                "registry-policy present",
                "login present",
            ],
        );
    }
    let changes = ["Create", "Put", "Update", "Delete", "Restore"];
    let touched: Vec<String> = aws
        .operations(before)
        .into_iter()
        .filter(|op| changes.iter().any(|change| op.starts_with(change)))
        .collect();
    assert_eq!(touched, [""; 0]);
    for outcome in [&first, &second, &check] {
        assert_absent(&[SECRET], &outcome.everything());
    }
    assert_absent(&[SECRET], &format!("{:?}", aws.calls()));
}

#[test]
fn what_can_be_changed_is_changed_and_what_cannot_is_replaced_when_asked_for() {
    let Some(aws) = Aws::start() else { return };
    apply(&aws, &[]).expect_code(0);
    let home = Home::new();
    let token = home.write("token", "another-token\n");
    let args = ["--apply", "--yes", "-o", "json", "--user", "ann", "--password-file"];
    let program = home.dhlimit(FIXED.iter().chain(&args)).arg(&token);
    let changed = aws.given(program).run().expect_code(0);
    assert_steps(
        &changed,
        &[
            "secret updated",
            "template present",
            "rule present",
            "validation present",
            "login present",
        ],
    );
    // Another secret is an update; another upstream is another rule.
    let moved = apply(&aws, &["--secret", "ecr-pullthroughcache/other"]).expect_code(0);
    assert_steps(
        &moved,
        &[
            "secret created",
            "template present",
            "rule updated",
            "validation present",
            "login present",
        ],
    );
    assert!(aws.operations(0).contains(&"UpdatePullThroughCacheRule".to_owned()));
    let quay = ["--upstream", "quay", "--apply", "--yes", "-o", "json"];
    let refused = run(&aws, &quay).expect_code(2);
    assert_steps(&refused, &["rule failed"]);
    assert!(refused.stdout.contains("--replace"), "{refused:?}");
    let replaced = run(&aws, &[&quay[..], &["--replace"]].concat()).expect_code(0);
    assert_steps(
        &replaced,
        &["template present", "rule updated", "validation present", "login present"],
    );
}

#[test]
fn removed_is_what_was_made_and_a_deleted_secret_is_given_back() {
    let Some(aws) = Aws::start() else { return };
    let puller = ["--puller", "210987654321"];
    apply(&aws, &puller).expect_code(0);
    let remove = ["--remove", "--yes", "-o", "json"];
    let removed = run(&aws, &remove).expect_code(0);
    assert_steps(
        &removed,
        &["registry-policy removed", "rule removed", "template removed", "secret removed"],
    );
    let again = apply(&aws, &puller).expect_code(0);
    assert_steps(
        &again,
        &[
            "secret updated",
            "template created",
            "rule created",
            "validation present",
            "registry-policy created",
            "login present",
        ],
    );
    run(&aws, &remove).expect_code(0);
    let nothing = run(&aws, &remove).expect_code(0);
    assert_eq!(
        steps(&nothing).iter().filter(|step| step.ends_with("skipped")).count(),
        3,
        "{nothing:?}"
    );
}

#[test]
fn an_invalid_rule_is_seen_by_its_answer_not_by_an_exit_code() {
    let Some(aws) = Aws::start() else { return };
    let home = Home::new();
    let token = home.write("token", "wrong\n");
    let args = ["--apply", "--yes", "-o", "json", "--user", "ann", "--password-file"];
    let outcome =
        aws.given(home.dhlimit(FIXED.iter().chain(&args)).arg(&token)).run().expect_code(4);
    assert!(steps(&outcome).contains(&"validation failed".to_owned()), "{outcome:?}");
    assert!(steps(&outcome).contains(&"registry-policy skipped".to_owned()), "{outcome:?}");
}

#[test]
fn errors_are_told_by_the_exceptions_name() {
    let Some(aws) = Aws::start() else { return };
    for (operation, exception, code, words) in [
        ("DescribePullThroughCacheRules", "AccessDeniedException", 4, "policy of administrators"),
        ("CreateSecret", "ThrottlingException", 7, "ThrottlingException"),
        (
            "CreatePullThroughCacheRule",
            "UnableToDecryptSecretValueException",
            4,
            "aws/secretsmanager",
        ),
        ("CreatePullThroughCacheRule", "LimitExceededException", 2, "50 rules"),
        ("ValidatePullThroughCacheRule", "ServerException", 3, "ServerException"),
    ] {
        aws.refuse(operation, exception);
        let outcome = apply(&aws, &[]).expect_code(code);
        assert!(outcome.stdout.contains(words), "{operation}: {outcome:?}");
        assert!(steps(&outcome).iter().any(|step| step.ends_with("failed")), "{outcome:?}");
    }
    let home = Home::new();
    let program =
        home.dhlimit(FIXED.iter().chain(&["--check"])).env("AWS_EC2_METADATA_DISABLED", "true");
    let outcome = program.limit(Duration::from_secs(120)).run().expect_code(4);
    assert!(outcome.stdout.contains("no login to AWS"), "{outcome:?}");
    let outcome = aws
        .given(home.dhlimit(FIXED.iter().chain(&["--check"])))
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .run();
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    let outcome = home.dhlimit(FIXED.iter().chain(&["--check"])).env("PATH", "/nonexistent").run();
    assert!(
        outcome.code == Some(6) && outcome.stderr.contains("aws is not installed"),
        "{outcome:?}"
    );
}

#[test]
fn nothing_is_changed_unasked_and_no_rule_without_a_login() {
    let Some(aws) = Aws::start() else { return };
    for args in [&["--apply"][..], &["--remove"]] {
        let outcome = run(&aws, args).expect_code(2);
        assert!(outcome.stderr.contains("--yes"), "{outcome:?}");
    }
    let outcome = run(&aws, &["--apply", "--yes", "-o", "json"]).expect_code(4);
    assert!(outcome.stdout.contains("--password-stdin"), "{outcome:?}");
    assert!(!aws.operations(0).iter().any(|operation| operation.starts_with("Create")));
    // The login that docker has for Docker Hub is the one that ECR gets.
    let home = Home::new();
    home.docker_config(
        &json!({"auths": {"https://index.docker.io/v1/": {"auth": "YW5uOnRva2VuLW9mLWFubg=="}}}),
    );
    let args = FIXED.iter().chain(&["--apply", "--yes", "-o", "json"]);
    aws.given(home.dhlimit(args)).run().expect_code(0);
}

/// The printed text of a form for some upstream, with a puller.
fn printed(form: &str, more: &[&str]) -> String {
    let fixed = ["--puller", "210987654321", "--print", form];
    dhlimit(FIXED.iter().chain(&fixed).chain(more)).run().expect_code(0).stdout
}

const UPSTREAMS: [&[&str]; 4] = [
    &[],
    &["--prefix", "ROOT"],
    &["--upstream", "quay", "--prefix", "team/quay"],
    &[
        "--secret",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf",
    ],
];

#[test]
fn the_printed_script_is_clean_and_does_it_and_can_be_run_again() {
    let Some(shellcheck) = tools::require("shellcheck") else { return };
    for more in UPSTREAMS {
        let script = printed("shell", more);
        let home = Home::new();
        let file = home.write("rule.sh", &script);
        let outcome = home.program(&shellcheck, [file.as_os_str()]).run();
        assert_eq!(outcome.code, Some(0), "{script}\n{outcome:?}");
    }
    let Some(aws) = Aws::start() else { return };
    let run = |script: &str| {
        let home = Home::new();
        home.script("docker", "#!/bin/sh\ncat > \"$HOME/password\"; echo \"$@\"\n");
        let file = home.write("rule.sh", script);
        let program = home.program("sh", [file.as_os_str()]).env("REGISTRY_USER", "ann");
        let outcome = aws.given(program.env("REGISTRY_TOKEN", SECRET.password)).run();
        let password =
            std::fs::read_to_string(home.path().join("home/password")).unwrap_or_default();
        (outcome, password)
    };
    let script = printed("shell", &[]);
    let (outcome, password) = run(&script);
    assert_eq!((outcome.code, password.trim()), (Some(0), "stand-in"), "{outcome:?}");
    for made in [
        "secret: created",
        "template: created",
        "rule: created",
        "validation: passed",
        "registry policy: created",
        "policy dhlimit-docker-hub-puller: created",
    ] {
        assert!(outcome.stderr.contains(made), "{made} in {outcome:?}");
    }
    assert!(outcome.stdout.contains(
        "login --username AWS --password-stdin 123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    ));
    let (outcome, _) = run(&script);
    for there in [
        "secret: present",
        "template: present",
        "rule: present",
        "validation: passed",
        "policy dhlimit-docker-hub-puller: present",
    ] {
        assert!(
            outcome.code == Some(0) && outcome.stderr.contains(there),
            "{there} in {outcome:?}"
        );
    }
    assert_absent(&[SECRET], &format!("{:?} {outcome:?}", aws.calls()));
    // What the script made is what --check looks for.
    self::run(&aws, &["--check", "-o", "json"]).expect_code(0);
    let (outcome, _) = run(&printed("shell", &["--upstream", "quay"]));
    assert!(
        outcome.code == Some(1) && outcome.stderr.contains("in front of another registry"),
        "{outcome:?}"
    );
    let (outcome, _) = run(&printed("shell", &["--upstream", "quay", "--prefix", "quay"]));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    aws.refuse("DescribePullThroughCacheRules", "AccessDeniedException");
    let (outcome, _) = run(&script);
    assert!(
        outcome.code == Some(1) && outcome.stderr.contains("AccessDeniedException"),
        "{outcome:?}"
    );
}

#[test]
fn terraform_and_cloudformation_are_whole_and_well_formed() {
    for more in UPSTREAMS {
        let module = printed("terraform", more);
        let body: hcl_edit::structure::Body =
            module.parse().unwrap_or_else(|error| panic!("{error}: {module}"));
        let kinds: Vec<String> = body
            .blocks()
            .filter(|block| block.ident.as_str() == "resource")
            .filter_map(|block| Some(block.labels.first()?.as_str().to_owned()))
            .collect();
        let page = printed("cloudformation", more);
        let template: Value =
            serde_saphyr::from_str(&page).unwrap_or_else(|error| panic!("{error}: {page}"));
        let made = more.is_empty() || more.contains(&"ROOT");
        for (terraform, cloudformation, wanted) in [
            ("aws_secretsmanager_secret", "AWS::SecretsManager::Secret", made),
            ("aws_ecr_repository_creation_template", "AWS::ECR::RepositoryCreationTemplate", true),
            ("aws_ecr_pull_through_cache_rule", "AWS::ECR::PullThroughCacheRule", true),
            ("aws_iam_policy", "AWS::IAM::ManagedPolicy", true),
            ("aws_ecr_registry_policy", "AWS::ECR::RegistryPolicy", true),
            ("terraform_data", "", true),
        ] {
            assert_eq!(
                kinds.iter().any(|kind| kind == terraform),
                wanted,
                "{terraform} in {module}"
            );
            let resources = template["Resources"].as_object().expect("resources");
            let found = resources.values().any(|resource| resource["Type"] == cloudformation);
            assert!(cloudformation.is_empty() || found == wanted, "{cloudformation} in {page}");
        }
        for text in [module, page] {
            for words in [
                "isValid",
                "get-login-password",
                "ecr:BatchImportUpstreamImage",
                "ecr:CreatePullThroughCacheRule",
                "iam:CreateServiceLinkedRole",
            ] {
                assert!(text.contains(words), "{words} in {text}");
            }
        }
    }
}
