//! Proxies that variables name: used as Go's tools use them, and told apart from the registry where
//! they are the trouble. The registry's name is known to nobody but the proxy.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::harness::program::Program;
use crate::harness::{Home, Outcome, Sandbox};

const PASSWORD: &str = "hunter2-planted";

/// What a proxy does with each connection.
#[derive(Clone, Copy)]
enum Habit {
    /// Answers with this.
    Answers(&'static str),
    /// Hangs up once it was asked.
    HangsUp,
    /// Says nothing.
    Silent,
    /// Passes HTTP on to this port, whoever is asked for.
    Forwards(u16),
    /// Speaks SOCKS 5 and passes on to this port.
    Socks(u16),
}

/// A proxy on loopback and the heads that it was sent.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                thread::spawn(move || serve(stream, habit, &seen));
            }
        });
        Self { port, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, habit: Habit, seen: &Mutex<Vec<String>>) -> Option<()> {
    if let Habit::Socks(port) = habit {
        let name = socks(&mut stream)?;
        seen.lock().unwrap().push(name);
        return pass_on(stream, port, &[]);
    }
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    seen.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    match habit {
        Habit::Answers(answer) => stream.write_all(answer.as_bytes()).ok(),
        Habit::HangsUp | Habit::Socks(_) => None,
        Habit::Silent => {
            let _ = stream.read(&mut byte);
            None
        }
        Habit::Forwards(port) => pass_on(stream, port, &head),
    }
}

