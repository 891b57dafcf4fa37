//! `mirror ecr`: Amazon ECR in front of Docker Hub.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::{Format, only};

/// The formats `mirror ecr` writes of what was done.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json];

/// A pull-through cache rule of Amazon ECR with its secret, the template of its repositories, and the policies of those
/// who keep it and who pull through it: printed, made, looked at or removed.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "\
Examples:
  dhlimit mirror ecr --account 123456789012 --region eu-central-1
  dhlimit mirror ecr --account 123456789012 --region eu-central-1 --print terraform > ecr.tf
  dhlimit mirror ecr --account 123456789012 --region eu-central-1 --apply --user ann --password-stdin --yes < TOKEN

More options: --help.",
    after_long_help = "\
dhlimit checks names, patterns and regions before it calls AWS. --apply, --check and --remove run the aws command installed here, with its login.
Exit codes: 0; 1 if --check finds something missing or different; 2 usage; 3 AWS could not be reached or refused; 4 not allowed, or no login; 6 no aws command; 7 throttled; 130 interrupted.

Examples:
  dhlimit mirror ecr --account 123456789012 --region eu-central-1
  dhlimit mirror ecr --account 123456789012 --region eu-central-1 --print terraform > ecr.tf
  dhlimit mirror ecr --account 123456789012 --region eu-central-1 --apply --user ann --password-stdin --yes < TOKEN"
)]
pub struct Ecr {
    /// The account whose registry it is: twelve digits
    #[arg(long, value_name = "ID")]
    pub account: String,
    /// The registry's region, such as eu-central-1
    #[arg(long, value_name = "REGION")]
    pub region: String,
    /// What the cached repositories begin with; ROOT for every repository without a rule of its own
    #[arg(long, value_name = "PREFIX", default_value = "docker-hub")]
    pub prefix: String,
    /// In front of what: docker-hub, ecr, ecr-public, quay, k8s, github-container-registry, azure-container-registry,
    /// gitlab-container-registry or chainguard
    #[arg(long, value_name = "NAME", default_value = "docker-hub")]
    pub upstream: String,
    /// The upstream registry's host, if its name leaves that open: NAME.azurecr.io, another ECR
    #[arg(long, value_name = "HOST")]
    pub upstream_url: Option<String>,
    /// The part of another ECR to cache
    #[arg(long, value_name = "PREFIX")]
    pub upstream_prefix: Option<String>,
    /// The secret with the login: a name to make it under, or the ARN of one [default: ecr-pullthroughcache/PREFIX]
    #[arg(long, value_name = "NAME|ARN")]
    pub secret: Option<String>,
    /// The role by which ECR reads the ECR of another account
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
    /// An account or ARN that may import images by the registry's policy; repeatable
    #[arg(long, value_name = "ACCOUNT|ARN")]
    pub puller: Vec<String>,
    /// The account at the upstream registry [default: the login found here]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Read the access token of --user from standard input
    #[arg(long, conflicts_with = "password_file")]
    pub password_stdin: bool,
    /// Read the access token of --user from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Print the setup in this form, and call nobody [default: shell]
    #[arg(long, value_enum, value_name = "FORM", conflicts_with_all = ["apply", "check", "remove"])]
    pub print: Option<PrintAs>,
    /// Make what is missing and change what differs
    #[arg(long, conflicts_with_all = ["check", "remove"])]
    pub apply: bool,
    /// Say what is there, and end with exit code 1 if something is missing or different
    #[arg(long, conflicts_with = "remove")]
    pub check: bool,
    /// Delete the rule, its template and its secret; cached images stay
    #[arg(long)]
    pub remove: bool,
    /// Replace a rule of this prefix that is in front of another registry
    #[arg(long, requires = "apply")]
    pub replace: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    pub yes: bool,
    /// How long each call may take
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = super::super::duration)]
    pub call_timeout: Duration,
    /// How to show what was done
    #[arg(short, long, default_value = "table", value_parser = only(FORMATS))]
    pub output: Format,
}

/// In which form a rule is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintAs {
    /// A POSIX shell script that can be run again
    Shell,
    /// Terraform
    Terraform,
    /// CloudFormation
    Cloudformation,
}
