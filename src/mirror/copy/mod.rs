//! Copies of images in a registry of one's own, made by the user's tools at a pace that leaves the limit
//! alone. What the destination has already is found by a HEAD and costs nothing; whose pulls are spent is
//! chosen by what is left; below a floor the run waits; a failure does not end it; and what was done is
//! kept on disk after each image.

mod arguments;
mod destination;
mod logins;
mod pace;
mod report;
mod run;
mod state;
mod tool;

use tokio_util::sync::CancellationToken;

use crate::context::{Clock, Environment};
use crate::exit::{Exit, Failure};
use crate::image::Reference;
use crate::registry::Principal;
use crate::session::Session;

pub(crate) use arguments::{copied, destination_login};
pub use destination::{Destination, DestinationError, DestinationLogin};
pub use pace::Waiting;
pub use report::{CopiedImage, CopyReport, Outcome};
pub use state::{State, StateError};
pub use tool::Tool;

use logins::Logins;
use run::Run;
use tool::Found;

/// How to copy.
#[derive(Debug, Clone)]
pub struct How {
    /// By which tool; the first that is installed where not said.
    pub tool: Option<Tool>,
    /// One platform; every one where not said.
    pub platform: Option<String>,
    /// How many pulls are to be left.
    pub floor: u64,
}

/// What the run may touch.
pub struct Around<'a> {
    /// Asks both registries.
    pub session: &'a Session,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What tools are run with.
    pub environment: &'a Environment,
    /// Ends it.
    pub shutdown: &'a CancellationToken,
    /// Told of each image, and of each moment of a wait.
    pub progress: &'a (dyn Fn(Progress<'_>) + Sync),
}

/// What there is to tell while it goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The count must come back first.
    Waits(&'a Waiting),
    /// An image is done with.
    Done(&'a CopiedImage),
}

/// Why nothing can be copied at all.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// No tool.
    #[error("{0} is not installed: no such program in PATH")]
    NoTool(String),
    /// No folder for the logins.
    #[error("cannot make a folder for the tool's logins")]
    Folder(#[source] std::io::Error),
    /// The state cannot be kept.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::NoTool(_) => Self::new(Exit::Runtime, error)
                .advise("install crane or skopeo, which copy every platform of an image"),
            CopyError::Folder(_) | CopyError::State(_) => Self::new(Exit::Usage, error),
        }
    }
}

/// One image to copy, and who may ask for it.
#[derive(Debug)]
pub struct Item {
    /// The source.
    pub source: Reference,
    /// The destination.
    pub destination: Reference,
    /// Who may pay; exactly one is effective.
    pub principals: Vec<Principal>,
}

/// Copies the items in their order.
///
/// # Errors
/// Where there is no tool, or the state cannot be written.
pub async fn copy(
    items: &[Item],
    how: &How,
    around: &Around<'_>,
    login: &mut DestinationLogin,
    state: &mut State,
) -> Result<CopyReport, CopyError> {
    let found = Found::find(how.tool, around.environment, around.shutdown);
    let found = found.ok_or_else(|| {
        let names = Tool::ALL.map(Tool::name).join(", ");
        CopyError::NoTool(how.tool.map_or(names, |tool| tool.name().to_owned()))
    })?;
    let logins = Logins::new().map_err(CopyError::Folder)?;
    let mut run = Run::new(around, how, found, logins, login);
    let mut images = Vec::new();
    for item in items {
        let image = if around.shutdown.is_cancelled() {
            item.untouched()
        } else {
            run.one(item, state).await
        };
        let kept = (&image.digest, &image.digest_destination, image.outcome);
        if let (Some(digest), Some(copied), Outcome::Copied) = kept {
            let copied = state::Copied {
                source: image.source.clone(),
                digest: digest.clone(),
                made: copied.clone(),
                platform: how.platform.clone(),
            };
            state.keep(image.destination.clone(), copied)?;
        }
        (around.progress)(Progress::Done(&image));
        images.push(image);
    }
    Ok(CopyReport::new(images, run.remaining()))
}

impl Item {
    fn untouched(&self) -> CopiedImage {
        CopiedImage::new(&self.source.to_string(), &self.destination.to_string())
    }
}
