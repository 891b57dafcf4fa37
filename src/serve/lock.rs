//! What stands before the port: a certificate, and logins. Passwords are kept as digests and compared as
//! digests, so that neither memory nor time tells them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::context::read_bounded;

/// Why a port cannot be locked as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// A file cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// What is in the file is no certificate or key.
    #[error("{} holds no {what}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key do not belong together.
    #[error("the certificate and the key do not make a server")]
    Tls(#[source] rustls::Error),
    /// A line is no login.
    #[error("line {line} of {} is not USER:PASSWORD", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// Nobody could log in.
    #[error("{} holds no login", .0.display())]
    Nobody(PathBuf),
}

/// What stands before the port: a certificate, logins, both or none. Both can be changed while it is open.
#[derive(Default)]
pub(crate) struct Lock {
    held: Mutex<(Option<TlsAcceptor>, Option<Logins>)>,
}

impl Lock {
    /// Of these files.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub(crate) fn read(
        certificate: Option<(&Path, &Path)>,
        logins: Option<&Path>,
    ) -> Result<Self, LockError> {
        let tls = certificate.map(|(certificate, key)| acceptor(certificate, key)).transpose()?;
        let logins = logins.map(Logins::read).transpose()?;
        Ok(Self { held: Mutex::new((tls, logins)) })
    }

    /// Takes what another one holds.
    pub(crate) fn change(&self, other: Self) {
        let held = other.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.held() = held;
    }

    /// Whether whoever asks must log in.
    pub(crate) fn asks(&self) -> bool {
        self.held().1.is_some()
    }

    /// What speaks TLS, where that is spoken.
    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.held().0.clone()
    }

    /// Whether a request may be answered.
    pub(super) fn lets_in(&self, headers: &HeaderMap) -> bool {
        let logins = self.held().1.clone();
        logins.is_none_or(|logins| logins.let_in(headers))
    }

    fn held(&self) -> MutexGuard<'_, (Option<TlsAcceptor>, Option<Logins>)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the line of a token begins.
const BEARER: &[u8] = b"Bearer ";

/// Who may ask.
#[derive(Debug, Clone, Default)]
struct Logins {
    basic: Vec<[u8; 32]>,
    bearer: Vec<[u8; 32]>,
}

impl Logins {
    /// The lines `USER:PASSWORD` or `Bearer TOKEN` of a file; empty ones and those that begin with # are
    /// passed over.
    ///
    /// # Errors
    /// It cannot be read, holds no login, or something else.
    fn read(path: &Path) -> Result<Self, LockError> {
        let text = read(path)?;
        let mut logins = Self::default();
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let token = line.strip_prefix(BEARER).map(<[u8]>::trim_ascii);
            match (token, line.iter().position(|byte| *byte == b':')) {
                (Some(token), _) if !token.is_empty() => {
                    logins.bearer.push(Sha256::digest(token).into());
                }
                (None, Some(1..)) => logins.basic.push(Sha256::digest(line).into()),
                _ => return Err(LockError::Line { path: path.to_owned(), line: number + 1 }),
            }
        }
        if logins.basic.is_empty() && logins.bearer.is_empty() {
            return Err(LockError::Nobody(path.to_owned()));
        }
        Ok(logins)
    }

    /// Whether a request shows one of them.
    fn let_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, rest)) = shown.and_then(|shown| shown.split_once(' ')) else {
            return false;
        };
        let digest = |proof: &[u8]| -> [u8; 32] { Sha256::digest(proof).into() };
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.bearer.contains(&digest(rest.trim().as_bytes()));
        }
        let login = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()));
        matches!(login, Some(Ok(login)) if self.basic.contains(&digest(&login)))
    }
}

/// A server's side of TLS from two PEM files.
///
/// # Errors
/// A file cannot be read or holds something else, or the two do not belong together.
fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, LockError> {
    let bytes = read(certificate)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| LockError::Pem { path: certificate.to_owned(), what: "certificate" })?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|_| LockError::Pem { path: key.to_owned(), what: "private key" })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(LockError::Tls)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(LockError::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<Vec<u8>, LockError> {
    std::fs::File::open(path)
        .and_then(read_bounded)
        .map_err(|error| LockError::Read(path.to_owned(), error))
}
