//! From the arguments of `mirror rewrite` to what is wanted, and from what came of it to an exit code.

use std::path::Path;

use super::{Change, Form, Report, RewriteError, State, Target, Variable, Wanted, Way};
use crate::cli::{Rewrite, RewriteForm};
use crate::exit::{Exit, Failure};
use crate::scan::{FileKind, Request};

impl Wanted {
    /// What the arguments say.
    ///
    /// # Errors
    /// An address, a variable or a kind that is none; standard input.
    pub(crate) fn of_arguments(args: &Rewrite) -> Result<Self, Failure> {
        if args.paths.iter().any(|path| path == Path::new("-")) {
            return Err(Failure::usage("standard input is no file that could be rewritten"));
        }
        let target = Target::new(&args.to, args.form.map(Form::from), &args.from)
            .map_err(|error| Failure::new(Exit::Usage, error))?;
        let variable = args.as_variable.as_deref().map(|name| {
            Variable::new(name).ok_or_else(|| {
                Failure::usage(format!("--as-variable {name}: letters, digits and _ only"))
            })
        });
        let kind = args.kind.as_deref().map(FileKind::of_argument).transpose()?;
        Ok(Self {
            request: Request {
                paths: args.paths.clone(),
                kind,
                exclude: args.exclude.clone(),
                no_ignore: args.no_ignore,
                ..Request::default()
            },
            change: Change {
                target,
                way: if args.reverse { Way::Back } else { Way::Mirror },
                variable: variable.transpose()?,
            },
            record: args.record.clone(),
        })
    }
}

impl From<RewriteForm> for Form {
    fn from(named: RewriteForm) -> Self {
        match named {
            RewriteForm::Ecr => Self::Ecr,
            RewriteForm::ArtifactRegistry => Self::ArtifactRegistry,
            RewriteForm::Acr => Self::Acr,
            RewriteForm::Harbor => Self::Harbor,
            RewriteForm::Distribution => Self::Distribution,
            RewriteForm::Gitlab => Self::Gitlab,
            RewriteForm::Generic => Self::Generic,
        }
    }
}

impl From<RewriteError> for Failure {
    fn from(error: RewriteError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl Report {
    /// How a command that ends in this ends; with `check` what would change is a fault.
    pub(crate) fn exit(&self, check: bool) -> Exit {
        let any = |state| self.files.iter().any(|file| file.state == state);
        match () {
            () if any(State::Failed) => Exit::Usage,
            () if any(State::Interrupted) => Exit::Interrupted,
            () if check && !self.files.is_empty() => Exit::Limit,
            () => Exit::Ok,
        }
    }
}
