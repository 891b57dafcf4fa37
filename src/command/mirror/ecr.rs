//! `mirror ecr`: the request checked, then written, or done through the user's aws command.

use super::super::consent;
use super::login;
use crate::cli::{self, PrintAs};
use crate::credentials::{Account, Credential};
use crate::image::hub;
use crate::mirror::ecr::{Aim, Aws, AwsError, Form, Request, Secret, Wanted, Work, print, remove};
use crate::render::mirror as shown;
use crate::{Context, Exit, Failure};

/// Runs `mirror ecr`.
pub(super) async fn run(
    context: &Context,
    args: cli::Ecr,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let request = request(&args)?;
    if !(args.apply || args.check || args.remove) {
        let form = match args.print.unwrap_or(PrintAs::Shell) {
            PrintAs::Shell => Form::Shell,
            PrintAs::Terraform => Form::Terraform,
            PrintAs::Cloudformation => Form::CloudFormation,
        };
        context.tell(&print(&request, form, args.user.as_deref()))?;
        return Ok(Exit::Ok);
    }
    let aws = Aws::find(&context.environment, args.call_timeout, &context.shutdown);
    let aws = aws.map_err(failure)?;
    if !args.check && !agreed(context, &args, &request).await? {
        context.say("nothing was changed");
        return Ok(if context.shutdown.is_cancelled() { Exit::Interrupted } else { Exit::Limit });
    }
    let report = if args.remove {
        remove(&request, &aws).await
    } else {
        let login = if args.apply {
            upstream_login(context, &args, &request, accounts).await?
        } else {
            None
        };
        let aim = if args.check { Aim::Check } else { Aim::Apply { replace: args.replace } };
        Work::new(&request, &aws, aim, login).run().await
    };
    super::tell(context, args.output, &report, shown::ecr_plain, shown::ecr_table)?;
    Ok(if context.shutdown.is_cancelled() { Exit::Interrupted } else { report.exit() })
}

fn request(args: &cli::Ecr) -> Result<Request, Failure> {
    let wanted = Wanted {
        account: args.account.clone(),
        region: args.region.clone(),
        prefix: args.prefix.clone(),
        upstream: args.upstream.clone(),
        upstream_url: args.upstream_url.clone(),
        upstream_prefix: args.upstream_prefix.clone(),
        secret: args.secret.clone(),
        role: args.role_arn.clone(),
        pullers: args.puller.clone(),
    };
    Request::parse(wanted).map_err(|error| {
        let advice = error.advice();
        let failure = Failure::new(Exit::Usage, error);
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    })
}

fn failure(error: AwsError) -> Failure {
    let (exit, advice) = (error.exit(), error.advice());
    let failure = Failure::new(exit, error);
    match advice {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

/// Whether the user agrees to a change: said by --yes, or asked for at the terminal.
async fn agreed(context: &Context, args: &cli::Ecr, request: &Request) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    let what = if args.remove {
        format!(
            "Remove the rule {} of {} in {}, its template and its secret?",
            request.prefix, request.account, request.region
        )
    } else {
        format!(
            "Put {} behind {}/{} (account {}, {})?",
            request.upstream_url,
            request.host(),
            request.path(),
            request.account,
            request.region
        )
    };
    if !context.terminal.stdin || args.password_stdin {
        return Err(Failure::usage(format!("{what} Nobody can be asked here"))
            .advise("say --yes to do it without a question")
            .into());
    }
    Ok(consent::yes(context, &format!("{what} [y/N]")).await?)
}

/// The login to the upstream registry, and whether the user named it; `None` where the request needs none.
async fn upstream_login(
    context: &Context,
    args: &cli::Ecr,
    request: &Request,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<(Credential, bool)>> {
    if !matches!(request.secret, Some(Secret::Named(_))) {
        return Ok(None);
    }
    let registry =
        if request.upstream_url == hub::HOST { hub::NAME } else { &request.upstream_url };
    let wanted = login::Wanted {
        user: args.user.as_deref(),
        password_stdin: args.password_stdin,
        password_file: args.password_file.as_ref(),
        limit: args.call_timeout,
    };
    login::find(context, wanted, registry, accounts).await
}
