//! `mirror secret`: a pull secret for Kubernetes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A pull secret for Kubernetes with a login to Docker Hub found here, under the key that the kubelet really uses.
/// What is printed holds the login.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "\
Examples:
  dhlimit mirror secret regcred -n shop | kubectl apply -f -
  dhlimit mirror secret regcred --patch-service-account default | kubectl apply --dry-run=server -f -

More options: --help.",
    after_long_help = "\
Exit codes: 0; 2 usage; 4 no login, or none that the kubelet can use.

Examples:
  dhlimit mirror secret regcred -n shop | kubectl apply -f -
  dhlimit mirror secret regcred --patch-service-account default | kubectl apply --dry-run=server -f -"
)]
pub struct Secret {
    /// The secret's name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Its namespace [default: the one that kubectl uses]
    #[arg(short, long, value_name = "NS")]
    pub namespace: Option<String>,
    /// Make the pods of this service account use it, too
    #[arg(long, value_name = "SA")]
    pub patch_service_account: Option<String>,
    /// The account [default: the one that a pull from here is counted on]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Read the password or access token of --user from standard input
    #[arg(long, conflicts_with = "password_file")]
    pub password_stdin: bool,
    /// Read the password or access token of --user from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The form of the Secret
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t)]
    pub output: SecretForm,
}

/// The form of a document of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SecretForm {
    /// YAML
    #[default]
    Yaml,
    /// JSON
    Json,
}
