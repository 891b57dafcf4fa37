//! `mirror rewrite`: what would change found, shown or written.

use std::path::Path;

use crate::cli::{self, Format, RewriteForm};
use crate::mirror::rewrite::{
    Change, Form, Prepared, Report, RewriteError, State, Target, Variable, Wanted, Way, prepare,
};
use crate::render::mirror as shown;
use crate::scan::{FileKind, Request, kind_names, kind_of};
use crate::{Context, Exit, Failure};

/// Runs `mirror rewrite`.
pub(super) async fn run(context: &Context, args: cli::Rewrite) -> anyhow::Result<Exit> {
    let wanted = wanted(&args)?;
    let found = crate::context::aside(move || prepare(&wanted, &|_| {}));
    let prepared = tokio::select! {
        found = found => found?.map_err(failure)?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let report = if args.write { write(context, prepared)? } else { prepared.report };
    for line in shown::rewrite_notes(&report) {
        context.say(&line);
    }
    context.tell(&match args.output {
        Format::Json => serde_json::to_string(&report)? + "\n",
        _ if args.write || args.check => shown::rewrite_plain(&report),
        _ => shown::rewrite_diff(&report, context.colour),
    })?;
    Ok(exit(&report, args.check))
}

/// Writes the files, between two of which an interruption is heeded.
fn write(context: &Context, prepared: Prepared) -> anyhow::Result<Report> {
    let shutdown = context.shutdown.clone();
    let stop = move || shutdown.is_cancelled();
    Ok(tokio::task::block_in_place(|| prepared.write(&stop)).map_err(failure)?)
}

fn exit(report: &Report, check: bool) -> Exit {
    let any = |state| report.files.iter().any(|file| file.state == state);
    match () {
        () if any(State::Failed) => Exit::Usage,
        () if any(State::Interrupted) => Exit::Interrupted,
        () if check && !report.files.is_empty() => Exit::Limit,
        () => Exit::Ok,
    }
}

fn failure(error: RewriteError) -> Failure {
    Failure::new(Exit::Usage, error)
}

/// What was asked for.
fn wanted(args: &cli::Rewrite) -> Result<Wanted, Failure> {
    if args.paths.iter().any(|path| path == Path::new("-")) {
        return Err(Failure::usage("standard input is no file that could be rewritten"));
    }
    let target = Target::new(&args.to, args.form.map(form), &args.from)
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let variable = args.as_variable.as_deref().map(|name| {
        Variable::new(name).ok_or_else(|| {
            Failure::usage(format!("--as-variable {name}: letters, digits and _ only"))
        })
    });
    let kind = args.kind.as_deref().map(kind).transpose()?;
    Ok(Wanted {
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

fn kind(name: &str) -> Result<FileKind, Failure> {
    kind_of(name).ok_or_else(|| {
        Failure::usage(format!("--as {name}: no such kind of file"))
            .advise(format!("it is one of {}", kind_names().join(", ")))
    })
}

const fn form(named: RewriteForm) -> Form {
    match named {
        RewriteForm::Ecr => Form::Ecr,
        RewriteForm::ArtifactRegistry => Form::ArtifactRegistry,
        RewriteForm::Acr => Form::Acr,
        RewriteForm::Harbor => Form::Harbor,
        RewriteForm::Distribution => Form::Distribution,
        RewriteForm::Gitlab => Form::Gitlab,
        RewriteForm::Generic => Form::Generic,
    }
}
