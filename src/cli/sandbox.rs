//! `dhlimit sandbox`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::quota::{Law, Window};
use crate::sandbox::{Account, Counting, Profile, Traffic};

/// Run a local registry that behaves like Docker Hub, to practise on
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every repository and tag exists by itself, but for names that begin with `missing`.
GET /_sandbox/state shows what is counted, GET /_sandbox/log the last requests;
POST /_sandbox/set takes {\"identity\":\"127.0.0.1\",\"remaining\":3} or {\"profile\":\"abuse\"}.")]
pub struct Sandbox {
    /// Where to listen [default: a free port on 127.0.0.1, printed as the first line]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Which Docker Hub: of a year, or at its worst
    #[arg(long, value_name = "NAME", default_value = Profile::default().name(), value_parser = profiles())]
    pub profile: Profile,
    /// Pulls in a window for every identity [default: 100 for an address, 200 for an account]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// The window the limit counts over, such as 90s [default: the profile's]
    #[arg(long, value_name = "DURATION", value_parser = parse_window)]
    pub window: Option<Window>,
    /// How the count recovers
    #[arg(long, value_name = "LAW", default_value = "sliding", value_parser = laws())]
    pub law: Law,
    /// What counts as a pull
    #[arg(long, value_name = "RULE", default_value = "pull", value_parser = countings())]
    pub count: Counting,
    /// Somebody who may log in, USER:PASSWORD, with a limit of their own or `unlimited`; repeatable
    #[arg(long, value_name = "USER:PASSWORD[:LIMIT]")]
    pub account: Vec<Account>,
    /// How long a token is good for
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "300s")]
    pub token_life: Duration,
    /// One round trip to the sandbox, as if it were far away
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "0s")]
    pub latency: Duration,
    /// Speak TLS; the certificate of the CA made for it goes to CA_FILE [default: a temporary file, printed as the second line]
    #[arg(long, value_name = "CA_FILE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub tls: Option<PathBuf>,
    /// Believe the last address in X-Forwarded-For
    #[arg(long)]
    pub trust_proxy: bool,
    /// Write every request to this file, one JSON document a line
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Neighbours that pull, too: steady, bursty, falling or rising, with a rate such as steady:120/h
    #[arg(long, value_name = "PATTERN")]
    pub traffic: Option<Traffic>,
    /// Print what makes this runtime take the sandbox for docker.io
    #[arg(long, value_name = "RUNTIME", value_enum, conflicts_with = "command")]
    pub print_setup: Option<SetupFor>,
    /// Run this with DHLIMIT_REGISTRY_URL and DHLIMIT_AUTH_URL set, end with it, pass on its exit code
    #[arg(last = true, value_name = "COMMAND")]
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

fn profiles() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(|profile| PossibleValue::new(profile.name()).help(profile.about())))
        .try_map(|name| name.parse::<Profile>())
}

fn laws() -> impl TypedValueParser<Value = Law> {
    choice([
        ("sliding", "each pull comes back one window after it was made", Law::Sliding),
        ("fixed", "all come back together when the window ends", Law::Fixed),
        ("bucket", "they come back one by one, evenly", Law::Bucket),
    ])
}

fn countings() -> impl TypedValueParser<Value = Counting> {
    choice([
        ("pull", "two manifest GETs of one image within a few seconds are one", Counting::Pull),
        ("get", "every manifest GET is one", Counting::Get),
        ("arch", "every platform's manifest is one, the index none", Counting::Arch),
    ])
}

/// One of a few named values.
fn choice<T: Copy + Send + Sync + 'static, const N: usize>(
    values: [(&'static str, &'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(values.map(|(name, help, _)| PossibleValue::new(name).help(help)))
        .try_map(move |name| values.iter().find(|(known, ..)| *known == name).map(|(.., value)| *value).ok_or("no such value"))
}

fn parse_window(text: &str) -> Result<Window, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() != 0 {
        return Err("a window is whole seconds".to_owned());
    }
    Window::from_seconds(duration.as_secs()).ok_or_else(|| "a window is at least 1s".to_owned())
}
