//! Which proxy a request goes through: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` as Go's tools read
//! them, so that what is counted here is what their pulls are counted on; `ALL_PROXY` where neither
//! says anything, as curl has it. Apart so that there is one answer to this question: `doctor` asks
//! here, too. A proxy's password is never shown.

use url::Url;

use super::no_proxy::goes_straight;
use crate::context::Environment;

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    variable: String,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string())
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the proxy {} ({})", self.address(), self.variable)
    }
}

/// Why the value of a variable names no proxy. The value may hold a password: it is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// It cannot be read as a URL.
    #[error(
        "{0} is not the URL of a proxy: it is written http://[USER:PASSWORD@]HOST[:PORT], and #, /, ?, @ and % in a password as %23, %2F, %3F, %40 and %25"
    )]
    NotUrl(String),
    /// It is a URL of another kind.
    #[error("{0} names a proxy of a kind that is not supported: http, https and socks5 are")]
    Scheme(String),
    /// It has a blank in it.
    #[error("{0} is not the URL of a proxy: there is a blank in it")]
    Blank(String),
}

/// The proxy for a request to `url`; `None` where it goes straight.
///
/// # Errors
/// Where the variable that decides names no proxy: going straight in silence would read another
/// address' count.
pub fn proxy_for(url: &Url, environment: &Environment) -> Result<Option<Proxy>, ProxyError> {
    let Some(host) = url.host_str() else { return Ok(None) };
    let host = host.trim_matches(['[', ']']);
    let Some((variable, value)) = variable_for(url.scheme(), environment) else { return Ok(None) };
    let exceptions = either("NO_PROXY", environment).map_or("", |(_, list)| list);
    if goes_straight(host, url.port_or_known_default().unwrap_or_default(), exceptions) {
        return Ok(None);
    }
    Proxy::parse(variable, value)
}

/// The variable that decides for a scheme, and its value.
fn variable_for<'a>(scheme: &str, environment: &'a Environment) -> Option<(String, &'a str)> {
    let own = match scheme {
        "https" => either("HTTPS_PROXY", environment),
        // A CGI program finds there what the client sent as `Proxy:`.
        "http" if environment.var("REQUEST_METHOD").is_some() => None,
        "http" => either("HTTP_PROXY", environment),
        _ => return None,
    };
    own.or_else(|| either("ALL_PROXY", environment))
}

/// A variable in capitals, else in small letters.
fn either<'a>(name: &str, environment: &'a Environment) -> Option<(String, &'a str)> {
    [name.to_owned(), name.to_ascii_lowercase()]
        .into_iter()
        .find_map(|name| environment.var(&name).map(|value| (name, value)))
}

/// A value without the blanks and quotation marks around it, which files of variables leave there.
fn bare(value: &str) -> &str {
    let value = value.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark))
        .unwrap_or(value)
        .trim()
}

impl Proxy {
    /// The proxy that a variable's value names; `None` where nothing but blanks is there.
    fn parse(variable: String, value: &str) -> Result<Option<Self>, ProxyError> {
        let value = bare(value);
        if value.is_empty() {
            return Ok(None);
        }
        if value.contains(|odd: char| odd.is_whitespace() || odd.is_control()) {
            return Err(ProxyError::Blank(variable));
        }
        let full = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let Ok(mut url) = Url::parse(&full) else { return Err(ProxyError::NotUrl(variable)) };
        if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
            return Err(ProxyError::Scheme(variable));
        }
        let rest = [Some(url.path()), url.query(), url.fragment()];
        // What stands there was meant as the end of a password.
        if !url.has_host() || rest.into_iter().flatten().any(|part| part.contains('@')) {
            return Err(ProxyError::NotUrl(variable));
        }
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Some(Self { url, variable }))
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("{}:{}", self.url.host_str().unwrap_or("?"), self.port())
    }

    /// Its URL without user and password, for people.
    pub fn url(&self) -> String {
        format!("{}://{}", self.url.scheme(), self.address())
    }

    /// The variable that names it.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Whether it is spoken to in plain HTTP.
    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// What it is to be shown by Basic authentication: user and password. A secret.
    pub(super) fn login(&self) -> Option<Vec<u8>> {
        let (user, password) = (self.url.username(), self.url.password());
        (!user.is_empty() || password.is_some()).then(|| {
            let mut login = percent_decoded(user);
            login.push(b':');
            login.extend(percent_decoded(password.unwrap_or_default()));
            login
        })
    }

    fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(1080)
    }

    /// The same for reqwest. Names are left to a SOCKS proxy to resolve, as Go leaves them.
    pub(super) fn for_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        match self.url.as_str().split_once("socks5://") {
            Some(("", rest)) => reqwest::Proxy::all(format!("socks5h://{rest}")),
            _ => reqwest::Proxy::all(self.url.clone()),
        }
    }
}

