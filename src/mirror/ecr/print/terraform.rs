//! The rule in Terraform's language, for the provider hashicorp/aws from 5.64 on, which knows creation
//! templates. There is no resource for a validation: a step of the plan runs the aws command.

use super::super::call::Calls;
use super::super::policy;
use super::super::request::{Request, Secret};
use super::{indented, name};

/// A text in quotes, in which `${` and `%{` mean nothing.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace("${", "$${").replace("%{", "%%{")
}

/// The module.
pub(super) fn module(request: &Request) -> String {
    let mut module = format!(
        "# {} through Amazon ECR: {}\n# Written by dhlimit mirror ecr --print terraform.\n\nterraform {{\n  required_providers {{\n    aws = {{\n      source  = \"hashicorp/aws\"\n      version = \">= 5.64\"\n    }}\n  }}\n}}\n\nprovider \"aws\" {{\n  region              = {}\n  allowed_account_ids = [{}]\n}}\n",
        request.upstream_url,
        request.example(),
        quoted(&request.region),
        quoted(&request.account),
    );
    module.push_str(&document(
        "administrator",
        "What whoever applies this needs",
        &policy::administrator(request),
        request,
    ));
    module.push_str(&secret(request));
    module.push_str(&format!(
        "\n# What the repositories that pulls make look like; for new ones only, so before the rule.\nresource \"aws_ecr_repository_creation_template\" \"cache\" {{\n  prefix               = {}\n  description          = {}\n  image_tag_mutability = \"MUTABLE\"\n  applied_for          = [\"PULL_THROUGH_CACHE\"]\n}}\n",
        quoted(&request.prefix),
        quoted(&format!("Cache of {}", request.upstream_url)),
    ));
    module.push_str(&rule(request));
    module.push_str(&format!(
        "\n# Whether ECR can ask the upstream registry: the answer's isValid tells, the exit code is 0 in any case.\nresource \"terraform_data\" \"validation\" {{\n  triggers_replace = [aws_ecr_pull_through_cache_rule.cache.id]\n\n  provisioner \"local-exec\" {{\n    command = {}\n  }}\n}}\n",
        quoted(&format!("{} --query isValid --output text | grep -qx True", Calls(request).validate_rule().line())),
    ));
    module.push_str(&document(
        "puller",
        "What nodes and pipelines that pull need: attach it to their roles",
        &policy::puller(request),
        request,
    ));
    if let Some(statement) = policy::statement(request) {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        module.push_str(&format!(
            "\n# A registry has one policy: where it has one already, add this statement there instead.\nresource \"aws_ecr_registry_policy\" \"pullers\" {{\n  policy = jsonencode(\n{}  )\n}}\n",
            indented(&expression(&policy), 4)
        ));
    }
    module.push_str(&format!(
        "\noutput \"login\" {{\n  value = {}\n}}\n\noutput \"example\" {{\n  value = {}\n}}\n",
        quoted(&format!(
            "{} | docker login --username AWS --password-stdin {}",
            Calls(request).password().line(),
            request.host()
        )),
        quoted(&request.example()),
    ));
    module
}

fn document(kind: &str, title: &str, policy: &serde_json::Value, request: &Request) -> String {
    format!(
        "\n# {title}.\nresource \"aws_iam_policy\" \"{kind}\" {{\n  name = {}\n  policy = jsonencode(\n{}  )\n}}\n",
        quoted(&format!("{}-{kind}", name(request))),
        indented(&expression(policy), 4)
    )
}

fn secret(request: &Request) -> String {
    let Some(Secret::Named(name)) = &request.secret else { return String::new() };
    format!(
        "\nvariable \"registry_user\" {{\n  type        = string\n  description = \"User name at {url}\"\n}}\n\nvariable \"registry_token\" {{\n  type        = string\n  description = \"Access token at {url}\"\n  sensitive   = true\n}}\n\n# Encrypted by the default key aws/secretsmanager: ECR cannot read it by another.\nresource \"aws_secretsmanager_secret\" \"login\" {{\n  name        = {}\n  description = \"Login of Amazon ECR at {url}\"\n}}\n\nresource \"aws_secretsmanager_secret_version\" \"login\" {{\n  secret_id = aws_secretsmanager_secret.login.id\n  secret_string = jsonencode({{\n    username    = var.registry_user\n    accessToken = var.registry_token\n  }})\n}}\n",
        quoted(name),
        url = request.upstream_url
    )
}

fn rule(request: &Request) -> String {
    let mut lines = format!(
        "  ecr_repository_prefix = {}\n  upstream_registry_url = {}\n",
        quoted(&request.prefix),
        quoted(&request.upstream_url)
    );
    let mut after = vec!["aws_ecr_repository_creation_template.cache"];
    match &request.secret {
        None => {}
        Some(Secret::Arn(arn)) => {
            lines.push_str(&format!("  credential_arn        = {}\n", quoted(arn)));
        }
        Some(Secret::Named(_)) => {
            // The ARN ends in characters that only the answer tells.
            lines.push_str("  credential_arn        = aws_secretsmanager_secret.login.arn\n");
            after.push("aws_secretsmanager_secret_version.login");
        }
    }
    if let Some(role) = &request.role {
        lines.push_str(&format!("  custom_role_arn       = {}\n", quoted(role)));
    }
    if let Some(part) = &request.upstream_prefix {
        lines.push_str(&format!("  upstream_repository_prefix = {}\n", quoted(part)));
    }
    format!(
        "\nresource \"aws_ecr_pull_through_cache_rule\" \"cache\" {{\n{lines}\n  depends_on = [{}]\n}}\n",
        after.join(", ")
    )
}

/// A JSON value as an expression: an object's keys stay in quotes, what would be replaced does not.
fn expression(value: &serde_json::Value) -> String {
    policy::pretty(value).replace("${", "$${").replace("%{", "%%{").replace("\": ", "\" = ")
}
