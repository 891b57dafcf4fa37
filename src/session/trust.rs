//! Whom to trust. The certificates may come by a pipe: they are read within the time limit, and not
//! on a thread that anybody waits for.

use std::path::PathBuf;
use std::time::Duration;

use super::SessionError;
use crate::context::aside;
use crate::registry::Trust;

/// The system's certificates and those in the PEM file `extra`.
pub(super) async fn load(extra: Option<PathBuf>, limit: Duration) -> Result<Trust, SessionError> {
    let named = extra
        .as_ref()
        .map_or_else(|| "the system's certificates".to_owned(), |path| path.display().to_string());
    let unread = |why: String| SessionError::Certificates { file: named, why };
    let work = aside(move || Trust::load(extra.as_deref()));
    match tokio::time::timeout(limit, work).await {
        Err(_) => Err(unread("it gives no end within the time limit".to_owned())),
        Ok(Err(error)) => Err(unread(error.to_string())),
        Ok(Ok(loaded)) => Ok(loaded?),
    }
}
