//! The rule as a POSIX shell script. Each thing is asked for before it is made, by the name of the
//! exception that says it is missing, so that the script can be run again. The token is read from a
//! variable or the terminal and goes through a file that only its owner can read.

use super::super::call::{ARN_VARIABLE, Calls};
use super::super::policy;
use super::super::request::{Request, Secret};
use super::name;

/// What every script begins with, after its comment.
const HELPERS: &str = r#"set -eu
export AWS_PAGER='' AWS_DEFAULT_REGION=@REGION@
umask 077
private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
trap 'exit 130' INT TERM

say() { printf '%s\n' "==> $*" >&2; }

# Runs a question, whose answer is in $answer. Returns 1 where the service says, by the name of its exception,
# that there is no such thing. Any other error ends the script: aws ends with 255 for all of them.
ask() {
    absent=$1
    shift
    if answer=$("$@" 2> "$private/error"); then return 0; fi
    case $(cat "$private/error") in *"($absent)"*) return 1 ;; esac
    cat "$private/error" >&2
    exit 1
}

# Makes a policy of IAM from $private/NAME.json. Whoever may not do that gives the file to somebody who may.
policy() {
    if aws iam create-policy --policy-name "$1" --policy-document "file://$private/$1.json" > "$private/answer" 2> "$private/error"; then
        say "policy $1: created"
    elif grep -q '(EntityAlreadyExists)' "$private/error"; then
        say "policy $1: present"
    else
        say "policy $1: not created, hand it to whoever keeps IAM:"
        cat "$private/error" "$private/$1.json" >&2
    fi
}
"#;

/// Reads the login and writes it as the JSON that ECR reads.
const LOGIN: &str = r#"
# The login as ECR reads it. The token comes from REGISTRY_TOKEN or the terminal and is in no argument.
login() {
    user=${REGISTRY_USER:-@USER@}
    if [ -z "$user" ]; then printf 'User name: ' >&2 && IFS= read -r user; fi
    token=${REGISTRY_TOKEN:-}
    if [ -z "$token" ]; then
        printf 'Access token of %s: ' "$user" >&2
        stty -echo 2> /dev/null || true
        IFS= read -r token
        stty echo 2> /dev/null || true
        echo >&2
    fi
    escaped() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
    printf '{"username":"%s","accessToken":"%s"}' "$(escaped "$user")" "$(escaped "$token")" > "$private/login.json"
}
"#;

/// The script.
pub(super) fn script(request: &Request, user: Option<&str>) -> String {
    let mut script = format!(
        "#!/bin/sh\n# {} through Amazon ECR: {}\n# Written by dhlimit mirror ecr --print shell. Needs the aws command; can be run again.\n{}",
        request.upstream_url,
        request.example(),
        HELPERS.replace("@REGION@", &request.region)
    );
    if matches!(request.secret, Some(Secret::Named(_))) {
        let user = user
            .filter(|user| user.chars().all(|c| c.is_ascii_alphanumeric() || "._@-".contains(c)));
        script.push_str(&LOGIN.replace("@USER@", user.unwrap_or_default()));
    }
    let administrator = format!("{}-administrator", name(request));
    let puller = format!("{}-puller", name(request));
    script.push_str(&document(
        1,
        "What whoever runs the rest needs",
        &administrator,
        &policy::administrator(request),
    ));
    script.push_str(&secret(request));
    script.push_str(&template(request));
    script.push_str(&rule(request));
    script.push_str(&validation(request));
    script.push_str(&document(
        6,
        "What nodes and pipelines that pull need: attach it to their roles",
        &puller,
        &policy::puller(request),
    ));
    script.push_str(&registry_policy(request));
    script.push_str(&login(request));
    script
}

fn document(number: u8, title: &str, name: &str, policy: &serde_json::Value) -> String {
    format!(
        "\n# {number}. {title}\ncat > \"$private/{name}.json\" << 'POLICY'\n{}\nPOLICY\npolicy {name}\n",
        policy::pretty(policy)
    )
}

