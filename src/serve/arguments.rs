//! From the arguments of `serve` to what stands before its port, what is known at its start, and the files
//! that it is made of.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Exporter, Lock, LockError, Status};
use crate::cli::{Compat, Serve};
use crate::context::Environment;
use crate::credentials::{Account, AccountPassword, files};
use crate::exit::{Exit, Failure};

/// The longest that the schedule waits by itself: a count is stale after two of them.
const SLOWEST: TimeDelta = TimeDelta::minutes(5);

impl Status {
    /// What is known before the first reading of so many targets.
    pub(crate) fn of_arguments(args: &Serve, targets: usize, now: DateTime<Utc>) -> Self {
        let span = |span: Option<_>| span.and_then(|span| TimeDelta::from_std(span).ok());
        Self {
            since: now,
            configured: (true, now),
            targets,
            stale_after: span(args.interval).unwrap_or(SLOWEST) * 2,
            compat: args.compat.map(Exporter::from),
            history: span(args.history),
            ..Self::default()
        }
    }
}

impl From<Compat> for Exporter {
    fn from(compat: Compat) -> Self {
        match compat {
            Compat::Jadolg => Self::Jadolg,
            Compat::Drl => Self::Drl,
            Compat::Gitlab => Self::Gitlab,
            Compat::Grafzahl => Self::Grafzahl,
        }
    }
}

impl Lock {
    /// What stands before the port by the arguments.
    ///
    /// # Errors
    /// A file cannot be used.
    pub(crate) fn of_arguments(args: &Serve) -> Result<Self, Failure> {
        let certificate = args.tls_cert.as_deref().zip(args.tls_key.as_deref());
        Ok(Self::read(certificate, args.auth_file.as_deref())?)
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        Self::new(Exit::Usage, error).advise(
            "--tls-cert and --tls-key take PEM files, --auth-file lines USER:PASSWORD or `Bearer TOKEN`",
        )
    }
}

/// The files that what is served is made of: the configuration, places of logins, certificates, passwords.
pub(crate) fn files_of(
    environment: &Environment,
    args: &Serve,
    accounts: &[Account],
    config: Option<&PathBuf>,
) -> Vec<PathBuf> {
    let asking = &args.asking;
    let named =
        [&args.auth_file, &args.tls_cert, &args.tls_key, &asking.password_file, &asking.ca_cert];
    let named = named.into_iter().flatten().chain(config).cloned();
    let passwords = accounts.iter().filter_map(|account| match &account.password {
        AccountPassword::File(path) => Some(path.clone()),
        _ => None,
    });
    files(environment).into_iter().chain(named).chain(passwords).collect()
}
