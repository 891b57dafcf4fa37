//! From the arguments of an asking command to its [`Session`], and what such a command says on
//! standard error while it finds out as whom to ask. Here alone an argument becomes an image.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::{Asking, Family as FamilyChoice};
use crate::credentials::{Account, CredentialsError, Note, PasswordSource};
use crate::image::{Images, ImagesError, Reference};
use crate::polling::policy::{RatePolicy, slowed};
use crate::polling::target::{self, Target};
use crate::quota::Family;
use crate::registry::{Places, Principal};
use crate::sandbox::{self, Profile};
use crate::scan::Scan;
use crate::session::{Options, Session, SessionError, Who};
use crate::{Context, Exit, Failure, text};

/// What is asked for where no image is named: Docker's own image for this purpose.
pub(super) const DEFAULT_IMAGE: &str = "ratelimitpreview/test:latest";

/// Every image as every identity over every family, and how often each registry may be asked for it.
pub(super) async fn targets(
    context: &Context,
    session: &Session,
    images: &[String],
    interval: Option<Duration>,
    forced: bool,
) -> Result<(Vec<Target>, Vec<RatePolicy>), Failure> {
    let mut all = Vec::new();
    for image in self::images(images)? {
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

/// The largest list of images that is read.
const MOST_LIST: u64 = 64 << 20;

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
    let options = Options {
        timeout: asking.timeout,
        ca_cert: asking.ca_cert.clone(),
        families: families(asking.family),
        places: Places { registry: asking.registry_url.clone(), auth: asking.auth_url.clone() },
        // The sandbox knows nobody's real account, and nobody's real password is for it to see.
        who: who(context, asking, if asking.sandbox.is_some() { Who::Anonymous } else { usual })?,
        accounts,
        sandbox: asking.sandbox.as_deref().map(profile).transpose()?.map(shape),
    };
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

/// Every image that the arguments name, each once; the usual one where they name none.
pub(super) fn images(typed: &[String]) -> Result<Vec<Reference>, Failure> {
    if typed.is_empty() {
        return Ok(vec![image(DEFAULT_IMAGE)?]);
    }
    let mut images = Vec::new();
    for text in typed {
        let image = image(text)?;
        if !images.contains(&image) {
            images.push(image);
        }
    }
    Ok(images)
}

/// The image of an argument, or the usual one.
pub(super) fn image_or_usual(typed: Option<&str>) -> Result<Reference, Failure> {
    image(typed.unwrap_or(DEFAULT_IMAGE))
}

/// The image of an argument.
pub(super) fn image(typed: &str) -> Result<Reference, Failure> {
    typed.parse().map_err(|error| {
        Failure::new(
            Exit::Usage,
            anyhow::Error::new::<crate::image::ReferenceError>(error)
                .context(format!("cannot use {:?} as an image", text::redact_reference(typed))),
        )
        .advise("write it as for docker pull: nginx, nginx:1.27, registry.example/team/app:tag")
    })
}

/// The images of `--from`: a file or standard input with one image a line, the JSON of `scan`, or a folder
/// or any other file that `scan` reads.
pub(super) async fn images_from(context: &Context, path: &Path) -> anyhow::Result<Images> {
    let name = format!("--from {}", path.display());
    if path.is_dir() {
        let scan = super::scan::of_path(context, path).await?;
        super::scan::say_skipped(context, &scan);
        return of_scan(&scan)?.context(name);
    }
    let file = path.to_owned();
    let text = crate::context::aside(move || list(&file));
    let text = tokio::select! {
        text = text => text?,
        () = context.shutdown.cancelled() => return Err(Failure::new(Exit::Interrupted, anyhow::anyhow!("interrupted")).into()),
    };
    let text =
        text.with_context(|| name.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let error = match Images::parse(&text) {
        Ok(images) => return Ok(images),
        Err(error) => error,
    };
    // No list: a manifest or another file that names images among other things.
    if path.is_file()
        && let scan = super::scan::of_path(context, path).await?
        && let Ok(images) = of_scan(&scan)?
        && !images.is_empty()
    {
        super::scan::say_skipped(context, &scan);
        return Ok(images);
    }
    Err(Failure::new(Exit::Usage, anyhow::Error::new(error).context(name)).into())
}

fn of_scan(scan: &Scan) -> anyhow::Result<Result<Images, ImagesError>> {
    Ok(Images::parse(&serde_json::to_string(scan)?))
}

fn list(path: &Path) -> io::Result<String> {
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut text = String::new();
    let size = source.take(MOST_LIST + 1).read_to_string(&mut text)?;
    if u64::try_from(size).is_ok_and(|size| size > MOST_LIST) {
        return Err(io::Error::other("larger than 64 MiB"));
    }
    Ok(text)
}

fn families(family: FamilyChoice) -> Vec<Option<Family>> {
    match family {
        FamilyChoice::Auto => vec![None],
        FamilyChoice::Ipv4 => vec![Some(Family::Ipv4)],
        FamilyChoice::Ipv6 => vec![Some(Family::Ipv6)],
        FamilyChoice::Both => vec![Some(Family::Ipv4), Some(Family::Ipv6)],
    }
}

fn profile(name: &str) -> Result<sandbox::Settings, Failure> {
    let profile: Profile = name.parse().map_err(|error| {
        Failure::new(Exit::Usage, anyhow::Error::new::<sandbox::ProfileError>(error))
    })?;
    Ok(sandbox::Settings::of(profile))
}

fn who(context: &Context, asking: &Asking, usual: Who) -> Result<Who, Failure> {
    if asking.anonymous {
        return Ok(Who::Anonymous);
    }
    let user = asking.user.as_deref();
    let password = password(context, user, asking.password_stdin, asking.password_file.as_deref())?;
    Ok(match (asking.user.clone(), password) {
        (Some(user), Some(password)) => Who::Login { user, password },
        (Some(user), None) => Who::User(user),
        (None, _) if asking.all_identities => Who::All,
        (None, _) => usual,
    })
}

/// Where the password of `--user` comes from, if one is given; a password is nobody's without a user.
pub(super) fn password(
    context: &Context,
    user: Option<&str>,
    stdin: bool,
    file: Option<&Path>,
) -> Result<Option<PasswordSource>, Failure> {
    let source = match (stdin, file) {
        (true, _) => PasswordSource::Stdin,
        (false, Some(file)) => PasswordSource::File(file.to_owned()),
        (false, None) => return Ok(None),
    };
    if user.is_none() {
        return Err(
            Failure::usage("a password without a user").advise("name the account with --user NAME")
        );
    }
    if stdin && context.terminal.stdin {
        return Err(Failure::usage(
            "--password-stdin does not read from a terminal, where the password would be seen",
        )
        .advise("pipe it in: dhlimit … --password-stdin < FILE"));
    }
    Ok(Some(source))
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
