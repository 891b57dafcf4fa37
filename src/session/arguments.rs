//! From the arguments of a command that asks to the [`Options`] of its session, and to images: here alone
//! an argument becomes one.

use std::path::Path;

use super::{Options, Who};
use crate::cli::{Asking, Family as FamilyChoice};
use crate::credentials::{Account, PasswordSource};
use crate::exit::{Exit, Failure};
use crate::image::{Reference, ReferenceError};
use crate::quota::Family;
use crate::registry::Places;
use crate::sandbox::{self, Profile};
use crate::text;

/// What is asked for where no image is named: Docker's own image for this purpose.
pub(crate) const DEFAULT_IMAGE: &str = "ratelimitpreview/test:latest";

impl Options {
    /// What the arguments say; `usual` is who asks where they name nobody. `is_terminal`: whether standard
    /// input is a terminal.
    ///
    /// # Errors
    /// A profile that is none, and a password that is nobody's or would be seen.
    pub(crate) fn of_arguments(
        asking: &Asking,
        accounts: Vec<Account>,
        usual: Who,
        is_terminal: bool,
    ) -> Result<Self, Failure> {
        // The sandbox knows nobody's real account, and nobody's real password is for it to see.
        let usual = if asking.sandbox.is_some() { Who::Anonymous } else { usual };
        Ok(Self {
            timeout: asking.timeout,
            ca_cert: asking.ca_cert.clone(),
            families: families(asking.family),
            places: Places { registry: asking.registry_url.clone(), auth: asking.auth_url.clone() },
            who: who(asking, usual, is_terminal)?,
            accounts,
            sandbox: asking.sandbox.as_deref().map(profile).transpose()?,
        })
    }
}

/// Every image that the arguments name, each once; the usual one where they name none.
pub(crate) fn images(typed: &[String]) -> Result<Vec<Reference>, Failure> {
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
pub(crate) fn image_or_usual(typed: Option<&str>) -> Result<Reference, Failure> {
    image(typed.unwrap_or(DEFAULT_IMAGE))
}

/// The image of an argument.
pub(crate) fn image(typed: &str) -> Result<Reference, Failure> {
    typed.parse().map_err(|error| {
        Failure::new(
            Exit::Usage,
            anyhow::Error::new::<ReferenceError>(error)
                .context(format!("cannot use {:?} as an image", text::redact_reference(typed))),
        )
        .advise("write it as for docker pull: nginx, nginx:1.27, registry.example/team/app:tag")
    })
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

fn who(asking: &Asking, usual: Who, is_terminal: bool) -> Result<Who, Failure> {
    if asking.anonymous {
        return Ok(Who::Anonymous);
    }
    let user = asking.user.as_deref();
    let password =
        password(is_terminal, user, asking.password_stdin, asking.password_file.as_deref())?;
    Ok(match (asking.user.clone(), password) {
        (Some(user), Some(password)) => Who::Login { user, password },
        (Some(user), None) => Who::User(user),
        (None, _) if asking.all_identities => Who::All,
        (None, _) => usual,
    })
}

/// Where the password of `--user` comes from, if one is given. `is_terminal`: whether standard input is.
///
/// # Errors
/// A password without a user is nobody's, and a terminal would show it.
pub(crate) fn password(
    is_terminal: bool,
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
    if stdin && is_terminal {
        return Err(Failure::usage(
            "--password-stdin does not read from a terminal, where the password would be seen",
        )
        .advise("pipe it in: dhlimit … --password-stdin < FILE"));
    }
    Ok(Some(source))
}
