//! `-o`: the output formats, and which of them a command takes.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// An output format. Each command takes those that make sense for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Format {
    /// For people, as wide as the terminal
    Table,
    /// One line per item, no decoration
    Plain,
    /// One JSON document
    Json,
    /// One JSON document per line
    Jsonl,
    /// Prometheus text format
    Prometheus,
    /// Monitoring Plugins (Nagios, Icinga): one line, perfdata, exit codes 0 to 3
    Nagios,
    /// GitHub Actions: annotations and a job summary
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// A drawing, SVG
    Svg,
    /// One self-contained page
    Html,
}

/// A value parser that takes just the given formats and lists them in `--help`.
pub fn only(formats: &'static [Format]) -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(formats.iter().filter_map(ValueEnum::to_possible_value))
        .try_map(|name| Format::from_str(&name, false))
}
