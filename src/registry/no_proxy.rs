//! `NO_PROXY`: which hosts are asked without a proxy. Reads the list as golang.org/x/net/http/httpproxy
//! does (looked up and tried, November 2026), since docker, podman, nerdctl and containerd read it so: what
//! goes straight there must go straight here, or another address' count is read than pulls use.
//! curl's rules (blanks between entries, a trailing dot) are others and do not hold here.

use std::net::IpAddr;

use url::Host;

/// Whether a request to `host` (an IPv6 address without brackets) and `port` goes without a proxy.
/// Loopback always does, whatever the list says.
pub(super) fn goes_straight(host: &str, port: u16, list: &str) -> bool {
    let host = host.trim().to_ascii_lowercase();
    let port = port.to_string();
    let address = host.parse().ok().map(canonical);
    crate::image::is_loopback(&host)
        || list
            .split(',')
            .map(|entry| entry.trim().to_lowercase())
            .any(|entry| covers(&entry, &host, &port, address))
}

/// Whether one entry of the list covers a host.
fn covers(entry: &str, host: &str, port: &str, address: Option<IpAddr>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, length)) = network(entry) {
        return address.is_some_and(|address| shares(network, address, length));
    }
    let (name, only) = with_port(entry).unwrap_or((entry, ""));
    if !only.is_empty() && only != port {
        return false;
    }
    if let Ok(named) = name.parse::<IpAddr>() {
        return address == Some(canonical(named));
    }
    if address.is_some() || name.is_empty() {
        return false;
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    let (itself, domain) = match name.strip_prefix('.') {
        Some(domain) => (false, domain),
        None => (true, name),
    };
    let domain = in_ascii(domain);
    if domain.is_empty() {
        // A lone dot ends no host's name but one that is written with its root.
        return !itself && host.ends_with('.');
    }
    match host.strip_suffix(domain.as_str()) {
        Some("") => itself,
        Some(before) => before.ends_with('.'),
        None => false,
    }
}

/// `HOST:PORT` or `[IPV6]:PORT`, taken apart; the port may be empty.
fn with_port(entry: &str) -> Option<(&str, &str)> {
    let odd = |text: &str| text.contains([':', '[', ']']);
    let (host, port) = match entry.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':')?)
        }
        None => entry.rsplit_once(':').filter(|(host, _)| !odd(host))?,
    };
    (!odd(port) && !host.contains('[')).then_some((host, port))
}

/// `ADDRESS/LENGTH`.
fn network(entry: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = entry.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|_| digits)?;
    match (address, canonical(address)) {
        (IpAddr::V6(_), short @ IpAddr::V4(_)) => {
            (length <= 128).then(|| (short, length.saturating_sub(96)))
        }
        (IpAddr::V4(_), _) => (length <= 32).then_some((address, length)),
        (IpAddr::V6(_), _) => (length <= 128).then_some((address, length)),
    }
}

/// Whether two addresses of one family have their first `length` bits in common.
fn shares(network: IpAddr, address: IpAddr, length: u32) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differ = u32::from(network) ^ u32::from(address);
            differ.leading_zeros() >= length
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differ = u128::from(network) ^ u128::from(address);
            differ.leading_zeros() >= length
        }
        _ => false,
    }
}