/// The greeting, the password and the request of SOCKS 5 (RFC 1928, RFC 1929); the name asked for.
fn socks(stream: &mut TcpStream) -> Option<String> {
    let mut take = |length: u8| {
        let mut bytes = vec![0; length.into()];
        stream.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    let methods = take(2)?[1];
    let methods = take(methods)?;
    let wants_password = methods.contains(&2);
    stream.write_all(&[5, if wants_password { 2 } else { 0 }]).ok()?;
    let mut said = String::new();
    let mut take = |length: u8| {
        let mut bytes = vec![0; length.into()];
        stream.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    if wants_password {
        let user = take(2)?[1];
        said.push_str(&String::from_utf8(take(user)?).ok()?);
        let password = take(1)?[0];
        said.push(':');
        said.push_str(&String::from_utf8(take(password)?).ok()?);
        said.push('@');
        stream.write_all(&[1, 0]).ok()?;
    }
    let mut take = |length: u8| {
        let mut bytes = vec![0; length.into()];
        stream.read_exact(&mut bytes).ok().map(|()| bytes)
    };
    let kind = take(4)?[3];
    assert_eq!(kind, 3, "the name is left to the proxy");
    let length = take(1)?[0];
    said.push_str(&String::from_utf8(take(length)?).ok()?);
    take(2)?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    Some(said)
}

fn pass_on(stream: TcpStream, port: u16, first: &[u8]) -> Option<()> {
    let mut there = TcpStream::connect(("127.0.0.1", port)).ok()?;
    there.write_all(first).ok()?;
    let (mut from, mut back) = (stream.try_clone().ok()?, there.try_clone().ok()?);
    let mut stream = stream;
    thread::spawn(move || std::io::copy(&mut from, &mut there));
    std::io::copy(&mut back, &mut stream).ok().map(drop)
}

/// A check of a registry that only a proxy could reach.
fn check(registry: &str, variables: &[(&str, &str)]) -> Outcome {
    let home = Home::new();
    let program = home
        .dhlimit(["check", "nginx", "-o", "json", "-vvv", "--anonymous", "--timeout", "3s"])
        .env("DHLIMIT_REGISTRY_URL", registry)
        .env("DHLIMIT_AUTH_URL", registry);
    let set = |program: Program, (name, value): &(&str, &str)| program.env(name, value);
    variables.iter().fold(program, set).run()
}

#[test]
fn a_proxy_in_trouble_is_named_with_its_status_and_without_its_password() {
    use Habit::{Answers, HangsUp, Silent};
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rows = [
        ("HTTPS_PROXY", None, "was not reached: Connection refused", "network"),
        ("HTTP_PROXY", None, "Connection refused", "network"),
        ("https_proxy", Some(Answers("HTTP/1.1 403 Forbidden\r\n\r\n")), "answered 403", "network"),
        ("HTTPS_PROXY", Some(Answers("HTTP/1.1 429 Slow\r\n\r\n")), "answered 429", "network"),
        ("HTTPS_PROXY", Some(Answers("HTTP/1.0 502 Bad\r\n\r\n")), "answered 502", "network"),
        ("HTTPS_PROXY", Some(Answers("HTTP/1.1 407 Who\r\n\r\n")), "answered 407", "network"),
        (
            "HTTP_PROXY",
            Some(Answers("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")),
            "answered 407",
            "network",
        ),
        ("HTTPS_PROXY", Some(Answers("SSH-2.0-x\r\n\r\n")), "refused a connection", "network"),
        ("HTTPS_PROXY", Some(HangsUp), "hung up", "network"),
        ("HTTPS_PROXY", Some(Silent), "in the time given", "timeout"),
        ("ALL_PROXY", Some(HangsUp), "hung up", "network"),
    ];
    for (variable, habit, words, kind) in rows {
        let proxy = habit.map(Proxy::start);
        let port = proxy.as_ref().map_or(free, |proxy| proxy.port);
        let scheme = if variable.eq_ignore_ascii_case("HTTP_PROXY") { "http" } else { "https" };
        let url = format!("http://bob:{PASSWORD}@127.0.0.1:{port}");
        let outcome = check(&format!("{scheme}://hub.test"), &[(variable, &url)]).expect_code(3);
        let error = &outcome.json()["readings"][0]["error"];
        let message = error["message"].as_str().unwrap();
        let named = format!("the proxy 127.0.0.1:{port} ({variable}) ");
        assert!(message.starts_with(&named) && message.contains(words), "{message}");
        assert_eq!(error["kind"], kind, "{message}");
        assert!(error["advice"].as_str().unwrap().contains("NO_PROXY"), "{error}");
        assert!(!outcome.everything().contains(PASSWORD), "{outcome:?}");
        for head in proxy.iter().flat_map(Proxy::heads) {
            assert!(head.contains("hub.test") && head.contains("roxy-"), "{head}");
        }
    }
}

#[test]
fn what_names_no_proxy_is_a_usage_error_that_names_the_variable() {
    for value in [
        format!("ht!tp://bob:{PASSWORD}@127.0.0.1:9"),
        format!("http://bob:{PASSWORD}#x@127.0.0.1:9"),
        format!("http://bob:12/{PASSWORD}@127.0.0.1:9"),
        format!("ftp://bob:{PASSWORD}@127.0.0.1:9"),
        format!("http://bob:{PASSWORD}@127.0.0.1:9 http://127.0.0.1:10"),
    ] {
        let outcome = check("https://hub.test", &[("https_proxy", &value)]).expect_code(2);
        let said = outcome.everything();
        assert!(said.contains("https_proxy") && !said.contains(PASSWORD), "{outcome:?}");
    }
}

#[test]
fn a_proxy_is_used_however_its_variable_is_written() {
    let sandbox = Sandbox::start(&["--limit", "9"]);
    let port: u16 = sandbox.authority().rsplit(':').next().unwrap().parse().unwrap();
    for (before, after) in [
        ("http://", ""),
        ("", ""),
        ("\"http://", "\""),
        ("' http://", "/' "),
        ("  http://bob:se%23cret@", "\n"),
    ] {
        let proxy = Proxy::start(Habit::Forwards(port));
        let value = format!("{before}127.0.0.1:{}{after}", proxy.port);
        let outcome = check("http://hub.test", &[("HTTP_PROXY", &value)]).expect_code(0);
        assert_eq!(outcome.json()["readings"][0]["limit"], 9, "{value:?}: {outcome:?}");
        let heads = proxy.heads();
        assert!(heads[0].starts_with("GET http://hub.test/token"), "{heads:?}");
        let login = heads[0].contains("Basic Ym9iOnNlI2NyZXQ=");
        assert_eq!(login, before.contains("bob"), "{heads:?}");
    }
}

#[test]
fn a_socks_proxy_is_given_the_name_and_the_password() {
    let sandbox = Sandbox::start(&["--limit", "9"]);
    let port: u16 = sandbox.authority().rsplit(':').next().unwrap().parse().unwrap();
    for (login, wanted) in [("", "hub.test"), ("bob:se%23cret@", "bob:se#cret@hub.test")] {
        for scheme in ["socks5", "socks5h"] {
            let proxy = Proxy::start(Habit::Socks(port));
            let value = format!("{scheme}://{login}127.0.0.1:{}", proxy.port);
            let outcome = check("http://hub.test", &[("HTTP_PROXY", &value)]).expect_code(0);
            assert_eq!(outcome.json()["readings"][0]["limit"], 9, "{outcome:?}");
            assert_eq!(proxy.heads()[0], wanted);
        }
    }
    let outcome =
        check("http://hub.test", &[("HTTP_PROXY", "socks5://127.0.0.1:1")]).expect_code(3);
    let message = outcome.json()["readings"][0]["error"]["message"].to_string();
    assert!(message.contains("the proxy 127.0.0.1:1 (HTTP_PROXY) "), "{message}");
}

#[test]
fn a_program_behind_a_web_server_takes_no_proxy_from_its_client() {
    let sandbox = Sandbox::start(&["--limit", "9"]);
    let proxy = Proxy::start(Habit::HangsUp);
    let url = format!("http://127.0.0.1:{}", proxy.port);
    check("http://hub.invalid", &[("HTTP_PROXY", &url), ("REQUEST_METHOD", "GET")]).expect_code(3);
    assert_eq!(proxy.heads(), Vec::<String>::new());
    // Loopback needs no exception.
    check(sandbox.url(), &[("HTTP_PROXY", &url)]).expect_code(0);
    assert_eq!(proxy.heads(), Vec::<String>::new());
}
