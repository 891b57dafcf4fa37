//! A certificate authority for one sandbox: made when it starts, its key never written anywhere.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::server::SandboxError;
use crate::image::hub;

/// The names a sandbox answers to: this machine's, a guest's names for its host, and those of
/// Docker Hub, for whoever points them here.
const NAMES: [&str; 10] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "host.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
    hub::NAME,
    hub::INDEX,
    hub::HOST,
    hub::TOKEN_HOST,
];

/// What TLS needs: an acceptor, and the certificate that clients must trust.
pub(super) struct Authority {
    pub(super) acceptor: TlsAcceptor,
    /// The CA's certificate, PEM.
    pub(super) certificate: String,
}

impl Authority {
    /// A new authority and a server certificate for a sandbox that listens on `address`
    /// and speaks these protocols, the best first.
    pub(super) fn make(address: IpAddr, protocols: &[&[u8]]) -> Result<Self, SandboxError> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.distinguished_name.push(DnType::CommonName, "dhlimit sandbox");
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let certificate = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let mut names: Vec<String> = NAMES.map(str::to_owned).to_vec();
        let own = address.to_string();
        if !address.is_unspecified() && !names.contains(&own) {
            names.push(own);
        }
        let mut server = CertificateParams::new(names)?;
        server.distinguished_name.push(DnType::CommonName, "dhlimit sandbox server");
        server.use_authority_key_identifier_extension = true;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server_key = KeyPair::generate()?;
        let chain = vec![server.signed_by(&server_key, &issuer)?.der().clone()];

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(chain, key)?;
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}
