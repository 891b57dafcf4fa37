//! Options of the commands that ask a registry: where it is, as whom, how long.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of the commands that ask a registry.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Asking the registry")]
pub struct Asking {
    /// Time limit for one reading (check: for all of them), such as 10s
    #[arg(long, value_name = "DURATION", value_parser = some_time, default_value = "10s")]
    pub timeout: std::time::Duration,
    /// Ask this URL instead of docker.io's registry, such as http://127.0.0.1:5000
    #[arg(long, value_name = "URL")]
    pub registry_url: Option<url::Url>,
    /// Ask this URL instead of docker.io's token service
    #[arg(long, value_name = "URL")]
    pub auth_url: Option<url::Url>,
    /// Trust the certificates in this PEM file, too
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart
    #[arg(long, value_enum, default_value_t)]
    pub family: Family,
    /// Ask without credentials
    #[arg(long, conflicts_with_all = ["user", "all_identities", "password_stdin", "password_file"])]
    pub anonymous: bool,
    /// Ask as this account
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Read the password or access token of --user from standard input
    #[arg(long, conflicts_with = "password_file")]
    pub password_stdin: bool,
    /// Read the password or access token of --user from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Ask as every identity known here: anonymous and each account
    #[arg(long, conflicts_with_all = ["user", "password_stdin", "password_file"])]
    pub all_identities: bool,
    /// Ask a simulated Docker Hub, started on this machine for this one command, not the real one
    #[arg(long, value_name = "PROFILE", num_args = 0..=1, require_equals = true, default_missing_value = "2026")]
    pub sandbox: Option<String>,
}

/// Which address family to ask over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Family {
    /// Whichever connects
    #[default]
    Auto,
    /// IPv4 only
    Ipv4,
    /// IPv6 only
    Ipv6,
    /// Both, one reading each
    Both,
}

/// A duration such as `10m`; a bare number is seconds, as with curl, ping and timeout.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse()
            .map(std::time::Duration::from_secs)
            .map_err(|_| "too many seconds".to_owned());
    }
    humantime::parse_duration(text)
        .map_err(|_| "not a duration; write for example 30s, 10m or 1h30m".to_owned())
}

/// A duration above zero: in no time nothing can be asked.
pub(super) fn some_time(text: &str) -> Result<std::time::Duration, String> {
    let time = duration(text)?;
    if time.is_zero() { Err("a duration above zero such as 10s".to_owned()) } else { Ok(time) }
}
