//! The sandbox beside other registries, on this machine: manifest GETs a second, and memory for a
//! million identities. Not a test: it prints what it measures. `cargo bench --bench sandbox`.
//!
//! The sandbox checks a token and counts every request; the others do neither. Each is a process of
//! its own; the load comes from here over kept connections, so both share this machine's cores and
//! the processor time a request costs the server is the fairer number. Needs crane (v0.21.9) and
//! Debian's docker-registry in the search path; what is missing is left out and said so.

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

const SECONDS: u64 = 3;
const ROUNDS: usize = 3;
const THREADS: usize = 2;
const CONNECTIONS: usize = 16;
const IDENTITIES: u32 = 1_000_000;
const IMAGE: &str = "library/nginx";

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("dhlimit-bench-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let result = compare(&folder).and_then(|()| million());
    fs::remove_dir_all(&folder)?;
    result
}

fn compare(folder: &Path) -> Result<()> {
    let sandbox = Server::sandbox(&["--limit", "1000000"])?;
    let authorization = format!("Authorization: Bearer {}\r\n", token_of(&sandbox)?);
    let mut others = Vec::new();
    for (name, server) in [
        ("crane registry serve", Server::crane()?),
        ("docker-registry", Server::distribution(folder)?),
    ] {
        match server {
            Some(server) => {
                server.fill_from(&sandbox)?;
                others.push((name, server, Load::default()));
            }
            None => println!("left out: {name} is not in the search path"),
        }
    }
    // In turns, and the best of each: whatever else this machine does, it does to all.
    let mut own = Load::default();
    for _ in 0..ROUNDS {
        own = own.better(&load(&sandbox, &authorization)?);
        for (_, server, best) in &mut others {
            *best = best.better(&load(server, "")?);
        }
    }
    println!(
        "{:<24} {:>12} {:>14} {:>12} {:>18}",
        "manifest GETs", "per second", "CPU per GET", "sandbox is", "sandbox needs"
    );
    println!("{:<24} {:>12.0} {:>11.1} µs", "dhlimit sandbox", own.per_second, own.cpu_micros);
    for (name, _, other) in others {
        let (speed, cpu) = (own.per_second / other.per_second, other.cpu_micros / own.cpu_micros);
        println!(
            "{name:<24} {:>12.0} {:>11.1} µs {speed:>7.1}x fast {cpu:>8.1}x less CPU",
            other.per_second, other.cpu_micros
        );
    }
    Ok(())
}

