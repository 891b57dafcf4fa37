//! From the arguments of `scan` to its [`Request`].

use anyhow::Context as _;

use super::{
    Crowd, FileKind, Given, Level, Live, Request, RuleError, RuleSet, kind_names, kind_of,
};
use crate::cli::Scan;
use crate::exit::{Exit, Failure};

impl Request {
    /// What the arguments say; live things are not in it yet.
    ///
    /// # Errors
    /// A file of variables that cannot be read, and rules and kinds that are none.
    pub(crate) fn of_arguments(args: Scan) -> anyhow::Result<Self> {
        let mut env_files = Vec::new();
        for path in &args.env_file {
            let named = || format!("--env-file {}", path.display());
            let text = std::fs::read_to_string(path).with_context(named);
            env_files.push((
                path.display().to_string(),
                text.map_err(|error| Failure::new(Exit::Usage, error))?,
            ));
        }
        let usage = |error: RuleError| Failure::new(Exit::Usage, error);
        let allowed = args.allow.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        let rules = RuleSet::new(&args.rule, allowed.map_err(usage)?).map_err(usage)?;
        let is_live = args.cluster || args.host;
        let here = || vec![std::path::PathBuf::from(".")];
        Ok(Self {
            paths: if args.paths.is_empty() && !is_live { here() } else { args.paths },
            stdin: None,
            kind: args.kind.as_deref().map(FileKind::of_argument).transpose()?,
            given: Given { args: args.args, env_files, profiles: args.profile, ..Given::default() },
            exclude: args.exclude,
            no_ignore: args.no_ignore,
            crowd: Crowd {
                runners: args.runners.map(u64::from),
                nodes: args.nodes.into(),
                platforms: args.platform.len() as u64,
            },
            rules,
            live: Live::default(),
        })
    }
}

impl Level {
    /// The level of a name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        match name {
            "info" => Some(Self::Info),
            "warning" => Some(Self::Warning),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

impl FileKind {
    /// The kind that `--as` names.
    ///
    /// # Errors
    /// There is none of the name.
    pub(crate) fn of_argument(name: &str) -> Result<Self, Failure> {
        kind_of(name).ok_or_else(|| {
            Failure::usage(format!("--as {name}: no such kind of file"))
                .advise(format!("it is one of {}", kind_names().join(", ")))
        })
    }
}
