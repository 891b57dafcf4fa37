//! Passwords that the user hands over: from standard input, a file or a variable. One line of text;
//! the line end is not part of it, as `docker login --password-stdin` has it.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::places;
use super::{Credential, CredentialsError, Login, Origin, Reader};
use crate::context::{Environment, why_unread};

/// Where the password of `--user` comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// Standard input.
    Stdin,
    /// A file, or whatever behaves like one.
    File(PathBuf),
}

impl Login {
    /// The login of `--user` with its password from `source`; `stdin` is read to its end where it is the
    /// source. Either may be a pipe, and has no longer than `limit`.
    pub async fn explicit(
        user: &str,
        source: &PasswordSource,
        stdin: impl Read + Send + 'static,
        environment: &Environment,
        limit: Duration,
    ) -> Result<Self, CredentialsError> {
        let origin = match source {
            PasswordSource::Stdin => Origin::Stdin,
            PasswordSource::File(path) => Origin::PasswordFile(places::shown(path, environment)),
        };
        let unreadable = |why: String| CredentialsError::Unreadable { from: origin.clone(), why };
        let read = async {
            match source {
                PasswordSource::Stdin => places::read_from(move || Ok(stdin)).await,
                PasswordSource::File(path) => places::read(path).await,
            }
        };
        let bytes = tokio::time::timeout(limit, read)
            .await
            .map_err(|_| unreadable("it gives no end within the time limit".to_owned()))?;
        let bytes = bytes.map_err(|error| unreadable(why_unread(&error)))?;
        let secret =
            line(bytes).ok_or_else(|| CredentialsError::Password { from: origin.clone() })?;
        Ok(Self {
            credential: Credential::Password { user: user.to_owned(), secret },
            origin,
            reader: Reader::Explicit,
        })
    }
}

/// The most bytes a password may have: enough for any token.
const MOST_PASSWORD: usize = 64 * 1024;

/// The one line of text in `bytes`, without its end; `None` where there is none, or more, or no end to it.
pub(super) fn line(bytes: Vec<u8>) -> Option<SecretString> {
    if bytes.len() > MOST_PASSWORD {
        return None;
    }
    let text = String::from_utf8(bytes).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    (!text.is_empty() && !text.contains(char::is_control)).then(|| SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_password_is_one_line_without_its_end() {
        let rows: &[(&[u8], Option<&str>)] = &[
            (b"secret", Some("secret")),
            (b"secret\n", Some("secret")),
            (b"secret\r\n", Some("secret")),
            (b" two words \n", Some(" two words ")),
            (b"secret\n\n", None),
            (b"a\nb\n", None),
            (b"", None),
            (b"\n", None),
            (b"a\0b", None),
            (b"\xff\xfe", None),
        ];
        for (bytes, wanted) in rows {
            assert_eq!(
                line(bytes.to_vec()).as_ref().map(ExposeSecret::expose_secret),
                *wanted,
                "{bytes:?}"
            );
        }
    }
}
