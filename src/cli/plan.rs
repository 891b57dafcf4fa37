//! `plan`: will a rollout fit.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};

use super::{Asking, Format, only};
use crate::quota::{Arrival, Policy, Window};

/// The formats `plan` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Svg, Format::Html];

/// Will a rollout fit: nodes that pull images, against a limit, by simulation. Asks nobody, but for --from-reading.
#[derive(Debug, Clone, Args)]
#[command(
    group(ArgGroup::new("what").required(true)),
    after_help = "Nodes ask for their images one after another and, if refused, again after 10s, 20s, 40s, ... at most 300s, \
as the kubelet does.\n\nStrategies: address-per-node, one-address, account, accounts:K (node i on account i mod K), \
unlimited (a paid account), cache (a pull-through cache with an account). By name alone: addresses:K (node i behind address i \
mod K), cache-warm (a cache that has the images), p2p (nodes give images to each other), preloaded (on the nodes' disks).\n\nExit codes: 0 if a strategy that was named \
(or, with none named, any) meets no refusal, 1 if none does or --prove finds a difference, 2 usage."
)]
pub struct Plan {
    /// How many nodes pull
    #[arg(long, value_name = "N", required_unless_present = "runs_per_day", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub nodes: Option<u32>,
    /// Instead of nodes, a CI: runs a day, evenly spread
    #[arg(long, value_name = "N", requires = "jobs", conflicts_with_all = ["nodes", "arrival"], allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub runs_per_day: Option<u32>,
    /// The jobs of a run, which begin together, each on a runner without the images
    #[arg(long, value_name = "N", requires = "runs_per_day", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub jobs: Option<u32>,
    /// How many images each node pulls
    #[arg(long, value_name = "N", allow_negative_numbers = true, group = "what", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub images: Option<u32>,
    /// An image that each node pulls; repeatable
    ///
    /// Only images on Docker Hub count.
    #[arg(long, value_name = "REF", group = "what")]
    pub image: Vec<String>,
    /// The images that each node pulls: a list with one per line, what `dhlimit scan -o json` wrote, or a file or folder to scan; - is standard input
    #[arg(long, value_name = "FILE", group = "what")]
    pub from: Option<PathBuf>,
    /// Images of --from are pulled only where their pods run: replicas of a Deployment, each node of a DaemonSet
    #[arg(long, conflicts_with_all = ["images", "image", "runs_per_day"])]
    pub by_replicas: bool,
    /// What a pull of an image costs of the limit
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub cost: u32,
    /// How long a pull takes
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = super::asking::duration)]
    pub pull_time: Duration,
    /// When the nodes arrive: at-once, or rolling:K/D for K nodes every D, such as rolling:5/30s
    #[arg(long, value_name = "WHEN", default_value = "at-once")]
    pub arrival: Arrival,
    /// How the pulls are spread (list: --help); repeatable [default: all are compared]
    #[arg(long = "strategy", value_name = "STRATEGY", value_delimiter = ',')]
    pub strategies: Vec<String>,
    /// How the count recovers; all: the range over the three
    #[arg(long, value_name = "LAW", value_enum, default_value_t)]
    pub law: PlanLaw,
    /// Pulls in a window for every identity [default: the policy's]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub limit: Option<u32>,
    /// The window the limit counts over, such as 6h [default: the policy's]
    #[arg(long, value_name = "DURATION", value_parser = super::sandbox::parse_window)]
    pub window: Option<Window>,
    /// Whose limits: docker-hub, or docker-hub@YYYY-MM-DD for those of a day
    #[arg(long, value_name = "NAME", default_value = "docker-hub", value_parser = policy)]
    pub policy: &'static Policy,
    /// How much time to simulate [default: ten windows]
    #[arg(long, value_name = "DURATION", value_parser = super::asking::duration)]
    pub horizon: Option<Duration>,
    /// Start from what is left now, by a HEAD as every identity known here
    #[arg(long)]
    pub from_reading: bool,
    /// What others pull meanwhile: a recording of `dhlimit watch --record`, over and over
    #[arg(long, value_name = "FILE")]
    pub background: Option<PathBuf>,
    /// Nodes that have the images already
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub warm: u32,
    /// How many images a node pulls at once
    #[arg(long, value_name = "K", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub parallel: u32,
    /// Pulls per second that a kubelet allows (registryPullQPS); those above it wait as after a 429
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub kubelet_qps: Option<u32>,
    /// Pulls that a node's kubelet lets out at once (registryBurst) [default: 10]
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "kubelet_qps", value_parser = clap::value_parser!(u32).range(1..))]
    pub kubelet_burst: Option<u32>,
    /// Find the most (for interval: the least) that meets no 429
    ///
    /// Nodes, nodes that arrive together, time between them, nodes that pull at a time (of a CI: jobs of a run).
    #[arg(long, value_name = "WHAT", value_enum)]
    pub solve: Option<SolveFor>,
    /// Replay the plan by real pulls on a sandbox
    ///
    /// The sandbox's clock jumps from request to request. Reports what differs; up to 20,000 pulls.
    #[arg(long)]
    pub prove: bool,
    /// How to show the answer
    #[arg(short, long, default_value = "table", value_parser = only(FORMATS))]
    pub output: Format,
    /// Where and as whom to ask, with --from-reading.
    #[command(flatten)]
    pub asking: Asking,
}

/// How the count recovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PlanLaw {
    /// Each pull comes back one window after it was made
    #[default]
    Sliding,
    /// The first pull opens a window; all of it comes back when that ends
    Fixed,
    /// Pulls come back one by one, evenly
    Bucket,
    /// Each of the three
    All,
}

/// A policy by its name, and by its date where one is given.
fn policy(name: &str) -> Result<&'static Policy, String> {
    Policy::find(name).ok_or_else(|| {
        let known = |policy: &Policy| format!("{}@{}", policy.name, policy.date);
        let known: Vec<String> = Policy::all().iter().map(known).collect();
        format!("no such policy; those known are {}", known.join(" and "))
    })
}

/// What is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SolveFor {
    /// The most nodes
    Nodes,
    /// The most nodes that arrive together
    Surge,
    /// The shortest time from one batch to the next
    Interval,
    /// The most nodes that pull at a time, the next when one is done; of a CI the jobs of a run
    Concurrency,
}
