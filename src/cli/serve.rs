//! `serve`: the readings for Prometheus and for browsers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Asking;

/// Read the pull limit at an interval and serve it: metrics, a page, JSON.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Costs nothing: HEAD requests only, one a reading; a scrape asks no registry. Standard output gets one line, its URL. Paths: / page, /metrics, \
/healthz, /readyz (503 until every identity was asked), /api/v1/readings, /api/v1/history, /api/v1/events.\n\nSIGHUP, or another content of the configuration file, \
of logins, passwords and certificates, makes it read them again; what is broken is refused whole, and the old one stays.\n\nExit codes: 130 ended by SIGINT or SIGTERM; 2 where an address \
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
    /// Ask Docker Hub more often than every 10 seconds: every second at the most
    #[arg(long)]
    pub force_interval: bool,
    /// Append every sample to this file, one JSON document a line, and begin with what is in it
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// How far back the counts over time go [default: as far as there is room]
    #[arg(long, value_name = "DURATION", value_parser = super::asking::some_time)]
    pub history: Option<Duration>,
    /// Listen to this machine's containerd, Docker, Podman and journal, too: what they pull and what is refused
    ///
    /// Through ctr, docker, podman and journalctl, where these are installed and allowed.
    #[arg(long)]
    pub observe: bool,
    /// Serve the metrics under the names of another exporter, too
    #[arg(long, value_name = "NAME", value_enum)]
    pub compat: Option<Compat>,
    /// Speak TLS with this certificate and those that follow it, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of --tls-cert, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Ask for a login: lines USER:PASSWORD or `Bearer TOKEN` in this file; /healthz and /readyz ask for none
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
