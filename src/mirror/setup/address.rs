//! Where a mirror is, as a person writes it: `https://HOST/PREFIX`, `HOST:PORT`, `https://HOST/v2/PREFIX`.

use url::Url;

use super::SetupError;
use crate::hostconfig::Address;
use crate::image::{hub, is_loopback};

/// The address in `--to`. A host on loopback is spoken to in plain HTTP unless a scheme says otherwise.
pub(super) fn parse(to: &str) -> Result<Address, SetupError> {
    let wrong = |why: &str| SetupError::Address(why.to_owned());
    let written = if to.contains("://") { to.to_owned() } else { format!("https://{to}") };
    // No error quotes what is written: it may hold a login.
    let url = Url::parse(&written).map_err(|_| wrong("it is no URL of a host"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it begins with neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("a user name or password does not belong into it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it ends in a query or a fragment"));
    }
    let name =
        url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
    if hub::owns(name) {
        return Err(wrong("that is Docker Hub itself"));
    }
    let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    let is_plain = !to.contains("://") && is_loopback(name);
    let scheme = if is_plain { "http" } else { url.scheme() }.to_owned();
    let path = url.path().trim_matches('/');
    let prefix = if path == "v2" { "" } else { path.strip_prefix("v2/").unwrap_or(path) };
    let fits = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "/._-".contains(letter)
    };
    if !prefix.chars().all(fits) {
        return Err(wrong("the path holds a character that no repository's name may hold"));
    }
    Ok(Address { scheme, host, prefix: prefix.to_owned() })
}
