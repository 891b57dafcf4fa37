//! From the arguments of an asking command to its [`Session`], and what such a command says on
//! standard error while it finds out as whom to ask.

use std::io;
use std::time::Duration;

use crate::cli::Asking;
use crate::credentials::{Account, CredentialsError, Note};
use crate::image::Reference;
use crate::polling::policy::{RatePolicy, slowed};
use crate::polling::target::{self, Target};
use crate::registry::Principal;
use crate::sandbox;
use crate::session::{self, Options, Session, SessionError, Who};
use crate::{Context, Exit, Failure, text};

/// Every image as every identity over every family, and how often each registry may be asked for it.
pub(super) async fn targets(
    context: &Context,
    session: &Session,
    images: &[String],
    interval: Option<Duration>,
    forced: bool,
) -> Result<(Vec<Target>, Vec<RatePolicy>), Failure> {
    let mut all = Vec::new();
    for image in session::images(images)? {
        let found = principals(context, session, &image).await?;
        all.extend(target::targets(session, &image, found, forced)?);
    }
    if all.is_empty() {
        return Err(Failure::new(Exit::Credentials, anyhow::anyhow!("nobody to ask as")));
    }
    let (targets, policies): (Vec<Target>, Vec<RatePolicy>) = all.into_iter().unzip();
    if let Some(words) = interval.and_then(|interval| slowed(&policies, interval)) {
        context.say(&format!("! {words}"));
    }
    Ok((targets, policies))
}

/// The session of a command that asks as `usual` where nobody is named. `None` where shutdown came
/// first: a pipe with a password or a certificate may have nobody who writes to it.
pub(super) async fn open(
    context: &Context,
    asking: &Asking,
    accounts: Vec<Account>,
    usual: Who,
) -> Result<Option<Session>, Failure> {
    open_with_sandbox(context, asking, accounts, usual, |settings| settings).await
}

/// The same, where the private sandbox, if one is asked for, is to be other than its profile has it.
pub(super) async fn open_with_sandbox(
    context: &Context,
    asking: &Asking,
    accounts: Vec<Account>,
    usual: Who,
    shape: impl FnOnce(sandbox::Settings) -> sandbox::Settings,
) -> Result<Option<Session>, Failure> {
    let is_typed = context.terminal.stdin;
    let options = Options::of_arguments(asking, accounts, usual, is_typed)?;
    let options = Options { sandbox: options.sandbox.map(shape), ..options };
    let (environment, clock) = (context.environment.clone(), context.clock.clone());
    let session = tokio::select! {
        session = Session::open(options, environment, clock, io::stdin()) => session,
        () = context.shutdown.cancelled() => return Ok(None),
    };
    let session = session.map_err(|error| failure(context, error))?;
    if let Some(url) = session.sandbox_url() {
        context.say(&format!("SANDBOX: a private registry at {url}, stops when this command ends"));
    }
    Ok(Some(session))
}

/// Who is to be asked as for an image. What is broken in the places is said once, however many images
/// ask.
pub(super) async fn principals(
    context: &Context,
    session: &Session,
    image: &Reference,
) -> Result<Vec<Principal>, Failure> {
    let found = session.principals(image).await;
    let (principals, notes) = found.map_err(|error| failure(context, error))?;
    for note in notes {
        say_note(context, &note);
        context.say(&format!("  → {}", text::one_line(&note.advice(), 500)));
    }
    Ok(principals)
}

/// Whom a pull of an image from here counts on.
pub(super) async fn effective(
    context: &Context,
    session: &Session,
    image: &Reference,
) -> Result<Principal, Failure> {
    let found = principals(context, session, image).await?;
    let effective = found.into_iter().find(|who| who.effective);
    Ok(effective.unwrap_or_else(|| Principal::anonymous(true)))
}

/// The failure of a session, with what the places have to say of it.
fn failure(context: &Context, error: SessionError) -> Failure {
    if let SessionError::Credentials(CredentialsError::NotFound { notes, .. }) = &error {
        for note in notes {
            say_note(context, note);
        }
    }
    error.into()
}

fn say_note(context: &Context, note: &Note) {
    context.say(&format!("! {}", text::one_line(&note.to_string(), 500)));
}
