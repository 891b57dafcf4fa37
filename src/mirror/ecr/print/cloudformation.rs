//! The rule as a template of CloudFormation, in YAML without tags of its own, so that any reader of
//! YAML can look at it. CloudFormation has no step that validates a rule: the output tells the command.

use super::super::call::Calls;
use super::super::policy;
use super::super::request::{Request, Secret};
use super::{indented, name};

/// A text in the quotes of YAML that know escapes.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The template.
pub(super) fn template(request: &Request) -> String {
    let mut page = format!(
        "# Written by dhlimit mirror ecr --print cloudformation.\n# aws cloudformation deploy --region {} --stack-name {} --template-file FILE --capabilities CAPABILITY_NAMED_IAM{}\nAWSTemplateFormatVersion: '2010-09-09'\nDescription: {}\n",
        request.region,
        name(request),
        if is_made(request) { " --parameter-overrides file://PARAMETERS.json" } else { "" },
        quoted(&format!("{} through Amazon ECR: {}", request.upstream_url, request.example()))
    );
    if is_made(request) {
        page.push_str(&format!(
            "Parameters:\n  RegistryUser:\n    Type: String\n    Description: {}\n    AllowedPattern: '[^\"\\\\]+'\n  RegistryToken:\n    Type: String\n    NoEcho: true\n    Description: {}\n    AllowedPattern: '[^\"\\\\]+'\n",
            quoted(&format!("User name at {}", request.upstream_url)),
            quoted(&format!("Access token at {}", request.upstream_url)),
        ));
    }
    page.push_str("Resources:\n");
    page.push_str(&document(
        "Administrators",
        "administrator",
        "What whoever deploys this needs",
        &policy::administrator(request),
        request,
    ));
    page.push_str(&secret(request));
    page.push_str(&format!(
        "  # What the repositories that pulls make look like; for new ones only, so before the rule.\n  Template:\n    Type: AWS::ECR::RepositoryCreationTemplate\n    Properties:\n      Prefix: {}\n      Description: {}\n      AppliedFor:\n        - PULL_THROUGH_CACHE\n      ImageTagMutability: MUTABLE\n",
        quoted(&request.prefix),
        quoted(&format!("Cache of {}", request.upstream_url)),
    ));
    page.push_str(&rule(request));
    page.push_str(&document(
        "Pullers",
        "puller",
        "What nodes and pipelines that pull need: attach it to their roles",
        &policy::puller(request),
        request,
    ));
    if let Some(statement) = policy::statement(request) {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        page.push_str(&format!(
            "  # A registry has one policy: where it has one already, add this statement there instead.\n  RegistryPolicy:\n    Type: AWS::ECR::RegistryPolicy\n    Properties:\n      PolicyText:\n{}",
            indented(&policy::pretty(&policy), 8)
        ));
    }
    page.push_str(&outputs(request));
    page
}

/// Whether the secret is made here.
fn is_made(request: &Request) -> bool {
    matches!(request.secret, Some(Secret::Named(_)))
}

fn document(
    id: &str,
    kind: &str,
    title: &str,
    policy: &serde_json::Value,
    request: &Request,
) -> String {
    format!(
        "  # {title}.\n  {id}:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      ManagedPolicyName: {}\n      PolicyDocument:\n{}",
        quoted(&format!("{}-{kind}", name(request))),
        indented(&policy::pretty(policy), 8)
    )
}

fn secret(request: &Request) -> String {
    let Some(Secret::Named(name)) = &request.secret else { return String::new() };
    format!(
        "  # Encrypted by the default key aws/secretsmanager: ECR cannot read it by another.\n  Secret:\n    Type: AWS::SecretsManager::Secret\n    Properties:\n      Name: {}\n      Description: {}\n      SecretString:\n        Fn::Sub: '{{\"username\":\"${{RegistryUser}}\",\"accessToken\":\"${{RegistryToken}}\"}}'\n",
        quoted(name),
        quoted(&format!("Login of Amazon ECR at {}", request.upstream_url)),
    )
}

fn rule(request: &Request) -> String {
    let mut lines = format!(
        "      EcrRepositoryPrefix: {}\n      UpstreamRegistry: {}\n      UpstreamRegistryUrl: {}\n",
        quoted(&request.prefix),
        quoted(request.upstream.name),
        quoted(&request.upstream_url)
    );
    match &request.secret {
        None => {}
        Some(Secret::Arn(arn)) => {
            lines.push_str(&format!("      CredentialArn: {}\n", quoted(arn)));
        }
        // Its value is its ARN, which ends in characters that nobody can foresee.
        Some(Secret::Named(_)) => lines.push_str("      CredentialArn:\n        Ref: Secret\n"),
    }
    if let Some(role) = &request.role {
        lines.push_str(&format!("      CustomRoleArn: {}\n", quoted(role)));
    }
    if let Some(part) = &request.upstream_prefix {
        lines.push_str(&format!("      UpstreamRepositoryPrefix: {}\n", quoted(part)));
    }
    format!(
        "  Rule:\n    Type: AWS::ECR::PullThroughCacheRule\n    DependsOn: Template\n    Properties:\n{lines}"
    )
}

fn outputs(request: &Request) -> String {
    let output = |id: &str, title: &str, value: &str| {
        format!("  {id}:\n    Description: {}\n    Value: {}\n", quoted(title), quoted(value))
    };
    format!(
        "Outputs:\n{}{}{}",
        output(
            "Validation",
            "Prints True where ECR can ask the upstream registry",
            &format!("{} --query isValid --output text", Calls(request).validate_rule().line())
        ),
        output(
            "Login",
            "Logs in for twelve hours",
            &format!(
                "{} | docker login --username AWS --password-stdin {}",
                Calls(request).password().line(),
                request.host()
            )
        ),
        output("Example", "How an image is pulled", &request.example()),
    )
}
