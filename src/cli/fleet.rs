//! `fleet`: all nodes at once, from what a Prometheus server has of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Format, only};

/// The formats `fleet` writes.
const FORMATS: &[Format] =
    &[Format::Table, Format::Json, Format::Jsonl, Format::Prometheus, Format::Nagios];

/// Ask a Prometheus server about all nodes at once: who shares a count, what is left, who is blind.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Reads the series of `dhlimit serve` over the HTTP API of Prometheus, and of what speaks it (Thanos, Mimir, VictoriaMetrics). Nodes that the registry \
counts as one source are one group.\n\nExit codes: 0 when every group has what --need asks for; 1 if one has fewer; 5 if nodes are blind and nothing else \
decides, or no node is there; 3 and 4 if the server is not reached or refuses; 130 interrupted. -o nagios has the Monitoring Plugins' codes."
)]
pub struct Fleet {
    /// The server, such as http://prometheus:9090; what stands before /api/v1
    #[arg(long, value_name = "URL")]
    pub prometheus: url::Url,
    /// Only series with these labels, such as 'cluster="eu",job="dhlimit"'
    #[arg(long = "match", value_name = "LABELS")]
    pub selector: Option<String>,
    /// What makes a group
    #[arg(long = "by", value_name = "WHAT", value_enum, default_value_t)]
    pub grouping: Grouping,
    /// Pulls that every group must have left
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub need: u64,
    /// Look again every minute, or as often as this
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, num_args = 0..=1, require_equals = true, default_missing_value = "1m")]
    pub watch: Option<Duration>,
    /// Say who spends the pulls, from series that people already have: kube-state-metrics, kubelet, containerd, dockerd, Spegel
    #[arg(long)]
    pub spenders: bool,
    /// The usage CSV from Docker Hub's usage page: pulls by repository, token, user, address
    #[arg(long, value_name = "FILE", requires = "spenders")]
    pub hub_csv: Option<PathBuf>,
    /// Read a bearer token for the server from this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["user", "password_file"])]
    pub bearer_file: Option<PathBuf>,
    /// Log in to the server as this user
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub user: Option<String>,
    /// Read the password of --user from this file
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// Send this client certificate chain to the server (PEM file)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The key of --cert, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Trust the certificates in this PEM file, too
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Bound on each look, such as 10s
    #[arg(long, value_name = "DURATION", value_parser = super::asking::some_time, default_value = "10s")]
    pub timeout: Duration,
    /// How to show the answer [default: table]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
}

/// What makes a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Grouping {
    /// Whom the registry counts: an address, an account
    #[default]
    Source,
    /// As whom is asked
    Account,
    /// Each node by itself
    Node,
}
