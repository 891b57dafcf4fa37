//! The clients of a session: one for each registry and address family, so that whoever asks the same
//! registry shares its connections and tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::SessionError;
use crate::context::Environment;
use crate::image::Reference;
use crate::quota::Family;
use crate::registry::{Client, Endpoint, Places, Trust};

/// A registry's name, and the family to ask over.
type Key = (String, Option<Family>);

/// Clients, made where they are first asked for.
pub(super) struct Clients {
    trust: Trust,
    environment: Environment,
    made: Mutex<HashMap<Key, Arc<Client>>>,
}

impl Clients {
    pub(super) fn new(trust: Trust, environment: Environment) -> Self {
        Self { trust, environment, made: Mutex::default() }
    }

    /// The client of an image's registry over a family.
    pub(super) fn of(
        &self,
        image: &Reference,
        family: Option<Family>,
        places: &Places,
    ) -> Result<Arc<Client>, SessionError> {
        let key = (image.registry().to_owned(), family);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&key) {
            return Ok(client.clone());
        }
        let endpoint = Endpoint::of(image, places)?;
        let client = Client::new(endpoint, family, &self.trust, &self.environment)
            .map_err(SessionError::Client)?;
        let client = Arc::new(client);
        made.insert(key, client.clone());
        Ok(client)
    }

    /// A client for a mirror.
    pub(super) fn mirror(&self, url: url::Url) -> Option<Client> {
        Client::new(Endpoint::at(url).ok()?, None, &self.trust, &self.environment).ok()
    }
}
