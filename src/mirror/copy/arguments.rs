//! From the arguments of `mirror copy` to images, their destination and the login there.

use anyhow::Context as _;

use super::{Destination, DestinationLogin, Item, Tool};
use crate::cli::{Copy, CopyTool};
use crate::credentials::Choice;
use crate::image::Reference;
use crate::scan::images_from;
use crate::session::{Session, images};
use crate::{Context, Exit, Failure};

/// The images and where they go.
///
/// # Errors
/// No image, images named twice over, a destination that is none.
pub(crate) async fn copied(
    context: &Context,
    args: &Copy,
) -> anyhow::Result<(Vec<Reference>, Destination)> {
    let (last, typed) = args.images.split_last().context("no destination")?;
    let sources = match &args.from {
        Some(_) if !typed.is_empty() => {
            return Err(Failure::usage("images are named both by --from and on the command line")
                .advise("with --from FILE the one argument is the destination")
                .into());
        }
        Some(file) => images_from(context, file).await?.into_vec(),
        None if typed.is_empty() => {
            return Err(Failure::usage("a destination without an image")
                .advise("write dhlimit mirror copy IMAGE... DESTINATION")
                .into());
        }
        None => images(typed)?,
    };
    let destination = Destination::parse(last, sources.len()).map_err(|error| {
        Failure::new(Exit::Usage, anyhow::Error::new(error).context("the destination"))
    })?;
    Ok((sources, destination))
}

/// The login at the destination; `None` where there is nothing to copy.
///
/// # Errors
/// A place where credentials lie cannot be read.
pub(crate) async fn destination_login(
    session: &Session,
    items: &[Item],
    destination: &Destination,
    region: Option<String>,
) -> anyhow::Result<Option<DestinationLogin>> {
    let Some(first) = items.first() else { return Ok(None) };
    let image = &first.destination;
    let keychain = session.keychain();
    let found = keychain.identities(image.registry(), image.repository(), &Choice::Effective).await;
    let found = found.map_err(|error| Failure::new(Exit::Credentials, error))?;
    let credential = found.identities.into_iter().next().map(|found| found.credential);
    Ok(Some(DestinationLogin::new(destination.host(), credential.unwrap_or_default(), region)))
}

impl From<CopyTool> for Tool {
    fn from(tool: CopyTool) -> Self {
        match tool {
            CopyTool::Crane => Self::Crane,
            CopyTool::Skopeo => Self::Skopeo,
            CopyTool::Nerdctl => Self::Nerdctl,
            CopyTool::Docker => Self::Docker,
            CopyTool::Podman => Self::Podman,
        }
    }
}
