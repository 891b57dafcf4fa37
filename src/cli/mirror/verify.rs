//! `mirror verify`: whether images really come through a mirror.

use clap::Args;

use super::super::{Asking, Format, only};

/// The formats `mirror verify` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Plain, Format::Json];

/// Prove that a mirror answers, has the same images, and that Docker Hub's count does not move: the count is read, one
/// pull goes through the mirror, twice over, and the count is read again.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "\
Examples:
  dhlimit mirror verify nginx:1.27 --through cache.example:5000
  dhlimit mirror verify nginx redis --through 123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub

More options: --help.",
    after_long_help = "\
The first pull of an image through a cache costs one, counted on the cache's own login or address; the second must cost
nothing. dhlimit reads the count of every identity found here; give --user the account of the cache to see its count.
Exit codes: 0 all are served; 1 a pull through it costs each time, the image differs, or the limit is used up; 2 usage; 3 the mirror did not give the image; 4 credentials; 130 interrupted.

Examples:
  dhlimit mirror verify nginx:1.27 --through cache.example:5000
  dhlimit mirror verify nginx redis --through 123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub"
)]
pub struct Verify {
    /// Images, as their own registry names them: nginx:1.27
    #[arg(value_name = "REF", required = true)]
    pub images: Vec<String>,
    /// The mirror: its host, and the path in front of the repositories
    #[arg(long, value_name = "HOST[/PREFIX]")]
    pub through: String,
    /// A platform to pull, such as linux/arm64; repeatable; all for every one [default: this machine's]
    #[arg(long, value_name = "P")]
    pub platform: Vec<String>,
    /// How to show the answer
    #[arg(short, long, default_value = "table", value_parser = only(FORMATS))]
    pub output: Format,
    /// Where and as whom to ask.
    #[command(flatten)]
    pub asking: Asking,
}