/// An IPv4 address inside an IPv6 one is that IPv4 address.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// A name as it stands in a URL: letters beyond ASCII in Punycode.
fn in_ascii(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    match Host::parse(name) {
        Ok(Host::Domain(ascii)) => ascii,
        _ => name.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// URL's host and port, the list, and whether Go goes straight (tried with Go 1.26's net/http).
    pub(crate) const ROWS: &[(&str, u16, &str, bool)] = &[
        // Everything.
        ("hub.example", 443, "*", true),
        ("192.0.2.9", 443, "*", true),
        ("192.0.2.9", 443, "*,x", true),
        ("2001:db8::1", 443, "x, *", true),
        ("hub.example", 443, "**", false),
        ("hub.example", 443, "*example", false),
        ("hub.example", 443, "", false),
        ("hub.example", 443, " , ,", false),
        // Names.
        ("hub.example", 443, "hub.example", true),
        ("hub.example", 443, "HUB.Example", true),
        ("HUB.example", 443, "hub.example", true),
        ("a.hub.example", 443, "hub.example", true),
        ("nothub.example", 443, "hub.example", false),
        ("hub.example", 443, ".example", true),
        ("a.b.example", 443, ".example", true),
        ("example", 443, ".example", false),
        ("hub.example", 443, "*.example", true),
        ("a.b.example", 443, "*.example", true),
        ("example", 443, "*.example", false),
        ("hub.example", 443, "hub.*", false),
        ("hub.example", 443, "*hub.example", false),
        ("hub.example", 443, "..example", false),
        ("hub.example", 443, "other.example,.example", true),
        ("hub.example", 443, "other.example", false),
        ("hub.example", 443, " \thub.example , x", true),
        ("hub.example", 443, "x hub.example", false),
        ("hub.example", 443, "hub.example;x", false),
        ("hub.example", 443, "hub.example.", false),
        ("hub.example.", 443, "hub.example", false),
        ("hub.example.", 443, "hub.example.", true),
        ("hub.example", 443, "https://hub.example", false),
        ("xn--bcher-kva.example", 443, "bücher.example", true),
        ("a.xn--bcher-kva.example", 443, "*.BÜCHER.example", true),
        // Ports.
        ("hub.example", 5000, "hub.example:5000", true),
        ("hub.example", 5001, "hub.example:5000", false),
        ("hub.example", 443, "hub.example:443", true),
        ("hub.example", 80, "hub.example:443", false),
        ("a.hub.example", 5000, "hub.example:5000", true),
        ("a.example", 5000, "*.example:5000", true),
        ("a.example", 5000, ".example:5001", false),
        ("hub.example", 5000, "hub.example:", true),
        ("hub.example", 5000, "hub.example:05000", false),
        ("hub.example", 5000, ":5000", false),
        ("192.0.2.9", 5000, "192.0.2.9:5000", true),
        ("192.0.2.9", 5000, "192.0.2.9:5001", false),
        ("2001:db8::1", 443, "[2001:db8::1]:443", true),
        ("2001:db8::1", 443, "[2001:db8::1]:444", false),
        // Addresses and networks.
        ("192.0.2.9", 443, "192.0.2.9", true),
        ("192.0.2.9", 443, "192.0.2.90", false),
        ("192.0.2.90", 443, "192.0.2.9", false),
        ("192.0.2.9", 443, "192.0.2.0/24", true),
        ("192.0.3.9", 443, "192.0.2.0/24", false),
        ("192.0.2.9", 443, "192.0.2.7/28", true),
        ("192.0.2.9", 443, "0.0.0.0/0", true),
        ("2001:db8::1", 443, "0.0.0.0/0", false),
        ("192.0.2.9", 443, "192.0.2.0/33", false),
        ("192.0.2.9", 443, "192.0.2.0/", false),
        ("192.0.2.9", 443, "192.0.2.0/+24", false),
        ("192.0.2.9", 443, "192.0.2.0/024", true),
        ("192.0.2.9", 443, "192.0.2.*", false),
        ("192.0.2.9", 443, "192.0.2", false),
        ("192.0.2.9", 443, ".0.2.9", false),
        ("192.0.2.9", 443, "2.9", false),
        ("192.0.2.9", 443, ".", false),
        ("hub.example.", 443, ".", true),
        ("hub.example", 443, ".", false),
        ("hub.example", 443, "*.", false),
        ("hub.example", 443, "192.0.2.0/24", false),
        ("2001:db8::1", 443, "2001:db8::1", true),
        ("2001:db8::1", 443, "2001:DB8:0:0::1", true),
        ("2001:db8::1", 443, "[2001:db8::1]", false),
        ("2001:db8::1", 443, "2001:db8::/32", true),
        ("2001:db9::1", 443, "2001:db8::/32", false),
        ("192.0.2.9", 443, "::ffff:192.0.2.9", true),
        ("::ffff:192.0.2.9", 443, "192.0.2.9", true),
        ("192.0.2.9", 443, "::ffff:192.0.2.0/120", true),
        // Loopback, whatever the list says.
        ("localhost", 5000, "", true),
        ("127.0.0.1", 5000, "", true),
        ("127.9.9.9", 5000, "x", true),
        ("::1", 5000, "", true),
        ("localhost.example", 5000, "", false),
        ("a.localhost", 5000, "", false),
    ];

    #[test]
    fn the_list_is_read_as_go_reads_it() {
        let wrong: Vec<_> = ROWS
            .iter()
            .filter(|(host, port, list, straight)| goes_straight(host, *port, list) != *straight)
            .collect();
        assert!(wrong.is_empty(), "{} of {} rows: {wrong:#?}", wrong.len(), ROWS.len());
    }

    proptest! {
        #[test]
        fn no_list_makes_it_panic(list in "[\\[\\]:.*/,0-9a-fü ]{0,40}", host in "[a-f0-9.:]{0,12}") {
            let _ = goes_straight(&host, 443, &list);
        }
    }
}