fn secret(request: &Request) -> String {
    let calls = Calls(request);
    let heading = format!("\n# 2. The login at {}\n", request.upstream_url);
    match &request.secret {
        None => format!("{heading}# none is needed\n"),
        Some(Secret::Arn(arn)) => format!(
            "{heading}if ! ask ResourceNotFoundException {}; then\n    say 'secret: there is none of this ARN'\n    exit 1\nfi\nsecret_arn='{arn}'\nsay 'secret: present'\n",
            calls.describe_secret(arn).line()
        ),
        Some(Secret::Named(name)) => format!(
            "{heading}if ask ResourceNotFoundException {} --query ARN --output text; then\n    secret_arn=$answer\n    say 'secret: present'\nelse\n    login\n    secret_arn=$({} --query ARN --output text)\n    say 'secret: created'\nfi\n",
            calls.describe_secret(name).line(),
            calls
                .create_secret(name, "FILE")
                .line()
                .replace("--secret-string FILE", "--secret-string \"file://$private/login.json\""),
        ),
    }
}

fn template(request: &Request) -> String {
    let calls = Calls(request);
    format!(
        "\n# 3. What the repositories that pulls make look like; for new ones only, so before the first pull\nanswer=''\nif ask TemplateNotFoundException {} --query 'repositoryCreationTemplates[].prefix' --output text && [ -n \"$answer\" ]; then\n    say 'template: present'\nelse\n    {} > \"$private/answer\"\n    say 'template: created'\nfi\n",
        calls.describe_template().line(),
        calls.create_template().line()
    )
}

fn rule(request: &Request) -> String {
    let calls = Calls(request);
    let arn = request.secret.as_ref().map(|_| ARN_VARIABLE);
    let wanted = match arn {
        Some(arn) => format!("\"{arn}\""),
        None => "None".to_owned(),
    };
    let describe = calls.describe_rule().line();
    let update = match arn {
        None => String::new(),
        Some(_) => format!(
            "    if [ \"$(printf '%s' \"$answer\" | cut -f 2)\" = {wanted} ]; then\n        say 'rule: present'\n    else\n        {} > \"$private/answer\"\n        say 'rule: updated'\n    fi\n",
            calls.update_rule(arn).line()
        ),
    };
    let present = if arn.is_none() { "    say 'rule: present'\n" } else { "" };
    format!(
        "\n# 4. The rule. Its prefix and host cannot be changed, only its secret\nif ask PullThroughCacheRuleNotFoundException {describe} --query 'pullThroughCacheRules[0].[upstreamRegistryUrl,credentialArn]' --output text; then\n    if [ \"$(printf '%s' \"$answer\" | cut -f 1)\" != '{url}' ]; then\n        say \"rule: the prefix is in front of another registry ($answer); remove that rule first\"\n        exit 1\n    fi\n{update}{present}else\n    {create} > \"$private/answer\"\n    say 'rule: created'\nfi\n",
        url = request.upstream_url,
        create = calls.create_rule(arn).line(),
    )
}

fn validation(request: &Request) -> String {
    format!(
        "\n# 5. Whether ECR can ask the upstream registry: the answer tells, the exit code is 0 in any case\nvalid=$({} --query '[isValid,failure]' --output text)\ncase $valid in\nTrue*) say 'validation: passed' ;;\n*)\n    say \"validation: failed: $valid\"\n    exit 1\n    ;;\nesac\n",
        Calls(request).validate_rule().line()
    )
}

fn registry_policy(request: &Request) -> String {
    let Some(statement) = policy::statement(request) else { return String::new() };
    let calls = Calls(request);
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    format!(
        "\n# 7. The registry's own policy, for those of other accounts. A registry has one: an existing one is not replaced\ncat > \"$private/registry.json\" << 'POLICY'\n{}\nPOLICY\nif ask RegistryPolicyNotFoundException {}; then\n    say 'registry policy: there is one; add this statement to it, or run dhlimit mirror ecr --apply, which does:'\n    cat \"$private/registry.json\" >&2\nelse\n    {} > \"$private/answer\"\n    say 'registry policy: created'\nfi\n",
        policy::pretty(&document),
        calls.registry_policy().line(),
        calls
            .put_registry_policy("FILE")
            .line()
            .replace("--policy-text FILE", "--policy-text \"file://$private/registry.json\"")
    )
}

fn login(request: &Request) -> String {
    format!(
        "\n# 8. Log in, for twelve hours, and pull\nruntime=${{RUNTIME:-docker}}\nif command -v \"$runtime\" > \"$private/answer\"; then\n    {} | \"$runtime\" login --username AWS --password-stdin {}\nelse\n    say \"$runtime is not installed: log in where you pull\"\nfi\nsay 'pull: {}'\n",
        Calls(request).password().line(),
        request.host(),
        request.example()
    )
}