/// One GET from each of a million addresses, then the server's memory.
fn million() -> Result<()> {
    let sandbox = Server::sandbox(&["--limit", "100", "--trust-proxy"])?;
    let token = token_of(&sandbox)?;
    let before = sandbox.memory_mib()?;
    let started = Instant::now();
    let each = IDENTITIES / u32::try_from(THREADS)?;
    let workers = (0..u32::try_from(THREADS)?).map(|worker| {
        let (authority, token) = (sandbox.authority.clone(), token.clone());
        thread::spawn(move || -> Result<()> {
            let mut connections = connect(&authority)?;
            let addresses = worker * each..(worker + 1) * each;
            for batch in addresses.collect::<Vec<_>>().chunks(CONNECTIONS) {
                let requests = batch.iter().map(|number| {
                    let [_, b, c, d] = number.to_be_bytes();
                    request(
                        &authority,
                        &format!(
                            "Authorization: Bearer {token}\r\nX-Forwarded-For: 10.{b}.{c}.{d}\r\n"
                        ),
                    )
                });
                round(&mut connections, requests)?;
            }
            Ok(())
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
    }
    println!(
        "{IDENTITIES} identities with a pull each: {:.0} MiB in {:.0} s (with none: {before:.0} MiB)",
        sandbox.memory_mib()?,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What a load did.
#[derive(Debug, Clone, Copy)]
struct Load {
    per_second: f64,
    cpu_micros: f64,
}

impl Default for Load {
    /// Worse than any.
    fn default() -> Self {
        Self { per_second: 0.0, cpu_micros: f64::INFINITY }
    }
}

impl Load {
    fn better(&self, other: &Self) -> Self {
        Self {
            per_second: self.per_second.max(other.per_second),
            cpu_micros: self.cpu_micros.min(other.cpu_micros),
        }
    }
}

fn load(server: &Server, fields: &str) -> Result<Load> {
    let request = request(&server.authority, fields);
    let cpu = server.cpu_seconds()?;
    let started = Instant::now();
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (request, authority) = (request.clone(), server.authority.clone());
            thread::spawn(move || -> Result<u32> {
                let mut connections = connect(&authority)?;
                let mut done = 0;
                while started.elapsed() < Duration::from_secs(SECONDS) {
                    done += round(&mut connections, std::iter::repeat_n(&request, CONNECTIONS))?;
                }
                Ok(done)
            })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        done += worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
    }
    let (seconds, done) = (started.elapsed().as_secs_f64(), f64::from(done));
    Ok(Load { per_second: done / seconds, cpu_micros: (server.cpu_seconds()? - cpu) / done * 1e6 })
}

fn request(authority: &str, fields: &str) -> String {
    format!(
        "GET /v2/{IMAGE}/manifests/latest HTTP/1.1\r\nHost: {authority}\r\nAccept: application/vnd.oci.image.index.v1+json\r\n{fields}\r\n"
    )
}

fn connect(authority: &str) -> Result<Vec<BufReader<TcpStream>>> {
    let one = |_| {
        let stream = TcpStream::connect(authority)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(BufReader::new(stream))
    };
    (0..CONNECTIONS).map(one).collect()
}

/// One request on each connection, then all the answers: the fewest switches between client and server.
fn round<S: AsRef<str>>(
    connections: &mut [BufReader<TcpStream>],
    requests: impl Iterator<Item = S>,
) -> Result<u32> {
    let mut sent = 0;
    for (connection, request) in connections.iter_mut().zip(requests) {
        connection.get_mut().write_all(request.as_ref().as_bytes())?;
        sent += 1;
    }
    for connection in connections.iter_mut().take(sent) {
        let (status, _) = answer(connection)?;
        ensure!(status == 200, "answered {status}");
    }
    Ok(u32::try_from(sent)?)
}

fn answer(connection: &mut BufReader<TcpStream>) -> Result<(u16, Vec<u8>)> {
    let (mut line, mut length) = (String::new(), 0);
    connection.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("no status in {line:?}"))?;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok((status, body))
}

fn token_of(server: &Server) -> Result<String> {
    let mut connection = BufReader::new(TcpStream::connect(&server.authority)?);
    let path = format!("/token?service=registry.docker.io&scope=repository:{IMAGE}:pull");
    connection.get_mut().write_all(
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.authority).as_bytes(),
    )?;
    let (_, body) = answer(&mut connection)?;
    let answer: serde_json::Value = serde_json::from_slice(&body)?;
    Ok(answer.get("token").and_then(|token| token.as_str()).context("no token")?.to_owned())
}

/// A registry in a process of its own; killed when dropped.
struct Server {
    child: Child,
    authority: String,
}

impl Server {
    fn sandbox(options: &[&str]) -> Result<Self> {
        // Longer than any of the loads here takes.
        let lasting = ["--token-life", "1h"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_dhlimit"))
            .arg("sandbox")
            .args(options)
            .args(lasting)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let authority = line
            .trim()
            .strip_prefix("http://")
            .with_context(|| format!("no URL: {line:?}"))?
            .to_owned();
        Ok(Self { child, authority })
    }

    fn crane() -> Result<Option<Self>> {
        let port = free_port()?;
        Self::other(
            Command::new("crane").args([
                "registry",
                "serve",
                "--address",
                &format!("127.0.0.1:{port}"),
            ]),
            port,
        )
    }

    fn distribution(folder: &Path) -> Result<Option<Self>> {
        let (port, config) = (free_port()?, folder.join("registry.yml"));
        let root = folder.join("storage");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            root.display()
        );
        fs::write(&config, text)?;
        Self::other(Command::new("docker-registry").arg("serve").arg(&config), port)
    }

    fn other(command: &mut Command, port: u16) -> Result<Option<Self>> {
        let child = match command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => bail!(error),
        };
        let server = Self { child, authority: format!("127.0.0.1:{port}") };
        for _ in 0..200 {
            if TcpStream::connect(&server.authority).is_ok() {
                return Ok(Some(server));
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("no answer at {}", server.authority)
    }

    /// The same image, copied by crane.
    fn fill_from(&self, sandbox: &Self) -> Result<()> {
        let image = |server: &Self| format!("{}/{IMAGE}:latest", server.authority);
        let status = Command::new("crane")
            .args(["copy", "--insecure", &image(sandbox), &image(self)])
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "crane copy failed");
        Ok(())
    }

    fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name in brackets; user and system time are the 14th and 15th field of all.
        let (_, rest) = stat.rsplit_once(')').context("no name")?;
        let ticks = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u32>)
            .sum::<Result<u32, _>>()?;
        Ok(f64::from(ticks) / 100.0)
    }

    fn memory_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(f64::from(line.trim().trim_end_matches("kB").trim().parse::<u32>()?) / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is gone already is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