/// The bytes of a part of a URL.
fn percent_decoded(part: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let value = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn asked(url: &str, variables: Variables<'_>) -> Result<Option<Proxy>, ProxyError> {
        proxy_for(&url.parse().unwrap(), &variables.iter().copied().collect())
    }

    #[test]
    fn the_variable_of_the_scheme_decides() {
        let rows: &[(&str, Variables<'_>, Option<&str>)] = &[
            ("http://h.example", &[], None),
            ("http://h.example", &[("HTTP_PROXY", "http://p:1")], Some("p:1 (HTTP_PROXY)")),
            ("https://h.example", &[("HTTP_PROXY", "http://p:1")], None),
            ("http://h.example", &[("HTTPS_PROXY", "http://p:1")], None),
            ("https://h.example", &[("https_proxy", "http://p:1")], Some("p:1 (https_proxy)")),
            (
                "https://h.example",
                &[("https_proxy", "http://small:1"), ("HTTPS_PROXY", "http://big:1")],
                Some("big:1 (HTTPS_PROXY)"),
            ),
            ("https://h.example", &[("all_proxy", "p:1")], Some("p:1 (all_proxy)")),
            (
                "https://h.example",
                &[("ALL_PROXY", "a:1"), ("HTTPS_PROXY", "b:1")],
                Some("b:1 (HTTPS_PROXY)"),
            ),
            ("http://h.example", &[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], None),
            ("http://h.example", &[("http_proxy", "p:1"), ("REQUEST_METHOD", "GET")], None),
            (
                "https://h.example",
                &[("HTTPS_PROXY", "p:1"), ("REQUEST_METHOD", "GET")],
                Some("p:1 (HTTPS_PROXY)"),
            ),
            (
                "http://h.example:5000",
                &[("HTTP_PROXY", "p:1"), ("NO_PROXY", "h.example:5000")],
                None,
            ),
            ("http://h.example", &[("HTTP_PROXY", "p:1"), ("no_proxy", "h.example:80")], None),
            (
                "https://[2001:db8::1]",
                &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "2001:db8::/32")],
                None,
            ),
            ("http://localhost:5000", &[("HTTP_PROXY", "p:1")], None),
            // What is not used need not be good.
            ("http://h.example", &[("HTTP_PROXY", "ht!tp://x"), ("NO_PROXY", "*")], None),
            ("http://h.example", &[("HTTPS_PROXY", "ht!tp://x")], None),
        ];
        for (url, variables, wanted) in rows {
            let found = asked(url, variables).unwrap().map(|proxy| proxy.to_string());
            let wanted = wanted.map(|words| format!("the proxy {words}"));
            assert_eq!(found, wanted, "{url} {variables:?}");
        }
    }

    #[test]
    fn a_value_is_read_with_what_files_leave_around_it() {
        for (value, address) in [
            ("http://p.example:3128", "p.example:3128"),
            ("p.example:3128", "p.example:3128"),
            ("p.example", "p.example:80"),
            ("https://p.example", "p.example:443"),
            ("HTTP://P.example/", "p.example:80"),
            ("socks5://p.example", "p.example:1080"),
            ("socks5://p.example:9050", "p.example:9050"),
            ("socks5h://u:hunter2@p.example:9050", "p.example:9050"),
            ("\"http://p.example:3128\"", "p.example:3128"),
            ("'p.example:3128'", "p.example:3128"),
            (" \thttp://p.example:3128\r\n", "p.example:3128"),
            ("\" http://p.example:3128 \"", "p.example:3128"),
            ("http://u:hunter2@p.example:3128", "p.example:3128"),
            ("u:hunter2@p.example:3128", "p.example:3128"),
            ("http://u:hun%23ter2@p.example:3128/", "p.example:3128"),
            ("http://u:hun@ter2@p.example:3128/", "p.example:3128"),
            ("http://[2001:db8::1]:3128", "[2001:db8::1]:3128"),
        ] {
            let proxy = asked("https://h.example", &[("HTTPS_PROXY", value)]).unwrap().unwrap();
            assert_eq!(proxy.address(), address, "{value:?}");
            assert!(proxy.for_reqwest().is_ok(), "{value:?}");
            assert!(!format!("{proxy} {proxy:?}").contains("ter2"), "{value:?}");
        }
        for blank in [" ", "\"\"", "' '"] {
            assert_eq!(
                asked("https://h.example", &[("HTTPS_PROXY", blank)]),
                Ok(None),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn a_value_that_names_no_proxy_is_an_error_that_names_the_variable_and_not_the_value() {
        for value in [
            "ht!tp://p.example:3128",
            "http://",
            "http://u:hunter2#x@p.example:3128",
            "http://u:12#hunter2@p.example:3128",
            "http://u:12/hunter2@p.example:3128",
            "http://u:12?hunter2@p.example:3128",
            "u:hunter2/x@p.example:3128",
            "http://p.example:hunter2",
            "http://p.example:99999",
            "http://p example:hunter2",
            "http://a:1,hunter2 http://b:1",
            "ftp://u:hunter2@p.example",
            "socks4://u:hunter2@p.example",
            "\"http://u:hunter2@p.example:3128",
            "://hunter2",
            "file:///hunter2",
        ] {
            let error = asked("https://h.example", &[("https_proxy", value)]).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(said.contains("https_proxy") && !said.contains("hunter2"), "{value:?}: {said}");
        }
    }
}
