//! `dhlimit sandbox`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::quota::Window;

/// Run a local registry that behaves like Docker Hub, to practise on
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every repository and tag exists without a push, except names that begin with `missing`.
GET /_sandbox/state shows what is counted, GET /_sandbox/log the last requests;
POST /_sandbox/set takes {\"identity\":\"127.0.0.1\",\"remaining\":3} or {\"profile\":\"abuse\"}.")]
pub struct Sandbox {
    /// Where to listen [default: a free port on 127.0.0.1, printed as the first line]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Behave like Docker Hub of this year, or in this failure
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub profile: ProfileName,
    /// Pulls in a window for every identity [default: 100 for an address, 200 for an account]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// The window the limit counts over, such as 90s [default: the profile's]
    #[arg(long, value_name = "DURATION", value_parser = parse_window)]
    pub window: Option<Window>,
    /// How the count recovers
    #[arg(long, value_name = "LAW", value_enum, default_value_t)]
    pub law: LawName,
    /// What counts as a pull
    #[arg(long, value_name = "RULE", value_enum, default_value_t)]
    pub count: CountRule,
    /// Somebody who may log in, USER:PASSWORD, with a limit of their own or `unlimited`; repeatable
    #[arg(long, value_name = "USER:PASSWORD[:LIMIT]", value_parser = secret)]
    pub account: Vec<SecretString>,
    /// How long a token is good for
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "300s")]
    pub token_life: Duration,
    /// One round trip to the sandbox, as if it were far away
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "0s")]
    pub latency: Duration,
    /// Speak TLS; the certificate of the CA made for it goes to CA_FILE [default: a temporary file, printed as the second line]
    #[arg(long, value_name = "CA_FILE", num_args = 0..=1, require_equals = true)]
    pub tls: Option<Option<PathBuf>>,
    /// Believe the last address in X-Forwarded-For
    #[arg(long)]
    pub trust_proxy: bool,
    /// Write every request to this file, one JSON document per line
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Neighbours that pull, too: steady, bursty, falling or rising, with a rate such as steady:120/h; a shape lasts an hour, or the window if that is shorter
    #[arg(long, value_name = "PATTERN")]
    pub traffic: Option<String>,
    /// Print what makes this runtime take the sandbox for docker.io
    #[arg(long, value_name = "RUNTIME", value_enum, conflicts_with = "command")]
    pub print_setup: Option<SetupFor>,
    /// Run this with DHLIMIT_REGISTRY_URL and DHLIMIT_AUTH_URL set, and end with its exit code; DHLIMIT_IN_SANDBOX, set too, keeps a dhlimit in it from sending logins of this machine
    #[arg(last = true, value_name = "COMMAND", help_heading = "Beside the sandbox")]
    pub command: Vec<OsString>,
}

/// A runtime that can be told to take the sandbox for docker.io.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SetupFor {
    /// nerdctl, by a hosts folder
    Nerdctl,
    /// Docker Engine, by a mirror or by address
    Docker,
    /// podman and skopeo, by a registries file
    Podman,
    /// containerd: ctr and Kubernetes, by a hosts folder
    Containerd,
}

/// The profiles by the names that a user types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProfileName {
    /// Capitals, a window of six hours, no source
    #[value(name = "2020")]
    Of2020,
    /// Six hours, accounts named by UUID, a HEAD answered 200 at zero
    #[value(name = "2023")]
    Of2023,
    /// One hour, both pairs of headers, a HEAD answered 429 at zero
    #[default]
    #[value(name = "2026")]
    Of2026,
    /// A paid account: the source, and no limit
    Paid,
    /// An exempt address: no limit headers at all
    Exempt,
    /// The overall limit: 429 in plain text to everything
    Abuse,
    /// The token host's lock-out after failed logins
    Lockout,
    /// Export control: a 403 page to everything
    Blocked,
    /// 500, 502, 503, cut connections, slow answers
    Flaky,
    /// Negative, empty, disagreeing and falsely full counts
    Odd,
}

/// How the count recovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LawName {
    /// Each pull comes back one window after it was made
    #[default]
    Sliding,
    /// All come back together when the window ends
    Fixed,
    /// They come back one by one, evenly
    Bucket,
}

/// What counts as a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CountRule {
    /// Two manifest GETs of one image within a few seconds are one
    #[default]
    Pull,
    /// Every manifest GET is one
    Get,
    /// Every platform's manifest is one, the index none
    Arch,
}

/// An account with its password: nothing that is shown.
#[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

/// A window of whole seconds, at least one.
pub(super) fn parse_window(text: &str) -> Result<Window, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() != 0 {
        return Err("a window is whole seconds".to_owned());
    }
    Window::from_seconds(duration.as_secs()).ok_or_else(|| "a window is at least 1s".to_owned())
}
