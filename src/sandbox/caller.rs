//! Who is asking, and under which name the sandbox was asked: the other end of the connection, or
//! what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;

use super::identity::Identity;
use crate::image::is_local_host;

/// The other end of a connection, as the server puts it beside each request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// It speaks TLS.
    pub(super) secure: bool,
}

/// Who is asking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    /// Whom it is counted on without credentials.
    pub(super) address: Identity,
    /// It is on this machine.
    pub(super) local: bool,
    /// A page of another site asks, in this machine's browser: no client of a registry sends `Origin`,
    /// and a name that is not this machine's is one that a page let point here.
    pub(super) foreign: bool,
    secure: bool,
    host: Option<&'a str>,
}

impl<'a> Caller<'a> {
    /// Who sent a request. Forwarded headers are read where the proxy is trusted: the last address,
    /// which is the one the nearest proxy saw.
    pub(super) fn of(parts: &'a Parts, trust_proxy: bool) -> Self {
        let peer = parts.extensions.get::<Peer>().copied();
        let peer = peer.unwrap_or(Peer { address: IpAddr::V4(Ipv4Addr::LOCALHOST), secure: false });
        let field = |name: &str| {
            parts
                .headers
                .get_all(name)
                .iter()
                .next_back()?
                .to_str()
                .ok()?
                .rsplit(',')
                .next()
                .map(str::trim)
        };
        let forwarded =
            trust_proxy.then(|| field("x-forwarded-for")).flatten().and_then(parse_address);
        let address = forwarded.unwrap_or(peer.address);
        let secure = match trust_proxy.then(|| field("x-forwarded-proto")).flatten() {
            Some(scheme) => scheme.eq_ignore_ascii_case("https"),
            None => peer.secure,
        };
        let host = parts
            .headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| parts.uri.authority().map(Authority::as_str));
        Self {
            address: Identity::of_address(address),
            // Whoever reaches the sandbox directly may write a forwarded address, too.
            local: peer.address.to_canonical().is_loopback()
                && address.to_canonical().is_loopback(),
            foreign: host.is_some_and(|host| !is_local_host(host))
                || parts.headers.contains_key(ORIGIN)
                || field("sec-fetch-site")
                    .is_some_and(|site| !matches!(site, "none" | "same-origin")),
            secure,
            host,
        }
    }

    /// The URL under which it asks: scheme and host.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.host.filter(|host| is_host(host)).unwrap_or("localhost"))
    }
}

/// Nothing that could end the quotation marks it will stand in.
fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 260
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

/// An address as proxies write it: bare, in brackets, with a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use rstest::rstest;

    /// Address, locality and origin of who sends these fields.
    fn caller(trust_proxy: bool, fields: &[(&str, &str)]) -> (String, bool, String) {
        let request = fields
            .iter()
            .fold(Request::get("/v2/"), |request, (name, value)| request.header(*name, *value));
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(Peer { address: "127.0.0.1".parse().unwrap(), secure: false });
        let caller = Caller::of(&parts, trust_proxy);
        (caller.address.to_string(), caller.local, caller.origin())
    }

    #[rstest]
    #[case("192.0.2.7", "192.0.2.7")]
    #[case("198.51.100.1, 192.0.2.7", "192.0.2.7")]
    #[case("192.0.2.7:4711", "192.0.2.7")]
    #[case("[2001:db8:1:2::9]:4711", "2001:db8:1:2::")]
    #[case("[2001:db8:1:2::9]", "2001:db8:1:2::")]
    #[case("unknown", "127.0.0.1")]
    #[case("", "127.0.0.1")]
    fn a_trusted_proxy_says_who_asks(#[case] value: &str, #[case] counted: &str) {
        assert_eq!(caller(true, &[("x-forwarded-for", value)]).0, counted);
        let (address, local, _) = caller(false, &[("x-forwarded-for", value)]);
        assert_eq!((address.as_str(), local), ("127.0.0.1", true));
    }

    #[test]
    fn who_comes_through_a_trusted_proxy_is_not_local() {
        assert!(!caller(true, &[("x-forwarded-for", "192.0.2.7")]).1);
        assert!(caller(true, &[]).1);
    }

    #[rstest]
    #[case(&[("host", "127.0.0.1:5000")], false)]
    #[case(&[("host", "registry-1.docker.io")], false)]
    #[case(&[], false)]
    #[case(&[("host", "evil.example")], true)]
    #[case(&[("host", "127.0.0.1:5000"), ("origin", "https://evil.example")], true)]
    #[case(&[("host", "127.0.0.1:5000"), ("origin", "null")], true)]
    #[case(&[("host", "localhost"), ("sec-fetch-site", "cross-site")], true)]
    #[case(&[("host", "localhost"), ("sec-fetch-site", "none")], false)]
    fn a_page_of_another_site_is_foreign(#[case] fields: &[(&str, &str)], #[case] foreign: bool) {
        let parts = fields
            .iter()
            .fold(Request::get("/"), |request, (name, value)| request.header(*name, *value))
            .body(())
            .unwrap()
            .into_parts()
            .0;
        assert_eq!(Caller::of(&parts, false).foreign, foreign);
    }

    #[test]
    fn a_forwarded_loopback_address_makes_nobody_local() {
        let request = Request::get("/").header("x-forwarded-for", "127.0.0.1");
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(Peer { address: "192.0.2.9".parse().unwrap(), secure: false });
        assert!(!Caller::of(&parts, true).local);
    }

    #[rstest]
    #[case("registry.example:5000", "http://registry.example:5000")]
    #[case("[::1]:5000", "http://[::1]:5000")]
    #[case("a\"b", "http://localhost")]
    fn the_origin_is_the_one_that_was_asked(#[case] host: &str, #[case] origin: &str) {
        assert_eq!(caller(false, &[("host", host)]).2, origin);
    }

    #[test]
    fn a_trusted_proxy_may_speak_tls_for_the_sandbox() {
        let fields = [("host", "hub.example"), ("x-forwarded-proto", "https")];
        assert_eq!(caller(true, &fields).2, "https://hub.example");
        assert_eq!(caller(false, &fields).2, "http://hub.example");
    }
}
