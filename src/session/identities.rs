//! As whom a session asks: the places where credentials lie, whom the user chose, and which of the
//! places' notes were given out already.

use std::collections::HashSet;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Session, SessionError, Who};
use crate::context::Environment;
use crate::credentials::{self, Account, Choice, Keychain, Login, Note};
use crate::image::Reference;
use crate::registry::Principal;

/// The places, and whom the user chose of those found there.
pub(super) struct Identities {
    keychain: Keychain,
    choice: Choice,
    /// The notes given out so far, in words.
    given: Mutex<HashSet<String>>,
}

impl Identities {
    /// `limit` is for each of the places.
    pub(super) fn new(
        environment: Environment,
        accounts: Vec<Account>,
        limit: Duration,
        choice: Choice,
    ) -> Self {
        let keychain = Keychain::new(environment, accounts).within(limit);
        Self { keychain, choice, given: Mutex::default() }
    }
}

impl Session {
    /// The places where credentials lie.
    pub fn keychain(&self) -> &Keychain {
        &self.identities.keychain
    }

    /// Who is to be asked as for an image, with every note on the places.
    ///
    /// # Errors
    /// Where whoever was named lies nowhere.
    pub async fn identities(
        &self,
        image: &Reference,
    ) -> Result<credentials::Identities, SessionError> {
        let choice = match &self.identities.choice {
            Choice::All | Choice::Effective if self.is_practice(image) => &Choice::Anonymous,
            choice => choice,
        };
        let keychain = self.keychain();
        Ok(keychain.identities(image.registry(), image.repository(), choice).await?)
    }

    /// The same as those who ask, with the notes that no earlier image brought.
    ///
    /// # Errors
    /// As [`Session::identities`].
    pub async fn principals(
        &self,
        image: &Reference,
    ) -> Result<(Vec<Principal>, Vec<Note>), SessionError> {
        let found = self.identities(image).await?;
        let mut given = self.identities.given.lock().unwrap_or_else(PoisonError::into_inner);
        let new = |note: &Note| given.insert(note.to_string());
        let notes = found.notes.into_iter().filter(new).collect();
        Ok((found.identities.into_iter().map(Principal::from).collect(), notes))
    }
}

/// Whom the user chose; a password is read within `limit`.
pub(super) async fn choice(
    who: Who,
    stdin: impl Read + Send + 'static,
    environment: &Environment,
    limit: Duration,
) -> Result<Choice, SessionError> {
    Ok(match who {
        Who::Anonymous => Choice::Anonymous,
        Who::Effective => Choice::Effective,
        Who::All => Choice::All,
        Who::User(user) => Choice::User(user),
        Who::Login { user, password } => {
            Choice::Explicit(Login::explicit(&user, &password, stdin, environment, limit).await?)
        }
    })
}
