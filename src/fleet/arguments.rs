//! From the arguments of `fleet` to a login, a grouping and the rows of Docker Hub's own file.

use std::path::Path;

use secrecy::SecretString;

use super::{ApiError, By, Login, UsageRow, usage};
use crate::cli::{Fleet as Args, Grouping};
use crate::context::read_bounded;
use crate::exit::{Exit, Failure};

impl From<Grouping> for By {
    fn from(grouping: Grouping) -> Self {
        match grouping {
            Grouping::Source => Self::Source,
            Grouping::Account => Self::Account,
            Grouping::Node => Self::Node,
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let (exit, advice) = (error.exit(), error.advice());
        Self::new(exit, error).advise(advice)
    }
}

/// The rows of the file that `--hub-csv` names.
///
/// # Errors
/// It cannot be read, or is no such CSV.
pub(crate) fn usage_file(path: &Path) -> anyhow::Result<Vec<UsageRow>> {
    let name = || format!("--hub-csv {}", path.display());
    let advice =
        "give the CSV of Docker Hub's page of usage: columns datehour, repository, ..., pulls";
    let wrong =
        |error: anyhow::Error| Failure::new(Exit::Usage, error.context(name())).advise(advice);
    let file = std::fs::File::open(path).map_err(|error| wrong(error.into()))?;
    Ok(usage(std::io::BufReader::new(file)).map_err(|error| wrong(error.into()))?)
}

impl Login {
    /// The login that the arguments name, from files.
    ///
    /// # Errors
    /// A file holds no secret of one line.
    pub(crate) fn of_arguments(args: &Args) -> Result<Option<Self>, Failure> {
        let secret = |path: &Path| -> Result<SecretString, Failure> {
            let bytes = std::fs::File::open(path).and_then(read_bounded);
            let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let line = text
                .as_deref()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.contains('\n'));
            line.map(SecretString::from).ok_or_else(|| {
                Failure::new(
                    Exit::Credentials,
                    anyhow::anyhow!("{} holds no secret of one line", path.display()),
                )
                .advise("name a file that can be read and holds the token or password alone")
            })
        };
        Ok(match (&args.bearer_file, &args.user, &args.password_file) {
            (Some(path), ..) => Some(Self::Bearer(secret(path)?)),
            (None, Some(user), Some(path)) => Some(Self::Basic(user.clone(), secret(path)?)),
            _ => None,
        })
    }
}
