//! `serve`: the readings for Prometheus and for browsers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Asking;

/// Read the pull limit at an interval and serve it: metrics, a page, JSON.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Costs nothing: HEAD requests only, one per reading; a scrape sends nothing to the registry. Standard output gets one line, its URL. Paths: / page, /metrics, \
/healthz, /readyz (503 until every identity was asked), /api/v1/readings, /api/v1/history, /api/v1/events.\n\nOn SIGHUP, or when the configuration file, \
a login, a password or a certificate changes, it reads them again; if one is broken, it keeps all of the old configuration.\n\nExit codes: 130 ended by SIGINT or SIGTERM; 2 if an address \
cannot be listened on or a recording cannot be kept. A network or server that fails never ends it."
)]
pub struct Serve {
    /// Images to read [default: ratelimitpreview/test:latest]
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Listen here; port 0 is a free one; repeatable
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9767")]
    pub listen: Vec<SocketAddr>,
    /// From one reading of an identity to the next [default: a 60th of the window, 10s to 5m, slower while nothing moves]
    #[arg(short, long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub interval: Option<Duration>,
    /// Allow an --interval below 10s for Docker Hub, down to 1s
    #[arg(long)]
    pub force_interval: bool,
    /// Append every sample to this file, one JSON document per line, and begin with what is in it
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Keep the counts over time for this long [default: as long as there is room]
    #[arg(long, value_name = "DURATION", value_parser = super::asking::some_time)]
    pub history: Option<Duration>,
    /// Listen to this machine's containerd, Docker, Podman and journal, too: what they pull and what is refused
    ///
    /// Through ctr, docker, podman and journalctl, if they are installed and allowed.
    #[arg(long)]
    pub observe: bool,
    /// Serve the metrics under the names of another exporter, too
    #[arg(long, value_name = "NAME", value_enum)]
    pub compat: Option<Compat>,
    /// Serve TLS with this certificate chain (PEM file)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of --tls-cert, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Require a login from this file, lines USER:PASSWORD or `Bearer TOKEN`; /healthz and /readyz stay open
    #[arg(long, value_name = "FILE")]
    pub auth_file: Option<PathBuf>,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}

/// An exporter that people come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compat {
    /// jadolg/dockerhub-pull-limit-exporter
    Jadolg,
    /// kha7iq/drl-exporter
    Drl,
    /// gitlab-de/docker-hub-limit-exporter, and viadee's
    Gitlab,
    /// nk-designz/grafzahl
    Grafzahl,
}
