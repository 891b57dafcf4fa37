//! `mirror ecr`: the request checked, then written, or done through the user's aws command.

use crate::cli;
use crate::credentials::{Account, Credential};
use crate::image::hub;
use crate::mirror::ecr::{Aim, Aws, Form, Request, Secret, Work, print, remove};
use crate::mirror::login;
use crate::render::mirror as shown;
use crate::{Context, Exit, Failure};

/// Runs `mirror ecr`.
pub(super) async fn run(
    context: &Context,
    args: cli::Ecr,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let request = Request::of_arguments(&args)?;
    if !(args.apply || args.check || args.remove) {
        let form = args.print.map_or(Form::Shell, Form::from);
        context.tell(&print(&request, form, args.user.as_deref()))?;
        return Ok(Exit::Ok);
    }
    let aws = Aws::find(&context.environment, args.call_timeout, &context.shutdown);
    let aws = aws.map_err(Failure::from)?;
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

/// Whether the user agrees to a change: said by --yes, or asked for at the terminal.
async fn agreed(context: &Context, args: &cli::Ecr, request: &Request) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    let what = request.question(args.remove);
    if !context.terminal.stdin || args.password_stdin {
        return Err(Failure::usage(format!("{what} Nobody can be asked here"))
            .advise("say --yes to do it without a question")
            .into());
    }
    Ok(context.confirms(&format!("{what} [y/N]")).await)
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
