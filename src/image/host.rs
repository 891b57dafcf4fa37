//! Hosts as they stand in references, URLs and `Host` fields: which of them are this machine, and which
//! of them a page in a browser can make point at it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::hub;

/// The host of a registry's name, without its port and brackets.
pub(super) fn host_of(registry: &str) -> &str {
    if let Some(rest) = registry.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(host, _)| host);
    }
    registry.split_once(':').map_or(registry, |(host, _)| host)
}

/// Whether a host without a port is this machine itself: `localhost`, 127.0.0.0/8, `::1` with or without
/// brackets, or an IPv4 loopback address written as IPv6.
///
/// ```
/// assert!(dhlimit::image::is_loopback("127.0.0.53") && dhlimit::image::is_loopback("[::1]"));
/// assert!(!dhlimit::image::is_loopback("localhost.example.com"));
/// ```
pub fn is_loopback(host: &str) -> bool {
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        })
}

/// Whether a `Host` field may stand in a request to a server on this machine or in this network: an
/// address, a name without a dot, a name that no public name server answers (`localhost`, `internal`,
/// `local`, `test`, `svc`), or one of Docker Hub's, whose place a sandbox takes. Any other name may
/// belong to a page that let it point here (DNS rebinding).
///
/// ```
/// use dhlimit::image::is_local_host;
/// assert!(is_local_host("127.0.0.1:5000") && is_local_host("host.docker.internal"));
/// assert!(!is_local_host("evil.example") && !is_local_host(""));
/// ```
pub fn is_local_host(field: &str) -> bool {
    const UNDER: [&str; 5] = [".localhost", ".internal", ".local", ".test", ".svc"];
    let host = host_of(field).trim_end_matches('.').to_ascii_lowercase();
    !host.is_empty()
        && (host.parse::<IpAddr>().is_ok()
            || !host.contains('.')
            || UNDER.iter().any(|name| host.ends_with(name))
            || hub::owns(&host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("127.0.0.1", true)]
    #[case("192.0.2.7:41234", true)]
    #[case("[::1]:5000", true)]
    #[case("localhost", true)]
    #[case("LocalHost.:80", true)]
    #[case("sandbox:5000", true)]
    #[case("hub.localhost", true)]
    #[case("host.docker.internal:5000", true)]
    #[case("dhlimit.monitoring.svc", true)]
    #[case("dhlimit.monitoring.svc.cluster.local:9", true)]
    #[case("registry-1.docker.io", true)]
    #[case("evil.example", false)]
    #[case("127.0.0.1.evil.example", false)]
    #[case("localhost.evil.example", false)]
    #[case("evildocker.io", false)]
    #[case("evil.example:127", false)]
    #[case("", false)]
    #[case(":80", false)]
    fn a_foreign_name_is_told_from_our_own(#[case] field: &str, #[case] local: bool) {
        assert_eq!(is_local_host(field), local);
    }
}
