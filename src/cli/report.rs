//! `report`: recordings as a summary and a chart.

use std::path::PathBuf;

use clap::Args;

use super::{Format, only};

/// The formats `report` writes.
const FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Svg, Format::Html];

/// Summary and chart of what `watch --record` recorded.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Several recordings share one axis. Parts of one that was rotated continue where the last one ended.\n\
Exit codes: 0 written, 2 a file cannot be read or is no recording."
)]
pub struct Report {
    /// Recordings; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to show them [default: by the ending of --out (.html, .svg, .json, .txt), or else table]
    #[arg(short, long, value_parser = only(FORMATS))]
    pub output: Option<Format>,
    /// Write to this file instead of standard output; never over a recording
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
