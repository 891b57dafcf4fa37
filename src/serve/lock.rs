//! What stands before the port: a certificate, and logins. Passwords are kept as digests and compared as
//! digests, so that neither memory nor time tells them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Who may ask.
#[derive(Debug, Clone)]
pub(crate) struct Logins(Vec<[u8; 32]>);

impl Logins {
    /// The lines `USER:PASSWORD` of a file; empty ones and those that begin with # are passed over.
    ///
    /// # Errors
    /// It cannot be read, holds no login, or something else.
    pub(crate) fn read(path: &Path) -> Result<Self, LockError> {
        let text = read(path)?;
        let mut logins = Vec::new();
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            match line.iter().position(|byte| *byte == b':') {
                Some(1..) => logins.push(Sha256::digest(line).into()),
                _ => return Err(LockError::Line { path: path.to_owned(), line: number + 1 }),
            }
        }
        if logins.is_empty() { Err(LockError::Nobody(path.to_owned())) } else { Ok(Self(logins)) }
    }

    /// Whether a request shows one of them.
    pub(super) fn let_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let basic = shown.and_then(|shown| {
            let (scheme, rest) = shown.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
        });
        let Some(Ok(login)) = basic.map(|basic| STANDARD.decode(basic)) else { return false };
        let digest: [u8; 32] = Sha256::digest(login).into();
        self.0.contains(&digest)
    }
}

/// A server's side of TLS from two PEM files.
///
/// # Errors
/// A file cannot be read or holds something else, or the two do not belong together.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, LockError> {
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
